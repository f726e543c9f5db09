"""Tests of the checks of collections."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skspot import make_intervals
from skspot.utils._cache import cached
from skspot.utils.validation import (
    as_object_array,
    check_interval_tables,
    check_videos,
    with_parameters,
)
from tests.conftest import align_exactly

MACRO = make_intervals([(1, 5, "macro")])


@pytest.mark.parametrize("lengths", [(3, 3), (3, 4), (0, 0)])
def test_object_arrays_have_one_dimension(lengths):
    items = [np.zeros((length, 2)) for length in lengths]
    array = as_object_array(items)
    assert array.shape == (2,)
    assert array.dtype == object
    assert all(kept is item for kept, item in zip(array, items))


def test_object_array_of_a_generator_of_tables():
    array = as_object_array(make_intervals([(i, i, "micro")]) for i in range(3))
    assert [table["onset"][0] for table in array] == [0, 1, 2]
    assert as_object_array([]).shape == (0,)


@pytest.mark.parametrize("container", [list, tuple, pd.Series, as_object_array])
def test_all_containers_of_videos(container):
    videos = ["a.mp4", Path("b"), "c.avi"]
    assert check_videos(container(videos)) == videos


def test_arrays_stay_what_they_are():
    videos = [np.zeros((4, 2, 2)), np.zeros((4, 2, 2))]
    checked = check_videos(as_object_array(videos))
    assert all(kept is video for kept, video in zip(checked, videos))


def test_paths_in_an_array_of_text():
    checked = check_videos(np.array(["a.mp4", "long.mp4"]))
    assert checked == ["a.mp4", "long.mp4"]
    assert all(type(path) is str for path in checked)


@pytest.mark.parametrize("memory", ["cache", Path("cache")])
def test_a_cache_may_be_a_path(tmp_path, monkeypatch, memory):
    monkeypatch.chdir(tmp_path)
    assert cached(as_object_array, memory, ignore=[])([1]) == [1]
    assert (tmp_path / "cache").is_dir()


@pytest.mark.parametrize("path", ["a.mp4", b"a.mp4", Path("a.mp4")])
def test_one_path_is_no_collection(path):
    with pytest.raises(TypeError, match=r"features must be .* got one path .*pass \[path\]"):
        check_videos(path, name="features")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((5, 4, 4), dtype=np.uint8),
        np.array([["a.mp4", "b.mp4"]]),
        np.full((2, 2), None),
    ],
)
def test_one_array_is_no_collection(array):
    with pytest.raises(TypeError, match=r"one array of shape .*pass \[array\]"):
        check_videos(array)


@pytest.mark.parametrize("X", [{"a": "a.mp4"}, pd.DataFrame({"a": [1]}), 5, None, iter(["a.mp4"])])
def test_other_kinds_are_no_collection(X):
    with pytest.raises(TypeError, match=f"got {type(X).__name__}"):
        check_videos(X)


def test_one_aligned_video_is_no_collection(still_data):
    video = align_exactly(still_data)[0]
    with pytest.raises(TypeError, match=r"got one AlignedVideo; pass \[video\]"):
        check_videos(video)
    assert check_videos([video]) == [video]


def test_no_video():
    with pytest.raises(ValueError, match="X holds no video"):
        check_videos([])


@pytest.mark.parametrize("container", [list, tuple, pd.Series, as_object_array])
def test_all_containers_of_tables(container):
    tables = [MACRO, make_intervals()]
    checked = check_interval_tables(container(tables), n_videos=2)
    assert all(kept is table for kept, table in zip(checked, tables))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "got None"),
        (5, "y must be a list with one interval table per video, got int: 5"),
        ("y.csv", "got str: 'y.csv'"),
        ({"a": MACRO}, "got dict"),
        (MACRO, r"got a single interval table; pass \[table\]"),
        ([MACRO, [(1, 5, "macro")]], r"y\[1\] must be an interval table"),
        ([(1, 5, "macro")], r"y\[0\] must be an interval table"),
    ],
)
def test_what_is_no_collection_of_tables(y, message):
    with pytest.raises(TypeError, match=message):
        check_interval_tables(y)


def test_number_of_tables():
    with pytest.raises(ValueError, match=r"got 1 tables for 2 videos.*make_intervals\(\)"):
        check_interval_tables([MACRO], n_videos=2)


def test_overlap_is_refused_where_it_is_not_allowed():
    predicted = make_intervals([(1, 3, 5, "macro", 0.5), (2, 3, 5, "macro", 0.4)])
    with pytest.raises(ValueError, match=r"y_pred\[1\]: the macro intervals"):
        check_interval_tables([MACRO, predicted], name="y_pred")
    assert len(check_interval_tables([MACRO, predicted], allow_overlap=True)) == 2


def test_errors_and_warnings_name_parameters():
    error = with_parameters(ValueError("pass unit='seconds'"), "unit")
    assert error.parameters == ("unit",)
    assert str(error) == "pass unit='seconds'"
    with pytest.warns(UserWarning, match="look") as caught:
        warnings.warn(with_parameters(UserWarning("look"), "unit", "on_error"), stacklevel=1)
    assert caught[0].message.parameters == ("unit", "on_error")
