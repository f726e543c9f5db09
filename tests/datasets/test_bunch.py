"""Tests of what loaders return: that it shows itself in short and stays a Bunch."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.utils import Bunch

from skspot import make_intervals
from skspot.datasets import load_annotated_videos, make_expression_videos
from skspot.datasets._bunch import VideoBunch


@pytest.fixture
def data():
    return VideoBunch(
        videos=[np.zeros((50, 8, 8), np.uint8), np.zeros((70, 8, 8), np.uint8)],
        intervals=[make_intervals([(1, 9, "micro"), (20, 40, "macro")]), make_intervals()],
        subjects=np.array(["a", "a"]),
        fps=30.0,
        DESCR="What it is.",
    )


def test_repr_tells_counts(data):
    assert repr(data) == (
        "VideoBunch(n_videos=2, n_subjects=1, n_frames=120, n_macro=1, n_micro=1, fps=30.0, "
        "fields=['videos', 'intervals', 'subjects', 'fps', 'DESCR'])"
    )


def test_html_holds_the_same_facts(data):
    data["<odd>"] = 1
    shown = data._repr_html_()
    for fact in ("<th>n_frames</th><td>120</td>", "<th>n_micro</th><td>1</td>", "&lt;odd&gt;"):
        assert fact in shown


def test_what_is_not_known_is_not_told(data):
    data.videos = ["a.mp4", "b.mp4"]
    data.subjects = data.fps = None
    facts = "n_videos=2, n_macro=1, n_micro=1, fields="
    assert repr(data).startswith(f"VideoBunch({facts}")


@pytest.mark.parametrize("name", ["videos", "intervals", "subjects", "fps", "DESCR"])
@pytest.mark.parametrize("value", [None, 3, "text", [None], {}])
def test_repr_stands_whatever_became_of_a_field(data, name, value):
    data[name] = value
    assert repr(data).startswith("VideoBunch(")
    del data[name]
    assert f"'{name}'" not in repr(data)
    assert data._repr_html_().startswith("<table>")


def test_it_stays_a_bunch(data):
    assert isinstance(data, Bunch)
    assert data.DESCR == data["DESCR"] == "What it is."
    assert not hasattr(data, "nonsense")
    data.extra = 3
    assert data["extra"] == 3
    assert dir(data) == sorted(data)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda data: pickle.loads(pickle.dumps(data))]
)
def test_copies_are_equal(data, again):
    other = again(data)
    assert type(other) is VideoBunch
    assert repr(other) == repr(data)
    np.testing.assert_equal(dict(other), dict(data))


def test_synthetic_videos(tmp_path):
    options = {"n_subjects": 2, "videos_per_subject": 1, "n_frames": 60, "random_state": 0}
    for folder in (None, tmp_path):
        made = make_expression_videos(folder=folder, **options)
        assert "n_videos=2, n_subjects=2, n_frames=120, n_macro=" in repr(made)
        assert len(repr(made)) < 300


def test_a_loader(tmp_path):
    made = make_expression_videos(
        1, videos_per_subject=1, n_frames=60, folder=tmp_path, random_state=0
    )
    data = load_annotated_videos(dict(zip(made.names, made.intervals)), tmp_path)
    n_macro = (made.intervals[0]["label"] == "macro").sum()
    assert repr(data).startswith(f"VideoBunch(n_videos=1, n_macro={n_macro}, n_micro=")
