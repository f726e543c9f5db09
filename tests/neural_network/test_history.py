"""Tests of the table of epochs."""

import pickle

import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback

import skspot
from skspot.model_selection import LeaveOneSubjectOut
from skspot.neural_network import SpotFormerClassifier
from tests.neural_network.test_classifier import TINY, planted_videos


class Own(Callback):
    def on_epoch_end(self, net, **kwargs):
        net.history.record("own", 7.0)


@pytest.fixture(scope="module")
def data():
    return planted_videos(2, seed=0)


@pytest.fixture(scope="module")
def spotter(data):
    spotter = SpotFormerClassifier(
        max_epochs=2, train_split=LeaveOneSubjectOut(), callbacks=[Own()], random_state=0, **TINY
    )
    return spotter.fit(*data, groups=["a", "b"])


def test_one_row_for_each_epoch(spotter):
    frame = spotter.history_dataframe()
    known = ["train_loss", "valid_loss", "valid_f1", "lr", "dur", "windows_per_second"]
    assert frame.columns.tolist() == [*known, "own"]
    assert frame.index.tolist() == [1, 2]
    assert frame.index.name == "epoch"
    for name in ("train_loss", "valid_loss", "valid_f1", "dur", "windows_per_second"):
        assert frame[name].tolist() == spotter.history_[:, name]
    np.testing.assert_allclose(frame["lr"], [0.003, 0.003 * 0.81])
    assert (frame["own"] == 7).all()


def test_training_that_goes_on_is_appended(spotter, data):
    copy = pickle.loads(pickle.dumps(spotter))
    before = copy.history_dataframe()
    copy.partial_fit(*data, groups=["a", "b"])
    after = copy.history_dataframe()
    assert after.index.tolist() == [1, 2, 3, 4]
    assert_frame_equal(after[:2], before)


def test_without_held_out_subjects(data):
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY).fit(*data)
    assert spotter.history_dataframe().columns.tolist() == [
        "train_loss",
        "lr",
        "dur",
        "windows_per_second",
    ]


def test_a_loaded_model_has_no_history(spotter, tmp_path):
    with pytest.warns(UserWarning, match="is not saved: it is used in training only"):
        skspot.save(spotter, tmp_path / "spotter.skspot")
    frame = skspot.load(tmp_path / "spotter.skspot").history_dataframe()
    assert len(frame) == 0
    assert frame.index.name == "epoch"
    assert "train_loss" in frame


def test_before_fit():
    with pytest.raises(NotFittedError):
        SpotFormerClassifier().history_dataframe()
