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

# The vertex of MediaPipe's face mesh that is closest to each point. Vertices on the outline of the
# face move over the head as it turns, as the jaw points of the iBUG scheme do.
MESH_TO_68 = (
    *(127, 234, 93, 58, 172, 136, 149, 176, 152),  # jaw, left half in the picture and chin
    *(400, 378, 365, 397, 288, 323, 454, 356),  # jaw, right half
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # eyebrows
    *(168, 197, 195, 4, 98, 97, 2, 326, 327),  # bridge of the nose, nostrils
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91),  # outer edge of the lips
    *(78, 81, 13, 311, 308, 402, 14, 178),  # inner edge of the lips
)

# Points that expressions hardly move: bridge and base of the nose, corners of the eyes.
STABLE_POINTS = (27, 28, 29, 30, 33, 36, 39, 42, 45)
