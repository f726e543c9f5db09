"""The 68 landmarks and the node sets made of them."""

import numpy as np
import pytest

from skspot import faces

# What the code had before the sets were derived from one table.
MIRRORED = {
    "paper": (3, 4, 5, 0, 1, 2, 7, 6, 8, 9),
    "extended": (3, 4, 5, 0, 1, 2, 7, 6, 8, 9, 11, 10, 13, 12),
}
SIZES = {"paper": (3, 3, 4), "extended": (3, 3, 4, 4)}


def test_parts_hold_each_point_once():
    points = [point for part in faces.FACE_PARTS.values() for point in part]
    assert sorted(points) == list(range(68))
    assert set(faces.CLOSED_PARTS) <= set(faces.FACE_PARTS)


def test_mirror_swaps_the_sides_of_each_part():
    mirrored = np.array(faces.MIRRORED_POINTS)
    np.testing.assert_array_equal(mirrored[mirrored], np.arange(68))
    for part, points in faces.FACE_PARTS.items():
        swapped = {"left": "right", "right": "left"}
        side, _, rest = part.partition(" ")
        other = f"{swapped[side]} {rest}" if side in swapped else part
        assert {int(point) for point in mirrored[list(points)]} == set(faces.FACE_PARTS[other])


def test_stable_points_are_symmetric():
    mirrored = {faces.MIRRORED_POINTS[point] for point in faces.STABLE_POINTS}
    assert mirrored == set(faces.STABLE_POINTS)


@pytest.mark.parametrize("nodes", list(faces.NODE_SETS))
def test_node_sets(nodes):
    assert faces.MIRRORED_NODES[nodes] == MIRRORED[nodes]
    assert faces.PART_SIZES[nodes] == SIZES[nodes]
    assert len(faces.PART_NAMES[nodes]) == len(SIZES[nodes])
    assert faces.node_names(nodes) == list(faces.NODE_SETS[nodes])


@pytest.mark.parametrize("nodes", ["all", None, ["paper"]])
def test_unknown_node_set(nodes):
    with pytest.raises(ValueError, match=r"one of \['extended', 'paper'\], got"):
        faces.node_names(nodes)
