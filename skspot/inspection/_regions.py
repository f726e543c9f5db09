"""One frame with the regions whose motion is measured."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from skspot.faces import node_names
from skspot.inspection._drawing import LEGEND
from skspot.preprocessing.flow import RegionGeometry
from skspot.utils._typing import HeadMotion, Nodes
from skspot.utils.validation import check_frame_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from skspot.video import AlignedVideo

_NODE_COLOUR = "#E69F00"
_RIGID_COLOUR = "#56B4E9"
_MARGIN = 6  # pixels shown around the crop


class RegionsDisplay:
    """One frame of a video as `SWMROFlow` sees it: landmarks, regions of the nodes, and the crop.

    Make one with `from_video`. It shows whether landmarks fit the face, before hours of video are
    turned into features.

    Parameters
    ----------
    image : uint8 array of shape (height, width)
        The frame, grey, with the scaled face.
    landmarks : array of shape (68, 2)
        The landmarks in pixels of the image.
    regions : int array of shape (n_nodes, 4)
        First column and row, last column and row of each node's region.
    rigid_regions : int array of shape (n_rigid, 4)
        The same of the regions from which the motion of the head is taken.
    crop : int array of shape (4,)
        First column and row of what the optical flow sees, and the column and row behind it.
    names : list of str
        Name of each node.
    title : str, default=""
        Title of the picture.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes with the picture.

    See Also
    --------
    skspot.preprocessing.SWMROFlow : Measures the motion of the regions.
    SpottingDisplay : Shows what is spotted in a video.

    Examples
    --------
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.inspection import RegionsDisplay
    >>> from skspot.preprocessing import FaceAligner
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0)
    >>> (aligned,) = FaceAligner("template").transform(data.videos)
    >>> display = RegionsDisplay.from_video(aligned, frame=30)
    >>> len(display.regions), len(display.rigid_regions)
    (10, 1)
    """

    figure_: Figure
    ax_: Axes

    def __init__(
        self,
        image: NDArray[np.uint8],
        *,
        landmarks: NDArray[Any],
        regions: NDArray[Any],
        rigid_regions: NDArray[Any],
        crop: NDArray[Any],
        names: Sequence[str],
        title: str = "",
    ):
        self.image = image
        self.landmarks = landmarks
        self.regions = regions
        self.rigid_regions = rigid_regions
        self.crop = crop
        self.names = names
        self.title = title

    @classmethod
    def from_video(
        cls,
        aligned: AlignedVideo,
        frame: int = 0,
        *,
        nodes: Nodes = "paper",
        head_motion: HeadMotion | None = "nose",
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw one frame of an aligned video.

        Parameters
        ----------
        aligned : AlignedVideo
            The video.
        frame : int, default=0
            Number of the frame; the frames before it are decoded as well.
        nodes : {"paper", "extended"}, default="paper"
            The regions, as for `SWMROFlow`.
        head_motion : {"nose", "similarity", None}, default="nose"
            How the head's motion is removed, as for `SWMROFlow`: the rigid regions depend on it.
        name : str, default=None
            Name of the video, for the title; None uses that of its file.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : RegionsDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `aligned` is not an aligned video, or `frame` is not a whole number.
        ValueError
            If there is no such frame, it has no landmarks, or an option is unknown.
        """
        if not hasattr(aligned, "face_landmarks"):
            raise TypeError(
                f"RegionsDisplay needs an AlignedVideo, got {type(aligned).__name__}; FaceAligner "
                "makes one from a video."
            )
        names = node_names(nodes)
        if head_motion not in ("nose", "similarity", None):
            raise ValueError(
                f"head_motion must be 'nose', 'similarity' or None, got {head_motion!r}."
            )
        frame = check_frame_number(frame, len(aligned), of=aligned.name)
        landmarks = aligned.face_landmarks[frame]
        if not np.isfinite(landmarks).all():
            known = np.flatnonzero(np.isfinite(aligned.landmarks).all(axis=(1, 2)))
            nearest = known[np.abs(known - frame).argmin()]
            raise ValueError(
                f"Frame {frame} of {aligned.name} has no landmarks; the nearest frame with "
                f"landmarks is {nearest}."
            )
        geometry = RegionGeometry(aligned.face_size, nodes, head_motion)
        centres, _, boxes, crop = geometry.regions(landmarks)
        name = aligned.name if name is None else name
        display = cls(
            next(islice(iter(aligned), frame, None)),
            landmarks=landmarks,
            regions=boxes[: len(centres)],
            rigid_regions=boxes[len(centres) :],
            crop=crop,
            names=names,
            title=f"{name}, frame {frame}".removeprefix(", "),
        )
        return display.plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : RegionsDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(8.2, 5.4), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        ax.imshow(self.image, cmap="gray", vmin=0, vmax=255)
        self._draw_crop(ax)
        ax.scatter(*self.landmarks.T, s=7, color="white", edgecolors="black", linewidths=0.5)
        for number, region in enumerate(self.regions):
            _draw_square(ax, region, _NODE_COLOUR, "-")
            _draw_number(ax, number, region)
        for region in self.rigid_regions:
            _draw_square(ax, region, _RIGID_COLOUR, (0, (2, 1)))
        ax.legend(handles=self._legend_handles(), **LEGEND)
        ax.set_title(self.title)
        ax.set_xticks([])
        ax.set_yticks([])
        return self

    def _draw_crop(self, ax):
        """Draw the border of the crop, and darken what lies outside of it."""
        left, top, right, bottom = self.crop - 0.5
        height, width = self.image.shape
        view = (
            (min(left, -0.5), max(right, width - 0.5)),
            (max(bottom, height - 0.5), min(top, -0.5)),
        )
        outside = {"color": "black", "alpha": 0.45, "linewidth": 0}
        (first, last), (lowest, highest) = view
        ax.fill_between([first, last], highest, top, **outside)
        ax.fill_between([first, last], bottom, lowest, **outside)
        ax.fill_betweenx([top, bottom], first, left, **outside)
        ax.fill_betweenx([top, bottom], right, last, **outside)
        ax.plot(
            [left, right, right, left, left], [top, top, bottom, bottom, top], "w:", linewidth=1.2
        )
        ax.set(xlim=view[0], ylim=view[1])

    def _legend_handles(self):
        """Return the legend: the numbers of the nodes with their names, and what else is drawn."""
        from matplotlib.lines import Line2D

        square = {"linestyle": "", "marker": "s", "markersize": 9, "markerfacecolor": "none"}
        handles = [
            Line2D([], [], color="none", label=f"{number:2d}  {name}")
            for number, name in enumerate(self.names)
        ]
        handles.append(Line2D([], [], **square, markeredgecolor=_NODE_COLOUR, label="node"))
        handles.append(Line2D([], [], color="0.4", linestyle=":", label="seen by the optical flow"))
        if len(self.rigid_regions):
            handles.append(
                Line2D(
                    [], [], color=_RIGID_COLOUR, linestyle=(0, (2, 1)), label="motion of the head"
                )
            )
        return handles


def _draw_square(ax, region, colour, style):
    left, top, right, bottom = region + np.array([-0.5, -0.5, 0.5, 0.5])
    corners = [left, right, right, left, left], [top, top, bottom, bottom, top]
    ax.plot(*corners, color="black", linewidth=2.6, solid_joinstyle="miter")
    ax.plot(*corners, color=colour, linewidth=1.4, linestyle=style, solid_joinstyle="miter")


def _draw_number(ax, number, region):
    from matplotlib.patheffects import withStroke

    ax.text(
        *region[[2, 1]],
        str(number),
        color="white",
        fontsize=8,
        fontweight="bold",
        ha="right",
        va="top",
        path_effects=[withStroke(linewidth=2, foreground="black")],
    )
