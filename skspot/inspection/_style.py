"""How all pictures look: colours that differ in hue and in grey value (Okabe and Ito)."""

CLASS_COLOURS = {"macro": "#0072B2", "micro": "#D55E00"}
GAP_COLOUR = "0.85"
LEGEND = {
    "loc": "upper left",
    "bbox_to_anchor": (1.01, 1.0),
    "borderaxespad": 0,
    "frameon": False,
    "fontsize": "small",
}

# One style for each node of a facial part; lines that differ without colour as well.
NODE_STYLES = (
    {"color": "black", "linestyle": "-"},
    {"color": "#E69F00", "linestyle": "--"},
    {"color": "#56B4E9", "linestyle": "-."},
    {"color": "#009E73", "linestyle": ":"},
)
