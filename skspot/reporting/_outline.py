"""Landmarks as a line drawing."""

# The parts of the face among the 68 landmarks (iBUG order): first, last, and whether it is closed.
_PARTS = (
    (0, 16, False),
    (17, 21, False),
    (22, 26, False),
    (27, 30, False),
    (31, 35, False),
    (36, 41, True),
    (42, 47, True),
    (48, 59, True),
    (60, 67, True),
)


def outline_path(points):
    """Return landmarks as the path of an SVG drawing.

    Parameters
    ----------
    points : array of shape (68, 2)
        In pixels of the drawing.

    Returns
    -------
    path : str
        Its commands.
    """
    lines = []
    for first, last, closed in _PARTS:
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points[first : last + 1])
        lines.append(f"M{corners}" + ("Z" if closed else ""))
    return "".join(lines)
