"""A skorch net that trains and predicts on the windows of videos."""

import inspect
import threading
from contextlib import contextmanager, nullcontext
from typing import Any, Self

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, EpochScoring, LRScheduler

from skspot.metrics import interval_f1_scorer
from skspot.neural_network._windows import WindowDataset, whole_batch
from skspot.neural_network.training._augmentation import MotionAugmentation
from skspot.neural_network.training._batches import SegmentBatches
from skspot.neural_network.training._callbacks import (
    EpochLines,
    EpochProgress,
    Throughput,
    close_progress,
)
from skspot.utils.validation import check_videos

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}

# Attributes of a skorch net that are fixed here: videos have their own dataset class, and callbacks
# score intervals, which can't be computed from the batches that skorch would cache.
FIXED = ("dataset", "use_caching")

# Arguments of optimisers that exclude `fused`.
_OTHER_LOOPS = {"foreach", "differentiable"}


class VideoNet(NeuralNet):
    """Adapts the loops of skorch to videos: batches, augmentation, sizes, seeds, threads.

    The parameters are those of `SpotFormerClassifier`, which checks the data.
    """

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """Run the epochs; record an interruption, which skorch would ignore silently."""
        try:
            return super().fit_loop(X, y, epochs=epochs, **fit_params)
        except KeyboardInterrupt:
            self.interrupted_ = not stopped_early(self.callbacks_)
            raise
        finally:
            close_progress(self.callbacks_)

    def run_single_epoch(self, iterator, training, *args, **kwargs):
        """Run an epoch; before training, paste other expressions."""
        if training:
            # The seed comes from torch, whose state the classifier controls.
            iterator.dataset.resample(np.random.RandomState(int(torch.randint(2**31 - 1, ()))))
        super().run_single_epoch(iterator, training, *args, **kwargs)

    def infer(self, x, **fit_params):
        """Return the outputs of the network for a batch, in the precision asked for."""
        precision = self.train_precision if self.module_.training else self.precision
        with autocast(self.device, precision):
            return super().infer(x, **fit_params)

    def get_split_datasets(self, X, y=None, **fit_params):
        """Return the windows to train on and those of held-out subjects, None without any."""
        return X, X.validation

    def get_dataset(self, X, y=None):
        """Return the windows of a collection of features; a Dataset is returned as it is."""
        return X if isinstance(X, torch.utils.data.Dataset) else WindowDataset(check_videos(X))

    def get_iterator(self, dataset, training=False):
        """Return the batches: random augmented segments in training, otherwise all windows."""
        if not training:
            kwargs = {"batch_size": self.batch_size, **self.get_params_for("iterator_valid")}
            return self.iterator_valid(dataset, collate_fn=whole_batch, **kwargs)
        kwargs = {"batch_size": self.batch_size, **self.get_params_for("iterator_train")}
        batches = SegmentBatches(
            dataset, kwargs.pop("batch_size"), self.segment_length, self.neutral_ratio
        )
        augmentation = MotionAugmentation(
            mirror_probability=self.mirror_probability,
            max_scale=self.max_scale,
            noise_std=self.noise_std,
            mirrored_nodes=None if self.layout_ is None else self.layout_.mirrored_nodes,
        )
        return self.iterator_train(
            dataset, batch_sampler=batches, collate_fn=augmentation, **kwargs
        )

    @property
    def _default_callbacks(self):
        f1 = EpochScoring(interval_f1_scorer, lower_is_better=False, name="valid_f1")
        schedule = ("lr_schedule", LRScheduler("ExponentialLR", gamma=self.lr_decay))
        return [
            *(pair for pair in super()._default_callbacks if pair[0] != "print_log"),
            *([] if _has_schedule(self.callbacks) else [schedule]),
            ("valid_f1", f1),
            ("throughput", Throughput()),
            ("progress", EpochProgress()),
            ("print_log", EpochLines()),
        ]

    def get_params_for(self, prefix):
        """Return the arguments of a part; those of the module include the sizes of the features."""
        given = super().get_params_for(prefix)
        if prefix != "module" or not hasattr(self, "window_shape_"):
            return given
        return {**_sizes(self.module, self.window_shape_, self.layout_), **given}

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Return the arguments of the optimiser; weight decay is for linear and conv layers."""
        named_parameters = list(named_parameters)
        groups, kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        fusible = self.optimizer in (torch.optim.Adam, torch.optim.AdamW)
        if fusible and _has_fused_steps(self.device) and not _OTHER_LOOPS & kwargs.keys():
            kwargs.setdefault("fused", True)
        if f"{prefix}__param_groups" in self.get_params():
            return groups, kwargs
        weight_decay = kwargs.pop("weight_decay", self.weight_decay)
        layers = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d)
        decayed = {
            id(layer.weight) for layer in self.module_.modules() if isinstance(layer, layers)
        }
        parameters = [parameter for _, parameter in named_parameters]
        with_decay = [p for p in parameters if id(p) in decayed]
        without = [p for p in parameters if id(p) not in decayed]
        groups = [
            {"params": with_decay, "weight_decay": weight_decay},
            {"params": without, "weight_decay": 0.0},
        ]
        return ([group for group in groups if group["params"]],), kwargs

    def set_params(self, **params: Any) -> Self:
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
        if fixed := set(FIXED) & params.keys():
            raise ValueError(f"{type(self).__name__} has no parameter {', '.join(sorted(fixed))}.")
        super().set_params(**params)
        if any(name.startswith(("module", "criterion")) for name in params):
            # skorch has drawn new weights, so that predictions would be noise.
            self.initialized_ = False
        return self

    def _get_params_html(self, deep=True, doc_link=""):
        """Return what the diagram shows: parameters that were set first, without skorch's own."""
        params = super()._get_params_html(deep=False, doc_link=doc_link)
        params.non_default = tuple(_params_that_were_set(self))
        params.data = {name: params[name] for name in [*params.non_default, *params]}
        return params

    def __repr__(self):
        given = [f"{name}={value!r}" for name, value in _params_that_were_set(self).items()]
        return f"{type(self).__name__}({', '.join(given)})"

    def _get_param_names(self):
        # skorch takes every attribute without a trailing underscore for a parameter.
        names = super()._get_param_names()
        return [name for name in names if not name.startswith("_") and name not in FIXED]


def _sizes(module, window_shape, layout):
    """Return the sizes of the features that the constructor of a network takes."""
    if not isinstance(module, type):  # it has been built
        return {}
    n_positions, n_nodes, n_channels = window_shape
    sizes = {"n_channels": n_channels, "n_positions": n_positions, "n_nodes": n_nodes}
    arguments = inspect.signature(module).parameters
    if layout is not None:
        sizes["part_sizes"] = layout.part_sizes
    elif "part_sizes" in arguments and sum(arguments["part_sizes"].default) != n_nodes:
        sizes["part_sizes"] = (n_nodes,)  # parts are not known: all nodes are one
    return {name: size for name, size in sizes.items() if name in arguments}


def _has_schedule(callbacks):
    """Return whether the callbacks of a net change its learning rate."""
    given = callbacks if isinstance(callbacks, list | tuple) else []
    given = [callback[1] if isinstance(callback, tuple) else callback for callback in given]
    return any(isinstance(c, LRScheduler) or c is LRScheduler for c in given)


def _has_fused_steps(device):
    """Return whether optimisers have one kernel for a whole step, where Python would loop."""
    return torch.device(device or "cpu").type in ("cpu", "cuda")


def stopped_early(callbacks):
    """Return whether EarlyStopping has ended training, which it does by interrupting.

    Parameters
    ----------
    callbacks : list of (str, Callback)
        The attribute ``callbacks_`` of a net.
    """
    stoppers = [callback for _, callback in callbacks if isinstance(callback, EarlyStopping)]
    return any(stopper.misses_ >= stopper.patience for stopper in stoppers)


def autocast(device, precision):
    """Return a context in which matrix products have a number type."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(torch.device(device or "cpu").type, dtype=PRECISIONS[precision])


_RANDOM_STATE = threading.RLock()  # torch has one state for all threads, which therefore take turns


@contextmanager
def seeded_torch(device, n_threads, seed=0):
    """Let torch use a seed and a number of threads, and leave its global state as it was.

    Other threads of the process wait for the end of the block before they enter theirs.

    Parameters
    ----------
    device : str or None
        Where the net computes.
    n_threads : int or None
        Threads on the processor; None leaves their number.
    seed : int, default=0
        The seed.
    """
    device = torch.device(device or "cpu")
    cuda = [device.index or 0] if device.type == "cuda" else []
    with _RANDOM_STATE, torch.random.fork_rng(devices=cuda):
        threads_before = torch.get_num_threads()
        mps_state = torch.mps.get_rng_state() if device.type == "mps" else None
        torch.manual_seed(seed)
        torch.set_num_threads(n_threads or threads_before)
        try:
            yield
        finally:
            torch.set_num_threads(threads_before)
            if mps_state is not None:
                torch.mps.set_rng_state(mps_state)


def _params_that_were_set(net):
    """Return the parameters of a net that differ from the defaults."""
    defaults = type(net)().get_params(deep=False)
    return {
        name: value
        for name, value in net.get_params(deep=False).items()
        if name not in defaults or not _same(value, defaults[name])
    }


def _same(first, second):
    return first is second or np.array_equal(first, second)
