"""What users of skorch do with any net works with the classifier."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    LRScheduler,
    TrainEndCheckpoint,
)

from skspot.metrics import interval_f1_score, interval_f1_scorer
from skspot.model_selection import LeaveOneSubjectOut
from skspot.neural_network import SpotFormer, SpotFormerClassifier
from tests.neural_network.test_classifier import TINY, MeanModule, planted_videos

SUBJECTS = list("ab")


@pytest.fixture(scope="module")
def data():
    return planted_videos(2, seed=0)


@pytest.fixture(scope="module")
def six():
    """Return enough videos to learn from, if fast; two of each subject."""
    return planted_videos(6, seed=0)


@pytest.fixture(scope="module")
def fitted(data):
    return SpotFormerClassifier(max_epochs=2, random_state=0, **TINY).fit(*data)


def make(**params):
    return SpotFormerClassifier(**{"max_epochs": 2, "random_state": 0, **TINY, **params})


def weights(spotter):
    return torch.cat([p.detach().flatten() for p in spotter.module_.parameters()])


def assert_same_scores(one, other, X, **tolerance):
    for a, b in zip(one.predict_scores(X), other.predict_scores(X)):
        for name in a.dtype.names:
            np.testing.assert_allclose(a[name], b[name], **{"atol": 1e-6, **tolerance})


def test_callbacks_are_notified_with_what_skorch_promises(data):
    calls = []

    class Spy(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            calls.append("train begin")

        def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
            calls.append(("epoch begin", len(dataset_train) > 0, len(dataset_valid) > 0))

        def on_batch_end(self, net, batch=None, training=None, loss=None, y_pred=None, **kwargs):
            assert torch.isfinite(loss)
            assert len(batch[0]) == len(y_pred[0])
            calls.append(("batch", training))

        def on_grad_computed(self, net, named_parameters, **kwargs):
            assert dict(named_parameters)
            calls.append("grad")

        def on_epoch_end(self, net, **kwargs):
            calls.append("epoch end")

        def on_train_end(self, net, **kwargs):
            calls.append("train end")

    make(callbacks=[("spy", Spy)], train_split=LeaveOneSubjectOut()).fit(*data, groups=SUBJECTS)
    assert calls[0] == "train begin"
    assert calls[-1] == "train end"
    assert calls.count(("epoch begin", True, True)) == calls.count("epoch end") == 2
    assert {("batch", True), ("batch", False), "grad"} <= set(calls)


def test_callbacks_are_parameters(data):
    class Spy(Callback):
        def __init__(self, value=1):
            self.value = value

    spotter = make(callbacks=[("spy", Spy)], callbacks__spy__value=5).fit(*data)
    assert dict(spotter.callbacks_)["spy"].value == 5
    without = make(callbacks__lr_schedule=None).fit(*data)
    assert without.optimizer_.param_groups[0]["lr"] == 0.003
    assert make(callbacks="disable").fit(*data).history[:, "epoch"] == [1, 2]


def test_history(fitted, tmp_path):
    assert fitted.history is fitted.history_
    assert fitted.history[:, "epoch"] == [1, 2]
    losses = fitted.history[-1, "batches", :, "train_loss"]
    sizes = fitted.history[-1, "batches", :, "train_batch_size"]
    assert fitted.history[-1, "train_loss"] == pytest.approx(np.average(losses, weights=sizes))
    assert "valid_loss" not in fitted.history[-1]
    fitted.history.to_file(tmp_path / "history.json")
    assert (tmp_path / "history.json").stat().st_size > 100


def test_partial_fit_goes_on_and_begins(data):
    begun = make().partial_fit(*data)
    assert len(begun.history) == 2
    before = weights(begun)
    begun.partial_fit(*data)
    assert len(begun.history) == 4
    assert not torch.equal(weights(begun), before)


def test_warm_start(data):
    cold = make().fit(*data)
    first = weights(cold)
    torch.testing.assert_close(weights(cold.fit(*data)), first, rtol=0, atol=0)
    assert len(cold.history) == 2
    warm = make(warm_start=True).fit(*data)
    torch.testing.assert_close(weights(warm), first, rtol=0, atol=0)
    assert not torch.equal(weights(warm.fit(*data)), first)
    other = data[0][0][:, 2:14]
    with pytest.raises(ValueError, match=r"expected \(16, 10, 2\)"):
        warm.fit([other] * 2, data[1])


def test_set_params_of_the_module(data):
    spotter = make().fit(*data)
    spotter.set_params(module__dim=8)
    with pytest.raises(NotFittedError):
        spotter.predict(data[0])  # its weights are new
    assert spotter.fit(*data).module_.head.in_features == 8
    spotter.set_params(lr=0.1, decoding="apexes").predict(data[0])


def test_set_params_of_the_optimizer(fitted, data):
    spotter = pickle.loads(pickle.dumps(fitted)).set_params(optimizer__lr=0.5)
    assert {group["lr"] for group in spotter.optimizer_.param_groups} == {0.5}
    other = make(optimizer=torch.optim.SGD, optimizer__momentum=0.9).fit(*data)
    assert {group["momentum"] for group in other.optimizer_.param_groups} == {0.9}
    assert [group["weight_decay"] for group in other.optimizer_.param_groups] == [0.1, 0.0]
    own = make(optimizer__weight_decay=0.3).fit(*data)
    assert [group["weight_decay"] for group in own.optimizer_.param_groups] == [0.3, 0.0]


@pytest.mark.parametrize("use_safetensors", [False, True])
def test_save_and_load_params(fitted, data, tmp_path, use_safetensors):
    path = str(tmp_path / "params")
    fitted.save_params(f_params=path, use_safetensors=use_safetensors)
    fresh = make().initialize()
    fresh.load_params(f_params=path, use_safetensors=use_safetensors)
    assert_same_scores(fresh, fitted, data[0])
    changed = make(module__dim=8).fit(*data).set_params(module__dim=16).initialize()
    changed.load_params(f_params=path, use_safetensors=use_safetensors)
    assert_same_scores(changed, fitted, data[0])
    with pytest.raises(NotFittedError):
        make().predict(data[0])


def test_optimizer_and_history_are_saved_too(fitted, data, tmp_path):
    files = {name: str(tmp_path / name) for name in ("f_params", "f_optimizer", "f_history")}
    fitted.save_params(**files)
    fresh = make().initialize()
    fresh.load_params(**files)
    assert len(fresh.history) == 2
    fresh.partial_fit(*data)
    assert len(fresh.history) == 4


def test_epoch_scoring(six):
    """A scorer of scikit-learn scores the intervals of held-out and of training videos."""
    scoring = [
        ("held_out", EpochScoring(interval_f1_scorer, lower_is_better=False, name="held_out")),
        (
            "own",
            EpochScoring(lambda net, X, y: len(net.predict(X)) + 10 * len(y), name="own"),
        ),
        (
            "train",
            EpochScoring(interval_f1_scorer, lower_is_better=False, name="train", on_train=True),
        ),
        ("default", EpochScoring(None, lower_is_better=False, name="default")),
    ]
    spotter = make(lr=0.02, max_epochs=4, callbacks=scoring, train_split=LeaveOneSubjectOut())
    row = spotter.fit(*six, groups=list("aabbcc")).history[-1]
    assert row["held_out"] == row["valid_f1"] == row["default"]
    assert row["held_out"] == interval_f1_score(six[1][:2], spotter.predict(six[0][:2]))
    assert row["train"] == interval_f1_score(six[1][2:], spotter.predict(six[0][2:]))
    assert row["train"] > 0.5
    assert row["own"] == 22
    assert any(spotter.history[:, "held_out_best"])


def test_checkpoint(data, six, tmp_path):
    checkpoint = Checkpoint(monitor="valid_f1_best", dirname=str(tmp_path))
    spotter = make(lr=0.02, max_epochs=5, callbacks=[checkpoint], train_split=LeaveOneSubjectOut())
    spotter.fit(*six, groups=list("aabbcc"))
    best = make().initialize()
    best.load_params(checkpoint=checkpoint)
    f1 = interval_f1_score(six[1][:2], best.predict(six[0][:2]))
    assert f1 == max(spotter.history[:, "valid_f1"]) > 0
    end = make(callbacks=[TrainEndCheckpoint(dirname=str(tmp_path / "end"))]).fit(*data)
    loaded = make().initialize()
    loaded.load_params(f_params=str(tmp_path / "end" / "train_end_params.pt"))
    assert_same_scores(loaded, end, data[0])


def test_early_stopping(data, six):
    stopping = EarlyStopping(monitor="valid_f1", lower_is_better=False, patience=4, load_best=True)
    spotter = make(lr=0.02, max_epochs=40, callbacks=[stopping], train_split=LeaveOneSubjectOut())
    spotter.fit(*six, groups=list("aabbcc"))
    assert len(spotter.history) < 40
    f1 = spotter.score(six[0][:2], six[1][:2])
    assert f1 == max(spotter.history[:, "valid_f1"]) > 0
    on_training = EarlyStopping(monitor="train_loss", patience=1, threshold=10.0)
    assert len(make(max_epochs=9, callbacks=[on_training]).fit(*data).history) == 2


@pytest.mark.parametrize(
    ("callback", "monitor"),
    [
        (EarlyStopping(), "valid_loss"),
        (("stop", EarlyStopping("valid_f1", lower_is_better=False)), "valid_f1"),
        (Checkpoint(), "valid_loss_best"),
        (EarlyStopping("own"), "own"),
    ],
    ids=["stop", "stop by name", "checkpoint", "own score"],
)
def test_what_watches_held_out_videos_needs_some(data, callback, monitor):
    message = f"watches '{monitor}'.*set train_split=StratifiedSubjectKFold"
    own = EpochScoring(interval_f1_scorer, lower_is_better=False, name="own")
    with pytest.raises(ValueError, match=message):
        make(callbacks=[own, callback]).fit(*data)


@pytest.mark.parametrize(
    ("train_split", "groups", "message"),
    [
        (0.2, SUBJECTS, "train_split must be None or a splitter"),
        (LeaveOneSubjectOut(), None, "needs the subject of each video: call fit"),
    ],
)
def test_errors_of_train_split_explain(data, train_split, groups, message):
    with pytest.raises(ValueError, match=message):
        make(train_split=train_split).fit(*data, groups=groups)


def test_lr_scheduler(data):
    scheduler = LRScheduler(policy="StepLR", step_size=1, gamma=0.5, step_every="epoch")
    spotter = make(max_epochs=3, callbacks=[("own", scheduler)]).fit(*data)
    rates = spotter.history[:, "event_lr"]
    np.testing.assert_allclose(rates, 0.003 * 0.5 ** np.arange(3))
    plateau = LRScheduler("ReduceLROnPlateau", monitor="train_loss")
    assert set(make(callbacks=[plateau]).fit(*data).history[:, "event_lr"]) == {0.003}
    built_in = make(lr_decay=0.5).fit(*data).history[:, "event_lr"]
    np.testing.assert_allclose(built_in, [0.003, 0.0015])


def test_freezer(data):
    spotter = make(callbacks=[Freezer("embedding.*")]).fit(*data)
    frozen = [p for n, p in spotter.module_.named_parameters() if n.startswith("embedding")]
    assert not any(p.requires_grad for p in frozen)


def test_hooks_on_the_network_are_called_in_prediction(fitted, data):
    spotter = pickle.loads(pickle.dumps(fitted))
    seen = []
    on_net = spotter.module_.register_forward_hook(lambda m, x, out: seen.append(len(out[0])))
    spotter.predict(data[0][:1])
    assert sum(seen) == 200
    on_net.remove()
    block = spotter.module_.stages[1].temporal_attention
    on_block = block.register_forward_hook(lambda m, x, out: torch.zeros_like(out))
    (changed,) = spotter.predict_scores(data[0][:1])
    on_block.remove()
    (plain,) = fitted.predict_scores(data[0][:1])
    assert not np.allclose(changed["macro_apex"], plain["macro_apex"])


class Doubling(SpotFormerClassifier):
    def infer(self, x, **fit_params):
        logits, embedding = super().infer(x, **fit_params)
        return 2 * logits, embedding


def test_an_overridden_infer_is_called(fitted, data):
    double = Doubling(max_epochs=2, random_state=0, **TINY).initialize()
    double.module_.load_state_dict(fitted.module_.state_dict())
    for got, plain in zip(double.predict_scores(data[0]), fitted.predict_scores(data[0])):
        p, q = got["macro_apex"], plain["macro_apex"]
        np.testing.assert_allclose(p / (1 - p), (q / (1 - q)) ** 2, rtol=1e-3)


def test_predict_nonlinearity(fitted, data):
    sharp = pickle.loads(pickle.dumps(fitted)).set_params(predict_nonlinearity=lambda x: 2 * x)
    p = sharp.predict_scores(data[0])[0]["macro_apex"]
    q = fitted.predict_scores(data[0])[0]["macro_apex"]
    np.testing.assert_allclose(p / (1 - p), (q / (1 - q)) ** 2, rtol=1e-3)


def test_initialize_makes_a_network_of_its_default_sizes(data):
    spotter = make().initialize()
    assert len(spotter.predict(data[0])) == 2
    assert list(spotter.classes_) == ["neutral", "macro", "micro"]
    with pytest.raises(ValueError, match="Expected x of shape"):
        spotter.predict([data[0][0][:, 2:14]])


def test_grid_search_over_modules(data):
    search = GridSearchCV(
        SpotFormerClassifier(max_epochs=1, random_state=0),
        {"module": [SpotFormer, MeanModule]},
        cv=LeaveOneSubjectOut(),
        error_score="raise",
    ).fit(*data, groups=SUBJECTS)
    assert len(search.cv_results_["params"]) == 2
    assert isinstance(search.best_estimator_.module_, (SpotFormer, MeanModule))


def test_a_module_that_has_been_built(data):
    module = SpotFormer(dim=8, heads=1, dim_head=8, mlp_dim=8)
    spotter = SpotFormerClassifier(module, max_epochs=1, random_state=0).fit(*data)
    assert spotter.module_.head.in_features == 8
    assert len(clone(spotter).fit(*data).predict(data[0])) == 2


def test_forward_returns_all_outputs(fitted, data):
    logits, embedding = fitted.forward(data[0][:2])
    assert logits.shape == (400, 10)
    assert embedding.shape == (400, 16)


def test_few_members_of_its_own():
    """Who derives from the classifier has to know few of them."""
    own = [
        name
        for cls in SpotFormerClassifier.__mro__
        if cls.__module__.startswith("skspot.neural_network")
        for name, value in vars(cls).items()
        if callable(value) or isinstance(value, (property, classmethod, staticmethod))
    ]
    assert len(own) <= 28
