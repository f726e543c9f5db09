import numpy as np
import pytest
from sklearn.model_selection import KFold, LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback, EarlyStopping
from skorch.dataset import ValidSplit

from skspot import make_intervals
from skspot.metrics import interval_f1_score
from skspot.model_selection import LeaveOneSubjectOut, StratifiedSubjectKFold
from skspot.neural_network import SpotFormerClassifier
from skspot.neural_network.training._validation_split import validation_split
from tests.neural_network.test_classifier import TINY, planted_videos, with_layout

SUBJECTS = ["a", "a", "b", "b", "c", "c"]


@pytest.fixture(scope="module")
def data():
    return planted_videos(6, seed=0)


def test_the_first_fold_is_taken(data):
    assert validation_split(LeaveOneSubjectOut(), *data, SUBJECTS) == ([2, 3, 4, 5], [0, 1])
    assert validation_split(None, *data, None) == ([0, 1, 2, 3, 4, 5], [])


def test_videos_of_neither_part_are_left_alone(data):
    """A splitter may leave videos out, and those of a held-out subject must not be trained on."""

    class Parts(Callback):
        def on_train_begin(self, net, X=None, **kwargs):
            self.n_trained, self.n_held_out = len(X.X), len(X.validation.X)
            self.n_examples = sum(map(len, X.paster.examples.values()))

    class Split:
        def split(self, X, y, groups):
            yield [1], [2]

    parts = Parts()
    SpotFormerClassifier(
        train_split=Split(),
        callbacks=[parts],
        random_state=0,
        **{**TINY, "max_epochs": 1, "pasted_micro": 1.0},
    ).fit(with_layout(data[0]), data[1], groups=SUBJECTS)
    assert (parts.n_trained, parts.n_held_out) == (1, 1)
    assert parts.n_examples == len(data[1][1])  # nothing is learnt from other videos


def test_the_history_has_loss_and_f1_of_videos_not_trained_on(data):
    spotter = SpotFormerClassifier(
        train_split=LeaveOneSubjectOut(), max_epochs=2, random_state=0, **TINY
    ).fit(*data, groups=SUBJECTS)
    row = spotter.history[-1]
    assert row["valid_loss"] > 0
    assert row["valid_f1"] == interval_f1_score(data[1][:2], spotter.predict(data[0][:2]))
    # What is held out has no part in training.
    X, y = [0 * data[0][0], 0 * data[0][1], *data[0][2:]], [make_intervals()] * 2 + data[1][2:]
    other = SpotFormerClassifier(
        train_split=LeaveOneSubjectOut(), max_epochs=2, random_state=0, **TINY
    ).fit(X, y, groups=SUBJECTS)
    for name in ("train_loss",):
        assert other.history[:, name] == spotter.history[:, name]
    assert other.history[-1]["valid_loss"] != row["valid_loss"]


def test_without_a_split_there_is_no_validation(data):
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY).fit(*data)
    assert not {"valid_loss", "valid_f1"} & set(spotter.history[-1])


def test_early_stopping_keeps_the_best_epoch_and_counts_as_fitted(data):
    stopping = EarlyStopping("valid_f1", lower_is_better=False, patience=2, load_best=True)
    spotter = SpotFormerClassifier(
        train_split=StratifiedSubjectKFold(3),
        callbacks=[stopping],
        max_epochs=40,
        random_state=0,
        **TINY,
    ).fit(*data, groups=SUBJECTS)
    f1 = spotter.history[:, "valid_f1"]
    assert len(f1) < 40
    best = int(np.argmax(f1))
    assert len(f1) == best + 3
    assert spotter.history[best]["valid_f1_best"]
    _, held_out = validation_split(StratifiedSubjectKFold(3), *data, SUBJECTS)
    truth, videos = ([part[i] for i in held_out] for part in (data[1], data[0]))
    assert interval_f1_score(truth, spotter.predict(videos)) == max(f1)


def test_subjects_reach_the_classifier_through_cross_validation(data):
    spotter = make_pipeline(
        FunctionTransformer(),
        SpotFormerClassifier(train_split=LeaveOneGroupOut(), max_epochs=1, random_state=0, **TINY),
    )
    predicted = cross_val_predict(
        spotter,
        *data,
        groups=SUBJECTS,
        cv=LeaveOneSubjectOut(),
        params={"spotformerclassifier__groups": np.array(SUBJECTS)},
    )
    assert predicted.shape == (6,)


def test_parts_without_a_video_to_read(data):
    spotter = SpotFormerClassifier(
        train_split=LeaveOneSubjectOut(), max_epochs=1, random_state=0, **TINY
    )
    for lost, part in (((0, 1), "for validation"), ((2, 3, 4, 5), "to train on")):
        X = [None if i in lost else video for i, video in enumerate(data[0])]
        with (
            pytest.warns(UserWarning, match="could not be read"),
            pytest.raises(ValueError, match=f"No video could be read of those {part}"),
        ):
            spotter.fit(X, data[1], groups=SUBJECTS)
    tables = [*data[1][:2], *[make_intervals()] * 4]
    with pytest.raises(ValueError, match="no interval in the 4 training videos"):
        spotter.fit(data[0], tables, groups=SUBJECTS)


@pytest.mark.parametrize(
    ("split", "groups", "message"),
    [
        (ValidSplit(2), SUBJECTS, "train_split must be None or a splitter"),
        (0.2, SUBJECTS, "train_split must be None or a splitter"),
        (LeaveOneSubjectOut(), None, r"call fit\(X, y, groups=subjects\)"),
        (KFold(2), ["a", "b", "a", "b", "c", "c"], "puts videos of the subjects"),
        (LeaveOneSubjectOut(), SUBJECTS[:5], "got 5 subjects for 6 videos"),
    ],
)
def test_refusals(data, split, groups, message):
    spotter = SpotFormerClassifier(train_split=split, max_epochs=1, **TINY)
    with pytest.raises(ValueError, match=message):
        spotter.fit(*data, groups=groups)
