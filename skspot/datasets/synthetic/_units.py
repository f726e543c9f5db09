"""The units of a moved photograph: action units of FACS, each side for itself, as blendshapes.

Left and right are the person's.
"""

# Blendshapes of each unit; a name ends in _L and _R in the head.
SIDED_BLENDSHAPES = {
    "inner brow raiser": {"browInnerUp": 1},
    "outer brow raiser": {"browOuterUp": 1},
    "brow lowerer": {"browDown": 1},
    "cheek raiser": {"cheekSquint": 1},
    "nose wrinkler": {"noseSneer": 1, "mouthClose": 0.06},
    "upper lip raiser": {"mouthUpperUp": 1},
    "lip corner puller": {"mouthSmile": 1},
    "dimpler": {"mouthDimple": 1},
    "lip corner depressor": {"mouthFrown": 1},
    "lower lip depressor": {"mouthLowerDown": 1},
    "lip stretcher": {"mouthStretch": 1},
    "cheek puffer": {"cheekPuff": 1},
    "lip presser": {"mouthPress": 1},
}
MIDDLE_BLENDSHAPES = {
    "chin raiser": {"mouthShrugLower": 1, "mouthShrugUpper": 0.4},
    "lip pucker": {"mouthPucker": 1},
    "lip funneler": {"mouthFunnel": 1},
    "lip suck": {"mouthRollLower": 1, "mouthRollUpper": 1},
    "jaw drop": {"jawOpen": 1},
    "jaw sideways": {"jawLeft": 1},
    "mouth sideways": {"mouthLeft": 1},
}

# How far each unit moves the upper and the lower lid towards the other; 1 closes the eye.
SIDED_LIDS = {
    "blink": (1.0, 0.0),
    "upper lid raiser": (-1.0, 0.0),
    "lid tightener": (0.35, 0.65),
}
GAZE = ("look left", "look down")  # of the picture, in pixels
OWN_SMILE = "own smile"
SIDES = ("left", "right")


def sided(names):
    """Return the names of units for each side."""
    return tuple(f"{name} {side}" for name in names for side in SIDES)


PHOTOGRAPH_UNITS = (
    *sided(SIDED_BLENDSHAPES),
    *MIDDLE_BLENDSHAPES,
    *sided(SIDED_LIDS),
    *GAZE,
)

# The numbers of the units in FACS.
FACS_NUMBERS = {
    "inner brow raiser": 1,
    "outer brow raiser": 2,
    "brow lowerer": 4,
    "upper lid raiser": 5,
    "cheek raiser": 6,
    "lid tightener": 7,
    "nose wrinkler": 9,
    "upper lip raiser": 10,
    "lip corner puller": 12,
    "dimpler": 14,
    "lip corner depressor": 15,
    "lower lip depressor": 16,
    "chin raiser": 17,
    "lip pucker": 18,
    "lip stretcher": 20,
    "lip funneler": 22,
    "lip presser": 24,
    "jaw drop": 26,
    "lip suck": 28,
    "cheek puffer": 34,
}


def split_side(unit):
    """Return the name of a unit without its side, and the side, or None for both."""
    name, _, side = unit.rpartition(" ")
    return (name, side) if side in SIDES and name not in ("", "look") else (unit, None)


def unit_blendshapes(head, unit):
    """Return the weights of the head's blendshapes for a unit of any kind."""
    name, side = split_side(unit)
    shapes = SIDED_BLENDSHAPES.get(name) or MIDDLE_BLENDSHAPES.get(name) or {}
    weights = {}
    for shape, weight in shapes.items():
        if shape in head.expressions:
            weights[shape] = weight
        else:
            for letter in ("L", "R") if side is None else (side[0].upper(),):
                weights[f"{shape}_{letter}"] = weight
    return weights


def facs_code(weights):
    """Return an expression in the notation of FACS, such as "6+12" or "L14".

    Parameters
    ----------
    weights : dict of str to float
        The weight of each unit; sides without a partner count as both.

    Returns
    -------
    code : str
        One-sided units have L or R before their number: the other side moves less than a third.
    """
    by_number = {}
    for unit, weight in weights.items():
        name, side = split_side("lip corner puller" if unit == OWN_SMILE else unit)
        if weight and name in FACS_NUMBERS:
            sides = by_number.setdefault(FACS_NUMBERS[name], {})
            for one in SIDES if side is None else (side,):
                sides[one] = sides.get(one, 0.0) + weight
    return "+".join(_with_side(number, by_number[number]) for number in sorted(by_number))


def _with_side(number, sides):
    left, right = (sides.get(side, 0.0) for side in SIDES)
    if 3 * right < left:
        return f"L{number}"
    return f"R{number}" if 3 * left < right else str(number)
