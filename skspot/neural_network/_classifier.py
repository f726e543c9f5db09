"""SpotFormerClassifier: from features and interval tables to intervals."""

import inspect
from collections.abc import Iterator
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state
from skorch import NeuralNet
from skorch.utils import to_tensor
from torch.utils.data import Dataset

from skspot.intervals import CLASSES
from skspot.metrics import interval_f1_score
from skspot.neural_network._decoding import (
    FRAME_SCORE_DTYPE,
    decode_apexes,
    decode_boundaries,
    frame_scores,
)
from skspot.neural_network._folded import FoldedSpotFormer
from skspot.neural_network._loss import SpotFormerLoss
from skspot.neural_network._memory import freed_memory_kept
from skspot.neural_network._net import MIRRORED, PRECISIONS, VideoNet
from skspot.neural_network._recipes import DEFAULTS, PAPER
from skspot.neural_network._spotformer import SpotFormer
from skspot.neural_network._targets import frame_targets
from skspot.neural_network.training._batches import (
    check_features,
    check_video_features,
    training_windows,
)
from skspot.neural_network.training._history import history_frame
from skspot.neural_network.training._validation_split import split_videos
from skspot.utils._doc_links import DocLinkMixin
from skspot.utils._param_validation import Interval, StrOptions, check_params
from skspot.utils.validation import as_object_array, check_interval_tables, check_videos

FRAME_CLASSES = np.array(["neutral", *CLASSES])

_DECODERS = {"apexes": decode_apexes, "boundaries": decode_boundaries}

_BLOCK_LENGTH = 4096  # frames scored at a time, so that no copy grows with the video

# skorch looks after its own parameters.
_SKORCH_PARAMETERS = [name for name in inspect.signature(NeuralNet).parameters if name != "kwargs"]


class SpotFormerClassifier(DocLinkMixin, ClassifierMixin, VideoNet):
    """Spot macro- and micro-expressions in the features of videos with SpotFormer.

    A skorch `NeuralNet`: all of skorch's parameters work, those of the network as ``module__*``, of
    the optimiser as ``optimizer__*``, of the loss as ``criterion__*``.

    Parameters
    ----------
    module : type, default=SpotFormer
        The network's class. Its constructor is given `n_channels`, `n_positions`, `n_nodes` and
        `part_sizes` as the features have them, as far as it takes arguments of these names.
    criterion : type, default=SpotFormerLoss
        The loss.
    segment_length : int, default=4
        Consecutive windows that training draws together.
    neutral_ratio : float or None, default=2.0
        Segments without an expression drawn in each epoch, for each one with. 0 draws none, as the
        paper does; None draws all.
    planted_micro : float, default=12.0
        Micro-expressions planted in neutral stretches of the training videos, anew in every epoch,
        for each annotated one, as far as there is room. They move the nodes as annotated
        expressions do, in other places, sizes and lengths. Needs features of `SWMROFlow` with its
        default `resolutions` and `spacing`.
    planted_macro : float, default=1.0
        The same of macro-expressions.
    target_params : dict or None, default=None
        Arguments of `frame_targets`: how many frames around a boundary and an apex carry its label.
    mirror : float, default=0.5
        Probability of mirroring the face of a training window.
    motion_scale : float, default=0.5
        Largest random change of the size of a training window's motion: 0.5 means 1 / 1.5 to 1.5.
    motion_noise : float, default=0.05
        Standard deviation of the noise added to training windows, in pixels.
    decoding : {"boundaries", "apexes"}, default="boundaries"
        How scores become intervals: from peaks of the onset and offset scores
        (`decode_boundaries`), or from apexes as in the paper (`decode_apexes`).
    decoding_params : dict or None, default=None
        Arguments for that function, such as lengths.
    macro_threshold : float, default=0.1
        Predicted macro-expressions with a lower score are dropped. The paper drops none.
    micro_threshold : float, default=0.1
        The same of micro-expressions.
    lr : float, default=0.003
        Learning rate of the first epoch.
    lr_decay : float, default=0.81
        Factor of the learning rate from each epoch to the next.
    max_epochs : int, default=10
        Number of epochs.
    batch_size : int, default=128
        Windows in a batch.
    optimizer : type, default=torch.optim.AdamW
        The optimiser. Weight decay acts on the weights of linear and convolution layers only.
    train_split : cross-validation splitter or None, default=None
        Holds videos out of training, by subject: the test part of the splitter's first fold, such
        as ``StratifiedSubjectKFold(5)``, for which `fit` needs `groups`. The loss on them is
        recorded as ``valid_loss``, the interval F1 score as ``valid_f1``, and
        ``callbacks=[EarlyStopping("valid_f1", lower_is_better=False, load_best=True)]`` of skorch
        stops by it. None trains on all videos for `max_epochs`.
    n_threads : int or None, default=1
        Threads that training and prediction on a CPU may use; None leaves that to torch. Sums
        depend on it in their last digits and, through training, the predictions do: with a number,
        one `random_state` gives one result, also in workers of joblib, which limit torch's threads.
        Folds run side by side with `n_jobs` use a CPU better than threads in one fold.
    precision : {"float32", "bfloat16"}, default="float32"
        Number type of the network in prediction. "bfloat16" has 3 digits instead of 7: scores
        change a little, and an interval may now and then. On a CPU with instructions for it, a
        network of the paper's size takes about half the time; the default one gains nothing.
    train_precision : {"float32", "bfloat16"}, default="float32"
        Number type of the matrix products in training. The weights, batch statistics and losses
        are float32 in any case (PyTorch calls this mixed precision). It saves where `precision`
        does.
    random_state : int, RandomState or None, default=None
        Seed of the initial weights, the order of training and the augmentation; None draws one
        from NumPy's global state. The global state of torch is left alone.
    verbose : int, default=0
        0 is silent. 1 shows a bar over the epochs, with the loss, the F1 score on held-out subjects
        and the time left; where nothing can be overwritten, such as in a log file or a worker
        process, a line for each epoch. 2 prints skorch's table of all that is recorded.
    **kwargs : dict
        Further parameters of skorch's `NeuralNet`, and ``module__*``, ``criterion__*``,
        ``optimizer__*``, ``callbacks__*``, ``iterator_train__*``. The network is smaller than the
        paper's unless told otherwise: ``module__dim=32, module__heads=2, module__dim_head=16,
        module__mlp_dim=32, module__dropout=0.0``. Other defaults are
        ``criterion__macro_weight=1.0``, ``criterion__expression_weight=1.0`` and
        ``optimizer__weight_decay=0.1``.

    Attributes
    ----------
    classes_ : ndarray of shape (3,)
        "neutral", "macro", "micro": the columns of `predict_proba`.
    window_shape_ : tuple of int
        Shape of one window of the features seen in `fit`: (n_positions, n_nodes, n_channels).
    module_ : torch.nn.Module
        The trained network.
    history_ : skorch History
        What was recorded of each epoch and each batch; `history_frame` is a table of the epochs.

    See Also
    --------
    skspot.preprocessing.SWMROFlow : Makes the features.
    skspot.metrics.interval_f1_score : What `score` returns.

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
    >>> spotter = SpotFormerClassifier(
    ...     max_epochs=1, planted_micro=0, planted_macro=0, module__dim=16, random_state=0
    ... ).fit(X, y)  # nothing can be planted in noise
    >>> spotter.predict_proba(X)[0].shape
    (120, 3)
    """

    _parameter_constraints = {
        **dict.fromkeys([*_SKORCH_PARAMETERS, *DEFAULTS], "no_validation"),
        "segment_length": [Interval(Integral, 1, None, closed="left")],
        "neutral_ratio": [Interval(Real, 0, None, closed="left"), None],
        "planted_micro": [Interval(Real, 0, None, closed="left")],
        "planted_macro": [Interval(Real, 0, None, closed="left")],
        "target_params": [dict, None],
        "mirror": [Interval(Real, 0, 1, closed="both")],
        "motion_scale": [Interval(Real, 0, None, closed="left")],
        "motion_noise": [Interval(Real, 0, None, closed="left")],
        "decoding": [StrOptions(set(_DECODERS))],
        "decoding_params": [dict, None],
        "macro_threshold": [Interval(Real, 0, 1, closed="both")],
        "micro_threshold": [Interval(Real, 0, 1, closed="both")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "lr_decay": [Interval(Real, 0, 1, closed="right")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
        "precision": [StrOptions(set(PRECISIONS))],
        "train_precision": [StrOptions(set(PRECISIONS))],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        module=SpotFormer,
        criterion=SpotFormerLoss,
        *,
        segment_length=4,
        neutral_ratio=2.0,
        planted_micro=12.0,
        planted_macro=1.0,
        target_params=None,
        mirror=0.5,
        motion_scale=0.5,
        motion_noise=0.05,
        decoding="boundaries",
        decoding_params=None,
        macro_threshold=0.1,
        micro_threshold=0.1,
        lr=0.003,
        lr_decay=0.81,
        max_epochs=10,
        batch_size=128,
        optimizer=torch.optim.AdamW,
        train_split=None,
        n_threads=1,
        precision="float32",
        train_precision="float32",
        random_state=None,
        verbose=0,
        **kwargs,
    ):
        kwargs = {**_defaults(module, criterion), **kwargs}
        super().__init__(
            module,
            criterion,
            lr=lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            optimizer=optimizer,
            train_split=train_split,
            verbose=verbose,
            **kwargs,
        )
        self.segment_length = segment_length
        self.neutral_ratio = neutral_ratio
        self.planted_micro = planted_micro
        self.planted_macro = planted_macro
        self.target_params = target_params
        self.mirror = mirror
        self.motion_scale = motion_scale
        self.motion_noise = motion_noise
        self.decoding = decoding
        self.decoding_params = decoding_params
        self.macro_threshold = macro_threshold
        self.micro_threshold = micro_threshold
        self.lr_decay = lr_decay
        self.n_threads = n_threads
        self.precision = precision
        self.train_precision = train_precision
        self.random_state = random_state

    @classmethod
    def paper(cls, **params):
        """Return a classifier with the published settings instead of ours.

        The network in its full size (dim 256, 4 heads of 64, dropout 0.1), the loss with raw
        embeddings in its contrastive part, segments of 16 windows with an expression in batches of
        512, AdamW with a learning rate of 2e-4 that falls by 4 % an epoch for 100 epochs, weight
        decay 0.1 on linear and convolution layers, no augmentation, and decoding from apexes
        without thresholds. The features that belong to it are those of
        ``SWMROFlow(reference="first")``. On SAMM-LV the authors take
        ``criterion__macro_weight=0.55``.

        Parameters
        ----------
        **params : dict
            Parameters of `SpotFormerClassifier` to set otherwise.

        Returns
        -------
        spotter : SpotFormerClassifier
            The classifier, not fitted.

        Notes
        -----
        Two oddities of the public code are not part of it: apex targets that never reach the first
        frame of a segment, and the choice of the epoch by the test subject's own score, for which
        there is `skspot.model_selection.oracle_epoch_evaluation`.

        Examples
        --------
        >>> from skspot.neural_network import SpotFormerClassifier
        >>> SpotFormerClassifier.paper(random_state=0).get_params()["lr"]
        0.0002
        """
        own = params.get("module", SpotFormer) is not SpotFormer
        recipe = {k: v for k, v in PAPER.items() if not (own and k.startswith("module__"))}
        return cls(**{**recipe, **params})

    # -- training ---------------------------------------------------------------------------------

    def fit(self, X, y, groups=None, **fit_params):
        """Train on the features and interval tables of videos.

        Parameters
        ----------
        X : collection of float32 arrays of shape (n_frames, n_positions, n_nodes, n_channels)
            One array per video; None is a video that could not be read, and is left out.
        y : collection of ndarray of dtype `INTERVAL_DTYPE`
            One interval table per video.
        groups : array-like of shape (n_videos,), default=None
            The subject of each video, by which `train_split` holds videos out.
        **fit_params : dict
            Handed on to skorch, which gives them to the network's `forward`.

        Returns
        -------
        self : SpotFormerClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, a table or an array is invalid, X and y differ in length, no interval
            is given at all, or `train_split` is set and `groups` are missing or are split.
        KeyboardInterrupt
            If training is interrupted: it never looks finished. A callback that ends training by
            an interruption counts as one, unless it is skorch's `EarlyStopping`.
        """
        return self._train(super().fit, X, y, groups, **fit_params)

    def partial_fit(self, X, y=None, classes=None, groups=None, **fit_params):
        """Train for `max_epochs` more, from the present weights.

        Parameters
        ----------
        X : collection of float32 arrays of shape (n_frames, n_positions, n_nodes, n_channels)
            As in `fit`.
        y : collection of ndarray of dtype `INTERVAL_DTYPE`
            As in `fit`.
        classes : Ignored
            Not used.
        groups : array-like of shape (n_videos,), default=None
            As in `fit`.
        **fit_params : dict
            Handed on to skorch, which gives them to the network's `forward`.

        Returns
        -------
        self : SpotFormerClassifier
            The fitted estimator.
        """
        if isinstance(X, Dataset):
            return super().partial_fit(X, None, **fit_params)
        done = {}
        if self.__sklearn_is_fitted__():
            done = {"n_epochs_done": len(self.history), "expected_shape": self.window_shape_}
        return self._train(super().partial_fit, X, y, groups, **done, **fit_params)

    def _train(self, method, X, y, groups, *, n_epochs_done=0, expected_shape=None, **fit_params):
        """Run skorch's `fit` or `partial_fit` on the checked data, seeded."""
        check_params(self)
        self._check_settings()
        features = check_videos(X)
        tables = check_interval_tables(y, n_videos=len(features))
        window_shape = check_features(features, expected=expected_shape)
        self._check_augmentation(window_shape)
        dataset = training_windows(
            features,
            tables,
            parts=split_videos(self.train_split, features, tables, groups),
            target_params=self.target_params,
            planting=self._planting(window_shape),
        )
        self.classes_ = FRAME_CLASSES.copy()
        self.window_shape_ = window_shape
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        finished = self.interrupted_ = False
        try:
            # Going on draws otherwise than before, also from a fixed seed.
            with self._repeatable((seed + n_epochs_done) % 2**31), freed_memory_kept():
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

    def history_frame(self):
        """Return what was recorded of each epoch as a DataFrame.

        Returns
        -------
        history : DataFrame
            One row for each epoch, numbered from 1 in the index ``epoch``. The columns are those
            of these that were recorded: ``train_loss``; ``valid_loss`` and ``valid_f1``, the loss
            and the interval F1 score on held-out subjects (`train_split`); ``lr``, the learning
            rate; ``dur``, the duration in seconds; ``windows_per_second``, the windows trained on
            in a second; and what own callbacks recorded. It is empty for a loaded model: model
            files hold no history.

        Raises
        ------
        NotFittedError
            Before `fit`.

        See Also
        --------
        skspot.inspection.TrainingDisplay : Draws it.
        """
        self.check_is_fitted()
        return history_frame(self.history_)

    # -- prediction -------------------------------------------------------------------------------

    def predict_scores(self, X):
        """Score every frame as onset, apex, offset and part of an expression of each class.

        Parameters
        ----------
        X : collection of float32 arrays of shape (n_frames, n_positions, n_nodes, n_channels)
            One array per video; None gives an empty result. For a long video also an iterator over
            consecutive parts of its array, such as `SWMROFlow.stream` returns.

        Returns
        -------
        scores : object array of structured arrays of shape (n_frames,), dtype `FRAME_SCORE_DTYPE`
            Fields such as ``micro_onset``, from 0 to 1; frames whose window shows no face have 0.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the windows have another shape than in `fit`.
        """
        self.check_is_fitted()
        check_params(self)
        features = check_videos(X)
        arrays = [None if isinstance(video, Iterator) else video for video in features]
        check_features(arrays, expected=self.window_shape_)
        with self._repeatable():
            folded = self._folded()
            return as_object_array(
                self._score_video(video, f"X[{i}]", folded) for i, video in enumerate(features)
            )

    def predict(self, X):
        """Spot the expressions of videos.

        Parameters
        ----------
        X : collection of float32 arrays of shape (n_frames, n_positions, n_nodes, n_channels)
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
            If the windows have another shape than in `fit`.
        """
        return as_object_array(self.decode(scores) for scores in self.predict_scores(X))

    def decode(self, scores):
        """Turn the frame scores of one video into its intervals, as `predict` does.

        Parameters
        ----------
        scores : structured array of shape (n_frames,), dtype `FRAME_SCORE_DTYPE`
            One element of what `predict_scores` returns.

        Returns
        -------
        intervals : ndarray of dtype `PREDICTION_DTYPE`
            The intervals, in order of onsets.
        """
        check_params(self)
        self._check_settings()
        table = _DECODERS[self.decoding](scores, **(self.decoding_params or {}))
        is_macro = table["label"] == "macro"
        threshold = np.where(is_macro, self.macro_threshold, self.micro_threshold)
        return table[table["score"] >= threshold]

    def predict_proba(self, X):
        """Return how likely each frame is neutral, macro and micro.

        The two expression scores come from independent sigmoids p and q. A frame is neutral with
        (1 - p)(1 - q), macro with p (1 - q), micro with q (1 - p), divided by their sum.

        Parameters
        ----------
        X : collection of float32 arrays of shape (n_frames, n_positions, n_nodes, n_channels)
            One array per video.

        Returns
        -------
        probabilities : object array of float arrays of shape (n_frames, 3)
            Columns as in `classes_`.

        Notes
        -----
        `cross_val_predict` takes ``method="predict"`` only: of probabilities it expects one row for
        each video.
        """
        return as_object_array(_class_probabilities(scores) for scores in self.predict_scores(X))

    def score(self, X, y, sample_weight=None):
        """Return the interval F1 score of the predictions, pooled over videos and classes.

        Parameters
        ----------
        X : collection of float32 arrays
            Features, as in `predict`.
        y : collection of ndarray of dtype `INTERVAL_DTYPE`
            The annotated intervals.
        sample_weight : None
            Weights of videos are not supported; the name is there for metadata routing.

        Returns
        -------
        f1 : float
            `skspot.metrics.interval_f1_score`.
        """
        if sample_weight is not None:
            raise ValueError("Interval F1 has no sample weights; leave sample_weight None.")
        return interval_f1_score(y, self.predict(X))

    def _folded(self):
        """Return the network in its form for prediction, with its present weights; None if foreign.

        Classes derived from SpotFormer are foreign: they may compute something else.
        """
        if type(self.module_) is not SpotFormer:
            return None
        return FoldedSpotFormer(self.module_, PRECISIONS[self.precision])

    def _score_video(self, video, name, folded):
        """Return the frame scores of one video."""
        scores = [np.zeros(0, dtype=FRAME_SCORE_DTYPE)]
        scores += [self._score_block(block, folded) for block in self._blocks(video, name)]
        return np.concatenate(scores)

    def _blocks(self, video, name):
        """Yield the features of a video, some thousand frames at a time."""
        if isinstance(video, Iterator):
            for block in video:
                check_video_features(block, name, self.window_shape_)
                yield block
        elif video is not None:
            for start in range(0, len(video), _BLOCK_LENGTH):
                yield video[start : start + _BLOCK_LENGTH]

    def _score_block(self, block, folded):
        """Return the scores of consecutive frames."""
        scores = np.zeros(len(block), dtype=FRAME_SCORE_DTYPE)
        known = ~np.isnan(block[:, 0, 0, 0])
        if known.any():
            logits = torch.cat([out[0].cpu() for out in self._outputs(block, folded)])
            scores[known] = frame_scores(logits.float().numpy())
        return scores

    def _outputs(self, block, folded):
        """Return the outputs for each batch of the windows that show a face."""
        if folded is None:
            return self.forward_iter([block])
        batches = self.get_iterator(self.get_dataset([block]))
        return (folded(to_tensor(x, device=self.device)) for x, _ in batches)

    def restore(self, window_shape):
        """Build the network for windows of a shape without training, to be given saved weights.

        Parameters
        ----------
        window_shape : tuple of int
            What `window_shape_` was.

        Returns
        -------
        self : SpotFormerClassifier
            The estimator, which counts as fitted.
        """
        check_params(self)
        self._check_settings()
        self.classes_ = FRAME_CLASSES.copy()
        self.window_shape_ = window_shape
        with self._repeatable():
            return self.initialize()

    # -- scikit-learn -----------------------------------------------------------------------------

    def set_params(self, **params):
        """Set parameters; new ones of the network or the loss need a new `fit`.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : SpotFormerClassifier
            The estimator.
        """
        super().set_params(**params)
        if any(name.startswith(("module", "criterion")) for name in params):
            # skorch has drawn new weights, so that predictions would be noise.
            vars(self).pop("window_shape_", None)
        return self

    def _check_settings(self):
        """Refuse parameters that would be ignored or fail late."""
        managed = {
            "batch_sampler",
            "collate_fn",
            "drop_last",
            "persistent_workers",  # they would keep the windows of the first epoch
            "sampler",
            "shuffle",
        }
        given = managed & self.get_params_for("iterator_train").keys()
        if given:
            raise ValueError(
                f"iterator_train__{min(given)} can't be set: segment_length, neutral_ratio and the "
                "augmentation decide what training draws."
            )
        _check_arguments("decoding_params", self.decoding_params, _DECODERS[self.decoding])
        _check_arguments("target_params", self.target_params, frame_targets)

    def _planting(self, window_shape):
        """Return the arguments of `ExpressionPlanter`; None if nothing is planted."""
        ratios = {"macro": self.planted_macro, "micro": self.planted_micro}
        if not any(ratios.values()):
            return None
        return {
            "ratios": ratios,
            "mirrored_nodes": MIRRORED.get(window_shape[1]) if self.mirror else None,
        }

    def _check_augmentation(self, window_shape):
        if self.mirror and window_shape[1] not in MIRRORED:
            raise ValueError(
                f"Windows with {window_shape[1]} nodes can't be mirrored, since it is not known "
                f"which nodes are opposite; only {sorted(MIRRORED)} nodes can. Set mirror=0."
            )

    def __sklearn_is_fitted__(self):
        return bool(self.initialized_) and hasattr(self, "window_shape_")

    def check_is_fitted(self, attributes=None, *args, **kwargs):
        """Raise NotFittedError before `fit`."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def _defaults(module, criterion):
    """Return the defaults of the parts; other modules and losses have their own."""
    foreign = ["module__"] * (module is not SpotFormer)
    foreign += ["criterion__"] * (criterion is not SpotFormerLoss)
    return {name: value for name, value in DEFAULTS.items() if not name.startswith(tuple(foreign))}


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
