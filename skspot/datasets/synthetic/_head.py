"""A three-dimensional head, and its fit to the landmarks of a photograph.

The head is that of ICT-FaceKit, reduced to the face (`tools/make_head.py`; its licence is in
`head_LICENSE.md`). Its unit is a centimetre; x points to the person's left, y up, z out of the
face. A picture shows it in scaled orthographic projection.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

MESH_SIZE = 478  # points of MediaPipe's face mesh

_PRIOR = 2.0  # pixels: how far landmarks may lie from the head before its shape gives way
_N_ITERATIONS = 12


@dataclass(frozen=True)
class Head:
    """The average face, and the directions in which it differs and moves.

    Attributes
    ----------
    mean : array of shape (n_vertices, 3)
        The average face.
    triangles : array of shape (n_triangles, 3)
        Indices of vertices, anticlockwise seen from outside.
    identity : array of shape (n_modes, n_vertices, 3)
        How faces differ; weights are normally distributed with a deviation of 1.
    expressions : dict of str to array of shape (n_vertices, 3)
        Blendshapes.
    landmarks : array of shape (68,)
        Vertices of the 68 landmarks.
    mesh_triangle, mesh_weights : arrays of shape (478,) and (478, 3)
        Triangles and barycentric coordinates of the points of MediaPipe's mesh.
    mesh_valid : array of shape (478,)
        Whether a point of the mesh lies on the face.
    """

    mean: np.ndarray
    triangles: np.ndarray
    identity: np.ndarray
    expressions: dict
    landmarks: np.ndarray
    mesh_triangle: np.ndarray
    mesh_weights: np.ndarray
    mesh_valid: np.ndarray

    def mesh_points(self, vertices, which=slice(None)):
        """Return the values at points of MediaPipe's mesh of anything known at the vertices."""
        corners = vertices[self.triangles[self.mesh_triangle[which]]]
        return np.einsum("pc...,pc->p...", corners, self.mesh_weights[which])

    def landmark_points(self, vertices, n_landmarks):
        """Return the values at the 68 landmarks or at the 478 points of the mesh."""
        if n_landmarks == MESH_SIZE:
            return self.mesh_points(vertices)
        return vertices[self.landmarks]


@dataclass(frozen=True)
class FittedHead:
    """The head of one person in one picture.

    Attributes
    ----------
    vertices : array of shape (n_vertices, 3)
        x to the right, y down and z towards the camera, in pixels of the picture.
    rotation : array of shape (3, 3)
        From the axes of the head to those of the picture, y upwards.
    scale : float
        Pixels per centimetre.
    error : float
        Median distance of the landmarks to those of the fitted head, in pixels.
    """

    vertices: np.ndarray
    rotation: np.ndarray
    scale: float
    error: float

    def motion(self, displacement):
        """Return displacements of the head, in cm, as those of its vertices in the picture."""
        return self.scale * (displacement @ self.rotation.T) * [1, -1, 1]


@cache
def load_head():
    """Return the head of the package."""
    with files("skspot.datasets.synthetic").joinpath("head.npz").open("rb") as file:
        stored = dict(np.load(file))
    step = float(stored["expression_step"])
    shapes = stored["expressions"].astype(np.float32).transpose(0, 2, 1) * step
    return Head(
        mean=stored["mean"].astype(np.float64),
        triangles=stored["triangles"].astype(np.intp),
        identity=stored["identity"] * stored["identity_step"][:, None, None],
        expressions=dict(zip(stored["expression_names"].tolist(), shapes)),
        landmarks=stored["landmarks"].astype(np.intp),
        mesh_triangle=stored["mesh_triangle"].astype(np.intp),
        mesh_weights=stored["mesh_weights"].astype(np.float64),
        mesh_valid=stored["mesh_valid"],
    )


def landmark_weights(head, n_landmarks):
    """Return how much each landmark counts: not at all off the face, less on its outline."""
    if n_landmarks == MESH_SIZE:
        return head.mesh_valid.astype(np.float64)
    weights = np.ones(n_landmarks)
    weights[:17] = 0.3  # the outline moves over the head as it turns
    return weights


def fit_head(head, landmarks):
    """Fit pose and shape of the head to landmarks, and take out the rest by a thin plate.

    Parameters
    ----------
    head : Head
        The head.
    landmarks : array of shape (68, 2) or (478, 2)
        Landmarks in pixels.

    Returns
    -------
    fitted : FittedHead
        The head in the picture.
    """
    weights = landmark_weights(head, len(landmarks))
    used = weights > 0
    points, weights = landmarks[used] * [1, -1], weights[used]
    base = head.landmark_points(head.mean, len(landmarks))[used]
    modes = np.stack([head.landmark_points(mode, len(landmarks))[used] for mode in head.identity])
    shape = np.zeros(len(modes))
    for _ in range(_N_ITERATIONS):
        model = base + np.tensordot(shape, modes, 1)
        scale, rotation, shift = _pose(model, points, weights)
        jacobian = (scale * (modes @ rotation[:2].T) * weights[:, None]).reshape(len(modes), -1)
        rest = (points - shift - scale * base @ rotation[:2].T) * weights[:, None]
        normal = jacobian @ jacobian.T + _PRIOR**2 * np.eye(len(modes))
        shape = np.linalg.solve(normal, jacobian @ rest.ravel())
    vertices = head.mean + np.tensordot(shape, head.identity, 1)
    seen = scale * vertices @ rotation.T * [1, -1, 1] + [shift[0], -shift[1], 0]
    found = head.landmark_points(seen, len(landmarks))[used, :2]
    error = float(np.median(np.linalg.norm(landmarks[used] - found, axis=1)))
    seen[:, :2] += _thin_plate(found, landmarks[used] - found, seen[:, :2])
    return FittedHead(seen, rotation, scale, error)


def _pose(model, points, weights):
    """Return scale, rotation and shift that bring points of the head to those of the picture."""
    model_mean, mean = np.average(model, 0, weights), np.average(points, 0, weights)
    affine = np.linalg.lstsq(
        (model - model_mean) * weights[:, None], (points - mean) * weights[:, None], rcond=None
    )[0].T
    left, sizes, right = np.linalg.svd(affine, full_matrices=False)
    scale, rows = sizes.mean(), left @ right
    rotation = np.vstack([rows, np.cross(*rows)])
    return scale, rotation, mean - scale * rows @ model_mean


def _thin_plate(points, displacements, where):
    """Return the smooth continuation of displacements at points to other places."""
    from scipy.interpolate import RBFInterpolator

    # The smoothing has the unit of the kernel: it forgives landmarks errors of a pixel.
    return RBFInterpolator(points, displacements, smoothing=10.0)(where)
