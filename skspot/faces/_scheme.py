"""The 68 landmarks of a face, in the order of iBUG 300-W.

Points are numbered from 0. "Left" and "right" are those of the person.
"""

# The points of each part of the face, in the order in which a line is drawn through them.
FACE_PARTS = {
    "jaw": tuple(range(17)),
    "right brow": tuple(range(17, 22)),
    "left brow": tuple(range(22, 27)),
    "nose bridge": tuple(range(27, 31)),
    "nose base": tuple(range(31, 36)),
    "right eye": tuple(range(36, 42)),
    "left eye": tuple(range(42, 48)),
    "outer lips": tuple(range(48, 60)),
    "inner lips": tuple(range(60, 68)),
}

# Parts whose line ends where it begins.
CLOSED_PARTS = ("right eye", "left eye", "outer lips", "inner lips")

# Point i of a face is point MIRRORED_POINTS[i] of its mirror image.
MIRRORED_POINTS = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46),
    *(39, 38, 37, 36, 41, 40),
    *range(54, 47, -1),
    *range(59, 54, -1),
    *range(64, 59, -1),
    *range(67, 64, -1),
)

# Points that expressions hardly move: bridge and base of the nose, corners of the eyes.
STABLE_POINTS = (27, 28, 29, 30, 33, 36, 39, 42, 45)
