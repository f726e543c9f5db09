"""Tests of the course of training."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skspot
from skspot.inspection import TrainingDisplay
from skspot.model_selection import LeaveOneSubjectOut
from skspot.neural_network import SpotFormerClassifier
from tests.neural_network.test_classifier import TINY, planted_videos

HISTORY = pd.DataFrame(
    {
        "train_loss": [2.0, 1.5, 1.2, 1.0],
        "valid_loss": [1.9, 1.6, 1.4, 1.7],
        "valid_f1": [0.1, 0.6, 0.4, 0.6],
    },
    index=pd.Index([1, 2, 3, 4], name="epoch"),
)


def drawn(ax):
    return {line.get_label(): line for line in ax.lines if len(line.get_xdata()) > 2}


def test_losses_and_f1_of_each_epoch():
    display = TrainingDisplay.from_history(HISTORY)
    losses, f1 = display.axes_
    assert_allclose(drawn(losses)["training"].get_xydata().T, [[1, 2, 3, 4], HISTORY["train_loss"]])
    assert_allclose(drawn(losses)["held-out subjects"].get_ydata(), HISTORY["valid_loss"])
    (line,) = drawn(f1).values()
    assert_allclose(line.get_xydata().T, [[1, 2, 3, 4], HISTORY["valid_f1"]])
    assert [ax.get_ylabel() for ax in display.axes_] == ["loss", "interval F1"]
    assert [ax.get_xlabel() for ax in display.axes_] == ["", "epoch"]
    assert losses.get_xlim() == f1.get_xlim()


def test_lines_differ_without_colour():
    styles = {
        (line.get_linestyle(), line.get_marker())
        for line in drawn(TrainingDisplay.from_history(HISTORY).axes_[0]).values()
    }
    assert len(styles) == 2


def test_the_first_of_the_best_epochs_is_marked():
    display = TrainingDisplay.from_history(HISTORY)
    assert display.best_epoch == 2
    (star,) = [line for line in display.axes_[1].lines if line.get_marker() == "*"]
    assert_allclose(star.get_xydata(), [[2, 0.6]])
    (text,) = [text.get_text() for text in display.axes_[1].get_legend().get_texts()]
    assert text.split() == ["best", "epoch:", "2,", "F1", "0.600"]
    for ax in display.axes_:
        assert [2, 2] in [list(line.get_xdata()) for line in ax.lines]


def test_without_held_out_subjects():
    display = TrainingDisplay.from_history(HISTORY[["train_loss"]])
    assert display.best_epoch is None
    (losses,) = display.axes_
    assert list(drawn(losses)) == ["training"]
    assert losses.get_xlabel() == "epoch"


@pytest.mark.parametrize("n_epochs", [1, 3, 100])
def test_ticks_are_whole_epochs(n_epochs):
    history = pd.DataFrame({"train_loss": np.ones(n_epochs)}, index=range(1, n_epochs + 1))
    (ax,) = TrainingDisplay.from_history(history).axes_
    ticks = ax.get_xticks()
    assert_allclose(ticks, np.round(ticks))
    assert any(1 <= tick <= n_epochs for tick in ticks)


def test_drawn_into_given_axes_and_again():
    figure, axes = plt.subplots(1, 2)
    display = TrainingDisplay.from_history(HISTORY, ax=axes[1])
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert display.plot() is display
    assert display.figure_ is not figure


@pytest.fixture(scope="module")
def spotter():
    spotter = SpotFormerClassifier(
        max_epochs=2, train_split=LeaveOneSubjectOut(), random_state=0, **TINY
    )
    return spotter.fit(*planted_videos(2, seed=0), groups=["a", "b"])


def test_from_estimator(spotter):
    for estimator in (spotter, make_pipeline(FunctionTransformer(), spotter)):
        display = TrainingDisplay.from_estimator(estimator)
        pd.testing.assert_frame_equal(display.history, spotter.history_dataframe())
        assert len(display.axes_) == 2


def test_from_a_file(spotter):
    text = spotter.history_dataframe().to_csv()
    kept = TrainingDisplay.from_history(pd.read_csv(io.StringIO(text), index_col="epoch"))
    assert kept.best_epoch == TrainingDisplay.from_estimator(spotter).best_epoch
    with pytest.raises(ValueError, match="column train_loss, got .'epoch', 'loss'"):
        TrainingDisplay.from_history(pd.DataFrame({"epoch": [1], "loss": [2.0]}))


@pytest.mark.parametrize(
    ("history", "error", "message"),
    [
        ([{"train_loss": 1.0}], TypeError, "must be a DataFrame, .* got list"),
        (HISTORY[:0], ValueError, "holds no epoch. A model that was loaded"),
        (HISTORY[::-1], ValueError, r"whole and increasing, got \[4, 3, 2, 1\]"),
        (HISTORY.set_index("train_loss", drop=False), ValueError, r"got \[2.0, 1.5, 1.2, 1.0\]"),
    ],
)
def test_refusals(history, error, message):
    with pytest.raises(error, match=message):
        TrainingDisplay.from_history(history)


def test_refused_estimators(spotter, tmp_path):
    with pytest.raises(TypeError, match="ends with one, got FunctionTransformer"):
        TrainingDisplay.from_estimator(make_pipeline(FunctionTransformer()))
    with pytest.raises(NotFittedError):
        TrainingDisplay.from_estimator(SpotFormerClassifier())
    with pytest.warns(UserWarning, match="train_split is not saved"):
        skspot.save(spotter, tmp_path / "spotter.skspot")
    with pytest.raises(ValueError, match="loaded from a file has none"):
        TrainingDisplay.from_estimator(skspot.load(tmp_path / "spotter.skspot"))
