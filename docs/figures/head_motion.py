"""Draw the motion of the nodes of a moving head for each value of `head_motion`."""

import matplotlib.pyplot as plt
import numpy as np

from skspot.datasets.synthetic import UNITS, face_transform, make_face
from skspot.faces import node_centres
from skspot.inspection import CLASS_COLOURS
from skspot.preprocessing import FaceAligner, SWMROFlow

MAGNIFIED = 4
N_FRAMES = 17
SHIFT, ANGLE = np.array([5, -3]), np.radians(2.5)  # of the head, by the last frame
SMILE = {"lip corner puller": 4, "outer brow raiser": 2}  # in pixels, in the last frame
PANELS = [
    ("head_motion=None", None),
    ('head_motion="nose"', "nose"),
    ('head_motion="similarity"', "similarity"),
]


def make_video():
    """Return the frames, their landmarks and how far the nodes move on the face itself."""
    face = make_face(np.random.RandomState(5))
    smile = np.array([SMILE.get(unit, 0) for unit in UNITS])
    moved = face.unit_motion(face.landmarks)
    frames, landmarks = [], []
    for part in np.linspace(0, 1, N_FRAMES):
        head = face_transform(part * SHIFT, part * ANGLE, 1, face.landmarks.mean(axis=0))
        points = face.landmarks + part * np.tensordot(smile, moved, 1)
        frames.append(face.render(part * smile, head).clip(0, 255).astype(np.uint8))
        landmarks.append(points @ head[:, :2].T + head[:, 2])
    motion = np.tensordot(smile, face.unit_motion(node_centres(face.landmarks)), 1)
    return np.stack(frames), np.stack(landmarks), motion


frames, landmarks, true = make_video()
(aligned,) = FaceAligner(landmarks).transform([frames])
picture = next(iter(aligned))
nodes = node_centres(aligned.face_landmarks[0])
style = {"angles": "xy", "scale_units": "xy", "scale": 1 / MAGNIFIED}

figure, axes = plt.subplots(1, 3, figsize=(7.8, 3.5), layout="constrained")
for ax, (title, head_motion) in zip(axes, PANELS):
    flow = SWMROFlow(reference="first", head_motion=head_motion, resolutions=("window",))
    (features,) = flow.transform([aligned])
    measured = features[N_FRAMES // 2, -1]  # from the first frame to the last
    error = np.linalg.norm(measured - true, axis=-1).mean()
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255, alpha=0.6)
    ax.quiver(
        *nodes.T, *true.T, color="white", edgecolor="black", linewidth=1, width=0.016, **style
    )
    ax.quiver(*nodes.T, *measured.T, color=CLASS_COLOURS["micro"], width=0.008, **style)
    ax.set_title(f"{title}\nmean error {error:.2f} pixels", fontsize="medium")
    ax.set_axis_off()
    ax.set(xlim=nodes[:, 0].mean() + [-75, 75], ylim=nodes[:, 1].mean() + [70, -60])
edge = {"edgecolor": "black", "linewidth": 1}
figure.legend(
    handles=[
        plt.Rectangle((0, 0), 1, 1, facecolor="white", **edge, label="true motion on the face"),
        plt.Rectangle((0, 0), 1, 1, color=CLASS_COLOURS["micro"], label="measured"),
    ],
    loc="outside lower center",
    ncols=2,
    frameon=False,
    title=f"arrows: {MAGNIFIED} times the motion",
)
plt.show()
