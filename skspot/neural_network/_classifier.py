"""SpotFormerClassifier: from features and interval tables to intervals."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet

from skspot.intervals import CLASSES
from skspot.neural_network._decoding import decode_apexes, decode_boundaries
from skspot.neural_network._frame_scores import FRAME_SCORE_DTYPE, FrameScores, frame_scores
from skspot.neural_network._loss import SpotFormerLoss
from skspot.neural_network._net import FIXED, PRECISIONS, VideoNet, seeded_torch
from skspot.neural_network._spotformer import SpotFormer
from skspot.neural_network._targets import frame_targets
from skspot.neural_network._windows import (
    WindowDataset,
    blocks_of,
    check_features,
    check_values,
)
from skspot.neural_network.training._batches import TrainingWindows, training_windows
from skspot.neural_network.training._history import history_dataframe
from skspot.neural_network.training._initial_weights import copy_weights, initial_model
from skspot.neural_network.training._validation_split import check_monitors, validation_split
from skspot.preprocessing import FlowFeatures, FlowLayout
from skspot.spotting import BaseSpotter
from skspot.utils._doc_links import DocLinkMixin
from skspot.utils._param_validation import Interval, StrOptions, check_params
from skspot.utils._typing import (
    FeaturesLike,
    FilePath,
    IntervalTable,
    ObjectArray,
    RandomState,
)
from skspot.utils.validation import as_object_array, check_interval_tables, check_videos
from skspot.video import DEFAULT_FPS

if TYPE_CHECKING:
    import pandas as pd
    from skorch.history import History

FRAME_CLASSES = np.array(["neutral", *CLASSES])

_DECODERS = {"apexes": decode_apexes, "boundaries": decode_boundaries}

_BLOCK_LENGTH = 4096  # frames scored at a time, so that no copy grows with the video

# skorch looks after its own parameters.
_SKORCH_PARAMETERS = [
    name
    for name in inspect.signature(NeuralNet).parameters
    if name != "kwargs" and name not in FIXED
]


class SpotFormerClassifier(DocLinkMixin, BaseSpotter, VideoNet):
    """Spot macro- and micro-expressions in the features of videos with SpotFormer.

    The classifier is a skorch `NeuralNet` and accepts its parameters: ``module__*`` for the
    network, ``optimizer__*`` for the optimiser, ``criterion__*`` for the loss.

    Parameters
    ----------
    module : type, default=SpotFormer
        Class of the network. If its constructor has parameters named `n_channels`, `n_positions`,
        `n_nodes` or `part_sizes`, they are set to the values of the features.
    criterion : type, default=SpotFormerLoss
        The loss.
    segment_length : int, default=4
        Number of consecutive windows that training draws together.
    neutral_ratio : float or None, default=2.0
        Segments without an expression that are drawn in each epoch, for each one with an
        expression. 0 draws none, as in the paper; None draws all.
    pasted_micro : float, default=12.0
        Copy-paste augmentation: number of micro-expressions that are pasted into neutral stretches
        of the training videos for each annotated one, if there is room. They move the nodes like
        annotated expressions, with other places, sizes and lengths in each epoch. Nothing is pasted
        into plain arrays, because their layout is unknown.
    pasted_macro : float, default=1.0
        The same for macro-expressions.
    target_params : dict or None, default=None
        Arguments of `frame_targets`, such as the radius around boundaries and apexes.
    mirror_probability : float, default=0.5
        Probability that the face of a training window is mirrored. Plain arrays are not mirrored.
    max_scale : float, default=1.5
        Largest factor by which the motion of a training window is scaled; 1.5 means 1 / 1.5 to 1.5.
    noise_std : float, default=0.05
        Standard deviation of the noise added to training windows, in pixels.
    fps : float, default=30.0
        Frames per second of features that are plain arrays. `FlowFeatures` have their own rate.
    decoding : {"boundaries", "apexes"}, default="boundaries"
        The decoding of scores to intervals: from peaks of the onset and offset scores
        (`decode_boundaries`), or from apexes as in the paper (`decode_apexes`).
    decoding_params : dict or None, default=None
        Arguments for that function, such as lengths in seconds.
    macro_threshold : float, default=0.1
        Predicted macro-expressions with a lower score are dropped. The paper drops none.
    micro_threshold : float, default=0.17
        The same for micro-expressions.
    lr : float, default=0.003
        Learning rate of the first epoch.
    lr_decay : float, default=0.81
        Factor of the learning rate from each epoch to the next. An `LRScheduler` of skorch among
        the `callbacks` takes its place.
    max_epochs : int, default=10
        Number of epochs.
    batch_size : int, default=128
        Windows in a batch.
    optimizer : type, default=torch.optim.AdamW
        The optimiser.
    weight_decay : float, default=0.1
        Weight decay of linear and convolution layers; other weights have none.
    initial_weights : "pretrained", str, Path or None, default=None
        Where training starts: with the weights of the spotter that comes with skspot
        (`load_pretrained`), of a model file, or with random ones. The features and the sizes of the
        network must be those of that model. It is read in each `fit`, also of clones in a
        cross-validation. Fewer epochs and a lower learning rate are enough then.
    train_split : cross-validation splitter or None, default=None
        Holds out subjects for validation: the test part of the first fold of the splitter, such as
        ``StratifiedSubjectKFold(5)``. `fit` then needs `groups`. The loss on them is recorded as
        ``valid_loss``, the interval F1 score as ``valid_f1``;
        ``callbacks=[EarlyStopping("valid_f1", lower_is_better=False, load_best=True)]`` of skorch
        uses it for early stopping. None trains on all videos for `max_epochs`.
    n_threads : int or None, default=1
        Number of threads for training and prediction on a CPU; None uses the setting of torch. The
        number of threads changes the last digits of sums and, through training, the predictions.
        With a number, one `random_state` gives one result, also in workers of joblib, which limit
        the threads of torch. In a cross-validation, parallel folds (`n_jobs`) use a CPU better than
        threads.
    precision : {"float32", "bfloat16"}, default="float32"
        Number type of the network in prediction. "bfloat16" has 3 significant digits instead of 7:
        scores change slightly, and occasionally an interval changes. On a CPU with instructions for
        it, a network of the paper's size takes about half the time; the default network is not
        faster.
    train_precision : {"float32", "bfloat16"}, default="float32"
        Number type of the matrix products in training. The weights, batch statistics and losses are
        always float32 (mixed precision). It saves time in the same cases as `precision`.
    random_state : int, RandomState or None, default=None
        Seed of the initial weights, the order of training and the augmentation; None draws one from
        NumPy's global state. The global state of torch does not change.
    verbose : int, default=0
        0 is silent. 1 shows a bar over the epochs, with the loss, the F1 score on held-out subjects
        and the time left. In a log file or a worker process, it prints a line for each epoch
        instead. 2 prints the table of skorch with everything that is recorded.
    **kwargs : dict
        Further parameters of skorch's `NeuralNet`, and ``module__*``, ``criterion__*``,
        ``optimizer__*``, ``callbacks__*``, ``iterator_train__*``.

    Attributes
    ----------
    classes_ : ndarray of shape (3,)
        "neutral", "macro", "micro": the columns of `predict_proba`.
    window_shape_ : tuple of int
        Shape of one window of the features seen in `fit`: (n_positions, n_nodes, n_channels).
    layout_ : FlowLayout or None
        Layout of the features seen in `fit`; None if they were plain arrays.
    module_ : torch.nn.Module
        The trained network.
    history_ : skorch History
        The records of each epoch and each batch; `history_dataframe` is a table of the epochs.

    See Also
    --------
    skspot.preprocessing.SWMROFlow : Compute the features.
    skspot.spot : Spot videos with a pipeline, and return scores and times as well.
    skspot.recipes.spotformer_paper : The pipeline with the published settings.
    skspot.metrics.interval_f1_score : The score that `score` returns.

    Notes
    -----
    Times are in seconds and are converted to frames by the rate of each video. A model works on
    videos of any rate whose windows span about the same time. Features of another layout raise an
    error.

    The parameters `dataset` and `use_caching` of skorch are fixed: callbacks such as
    ``EpochScoring(interval_f1_scorer)`` score whole videos, with a separate prediction.

    References
    ----------
    .. [1] Deng, Hayashi, Nagahara, "SpotFormer: Multi-Scale Spatio-Temporal Transformer for Facial
       Expression Spotting", IEEE Transactions on Affective Computing, 2026.
       :doi:`10.1109/TAFFC.2026.3677401`

    Examples
    --------
    >>> import numpy as np
    >>> from skspot import make_intervals
    >>> from skspot.neural_network import SpotFormerClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(120, 16, 10, 2)).astype("float32") for _ in range(2)]
    >>> y = [make_intervals([(30, 60, "macro")]), make_intervals([(50, 60, "micro")])]
    >>> spotter = SpotFormerClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> spotter.predict_proba(X)[0].shape
    (120, 3)
    """

    classes_: NDArray[np.str_]
    window_shape_: tuple[int, int, int]
    layout_: FlowLayout | None
    module_: torch.nn.Module
    history_: History

    _parameter_constraints = {
        **dict.fromkeys(_SKORCH_PARAMETERS, "no_validation"),
        "segment_length": [Interval(Integral, 1, None, closed="left")],
        "neutral_ratio": [Interval(Real, 0, None, closed="left"), None],
        "pasted_micro": [Interval(Real, 0, None, closed="left")],
        "pasted_macro": [Interval(Real, 0, None, closed="left")],
        "target_params": [dict, None],
        "mirror_probability": [Interval(Real, 0, 1, closed="both")],
        "max_scale": [Interval(Real, 1, None, closed="left")],
        "noise_std": [Interval(Real, 0, None, closed="left")],
        "fps": [Interval(Real, 0, None, closed="neither")],
        "decoding": [StrOptions(set(_DECODERS))],
        "decoding_params": [dict, None],
        "macro_threshold": [Interval(Real, 0, 1, closed="both")],
        "micro_threshold": [Interval(Real, 0, 1, closed="both")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "lr_decay": [Interval(Real, 0, 1, closed="right")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "initial_weights": [str, Path, None],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
        "precision": [StrOptions(set(PRECISIONS))],
        "train_precision": [StrOptions(set(PRECISIONS))],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        module: type[torch.nn.Module] | torch.nn.Module = SpotFormer,
        criterion: type[torch.nn.Module] | torch.nn.Module = SpotFormerLoss,
        *,
        segment_length: int = 4,
        neutral_ratio: float | None = 2.0,
        pasted_micro: float = 12.0,
        pasted_macro: float = 1.0,
        target_params: Mapping[str, Any] | None = None,
        mirror_probability: float = 0.5,
        max_scale: float = 1.5,
        noise_std: float = 0.05,
        fps: float = DEFAULT_FPS,
        decoding: Literal["boundaries", "apexes"] = "boundaries",
        decoding_params: Mapping[str, Any] | None = None,
        macro_threshold: float = 0.1,
        micro_threshold: float = 0.17,
        lr: float = 0.003,
        lr_decay: float = 0.81,
        max_epochs: int = 10,
        batch_size: int = 128,
        optimizer: type[torch.optim.Optimizer] = torch.optim.AdamW,
        weight_decay: float = 0.1,
        initial_weights: FilePath | None = None,
        train_split: Any = None,
        n_threads: int | None = 1,
        precision: Literal["float32", "bfloat16"] = "float32",
        train_precision: Literal["float32", "bfloat16"] = "float32",
        random_state: RandomState = None,
        verbose: int = 0,
        **kwargs: Any,
    ):
        super().__init__(
            module,
            criterion,
            lr=lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            optimizer=optimizer,
            train_split=train_split,
            verbose=verbose,
            dataset=WindowDataset,
            use_caching=False,
            **kwargs,
        )
        self.segment_length = segment_length
        self.neutral_ratio = neutral_ratio
        self.pasted_micro = pasted_micro
        self.pasted_macro = pasted_macro
        self.target_params = target_params
        self.mirror_probability = mirror_probability
        self.max_scale = max_scale
        self.noise_std = noise_std
        self.fps = fps
        self.decoding = decoding
        self.decoding_params = decoding_params
        self.macro_threshold = macro_threshold
        self.micro_threshold = micro_threshold
        self.lr_decay = lr_decay
        self.weight_decay = weight_decay
        self.initial_weights = initial_weights
        self.n_threads = n_threads
        self.precision = precision
        self.train_precision = train_precision
        self.random_state = random_state

    # -- training ---------------------------------------------------------------------------------

    def fit(
        self,
        X: Collection[FeaturesLike],
        y: Collection[IntervalTable],
        groups: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Train on the features and interval tables of videos.

        Parameters
        ----------
        X : collection of FlowFeatures or float arrays (n_frames, n_positions, n_nodes, n_channels)
            The features of each video; None is a video that could not be read and is left out.
        y : collection of ndarray of dtype `INTERVAL_DTYPE`
            One interval table per video.
        groups : array-like of shape (n_videos,), default=None
            The subject of each video, needed by `train_split`.
        **fit_params : dict
            Passed on to skorch, which passes them to the `forward` of the network.

        Returns
        -------
        self : SpotFormerClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, a table or an array is invalid, X and y differ in length, the features
            differ in layout, no interval is given at all, `train_split` is set and `groups` are
            missing or are split, or a callback watches held-out videos and there are none.
        KeyboardInterrupt
            If training is interrupted; the estimator is then not fitted. A callback that raises
            KeyboardInterrupt is an interruption, except `EarlyStopping` of skorch.
        """
        return self._train(super().fit, X, y, groups, go_on=self.warm_start, **fit_params)

    def partial_fit(
        self,
        X: Collection[FeaturesLike],
        y: Collection[IntervalTable] | None = None,
        classes: object = None,
        groups: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Continue training for `max_epochs` epochs with the present weights.

        Parameters
        ----------
        X : collection of FlowFeatures or float arrays
            As in `fit`.
        y : collection of ndarray of dtype `INTERVAL_DTYPE`
            As in `fit`.
        classes : Ignored
            Not used.
        groups : array-like of shape (n_videos,), default=None
            As in `fit`.
        **fit_params : dict
            Passed on to skorch, which passes them to the `forward` of the network.

        Returns
        -------
        self : SpotFormerClassifier
            The fitted estimator.
        """
        if isinstance(X, TrainingWindows):  # from `fit` of skorch
            return super().partial_fit(X, None, **fit_params)
        return self._train(super().partial_fit, X, y, groups, go_on=True, **fit_params)

    def _train(self, method, X, y, groups, *, go_on, **fit_params):
        """Run skorch's `fit` or `partial_fit` on the checked data, seeded."""
        check_params(self)
        _check_settings(self)
        go_on = go_on and hasattr(self, "window_shape_") and self.__sklearn_is_fitted__()
        features = check_videos(X)
        tables = check_interval_tables(y, n_videos=len(features))
        start = self if go_on else initial_model(self.initial_weights)
        expected, layout = (start.window_shape_, start.layout_) if start else (None, None)
        layout = FlowLayout.shared_by(features, expected=layout)
        window_shape = check_features(features, expected)
        dataset = training_windows(
            features,
            tables,
            rates=[_rate_of(video, self.fps) for video in features],
            parts=validation_split(self.train_split, features, tables, groups),
            target_params=self.target_params,
            paste={
                "ratios": {"macro": self.pasted_macro, "micro": self.pasted_micro},
                "mirror": self.mirror_probability > 0,
            },
        )
        self.window_shape_, self.layout_ = window_shape, layout
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        n_epochs_done = len(self.history) if go_on else 0
        finished = self.interrupted_ = False
        try:
            # When training continues, other random numbers are drawn, also with a fixed seed.
            with seeded_torch(self.device, self.n_threads, (seed + n_epochs_done) % 2**31):
                method(dataset, None, **fit_params)
            finished = not self.interrupted_
        finally:
            self.initialized_ = finished
        if self.interrupted_:
            n_epochs = sum("dur" in row for row in self.history[n_epochs_done:])
            raise KeyboardInterrupt(
                f"Training was interrupted after {n_epochs} of {self.max_epochs} epochs; the "
                "estimator is not fitted."
            )
        return self

    def history_dataframe(self) -> pd.DataFrame:
        """Return the records of the epochs as a DataFrame.

        Returns
        -------
        history : DataFrame
            One row for each epoch, numbered from 1 in the index ``epoch``. The columns are, if
            recorded: ``train_loss``; ``valid_loss`` and ``valid_f1``, the loss and the interval F1
            score on held-out subjects (`train_split`); ``lr``, the learning rate; ``dur``, the
            duration in seconds; ``windows_per_second``, the number of training windows per second;
            and the records of your own callbacks. It is empty for a loaded model, because model
            files contain no history.

        Raises
        ------
        NotFittedError
            Before `fit`.

        See Also
        --------
        skspot.inspection.TrainingDisplay : Draw the history.
        """
        self.check_is_fitted()
        return history_dataframe(self.history_)

    # -- prediction -------------------------------------------------------------------------------

    def predict_scores(self, X: Collection[FeaturesLike]) -> ObjectArray:
        """Score every frame as onset, apex, offset and part of an expression of each class.

        Parameters
        ----------
        X : collection of FlowFeatures or float arrays (n_frames, n_positions, n_nodes, n_channels)
            The features of each video; None gives an empty result. Features that have not been
            computed are computed block by block and not kept.

        Returns
        -------
        scores : object array of FrameScores of shape (n_frames,), dtype `FRAME_SCORE_DTYPE`
            Fields such as ``micro_onset``, from 0 to 1; frames whose window shows no face have 0.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the features have another shape or layout than in `fit`.

        Warns
        -----
        UserWarning
            If the frame rate of a video does not allow windows of about the same length as in
            `fit`.
        """
        self.check_is_fitted()
        check_params(self)
        features = check_videos(X)
        FlowLayout.shared_by(features, expected=self.layout_)
        check_features(features, getattr(self, "window_shape_", None))
        module = self.module_
        folded = module.folded(PRECISIONS[self.precision]) if type(module) is SpotFormer else None
        self._set_training(False)
        with folded or nullcontext():
            return as_object_array(
                self._score_video(video, f"X[{i}]") for i, video in enumerate(features)
            )

    def _score_video(self, video, name):
        """Return the frame scores of one video."""
        nonlinearity = self._get_predict_nonlinearity()
        parts = [np.zeros(0, dtype=FRAME_SCORE_DTYPE)]
        for block in blocks_of(video, _BLOCK_LENGTH):
            known = check_values(block, name)
            scores = np.zeros(len(block), dtype=FRAME_SCORE_DTYPE)
            if known.any():
                with seeded_torch(self.device, self.n_threads):  # threads wait for each other
                    outputs = self.forward_iter([block])
                    logits = torch.cat([nonlinearity(output[0]) for output in outputs])
                scores[known] = frame_scores(logits.float().numpy())
            parts.append(scores)
        scores = np.concatenate(parts)
        if not isinstance(video, FlowFeatures):
            return FrameScores(scores)
        # Now it takes no other pass over the video.
        distance = video.distance_from_neutral() if video.shows_neutral else None
        return FrameScores(scores, video.times, distance)

    def predict(self, X: Collection[FeaturesLike]) -> ObjectArray:
        """Spot the expressions of videos.

        Parameters
        ----------
        X : collection of FlowFeatures or float arrays (n_frames, n_positions, n_nodes, n_channels)
            As in `predict_scores`; None gives an empty table.

        Returns
        -------
        intervals : object array of ndarray of dtype `PREDICTION_DTYPE`
            One table per video, in order of onsets.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the features have another shape or layout than in `fit`.
        """
        return as_object_array(self.decode(scores) for scores in self.predict_scores(X))

    def decode(self, scores: FrameScores | NDArray[np.void]) -> IntervalTable:
        """Turn the frame scores of one video into its intervals, as `predict` does.

        Parameters
        ----------
        scores : FrameScores or ndarray of shape (n_frames,), dtype `FRAME_SCORE_DTYPE`
            One element of what `predict_scores` returns.

        Returns
        -------
        intervals : ndarray of dtype `PREDICTION_DTYPE`
            The intervals, in order of onsets.
        """
        check_params(self)
        _check_settings(self)
        params = {"fps": getattr(scores, "fps", None) or self.fps, **(self.decoding_params or {})}
        table = _DECODERS[self.decoding](scores, **params)
        is_macro = table["label"] == "macro"
        threshold = np.where(is_macro, self.macro_threshold, self.micro_threshold)
        return table[table["score"] >= threshold]

    def predict_proba(self, X: Collection[FeaturesLike]) -> ObjectArray:
        """Return how likely each frame is neutral, macro and micro.

        The two expression scores come from independent sigmoids p and q. A frame is neutral with
        (1 - p)(1 - q), macro with p (1 - q), micro with q (1 - p), divided by their sum.

        Parameters
        ----------
        X : collection of FlowFeatures or float arrays (n_frames, n_positions, n_nodes, n_channels)
            As in `predict_scores`.

        Returns
        -------
        probabilities : object array of float arrays of shape (n_frames, 3)
            Columns as in `classes_`.

        Notes
        -----
        scikit-learn's `cross_val_predict` takes ``method="predict"`` only: for probabilities, it
        would encode the interval tables as class labels.
        """
        return as_object_array(_class_probabilities(scores) for scores in self.predict_scores(X))

    # -- scikit-learn -----------------------------------------------------------------------------

    def initialize(self) -> Self:
        """Build the network with new weights, of the sizes seen in `fit` or of the default sizes.

        Returns
        -------
        self : SpotFormerClassifier
            The estimator, which can predict after `load_params`.
        """
        self.classes_ = FRAME_CLASSES.copy()
        vars(self).setdefault("layout_", None)
        return super().initialize()

    def initialize_module(self) -> Self:
        """Build the network, with `initial_weights` if there are any.

        Returns
        -------
        self : SpotFormerClassifier
            The estimator.
        """
        super().initialize_module()
        start = initial_model(self.initial_weights)
        if start is not None:
            copy_weights(start, self)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self.initialized_)

    def check_is_fitted(self, attributes: object = None, *args: Any, **kwargs: Any) -> None:
        """Raise NotFittedError before `fit` or `initialize`."""
        check_is_fitted(self)


def _check_settings(net):
    """Refuse parameters that would be ignored or fail late."""
    managed = {
        "batch_sampler",
        "collate_fn",
        "drop_last",
        "persistent_workers",  # they would keep the windows of the first epoch
        "sampler",
        "shuffle",
    }
    given = managed & net.get_params_for("iterator_train").keys()
    if given:
        raise ValueError(
            f"iterator_train__{min(given)} can't be set: segment_length, neutral_ratio and the "
            "augmentation decide what training draws."
        )
    _check_arguments("decoding_params", net.decoding_params, _DECODERS[net.decoding])
    _check_arguments("target_params", net.target_params, frame_targets)
    check_monitors(net.callbacks, net.train_split)


def _rate_of(video, fps):
    """Return the frame rate of features, that given for plain arrays."""
    return video.layout.fps if isinstance(video, FlowFeatures) else fps


def _check_arguments(name, given, function):
    """Refuse keywords that a function does not take."""
    parameters = inspect.signature(function).parameters.values()
    known = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    unknown = sorted(set(given or {}) - set(known))
    if unknown:
        raise ValueError(f"{name} has {unknown}; {function.__name__} takes {known}.")


def _class_probabilities(scores):
    macro = scores["macro_expression"].astype(np.float64)
    micro = scores["micro_expression"].astype(np.float64)
    joint = np.stack([(1 - macro) * (1 - micro), macro * (1 - micro), micro * (1 - macro)], axis=1)
    total = joint.sum(axis=1, keepdims=True)
    # Both certain leaves no probability for any class alone: share it between the two.
    return np.where(total > 0, joint / np.maximum(total, 1e-300), [0, 0.5, 0.5])
