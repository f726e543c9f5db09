import copy
import pickle
import time
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.utils import check_random_state
from skorch.callbacks import Callback

import skspot
from skspot import make_intervals
from skspot.intervals import PREDICTION_DTYPE
from skspot.metrics import (
    interval_f1_score,
    interval_f1_scorer,
    macro_expression_f1_scorer,
    micro_expression_f1_scorer,
)
from skspot.model_selection import LeaveOneSubjectOut
from skspot.neural_network import FRAME_SCORE_DTYPE, SpotFormer, SpotFormerClassifier
from skspot.neural_network._windows import WindowDataset
from skspot.neural_network.training._batches import SegmentBatches, TrainingWindows
from skspot.preprocessing import FlowFeatures, FlowLayout
from skspot.recipes import spotformer_paper
from skspot.utils.validation import as_object_array

TINY = {
    "module__dim": 16,
    "module__heads": 2,
    "module__dim_head": 8,
    "module__mlp_dim": 16,
    "batch_size": 64,
}
# What is enough to find the planted expressions.
LEARNING = {"lr": 0.01, "max_epochs": 4}

devices = pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda",
            marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
        ),
    ],
)


def planted_videos(n_videos, seed, n_frames=200):
    """Return features in which expressions are plain: a macro moves the mouth, a micro the brow."""
    rng = np.random.default_rng(seed)
    features, tables = [], []
    for _ in range(n_videos):
        position = 0.05 * rng.normal(size=(n_frames, 10, 2))
        macro, micro = rng.integers(20, 60), rng.integers(120, 160)
        course = np.sin(np.linspace(0, np.pi, 40)) ** 2
        position[macro : macro + 40, 6:8] += 5 * course[:, None, None]
        position[micro : micro + 13, 0:3] -= 3 * course[::3, None, None][:13]
        frames = np.arange(n_frames)[:, None]
        offsets = [o for o in range(-8, 9) if o]
        windows = position[np.clip(frames + offsets, 0, n_frames - 1)] - position[:, None]
        features.append(windows.astype(np.float32))
        tables.append(make_intervals([(macro, macro + 39, "macro"), (micro, micro + 12, "micro")]))
    return features, tables


def with_layout(features, **layout):
    """Return arrays of features as `FlowFeatures`."""
    layout = FlowLayout(**layout)
    return [
        FlowFeatures(layout, np.ones(len(video), bool), np.arange(len(video)) / layout.fps, video)
        for video in features
    ]


@pytest.fixture(scope="module")
def data():
    return planted_videos(6, seed=0)


@pytest.fixture(scope="module")
def few(data):
    """Return two videos, where more show no more."""
    return data[0][:2], data[1][:2]


@pytest.fixture(scope="module")
def fitted(data):
    surer = {**LEARNING, "max_epochs": 6}
    return SpotFormerClassifier(random_state=0, **surer, **TINY).fit(*data)


@pytest.fixture(scope="module")
def fitted_with_layout(few):
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY)
    return spotter.fit(with_layout(few[0]), few[1])


def test_learns_planted_expressions(fitted):
    X, y = planted_videos(4, seed=1)
    predicted = fitted.predict(X)
    assert interval_f1_score(y, predicted) > 0.8
    assert fitted.score(X, y) == interval_f1_score(y, predicted)
    moved = [make_intervals([(t[0]["onset"] // 2, t[0]["onset"] // 2 + 5, "micro")]) for t in y]
    assert fitted.score(X, moved) < 0.5


def test_prediction_types(fitted, data):
    X, _ = data
    predicted, scores, proba = fitted.predict(X), fitted.predict_scores(X), fitted.predict_proba(X)
    for result in (predicted, scores, proba):
        assert result.dtype == object
        assert result.shape == (6,)
    assert predicted[0].dtype == PREDICTION_DTYPE
    assert scores[0].dtype == FRAME_SCORE_DTYPE
    assert proba[0].shape == (200, 3)
    np.testing.assert_allclose(proba[0].sum(axis=1), 1)
    assert list(fitted.classes_) == ["neutral", "macro", "micro"]
    onset = data[1][0]["onset"]
    assert proba[0][onset[0] + 20].argmax() == 1
    assert proba[0][onset[1] + 6].argmax() == 2


def test_one_video_alone_equals_the_same_in_a_batch(fitted, data):
    X, _ = data
    together = fitted.predict_scores(X)
    alone = fitted.predict_scores([X[3]])[0]
    for name in FRAME_SCORE_DTYPE.names:
        np.testing.assert_allclose(alone[name], together[3][name], atol=1e-6)


@pytest.mark.parametrize("container", [list, tuple, as_object_array])
def test_containers(fitted, data, container):
    predicted = fitted.predict(container(data[0]))
    np.testing.assert_array_equal(predicted[2], fitted.predict(data[0])[2])


def test_features_that_are_not_computed_yet_are_scored_in_blocks(fitted, data):
    whole = fitted.predict_scores(data[0][:1])[0]
    timestamps = np.arange(200) / 30
    lazy = FlowFeatures(FlowLayout(), np.ones(200, bool), timestamps, lambda: iter(data[0][0]))
    scores = fitted.predict_scores([lazy])[0]
    assert not lazy.computed
    np.testing.assert_array_equal(scores.times.timestamps, timestamps)
    for name in whole.dtype.names:
        np.testing.assert_allclose(scores[name], whole[name], atol=1e-5)


def test_long_videos_are_scored_in_parts(fitted, data, monkeypatch):
    whole = fitted.predict_scores(data[0][:1])[0]
    monkeypatch.setattr("skspot.neural_network._classifier._BLOCK_LENGTH", 32)
    parts = fitted.predict_scores(data[0][:1])[0]
    for name in whole.dtype.names:
        np.testing.assert_allclose(parts[name], whole[name], atol=1e-5)


def test_random_state_repeats_and_global_state_is_left_alone(few):
    state = torch.random.get_rng_state()
    spotter = SpotFormerClassifier(max_epochs=1, random_state=3, **TINY)
    first = spotter.fit(*few).predict_scores(few[0])
    second = clone(spotter).fit(*few).predict_scores(few[0])
    other = clone(spotter).set_params(random_state=4).fit(*few).predict_scores(few[0])
    assert torch.equal(state, torch.random.get_rng_state())
    np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[0], other[0])


def test_jobs_and_threads_around_it_change_nothing(few):
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, module__dim=32)
    n_threads = torch.get_num_threads()
    try:
        expected = None
        for threads, n_jobs in ((1, 1), (2, 1), (2, 2)):
            torch.set_num_threads(threads)
            tables = cross_val_predict(
                clone(spotter).set_params(macro_threshold=0, micro_threshold=0),
                *few,
                groups=["a", "b"],
                cv=LeaveOneSubjectOut(),
                n_jobs=n_jobs,
            )
            assert torch.get_num_threads() == threads
            expected = tables if expected is None else expected
            for one, other in zip(tables, expected):
                np.testing.assert_array_equal(one, other)
    finally:
        torch.set_num_threads(n_threads)
    assert sum(map(len, expected)) > 2


def test_inputs_and_parameters_are_left_alone(few):
    X = [video.copy() for video in few[0]]
    for video in X:
        video.flags.writeable = False
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY)
    before = spotter.get_params(deep=False)
    spotter.fit(X, few[1]).predict(X)
    after = spotter.get_params(deep=False)
    assert before.keys() == after.keys()
    assert all(before[name] is after[name] for name in before)
    np.testing.assert_array_equal(X[0], few[0][0])


def test_pickle_keeps_predictions(fitted, data):
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict(data[0])[0], fitted.predict(data[0])[0])


def test_windows_without_a_face_are_neutral(fitted, data):
    video = data[0][0].copy()
    macro = data[1][0][0]
    video[macro["onset"] : macro["offset"] + 1] = np.nan
    scores = fitted.predict_scores([video])[0]
    assert (scores["macro_apex"][macro["onset"] : macro["offset"] + 1] == 0).all()
    spotted = fitted.predict([video])[0]
    inside = (spotted["apex"] >= macro["onset"]) & (spotted["apex"] <= macro["offset"])
    assert not inside.any()
    all_lost = fitted.predict([np.full_like(video, np.nan)])[0]
    assert len(all_lost) == 0


def test_missing_video_is_left_out_with_a_warning(data):
    X, y = data[0][:3], data[1][:3]
    with pytest.warns(UserWarning, match=r"leaves out 1 of 3 videos.*X\[1\]"):
        spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY).fit(
            [X[0], None, X[2]], y
        )
    predicted = spotter.predict([None, X[0]])
    assert len(predicted[0]) == 0
    assert predicted[0].dtype == PREDICTION_DTYPE


def test_scikit_learn_tools(few):
    X, y, groups = *few, ["a", "b"]
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY)
    scorers = {
        "all": interval_f1_scorer,
        "macro": macro_expression_f1_scorer,
        "micro": micro_expression_f1_scorer,
    }
    scores = cross_validate(
        spotter, X, y, groups=groups, cv=LeaveOneSubjectOut(), scoring=scorers, error_score="raise"
    )
    assert scores["test_all"].shape == (2,)
    predicted = cross_val_predict(spotter, X, y, groups=groups, cv=LeaveOneSubjectOut())
    assert predicted.shape == (2,)
    assert predicted[0].dtype == PREDICTION_DTYPE
    search = GridSearchCV(
        spotter,
        {"micro_threshold": [0.0, 1.0], "module__dim": [8, 16]},
        cv=LeaveOneSubjectOut(),
        error_score="raise",
    )
    search.fit(X, y, groups=groups)
    assert search.best_estimator_.module_.stages[0].temporal_attention.norm.num_features in (8, 16)
    assert isinstance(search._repr_html_(), str)


def test_thresholds_drop_low_scores(fitted, data):
    kept = clone_with_weights(fitted, macro_threshold=0.0, micro_threshold=0.0).predict(data[0])[0]
    some = clone_with_weights(fitted, macro_threshold=0.5, micro_threshold=0.0).predict(data[0])[0]
    expected = kept[(kept["label"] == "micro") | (kept["score"] >= 0.5)]
    np.testing.assert_array_equal(some, expected)
    assert (
        len(
            clone_with_weights(fitted, macro_threshold=1.0, micro_threshold=1.0).predict(data[0])[0]
        )
        == 0
    )


def clone_with_weights(fitted, **parameters):
    return pickle.loads(pickle.dumps(fitted)).set_params(**parameters)


def test_paper_decoding_differs(fitted, data):
    paper = clone_with_weights(fitted, decoding="apexes", decoding_params={"max_intervals": 1})
    assert all(
        np.unique(t["label"], return_counts=True)[1].max(initial=0) <= 1
        for t in paper.predict(data[0])
    )


def test_sizes_follow_the_features(few):
    X = [video[:, 2:14] for video in few[0]]  # a window of 13 frames
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY).fit(X, few[1])
    assert spotter.module_.n_positions == 12
    with pytest.raises(ValueError, match=r"windows of shape \(16, 10, 2\), expected \(12, 10, 2\)"):
        spotter.predict(few[0])
    refitted = spotter.fit(*few)
    assert refitted.module_.n_positions == 16


def test_the_parts_of_the_face_are_those_of_the_layout(few):
    arrays = [np.concatenate([video, video[:, :, :4]], axis=2) for video in few[0]]
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY)
    spotter.fit(with_layout(arrays, nodes="extended"), few[1])
    assert spotter.module_.part_sizes == (3, 3, 4, 4)
    assert spotter.layout_.nodes == "extended"
    # Plain arrays do not say which of their nodes belong together.
    assert clone(spotter).fit(arrays, few[1]).module_.part_sizes == (14,)
    seven = [video[:, :, :7] for video in few[0]]
    spotter.set_params(module__part_sizes=(3, 4))
    assert spotter.fit(seven, few[1]).module_.part_sizes == (3, 4)


def test_arrays_of_noise_can_be_fitted_with_the_defaults():
    rng = np.random.default_rng(0)
    for shape in ((60, 16, 10, 2), (60, 16, 5, 3)):
        X = [rng.normal(size=shape).astype(np.float32) for _ in range(2)]
        y = [make_intervals([(20, 40, "macro")]), make_intervals()]
        spotter = SpotFormerClassifier(max_epochs=1, random_state=0).fit(X, y)
        assert spotter.layout_ is None
        assert len(spotter.predict(X)) == 2


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"reference": "first"}, "reference='first' instead of 'centre'"),
        ({"head_motion": None}, "head_motion=None instead of 'nose'"),
        ({"face_size": 64}, "face_size=64 instead of 128"),
        ({"step": 0.1, "spacing": 3}, r"step=0.1 s instead of 0.03333 s"),
    ],
    ids=str,
)
def test_features_of_another_layout_are_refused(few, fitted_with_layout, layout, message):
    spotter = clone_with_weights(fitted_with_layout)
    other = with_layout(few[0], **layout)
    with pytest.raises(ValueError, match=rf"X\[0\] was made with other settings.*{message}"):
        spotter.predict(other)
    with pytest.raises(ValueError, match="was made with other settings"):
        spotter.partial_fit(other, few[1])
    with pytest.raises(ValueError, match=r"X\[1\] was made with other settings.*X\[0\]"):
        spotter.fit([with_layout(few[0])[0], *other[1:]], few[1])


def test_features_of_other_nodes_are_refused(few, fitted_with_layout):
    arrays = [np.concatenate([video, video[:, :, :4]], axis=2) for video in few[0]]
    with pytest.raises(ValueError, match="nodes='extended' instead of 'paper'"):
        fitted_with_layout.predict(with_layout(arrays, nodes="extended"))
    narrow = with_layout([video[:, 2:14] for video in few[0]], window_length=13)
    with pytest.raises(ValueError, match="window_length=13 instead of 17"):
        fitted_with_layout.predict(narrow)


def test_other_rates_are_handled_or_warned_of(few, fitted_with_layout):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for fps, spacing in ((25, 1), (60, 2), (200, 7)):
            fitted_with_layout.predict(with_layout(few[0], fps=fps, spacing=spacing))
    with pytest.warns(UserWarning, match=r"X\[0\] has 12 frames per second.*1.33 s.*30.*0.53 s"):
        fitted_with_layout.predict(with_layout(few[0], fps=12))


def test_times_follow_the_rate_of_the_features(data):
    """Twice the rate and the same frames make expressions half as long, and micro of macro."""
    spotter = SpotFormerClassifier(pasted_micro=0, random_state=0, **LEARNING, **TINY)
    spotter.fit(with_layout(data[0]), data[1])
    slow = spotter.predict(with_layout(data[0]))
    fast = spotter.predict(with_layout(data[0], fps=120, spacing=4))
    assert any((table["label"] == "macro").any() for table in slow)
    assert not any((table["label"] == "macro").any() for table in fast)  # 40 frames are 0.33 s
    arrays = spotter.set_params(fps=120).predict(data[0])
    assert all(map(np.array_equal, fast, arrays))


def test_defaults_do_not_depend_on_the_module(few):
    class Own(SpotFormer):
        pass

    own, default = SpotFormerClassifier(Own), SpotFormerClassifier()
    assert own.get_params(deep=False).keys() == default.get_params(deep=False).keys()
    sizes = [
        sum(p.numel() for p in spotter.set_params(max_epochs=1).fit(*few).module_.parameters())
        for spotter in (own, default)
    ]
    assert sizes[0] == sizes[1] < 100_000


@pytest.mark.parametrize("name", ["dataset", "use_caching"])
def test_parameters_that_would_change_nothing_do_not_exist(name):
    assert name not in SpotFormerClassifier().get_params()
    with pytest.raises(TypeError, match=name):
        SpotFormerClassifier(**{name: True})
    with pytest.raises(ValueError, match=name):
        SpotFormerClassifier().set_params(**{name: True})


def test_weight_decay_is_for_linear_and_convolution_weights_only(fitted):
    decayed, rest = fitted.optimizer_.param_groups
    assert decayed["weight_decay"] == 0.1
    assert rest["weight_decay"] == 0
    assert all(p.ndim > 1 for p in decayed["params"])
    names = {id(p): name for name, p in fitted.module_.named_parameters()}
    undecayed = {names[id(p)] for p in rest["params"]}
    assert {"embedding.time", "embedding.parts", "head.bias"} <= undecayed
    assert not any(name.endswith("qkv.weight") for name in undecayed)
    n_parameters = sum(1 for _ in fitted.module_.parameters())
    assert len(decayed["params"]) + len(rest["params"]) == n_parameters


@pytest.fixture(scope="module")
def fitted_twice(few):
    """Return a spotter of two epochs, and its scores of a video."""
    X = with_layout(few[0][:1])
    spotter = SpotFormerClassifier(max_epochs=2, random_state=0, **TINY).fit(X, few[1][:1])
    return spotter, spotter.predict_scores(X)[0]


@pytest.mark.parametrize(
    "parameters",
    [
        {"segment_length": 16},
        {"neutral_ratio": 0},
        {"neutral_ratio": None},
        {"pasted_micro": 0},
        {"pasted_macro": 3},
        {"mirror_probability": 0},
        {"max_scale": 1},
        {"noise_std": 0},
        {"weight_decay": 0.9},
        {"lr_decay": 0.5},
        {"criterion__macro_weight": 0.1},
        {"module__dropout": 0.2},
    ],
)
def test_each_parameter_changes_the_result(few, fitted_twice, parameters):
    X, (spotter, before) = with_layout(few[0][:1]), fitted_twice
    after = clone(spotter).set_params(**parameters).fit(X, few[1][:1]).predict_scores(X)[0]
    assert not np.array_equal(before, after)


@pytest.mark.parametrize(
    "parameters",
    [
        {"segment_length": 0},
        {"neutral_ratio": -1},
        {"mirror_probability": 2},
        {"max_scale": 0.9},
        {"noise_std": -0.1},
        {"pasted_micro": -1},
        {"weight_decay": -1},
        {"fps": 0},
        {"decoding": "both"},
        {"macro_threshold": 1.5},
        {"lr": 0},
        {"lr_decay": 0},
        {"max_epochs": 0},
        {"batch_size": 1},
        {"random_state": "seed"},
    ],
)
def test_wrong_parameters(data, parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        SpotFormerClassifier(**{**TINY, **parameters}).fit(*data)


def test_misspelt_parameters_are_named(data):
    with pytest.raises(ValueError, match="module_dim, did you mean module__dim"):
        SpotFormerClassifier(module_dim=3).fit(*data)


def test_before_fit(data):
    for method in ("predict", "predict_scores", "predict_proba"):
        with pytest.raises(NotFittedError):
            getattr(SpotFormerClassifier(), method)(data[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, y[:-1]), "5 tables for 6 videos"),
        (lambda X, y: (X, [make_intervals()] * 6), "contains no interval"),
        (lambda X, y: (X[0], y), r"one array of shape"),
        (lambda X, y: (["a.mp4"] * 6, y), "put SWMROFlow before"),
        (lambda X, y: ([video.astype(int) for video in X], y), "float array"),
        (lambda X, y: (X, [y[0][["onset", "label"]]] * 6), "interval table"),
        (lambda X, y: ([X[0][:100], *X[1:]], y), r"y\[0\], row 1.*beyond the video of 100 frames"),
        (lambda X, y: ([X[0][:, :8], *X[1:]], y), r"X\[1\] has windows of shape"),
        (lambda X, y: ([np.full_like(video, np.nan) for video in X], y), "show a face"),
    ],
)
def test_wrong_data(data, change, message):
    with pytest.raises((ValueError, TypeError), match=message):
        SpotFormerClassifier(**TINY).fit(*change(*data))


def test_infinite_values(data):
    X = [data[0][0].copy(), *data[0][1:]]
    X[0][5, 3, 2, 0] = np.inf
    with pytest.raises(ValueError, match=r"X\[0\] holds values that are not finite"):
        SpotFormerClassifier(**TINY).fit(X, data[1])


def test_interrupted_fit_never_looks_finished(few):
    class Interrupt(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                raise KeyboardInterrupt

    spotter = SpotFormerClassifier(max_epochs=5, callbacks=[Interrupt()], **TINY)
    with pytest.raises(KeyboardInterrupt, match="interrupted after 2 of 5 epochs"):
        spotter.fit(*few)
    with pytest.raises(NotFittedError):
        spotter.predict(few[0])


def test_a_fit_that_fails_is_no_fit(few):
    class Fail(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("disk full")

    spotter = SpotFormerClassifier(max_epochs=2, callbacks=[Fail()], **TINY)
    with pytest.raises(RuntimeError, match="disk full"):
        spotter.fit(*few)
    with pytest.raises(NotFittedError):
        spotter.predict(few[0])


def test_partial_fit_draws_anew_from_a_fixed_seed(few):
    class Batches(Callback):
        def __init__(self):
            self.seen = []

        def on_batch_begin(self, net, batch=None, training=False, **kwargs):
            self.seen.append(batch[0].sum().item())

    spotter = SpotFormerClassifier(random_state=0, callbacks=[Batches()], **TINY)
    spotter.set_params(max_epochs=1).fit(*few)
    seen = [spotter.callbacks[0].seen]
    for _ in range(2):
        spotter.callbacks[0].seen = []
        spotter.partial_fit(*few)
        seen.append(spotter.callbacks[0].seen)
    assert seen[0][0] != seen[1][0] != seen[2][0] != seen[0][0]


def test_decoding_set_after_fit_is_checked(fitted, data):
    changed = copy.deepcopy(fitted).set_params(
        decoding="apexes", decoding_params={"micro_flank": 1}
    )
    with pytest.raises(ValueError, match="decoding_params has .*'micro_flank'.* decode_apexes"):
        changed.predict(data[0])


def test_partial_fit_goes_on(few):
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY)
    spotter.fit(*few).partial_fit(*few)
    assert len(spotter.history_) == 2


def test_own_module_gets_the_sizes(few):
    spotter = SpotFormerClassifier(module=MeanModule, max_epochs=1, random_state=0).fit(*few)
    assert spotter.module_.linear.in_features == 16 * 10 * 2
    assert spotter.predict(few[0]).shape == (2,)


class MeanModule(torch.nn.Module):
    def __init__(self, n_channels, n_positions, n_nodes):
        super().__init__()
        self.linear = torch.nn.Linear(n_channels * n_positions * n_nodes, 10)

    def forward(self, x):
        return self.linear(x.flatten(1)), x.flatten(1)


def test_paper_sizes_are_those_of_the_module():
    assert sum(p.numel() for p in SpotFormer.paper().parameters()) == 3_168_778


def test_quiet_by_default(few, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SpotFormerClassifier(max_epochs=1, random_state=0, **TINY).fit(*few)
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_cpu(fitted, data):
    moved = pickle.loads(pickle.dumps(fitted)).set_params(device="cuda")
    moved.module_.to("cuda")
    expected, got = fitted.predict_scores(data[0])[0], moved.predict_scores(data[0])[0]
    for name in FRAME_SCORE_DTYPE.names:
        np.testing.assert_allclose(got[name], expected[name], atol=1e-3)


def test_one_short_expression_is_trained_on():
    """Fewer windows are drawn than a batch holds; none of them may be lost."""
    X, _ = planted_videos(2, seed=5)
    y = [make_intervals([(100, 104, 108, "micro")]), make_intervals()]
    spotter = SpotFormerClassifier(random_state=0, **TINY).set_params(max_epochs=2, batch_size=128)
    spotter.fit(X, y)
    assert all(np.isfinite(spotter.history_[:, "train_loss"]))
    assert spotter.history_[:, "train_batch_count"] == [1, 1]


def windows_of(data):
    """Return the windows of all videos, with their targets."""
    return TrainingWindows(*data, rates=[30.0] * len(data[0]), target_params={})


def test_every_drawn_window_is_trained_on(data):
    dataset = windows_of(data)
    batches = SegmentBatches(dataset, 64, segment_length=4, neutral_ratio=None)
    drawn = list(batches)
    assert sorted(index for batch in drawn for index in batch) == list(range(len(dataset)))
    assert all(32 <= len(batch) <= 96 for batch in drawn)


def test_segments_end_at_gaps(data):
    video = data[0][0].copy()
    video[50:60] = np.nan
    segments = WindowDataset([video, data[0][1]]).segments
    assert [len(segment) for segment in segments] == [50, 140, 200]
    np.testing.assert_array_equal(np.concatenate(segments), np.arange(390))


def test_a_single_window_is_refused(data):
    y = [make_intervals([(100, 100, 100, "micro")])]
    spotter = SpotFormerClassifier(neutral_ratio=0, segment_length=1, **TINY)
    with pytest.raises(ValueError, match="drew a single window"):
        spotter.fit(data[0][:1], y)


def test_new_network_parameters_need_a_new_fit(fitted, data, few):
    changed = pickle.loads(pickle.dumps(fitted))
    changed.set_params(micro_threshold=0.2, lr=0.1).predict(data[0])
    changed.set_params(module__dropout=0.0)
    with pytest.raises(NotFittedError):
        changed.predict(data[0])
    changed.set_params(max_epochs=1).fit(*few).predict(data[0])


def test_prediction_draws_from_no_global_state(fitted, data):
    unseeded = pickle.loads(pickle.dumps(fitted)).set_params(random_state=None)
    global_state = check_random_state(None)
    before = global_state.get_state()[1].copy()
    unseeded.predict(data[0])
    np.testing.assert_array_equal(global_state.get_state()[1], before)
    rng = np.random.RandomState(0)
    seeded = unseeded.set_params(random_state=rng)
    seeded.predict(data[0])
    assert rng.randint(100) == np.random.RandomState(0).randint(100)


def test_partial_fit_hands_its_parameters_on(fitted, data):
    copy = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(TypeError, match="unexpected keyword argument 'strength'"):
        copy.partial_fit(*data, strength=2)


def test_partial_fit_refuses_other_windows(fitted, data):
    copy = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(ValueError, match=r"expected \(16, 10, 2\)"):
        copy.partial_fit([video[:, 2:14] for video in data[0]], data[1])
    copy.predict(data[0])


def test_targets_reach_the_windows(data):
    class Targets(Callback):
        def on_train_begin(self, net, X=None, **kwargs):
            self.n_onsets = (X.targets["boundary"] == 0).sum(axis=0).tolist()

    for params, expected in ((None, [42, 18]), ({"boundary_radius_micro": 0}, [42, 6])):
        targets = Targets()
        SpotFormerClassifier(max_epochs=1, target_params=params, callbacks=[targets], **TINY).fit(
            *data
        )
        assert targets.n_onsets == expected


def test_the_papers_recipe(data):
    pipeline = spotformer_paper(random_state=0)
    assert pipeline["flow"].reference == "first"
    spotter = pipeline["spot"]
    features = with_layout(data[0][:2], reference="first")
    module = spotter.set_params(max_epochs=1).fit(features, data[1][:2]).module_
    weights = module.authors_state_dict()
    assert sum(p.numel() for p in module.parameters()) == pytest.approx(3.17e6, rel=0.01)
    assert weights["mlp_head.weight"].shape == (10, 256)
    decayed, others = spotter.optimizer_.param_groups
    assert (decayed["weight_decay"], others["weight_decay"], decayed["initial_lr"]) == (
        0.1,
        0,
        2e-4,
    )
    assert decayed["lr"] == pytest.approx(2e-4 * 0.96)
    assert not spotter.criterion_.contrastive.normalize
    assert spotter.criterion_.class_weights == {"micro": 1.0, "macro": 0.5}
    batch = next(iter(spotter.get_iterator(windows_of(data), training=True)))
    # 16 windows are drawn around every expression, and nothing else.
    assert (batch[1]["contrastive"] > 0).float().mean() > 0.5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"iterator_train__shuffle": True}, "iterator_train__shuffle can't be set"),
        ({"iterator_train__persistent_workers": True}, "persistent_workers can't be set"),
        ({"iterator_train__collate_fn": print}, "iterator_train__collate_fn can't be set"),
        ({"decoding_params": {"nonsense": 1}}, r"decoding_params has \['nonsense'\]"),
        ({"target_params": {"nonsense": 1}}, r"target_params has .* takes .*'apex_sigma'"),
    ],
)
def test_parameters_that_would_be_ignored(data, parameters, message):
    with pytest.raises(ValueError, match=message):
        SpotFormerClassifier(**TINY, **parameters).fit(*data)


@devices
def test_prediction_agrees_with_the_network_as_it_is(fitted, data, device):
    moved = clone_with_weights(fitted, device=device)
    moved.module_.to(device)
    got = moved.predict_scores(data[0])
    calls = []
    block = moved.module_.stages[0].downsampling
    hook = block.register_forward_hook(lambda *_: calls.append(1))  # it runs as it is then
    expected = moved.predict_scores(data[0])
    hook.remove()
    assert calls
    assert not np.array_equal(got[0], expected[0])
    for one, other in zip(got, expected):
        for name in FRAME_SCORE_DTYPE.names:
            np.testing.assert_allclose(one[name], other[name], rtol=0, atol=1e-5)


def test_prediction_sees_new_weights(fitted, data):
    changed = clone_with_weights(fitted)
    before = changed.predict_scores(data[0][:1])[0]
    with torch.no_grad():
        changed.module_.head.bias += 1
    changed_scores = changed.predict_scores(data[0][:1])[0]
    assert (changed_scores["micro_apex"] > before["micro_apex"]).all()


class HalvedSpotFormer(SpotFormer):
    def forward(self, x):
        return super().forward(x / 2)


def test_a_derived_network_runs_as_it_is(few):
    spotter = SpotFormerClassifier(module=HalvedSpotFormer, max_epochs=1, random_state=0, **TINY)
    scores = spotter.fit(*few).predict_scores(few[0][:1])[0]
    with torch.no_grad():
        x = torch.from_numpy(few[0][0]).permute(0, 3, 1, 2)
        logits = spotter.module_.eval()(x)[0]
    np.testing.assert_allclose(scores["micro_apex"], torch.sigmoid(logits[:, 6]), atol=1e-5)


@pytest.mark.parametrize("module", [SpotFormer, HalvedSpotFormer])
def test_precision_of_prediction(fitted, data, module):
    spotter = clone(fitted).set_params(module=module).initialize()
    spotter.module_.load_state_dict(fitted.module_.state_dict())
    factor = 2 if module is HalvedSpotFormer else 1
    X, y = [factor * video for video in data[0]], data[1]
    expected = spotter.predict_scores(X)
    f1 = spotter.score(X, y)
    assert f1 > 0.8
    spotter.set_params(precision="bfloat16")
    differences = [
        np.abs(one[name] - other[name]).max()
        for one, other in zip(spotter.predict_scores(X), expected)
        for name in FRAME_SCORE_DTYPE.names
    ]
    assert 1e-5 < max(differences) < 0.1
    assert abs(spotter.score(X, y) - f1) < 0.05


@devices
def test_precision_of_training(data, device):
    spotter = SpotFormerClassifier(
        train_precision="bfloat16", random_state=0, device=device, **LEARNING, **TINY
    ).fit(*data)
    assert all(p.dtype == torch.float32 for p in spotter.module_.parameters())
    norm = spotter.module_.stages[0].temporal_attention.norm
    assert norm.running_var.dtype == torch.float32
    assert spotter.score(*planted_videos(4, seed=1)) > 0.8
    exact = clone(spotter).set_params(train_precision="float32", max_epochs=1).fit(*data)
    difference = abs(exact.history[0, "train_loss"] / spotter.history[0, "train_loss"] - 1)
    assert 0 < difference < 0.02


@pytest.mark.parametrize("name", ["precision", "train_precision"])
def test_unknown_precision(fitted, data, name):
    with pytest.raises(ValueError, match=f"'{name}' parameter.*'bfloat16'"):
        SpotFormerClassifier(**TINY, **{name: "float16"}).fit(*data)
    with pytest.raises(ValueError, match=f"'{name}' parameter.*'bfloat16'"):
        clone_with_weights(fitted, **{name: "float16"}).predict(data[0])


def test_precision_travels_with_the_model(fitted, data, tmp_path):
    skspot.save(clone_with_weights(fitted, precision="bfloat16"), tmp_path / "spotter.skspot")
    loaded = skspot.load(tmp_path / "spotter.skspot")
    assert loaded.precision == "bfloat16"
    expected = clone_with_weights(fitted, precision="bfloat16").predict_scores(data[0][:1])[0]
    np.testing.assert_array_equal(loaded.predict_scores(data[0][:1])[0], expected)


@pytest.mark.parametrize("train_split", [None, LeaveOneSubjectOut()])
def test_windows_per_second_in_the_log(data, capsys, train_split):
    spotter = SpotFormerClassifier(
        max_epochs=2, train_split=train_split, random_state=0, verbose=2, **TINY
    )
    spotter.fit(data[0][:3], data[1][:3], groups=list("aab"))
    assert "windows_per_second" in capsys.readouterr().out
    for row in spotter.history:
        # Windows of held-out videos are not counted.
        sizes = [batch.get("train_batch_size", 0) for batch in row["batches"]]
        assert np.count_nonzero(sizes) == row["train_batch_count"]
        assert row["windows_per_second"] * row["dur"] == pytest.approx(sum(sizes))


def test_no_rate_without_a_duration(few):
    one = (few[0][:1], few[1][:1])
    spotter = SpotFormerClassifier(
        max_epochs=1, callbacks__epoch_timer=None, random_state=0, **TINY
    ).fit(*one)
    assert "windows_per_second" not in spotter.history[-1]


def test_duration_includes_pasting(few, monkeypatch):
    def resample(self, rng):
        time.sleep(0.3)

    monkeypatch.setattr(TrainingWindows, "resample", resample)
    one = (few[0][:1], few[1][:1])
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY).fit(*one)
    assert spotter.history[0, "dur"] > 0.3


@pytest.mark.parametrize(
    ("parameters", "fused"),
    [
        ({}, True),
        ({"optimizer__fused": False}, False),
        ({"optimizer__foreach": True}, None),
        ({"optimizer": torch.optim.NAdam}, None),
    ],
    ids=str,
)
def test_optimiser_in_one_kernel(few, parameters, fused):
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, **TINY, **parameters)
    spotter.fit(*few)
    assert spotter.optimizer_.defaults.get("fused") == fused


def test_optimiser_in_one_kernel_trains_the_same(few):
    spotter = SpotFormerClassifier(max_epochs=2, random_state=0, **TINY)
    fused = spotter.fit(*few).predict_scores(few[0])[0]
    loop = clone(spotter).set_params(optimizer__fused=False).fit(*few).predict_scores(few[0])[0]
    for name in FRAME_SCORE_DTYPE.names:
        np.testing.assert_allclose(fused[name], loop[name], atol=1e-3)
