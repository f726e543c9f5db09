"""A skorch net that trains and predicts on the windows of videos."""

import inspect
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, LRScheduler
from torch.utils.data import Dataset

from skspot.faces import MIRRORED_NODES, PART_SIZES
from skspot.neural_network.training._augmentation import MotionAugmentation
from skspot.neural_network.training._batches import SegmentBatches, WindowDataset, whole_batch
from skspot.neural_network.training._callbacks import Throughput, ValidationF1
from skspot.neural_network.training._progress import EpochLines, EpochProgress, close_progress
from skspot.utils.validation import check_videos

# For numbers of nodes: the nodes of the mirrored face, and the sizes of the facial parts.
MIRRORED = {len(nodes): nodes for nodes in MIRRORED_NODES.values()}
_PARTS = {sum(sizes): sizes for sizes in PART_SIZES.values()}

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}

# Arguments of optimisers that exclude `fused`.
_OTHER_LOOPS = {"foreach", "differentiable"}


class VideoNet(NeuralNet):
    """What the loops of skorch do otherwise for videos: batches, variation, sizes, seeds, threads.

    `SpotFormerClassifier` has the parameters that this reads, and checks the data before.
    """

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """Run the epochs; remember an interruption, which skorch would pass over in silence."""
        try:
            return super().fit_loop(X, y, epochs=epochs, **fit_params)
        except KeyboardInterrupt:
            self.interrupted_ = not self._stopped_early()
            raise
        finally:
            close_progress(self.callbacks_)

    def run_single_epoch(self, iterator, training, *args, **kwargs):
        """Run an epoch; one of training plants other expressions first."""
        if training:
            # The seed comes from torch, whose state the classifier controls.
            iterator.dataset.renew(np.random.RandomState(int(torch.randint(2**31 - 1, ()))))
        super().run_single_epoch(iterator, training, *args, **kwargs)

    def infer(self, x, **fit_params):
        """Return what the network makes of a batch, in the precision asked for."""
        precision = self.train_precision if self.module_.training else self.precision
        with self._autocast(precision):
            return super().infer(x, **fit_params)

    def get_split_datasets(self, X, y=None, **fit_params):
        """Return the windows to train on and those of held-out subjects, None without any."""
        return X, X.validation

    def get_dataset(self, X, y=None):
        """Return the windows of a collection of features; a Dataset is returned as it is."""
        return X if isinstance(X, Dataset) else WindowDataset(check_videos(X))

    def get_iterator(self, dataset, training=False):
        """Return the batches: drawn segments with variation in training, all windows otherwise."""
        if not training:
            kwargs = {"batch_size": self.batch_size, **self.get_params_for("iterator_valid")}
            return self.iterator_valid(dataset, collate_fn=whole_batch, **kwargs)
        kwargs = {"batch_size": self.batch_size, **self.get_params_for("iterator_train")}
        batches = SegmentBatches(
            dataset, kwargs.pop("batch_size"), self.segment_length, self.neutral_ratio
        )
        augmentation = MotionAugmentation(
            mirror=self.mirror,
            scale=self.motion_scale,
            noise=self.motion_noise,
            mirrored_nodes=MIRRORED.get(self.window_shape_[1]),
        )
        return self.iterator_train(
            dataset, batch_sampler=batches, collate_fn=augmentation, **kwargs
        )

    @property
    def _default_callbacks(self):
        schedule = LRScheduler("ExponentialLR", gamma=self.lr_decay)
        return [
            *(pair for pair in super()._default_callbacks if pair[0] != "print_log"),
            ("lr_schedule", schedule),
            ("valid_f1", ValidationF1()),
            ("throughput", Throughput()),
            ("progress", EpochProgress()),
            ("print_log", EpochLines()),
        ]

    def get_params_for(self, prefix):
        """Return the arguments of a part; those of the module include the sizes of the features."""
        given = super().get_params_for(prefix)
        if prefix != "module" or not hasattr(self, "window_shape_"):
            return given
        n_positions, n_nodes, n_channels = self.window_shape_
        sizes = {"n_channels": n_channels, "n_positions": n_positions, "n_nodes": n_nodes}
        if n_nodes in _PARTS:
            sizes["part_sizes"] = _PARTS[n_nodes]
        taken = inspect.signature(self.module).parameters
        return {**{name: size for name, size in sizes.items() if name in taken}, **given}

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Return the arguments of the optimiser; weight decay is for linear and conv layers."""
        named_parameters = list(named_parameters)
        groups, kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        if self._can_fuse() and not _OTHER_LOOPS & kwargs.keys():
            kwargs.setdefault("fused", True)
        if "weight_decay" not in kwargs or f"{prefix}__param_groups" in self.get_params():
            return groups, kwargs
        layers = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d)
        decayed = {
            id(layer.weight) for layer in self.module_.modules() if isinstance(layer, layers)
        }
        parameters = [parameter for _, parameter in named_parameters]
        with_decay = [p for p in parameters if id(p) in decayed]
        without = [p for p in parameters if id(p) not in decayed]
        return ([{"params": with_decay}, {"params": without, "weight_decay": 0.0}],), kwargs

    def _can_fuse(self):
        """Return whether the optimiser has one kernel for a whole step, where Python would loop."""
        fusible = self.optimizer in (torch.optim.Adam, torch.optim.AdamW)
        return fusible and torch.device(self.device or "cpu").type in ("cpu", "cuda")

    def _stopped_early(self):
        """Return whether EarlyStopping has ended training, which it does by interrupting."""
        stoppers = [cb for _, cb in self.callbacks_ if isinstance(cb, EarlyStopping)]
        return any(stopper.misses_ >= stopper.patience for stopper in stoppers)

    def _autocast(self, precision):
        """Return a context in which matrix products have this number type."""
        if precision == "float32":
            return nullcontext()
        device = torch.device(self.device or "cpu")
        return torch.autocast(device.type, dtype=PRECISIONS[precision])

    @contextmanager
    def _repeatable(self, seed=0):
        """Let torch use seed and threads of our own, and leave its global state as it was."""
        device = torch.device(self.device or "cpu")
        cuda = [device.index or 0] if device.type == "cuda" else []
        n_threads = torch.get_num_threads()
        with torch.random.fork_rng(devices=cuda):
            torch.manual_seed(seed)
            torch.set_num_threads(self.n_threads or n_threads)
            try:
                yield
            finally:
                torch.set_num_threads(n_threads)

    def _get_params_html(self, deep=True, doc_link=""):
        """Return what the diagram shows: parameters that were set first, without skorch's own."""
        params = super()._get_params_html(deep=False, doc_link=doc_link)
        params.non_default = tuple(self._params_that_were_set())
        params.data = {name: params[name] for name in [*params.non_default, *params]}
        return params

    def __repr__(self):
        given = [f"{name}={value!r}" for name, value in self._params_that_were_set().items()]
        return f"{type(self).__name__}({', '.join(given)})"

    def _params_that_were_set(self):
        """Return the parameters that differ from the defaults for this module and criterion."""
        usual = type(self)(self.module, self.criterion).get_params(deep=False)
        params = self.get_params(deep=False)
        for part in ("module", "criterion"):
            default = inspect.signature(type(self)).parameters[part].default
            if params[part] is not default:
                usual.pop(part)
        return {
            name: value
            for name, value in params.items()
            if name not in usual or not np.array_equal(value, usual[name])
        }

    def _get_param_names(self):
        # skorch takes every attribute without a trailing underscore for a parameter.
        return [name for name in super()._get_param_names() if not name.startswith("_")]
