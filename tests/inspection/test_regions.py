"""Tests of the picture of the regions."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspot.faces import node_centres, node_names
from skspot.inspection import RegionsDisplay
from skspot.preprocessing.flow import FlowEngine, RegionGeometry
from skspot.video import AlignedVideo
from tests.conftest import align_exactly


@pytest.fixture(scope="module")
def aligned(still_data):
    return align_exactly(still_data, face_size=128)[0]


class SeeingEngine(FlowEngine):
    """An engine that remembers what it is shown."""

    def __init__(self):
        self.seen = []

    def region_motion(self, first, others, regions, margin):
        self.seen.append((first, regions, margin))
        return np.zeros((len(others), len(regions), 2))


@pytest.mark.parametrize(
    ("nodes", "head_motion", "n_rigid"),
    [("paper", "nose", 1), ("extended", "similarity", 4), ("paper", None, 0)],
)
def test_it_shows_what_the_engine_sees(aligned, nodes, head_motion, n_rigid):
    engine = SeeingEngine()
    geometry = RegionGeometry(aligned.face_size, nodes, head_motion)
    list(engine.displacements(aligned, geometry, lags=(1,)))
    seen, regions, margin = engine.seen[70]
    display = RegionsDisplay.from_video(aligned, 70, nodes=nodes, head_motion=head_motion)
    assert display.names == node_names(nodes)
    assert len(display.regions) == len(display.names)
    assert len(display.rigid_regions) == n_rigid
    assert_array_equal(display.image, seen)
    assert_array_equal(np.concatenate([display.regions, display.rigid_regions]), regions)
    corner, end = regions[:, :2].min(axis=0) - margin, regions[:, 2:].max(axis=0) + margin + 1
    assert_array_equal(display.crop, [*corner, *end])


def test_regions_are_around_the_nodes(aligned):
    display = RegionsDisplay.from_video(aligned, 40)
    centres = (display.regions[:, :2] + display.regions[:, 2:]) / 2
    assert_allclose(centres, node_centres(display.landmarks), atol=0.5)
    assert_array_equal(display.regions[:, 2:] - display.regions[:, :2] + 1, 15)
    assert_array_equal(display.rigid_regions[:, 2:] - display.rigid_regions[:, :2] + 1, 21)
    assert_array_equal(display.landmarks, aligned.face_landmarks[40])
    for number, frame in enumerate(aligned):
        if number == 40:
            assert_array_equal(display.image, frame)


def test_what_is_drawn(aligned):
    display = RegionsDisplay.from_video(aligned, 3)
    ax = display.ax_
    assert ax.get_title() == f"{aligned.name}, frame 3"
    assert RegionsDisplay.from_video(aligned, 3, name="a").ax_.get_title() == "a, frame 3"
    assert RegionsDisplay.from_video(aligned, 3, name="").ax_.get_title() == "frame 3"
    assert [text.get_text() for text in ax.texts] == [str(number) for number in range(10)]
    (points,) = [child for child in ax.collections if len(child.get_offsets()) == 68]
    assert_allclose(points.get_offsets(), display.landmarks)
    left, top, right, bottom = display.regions[0] + [-0.5, -0.5, 0.5, 0.5]
    squares = [line.get_xydata() for line in ax.lines]
    corners = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    assert any(np.array_equal(square, corners) for square in squares)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    entries = [entry.split(maxsplit=1) for entry in legend[:10]]
    assert entries == [[str(i), name] for i, name in enumerate(node_names())]
    assert "motion of the head" in legend


def test_a_face_at_the_border_of_the_picture(aligned, still_data):
    """The crop reaches beyond the picture; all of it is shown."""
    video = AlignedVideo(
        still_data.videos[0][:, :, 75:],
        still_data.landmarks[0] - [75, 0],
        aligned.valid,
        aligned.timestamps,
        (240, 165),
    )
    display = RegionsDisplay.from_video(video)
    assert display.crop[0] < 0
    assert display.ax_.get_xlim() == (display.crop[0] - 0.5, display.image.shape[1] - 0.5)


def test_drawn_into_given_axes(aligned):
    figure, axes = plt.subplots(1, 2)
    display = RegionsDisplay.from_video(aligned, ax=axes[1])
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert not axes[0].has_data()
    assert display.plot() is display
    assert display.figure_ is not figure


def test_a_frame_without_landmarks(aligned):
    valid = np.ones(150, dtype=bool)
    valid[10:21] = False
    landmarks = aligned.landmarks.copy()
    landmarks[10:21] = np.nan
    video = AlignedVideo(aligned.source, landmarks, valid, aligned.timestamps, (240, 240))
    with pytest.raises(ValueError, match="Frame 18 of .* no landmarks; the nearest .* is 21"):
        RegionsDisplay.from_video(video, 18)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frame": 150}, "has the frames 0 to 149, got frame=150"),
        ({"frame": -1}, "has the frames 0 to 149, got frame=-1"),
        ({"nodes": "all"}, r"nodes must be one of \['extended', 'paper'\], got 'all'"),
        ({"nodes": ["paper"]}, r"nodes must be one of .* got \['paper'\]"),
        ({"head_motion": "eyes"}, "head_motion must be .* got 'eyes'"),
    ],
)
def test_refusals(aligned, options, message):
    with pytest.raises(ValueError, match=message):
        RegionsDisplay.from_video(aligned, **options)


def test_other_kinds(still_data):
    with pytest.raises(TypeError, match="needs an AlignedVideo, got ndarray"):
        RegionsDisplay.from_video(still_data.videos[0])


@pytest.mark.parametrize("frame", [3.5, "a", None])
def test_frames_are_whole_numbers(aligned, frame):
    with pytest.raises(TypeError, match=f"frame must be a whole number, got .*{frame!r}"):
        RegionsDisplay.from_video(aligned, frame)
