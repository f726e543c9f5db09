"""Landmarks as a line drawing."""

from skspot.faces import CLOSED_PARTS, FACE_PARTS


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
    for part, numbers in FACE_PARTS.items():
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points[list(numbers)])
        lines.append(f"M{corners}" + ("Z" if part in CLOSED_PARTS else ""))
    return "".join(lines)
