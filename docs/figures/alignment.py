"""Draw a frame of a recording, and the same frame from FaceAligner: cropped, grey, scaled."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from skimage.data import astronaut

from skspot.inspection import CLASS_COLOURS
from skspot.preprocessing import FaceAligner

video = np.stack([np.roll(astronaut(), shift, axis=1) for shift in range(5)])
(aligned,) = FaceAligner("template").transform([video])
picture = next(iter(aligned))
points = aligned.face_landmarks[0]
scale, shift = aligned.face_transform
corners = (np.array([[0, 0], picture.shape[::-1]]) - 0.5 - shift) / scale

figure, (before, after) = plt.subplots(1, 2, figsize=(7.6, 3.9), layout="constrained")
before.imshow(video[0])
before.add_patch(
    Rectangle(corners[0], *(corners[1] - corners[0]), fill=False, color="white", linewidth=1.5)
)
before.scatter(*aligned.landmarks[0].T, s=3, color="white", edgecolors="black", linewidths=0.3)
before.set_title("a frame of the video: 512 x 512 pixels", fontsize="medium")
after.imshow(picture, cmap="gray", vmin=0, vmax=255)
after.scatter(*points.T, s=14, color="white", edgecolors="black", linewidths=0.5)
left, bottom = points.mean(axis=0)[0] - 64, picture.shape[0] - 12
after.plot([left, left + 128], [bottom, bottom], "|-", color=CLASS_COLOURS["micro"], markersize=10)
after.text(
    left + 64,
    bottom - 3,
    "size of the face: 128 pixels",
    ha="center",
    va="bottom",
    color="white",
    bbox={"color": "black", "alpha": 0.6, "linewidth": 0, "pad": 2},
)
after.set_title(f"aligned: {picture.shape[1]} x {picture.shape[0]} pixels", fontsize="medium")
for ax in (before, after):
    ax.set_axis_off()
plt.show()
