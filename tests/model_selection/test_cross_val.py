"""Tests of cross-validated predictions that survive an interruption."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from skspot import make_intervals
from skspot.landmarks import MediaPipe
from skspot.model_selection import (
    LeaveOneSubjectOut,
    StratifiedSubjectKFold,
    _cross_val,
    cross_val_intervals,
)
from skspot.preprocessing import FaceAligner, SWMROFlow
from skspot.utils._cache import stored_results

VIDEOS = [np.full((20, 4, 4), level, dtype=np.uint8) for level in range(6)]
INTERVALS = [make_intervals([(onset, onset + 5, "macro")]) for onset in range(6)]
SUBJECTS = ["a", "a", "b", "b", "c", "c"]


class Spotter(BaseEstimator):
    """Predicts the mean onset of the training videos; leaves a line of each fit in a file."""

    def __init__(self, log=None, shift=0, n_jobs=None, memory=None, verbose=0):
        self.log = log
        self.shift = shift
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    def fit(self, X, y):
        self.onset_ = int(np.mean([table["onset"][0] for table in y])) + self.shift
        if self.log is not None:
            with open(self.log, "a") as file:
                file.write(f"{len(X)}\n")
        return self

    def predict(self, X):
        return [make_intervals([(self.onset_, self.onset_ + int(np.mean(x)), "micro")]) for x in X]


class Same(TransformerMixin, BaseEstimator):
    """Passes videos on."""

    def __init__(self, memory=None, on_error="raise"):
        self.memory = memory
        self.on_error = on_error

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


def onsets(predicted):
    return [int(table["onset"][0]) for table in predicted]


@pytest.fixture
def log(tmp_path):
    """Return a file in which each fit leaves a line."""
    path = tmp_path / "fits.txt"
    path.touch()
    return path


def n_fits(log):
    return len(log.read_text().splitlines())


def test_hand_worked():
    predicted = cross_val_intervals(Spotter(), VIDEOS, INTERVALS, groups=SUBJECTS)
    assert predicted.dtype == object
    # Mean onsets of videos 2 to 5, of 0, 1, 4, 5, and of 0 to 3.
    assert onsets(predicted) == [3, 3, 2, 2, 1, 1]
    assert [int(table["offset"][0]) for table in predicted] == [3, 4, 4, 5, 5, 6]


@pytest.mark.parametrize("cv", [LeaveOneSubjectOut(), StratifiedSubjectKFold(2), GroupKFold(3)])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_agrees_with_scikit_learn(cv, n_jobs, tmp_path):
    spotter = make_pipeline(Same(), Spotter())
    expected = cross_val_predict(spotter, VIDEOS, INTERVALS, groups=SUBJECTS, cv=cv)
    got = cross_val_intervals(
        spotter, VIDEOS, INTERVALS, groups=SUBJECTS, cv=cv, memory=tmp_path, n_jobs=n_jobs
    )
    for table, same in zip(expected, got):
        np.testing.assert_array_equal(table, same)


def test_a_number_is_stratified_folds_and_none_leaves_one_out(log):
    cross_val_intervals(Spotter(log), VIDEOS, INTERVALS, groups=SUBJECTS)
    assert n_fits(log) == 3
    got = cross_val_intervals(Spotter(log), VIDEOS, INTERVALS, groups=SUBJECTS, cv=2)
    assert n_fits(log) == 5
    splitter = StratifiedSubjectKFold(2)
    for cv in (splitter, list(splitter.split(VIDEOS, INTERVALS, SUBJECTS))):
        expected = cross_val_intervals(Spotter(), VIDEOS, INTERVALS, groups=SUBJECTS, cv=cv)
        assert onsets(got) == onsets(expected)


def run(log, memory, *, videos=VIDEOS, intervals=INTERVALS, **params):
    """Return the onsets that are predicted, and how many folds were computed for them."""
    before = n_fits(log)
    spotter = make_pipeline(Same(), Spotter(log))
    spotter.set_params(**params)
    got = cross_val_intervals(spotter, videos, intervals, groups=SUBJECTS, memory=memory)
    return onsets(got), n_fits(log) - before


def test_finished_folds_are_not_computed_again(log, tmp_path):
    assert run(log, tmp_path / "cache") == ([3, 3, 2, 2, 1, 1], 3)
    assert run(log, tmp_path / "cache") == ([3, 3, 2, 2, 1, 1], 0)
    assert stored_results(tmp_path / "cache")["folds"].n_entries == 3


@pytest.mark.parametrize(
    "params",
    [
        {"spotter__n_jobs": 2},
        {"spotter__verbose": 1},
        {"same__memory": "x"},
        {"same__on_error": "warn"},
        {"verbose": True},
    ],
)
def test_how_the_work_is_done_does_not_matter(log, tmp_path, params):
    run(log, tmp_path / "cache")
    assert run(log, tmp_path / "cache", **params)[1] == 0


def test_other_parameters_are_computed_anew(log, tmp_path):
    run(log, tmp_path / "cache")
    assert run(log, tmp_path / "cache", spotter__shift=1) == ([4, 4, 3, 3, 2, 2], 3)


def test_what_does_not_concern_a_fold_leaves_it(log, tmp_path):
    """The intervals of one video matter to the folds that train on it, its frames to all."""
    run(log, tmp_path / "cache")
    changed = [*INTERVALS[:5], make_intervals([(9, 12, "macro")])]
    assert run(log, tmp_path / "cache", intervals=changed) == ([4, 4, 3, 3, 1, 1], 2)
    videos = [*VIDEOS[:5], VIDEOS[5] + 1]
    assert run(log, tmp_path / "cache", videos=videos)[1] == 3


def test_damaged_folds_are_computed_again(log, tmp_path):
    run(log, tmp_path / "cache")
    damaged = sorted((tmp_path / "cache").rglob("output.pkl"))[0]
    damaged.write_bytes(damaged.read_bytes()[:20])
    with pytest.warns(UserWarning, match="can't be read"):
        assert run(log, tmp_path / "cache") == ([3, 3, 2, 2, 1, 1], 1)


_SLOW_RUN = """
import sys, time
sys.path.insert(0, sys.argv[1])
from test_cross_val import *

class SlowSpotter(Spotter):
    def fit(self, X, y):
        super().fit(X, y)
        if sys.argv[4] == "slow" and n_fits(Path(self.log)) > 1:
            time.sleep(60)
        return self

predicted = cross_val_intervals(
    SlowSpotter(sys.argv[2]), VIDEOS, INTERVALS, groups=SUBJECTS, memory=sys.argv[3]
)
print(onsets(predicted))
"""


def test_goes_on_after_a_kill(log, tmp_path):
    """What one process has finished before it is killed, another one does not do again."""
    script = tmp_path / "run.py"
    script.write_text(_SLOW_RUN)
    arguments = [sys.executable, script, Path(__file__).parent, log, tmp_path / "cache"]
    with subprocess.Popen([*map(str, arguments), "slow"]) as first:
        deadline = time.monotonic() + 60
        while n_fits(log) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(first.pid, signal.SIGKILL)
    assert n_fits(log) == 2  # the second fold was under way
    second = subprocess.run(
        [*map(str, arguments), "fast"], capture_output=True, text=True, check=True
    )
    assert second.stdout.strip() == "[3, 3, 2, 2, 1, 1]"
    assert n_fits(log) == 4  # the second fold once more, and the third


def test_a_network_is_known_again(tmp_path, monkeypatch):
    """Settings of a skorch net hash alike in every clone, and its folds are kept."""
    from skspot.neural_network import SpotFormerClassifier  # the killed process needs no torch

    rng = np.random.default_rng(0)
    features = [rng.normal(size=(60, 16, 10, 2)).astype(np.float32) for _ in range(3)]
    tables = [make_intervals([(10, 20, "macro"), (30, 36, "micro")])] * 3
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0)
    arguments = {"groups": ["a", "b", "c"], "memory": tmp_path}
    first = cross_val_intervals(spotter, features, tables, **arguments)
    monkeypatch.setattr(SpotFormerClassifier, "fit", lambda *args: pytest.fail("computed again"))
    spotter.set_params(verbose=1, n_threads=4, device="cuda")
    again = cross_val_intervals(spotter, features, tables, **arguments)
    for table, same in zip(first, again):
        np.testing.assert_array_equal(table, same)


def test_where_a_model_file_lies_is_not_a_setting():
    here, there, other = (
        _cross_val._settings(make_pipeline(FaceAligner(landmarker), SWMROFlow()))
        for landmarker in (MediaPipe("here"), MediaPipe("there"), MediaPipe(num_faces=2))
    )
    assert here == there != other


def test_features_are_known_by_their_fingerprints_or_values(log, tmp_path):
    from skspot.preprocessing import FlowFeatures, FlowLayout

    def features(level, fingerprint=""):
        layout = FlowLayout(window_length=3, resolutions=("window",))
        values = np.full((20, *layout.shape), level, dtype=np.float32)
        times = np.arange(20) / 30
        return FlowFeatures(layout, np.ones(20), times, values, fingerprint=fingerprint)

    videos = [features(level) for level in range(6)]
    assert run(log, tmp_path, videos=videos)[1] == 3
    assert run(log, tmp_path, videos=videos)[1] == 0
    assert run(log, tmp_path, videos=[*videos[:5], features(9)])[1] == 3
    named = [features(0, fingerprint=str(i)) for i in range(6)]
    assert run(log, tmp_path, videos=named)[1] == 3
    assert run(log, tmp_path, videos=[*named[:5], features(1, fingerprint="5")])[1] == 0


class Sees(Same):
    """A step that reads something beside each video."""

    def __init__(self, beside=0, memory=None):
        super().__init__(memory)
        self.beside = beside

    def key_of_landmarks(self, source):
        return BESIDE[self.beside]


BESIDE = {0: "before"}


def test_what_a_step_reads_beside_the_videos_counts(log, tmp_path, monkeypatch):
    """Other landmarks of the same videos make other predictions, though no parameter differs."""
    spotter = make_pipeline(Sees(), Spotter(log))
    arguments = {"groups": SUBJECTS, "memory": tmp_path}
    cross_val_intervals(spotter, VIDEOS, INTERVALS, **arguments)
    cross_val_intervals(spotter, VIDEOS, INTERVALS, **arguments)
    assert n_fits(log) == 3
    monkeypatch.setitem(BESIDE, 0, "after")
    cross_val_intervals(spotter, VIDEOS, INTERVALS, **arguments)
    assert n_fits(log) == 6


class Weighted(Spotter):
    """Adds what `fit` gets besides to the onset."""

    def fit(self, X, y, per_video=None, once=0):
        super().fit(X, y)
        assert len(per_video) == len(X)
        self.onset_ += sum(per_video) + once
        return self


def test_arguments_of_fit_are_shared_among_the_folds(tmp_path):
    params = {"per_video": [0, 1, 2, 3, 4, 5], "once": 100}
    arguments = {"groups": SUBJECTS, "memory": tmp_path}
    got = cross_val_intervals(Weighted(), VIDEOS, INTERVALS, params=params, **arguments)
    # Mean onsets 3, 2, 1; sums of the training videos 14, 10, 6.
    assert onsets(got) == [117, 117, 112, 112, 107, 107]
    params["once"] = 0
    got = cross_val_intervals(Weighted(), VIDEOS, INTERVALS, params=params, **arguments)
    assert onsets(got) == [17, 17, 12, 12, 7, 7]


class Forgetful(Spotter):
    def predict(self, X):
        return super().predict(X)[:1]


def test_progress_reaches_the_end(capsys):
    cross_val_intervals(Spotter(), VIDEOS, INTERVALS, groups=SUBJECTS, verbose=1)
    assert "folds done: 3/3 [" in capsys.readouterr().err


def test_no_progress_unless_asked(capfd):
    cross_val_intervals(Spotter(), VIDEOS, INTERVALS, groups=SUBJECTS, n_jobs=2)
    assert capfd.readouterr() == ("", "")


def test_progress_begins_with_the_folds_that_are_kept(tmp_path, capsys):
    arguments = {"groups": SUBJECTS, "memory": tmp_path, "verbose": 1}
    cross_val_intervals(Spotter(), VIDEOS, INTERVALS, **arguments)
    shown = capsys.readouterr().err
    assert "folds done: 0/3 [" in shown
    next(tmp_path.rglob("output.pkl")).unlink()  # as if the run had been interrupted
    cross_val_intervals(Spotter(), VIDEOS, INTERVALS, **arguments)
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.startswith("folds done (2 before): 2/3 [")
    assert last.startswith("folds done (2 before): 3/3 [")


class Chatty(Spotter):
    def fit(self, X, y):
        if self.verbose:
            print("fits")
        return super().fit(X, y)


def test_the_folds_are_shown_in_place_of_the_steps(capsys):
    for verbose, chatty in ((0, True), (1, False)):
        spotter = make_pipeline(Same(), Chatty(verbose=1), verbose=True)
        cross_val_intervals(spotter, VIDEOS, INTERVALS, groups=SUBJECTS, verbose=verbose)
        out, err = capsys.readouterr()
        assert ("fits" in out) == ("[Pipeline]" in out) == chatty
        assert ("folds done" in err) != chatty
        assert spotter.get_params()["chatty__verbose"] == 1


# -- refusals --------------------------------------------------------------------------------------


class Unpicklable(Spotter):
    def __init__(self, function=None):
        super().__init__()
        self.function = function


def test_refusals(tmp_path):
    arguments = {"groups": SUBJECTS}
    with pytest.raises(ValueError, match=r"X\[0\] is in 0 of 1"):
        cross_val_intervals(
            Spotter(), VIDEOS, INTERVALS, cv=_Splits([([0, 1], [2, 3, 4, 5])]), **arguments
        )
    splits = [([2, 3], [0, 1]), ([0], [1, 2, 3, 4, 5])]
    with pytest.raises(ValueError, match=r"X\[1\] is in 2 of 2"):
        cross_val_intervals(Spotter(), VIDEOS, INTERVALS, cv=_Splits(splits), **arguments)
    with pytest.raises(TypeError, match="cv must be a number of folds, a splitter"):
        cross_val_intervals(Spotter(), VIDEOS, INTERVALS, cv="loso", **arguments)
    with pytest.raises(ValueError, match="needs the subject of each video"):
        cross_val_intervals(Spotter(), VIDEOS, INTERVALS)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        cross_val_intervals(Spotter(), VIDEOS, INTERVALS, groups=["a", "b"], cv=KFold(2))
    with pytest.raises(ValueError, match="one interval table per video"):
        cross_val_intervals(Spotter(), VIDEOS, INTERVALS[:2], **arguments)
    with pytest.raises(ValueError, match="got 1 tables for 2 videos"):
        cross_val_intervals(Forgetful(), VIDEOS, INTERVALS, **arguments)
    with pytest.raises(TypeError, match="one that can be pickled"):
        cross_val_intervals(
            Unpicklable(lambda x: x), VIDEOS, INTERVALS, memory=tmp_path, **arguments
        )


class _Splits:
    def __init__(self, splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return self.splits
