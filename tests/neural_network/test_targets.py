import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skspot import make_intervals
from skspot.intervals import CLASSES
from skspot.neural_network._targets import class_logits, frame_targets

MICRO, MACRO = CLASSES.index("micro"), CLASSES.index("macro")


def bell(*distances, sigma=4):
    return [np.float32(np.exp(-(d**2) / (2 * sigma**2))) for d in distances]


def test_hand_worked_micro():
    targets = frame_targets(make_intervals([(3, 5, 8, "micro")]), 11)
    np.testing.assert_array_equal(targets.boundary[:, MICRO], [2, 2, 0, 0, 0, 2, 2, 1, 1, 1, 2])
    np.testing.assert_array_equal(targets.expression[:, MICRO], [0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0])
    np.testing.assert_allclose(
        targets.apex[:, MICRO], [0, 0, 0, 0, *bell(1, 0, 1), 0, 0, 0, 0], rtol=1e-6
    )
    np.testing.assert_array_equal(targets.contrastive, [0, 0, 0, 2, 2, 2, 2, 2, 2, 0, 0])
    assert (targets.boundary[:, MACRO] == 2).all()
    assert not targets.apex[:, MACRO].any()
    assert not targets.expression[:, MACRO].any()


def test_hand_worked_macro():
    targets = frame_targets(make_intervals([(4, 10, 20, "macro")]), 30)
    expected = np.full(30, 2)
    expected[1:8] = 0
    expected[17:24] = 1
    np.testing.assert_array_equal(targets.boundary[:, MACRO], expected)
    np.testing.assert_allclose(targets.apex[7:14, MACRO], bell(3, 2, 1, 0, 1, 2, 3), rtol=1e-6)
    assert np.count_nonzero(targets.apex) == 7
    np.testing.assert_array_equal(np.flatnonzero(targets.contrastive == 1), np.arange(4, 21))


def test_dtypes_and_shapes():
    targets = frame_targets(make_intervals(), 7)
    assert [a.dtype for a in targets] == [np.int64, np.float32, np.float32, np.int64]
    assert [a.shape for a in targets] == [(7, 2), (7, 2), (7, 2), (7,)]
    assert (targets.boundary == 2).all()
    assert not any(a.any() for a in targets[1:])


def test_offset_wins_over_onset_also_of_a_later_interval():
    table = make_intervals([(2, 3, 5, "micro"), (6, 8, 9, "micro")])
    boundary = frame_targets(table, 12).boundary[:, MICRO]
    np.testing.assert_array_equal(boundary, [2, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 2])


def test_interval_of_one_frame():
    targets = frame_targets(make_intervals([(4, 4, 4, "micro")]), 9)
    np.testing.assert_array_equal(targets.boundary[:, MICRO], [2, 2, 2, 1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(np.flatnonzero(targets.expression[:, MICRO]), [4])
    np.testing.assert_array_equal(np.flatnonzero(targets.apex[:, MICRO]), [3, 4, 5])


def test_targets_reach_the_first_and_last_frame_and_no_further():
    targets = frame_targets(make_intervals([(0, 0, 9, "macro"), (9, 9, 9, "micro")]), 10)
    np.testing.assert_allclose(targets.apex[:4, MACRO], bell(0, 1, 2, 3), rtol=1e-6)
    assert not targets.apex[4:, MACRO].any()
    np.testing.assert_allclose(targets.apex[8:, MICRO], bell(1, 0), rtol=1e-6)
    np.testing.assert_array_equal(targets.boundary[:, MACRO], [0, 0, 0, 0, 2, 2, 1, 1, 1, 1])


def test_larger_apex_target_is_kept():
    table = make_intervals([(0, 10, 11, "macro"), (12, 14, 20, "macro")])
    apex = frame_targets(table, 30).apex[:, MACRO]
    np.testing.assert_allclose(apex[10:15], bell(0, 1, 2, 1, 0), rtol=1e-6)


def test_macro_wins_the_contrastive_class():
    table = make_intervals([(2, 5, 8, "micro"), (6, 8, 12, "macro")])
    contrastive = frame_targets(table, 15).contrastive
    np.testing.assert_array_equal(contrastive, [0, 0, 2, 2, 2, 2] + [1] * 7 + [0, 0])


@pytest.mark.parametrize(
    ("option", "field", "expected"),
    [
        ({"boundary_radius_micro": 0}, "boundary", 2),
        ({"boundary_radius_macro": 1 / 30}, "boundary", 6),
        ({"apex_radius_micro": 0.1}, "apex", 7),
        ({"apex_radius_macro": 0}, "apex", 1),
        ({"fps": 60.0, "apex_radius_macro": 0.1}, "apex", 13),
    ],
)
def test_radii(option, field, expected):
    label = list(option)[-1].rsplit("_", 1)[1]
    targets = frame_targets(make_intervals([(20, 30, 40, label)]), 60, **option)
    values = getattr(targets, field)[:, CLASSES.index(label)]
    assert np.count_nonzero(values != (2 if field == "boundary" else 0)) == expected


def test_apex_sigma():
    targets = frame_targets(make_intervals([(2, 5, 8, "micro")]), 10, apex_sigma=1 / 30)
    np.testing.assert_allclose(targets.apex[4:7, MICRO], bell(1, 0, 1, sigma=1), rtol=1e-6)


@given(
    length=st.integers(1, 30),
    apex=st.integers(0, 29),
    label=st.sampled_from(CLASSES),
    shift=st.integers(0, 40),
)
def test_targets_of_shifted_intervals_are_shifted(length, apex, label, shift):
    row = np.array([10, 10 + min(apex, length - 1), 10 + length - 1])
    here = frame_targets(make_intervals([(*row, label)]), 100)
    there = frame_targets(make_intervals([(*(row + shift), label)]), 100)
    for a, b in zip(here, there):
        np.testing.assert_array_equal(np.roll(a, shift, axis=0), b)


def test_refusals():
    table = make_intervals([(2, 5, 8, "micro")])
    with pytest.raises(ValueError, match="beyond the video of 8 frames"):
        frame_targets(table, 8)
    with pytest.raises(TypeError, match="make_intervals"):
        frame_targets([(2, 5, 8, "micro")], 10)
    for option in ("boundary_radius_micro", "boundary_radius_macro", "apex_radius_micro"):
        with pytest.raises(ValueError, match="Radii"):
            frame_targets(table, 10, **{option: -1})
    with pytest.raises(ValueError, match="apex_sigma"):
        frame_targets(table, 10, apex_sigma=0)


def test_class_logits_split_all_columns_once():
    logits = np.arange(20).reshape(2, 10)
    columns = [part for label in CLASSES for part in class_logits(logits, label)]
    assert sorted(np.concatenate([part.reshape(2, -1) for part in columns], axis=1)[0]) == list(
        range(10)
    )
    boundary, apex, expression = class_logits(logits, "micro")
    assert (boundary[0].tolist(), apex[0], expression[0]) == ([0, 1, 2], 6, 8)
