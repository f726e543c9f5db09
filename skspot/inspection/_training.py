"""The course of training: loss and F1 score of each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from skspot.inspection._drawing import LEGEND

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from sklearn.pipeline import Pipeline

    from skspot.neural_network import SpotFormerClassifier

_LOSSES = {
    "train_loss": {"label": "training", "color": "#0072B2", "linestyle": "-", "marker": "o"},
    "valid_loss": {
        "label": "held-out subjects",
        "color": "#D55E00",
        "linestyle": "--",
        "marker": "s",
    },
}
_LINE = {"linewidth": 1.4, "markersize": 4}


class TrainingDisplay:
    """The loss of each epoch of training, and the F1 score on held-out subjects below it.

    Make one with `from_estimator` or `from_history`.

    Parameters
    ----------
    history : DataFrame
        What `SpotFormerClassifier.history_dataframe` returns: one row for each epoch.

    Attributes
    ----------
    best_epoch : int or None
        The first epoch with the highest F1 score on held-out subjects; None without any. A
        classifier keeps the network of its last epoch, unless a callback such as skorch's
        ``EarlyStopping("valid_f1", lower_is_better=False, load_best=True)`` restores the best.
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes that hold the picture.
    axes_ : list of matplotlib Axes
        The loss, and the F1 score if there are held-out subjects.

    See Also
    --------
    skspot.neural_network.SpotFormerClassifier : Its `train_split` holds subjects out.

    Notes
    -----
    The F1 score of the best epoch is too good an estimate for new subjects, since the epoch was
    chosen by it. Never choose an epoch by subjects on whom the model is tested.

    Examples
    --------
    >>> import pandas as pd
    >>> from skspot.inspection import TrainingDisplay
    >>> history = pd.DataFrame(
    ...     {
    ...         "train_loss": [2.1, 1.4, 1.1],
    ...         "valid_loss": [1.9, 1.5, 1.6],
    ...         "valid_f1": [0.1, 0.4, 0.3],
    ...     },
    ...     index=pd.Index([1, 2, 3], name="epoch"),
    ... )
    >>> TrainingDisplay.from_history(history).best_epoch
    2
    """

    figure_: Figure
    ax_: Axes
    axes_: list[Axes]

    def __init__(self, history: pd.DataFrame):
        self.history = history

    @classmethod
    def from_estimator(
        cls, estimator: SpotFormerClassifier | Pipeline, *, ax: Axes | None = None
    ) -> Self:
        """Draw how a spotter was trained.

        Parameters
        ----------
        estimator : SpotFormerClassifier or Pipeline
            A fitted classifier, or a fitted pipeline that ends with one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TrainingDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator is not such a classifier.
        NotFittedError
            If it is not fitted.
        ValueError
            If it was loaded from a model file, which holds no history.
        """
        spotter = estimator[-1] if hasattr(estimator, "steps") else estimator
        if not hasattr(spotter, "history_dataframe"):
            raise TypeError(
                "TrainingDisplay.from_estimator needs a fitted SpotFormerClassifier or a Pipeline "
                f"that ends with one, got {type(spotter).__name__}."
            )
        return cls.from_history(spotter.history_dataframe(), ax=ax)

    @classmethod
    def from_history(cls, history: pd.DataFrame, *, ax: Axes | None = None) -> Self:
        """Draw the history of a training.

        Parameters
        ----------
        history : DataFrame
            What `SpotFormerClassifier.history_dataframe` returns, also when it is read from a file.
            The index holds the numbers of the epochs; ``train_loss`` is needed, ``valid_loss`` and
            ``valid_f1`` are drawn if they are there.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TrainingDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `history` is not a DataFrame.
        ValueError
            If it has no epoch or no loss, or the numbers of its epochs are not whole or do not
            increase.
        """
        _check_history(history)
        return cls(history).plot(ax=ax)

    @property
    def best_epoch(self) -> int | None:
        """The first epoch with the highest F1 score on held-out subjects; None without any."""
        if "valid_f1" not in self.history or self.history["valid_f1"].isna().all():
            return None
        return int(self.history["valid_f1"].idxmax())

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the course of training.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TrainingDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt

        has_f1 = self.best_epoch is not None
        if ax is None:
            _, ax = plt.subplots(figsize=(8, 5 if has_f1 else 3), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        ax.set_axis_off()
        heights = [[0, 0.53, 1, 0.47], [0, 0, 1, 0.47]] if has_f1 else [[0, 0, 1, 1]]
        self.axes_ = [ax.inset_axes(bounds) for bounds in heights]
        self._draw_losses(self.axes_[0])
        if has_f1:
            self._draw_f1(self.axes_[1])
        self._draw_epochs()
        return self

    def _draw_losses(self, ax):
        for name, style in _LOSSES.items():
            if name in self.history:
                ax.plot(self.history.index, self.history[name], **_LINE, **style)
        ax.set_ylabel("loss")
        ax.legend(**LEGEND)

    def _draw_f1(self, ax):
        f1 = self.history["valid_f1"]
        style = {**_LOSSES["valid_loss"], "label": None}
        ax.plot(f1.index, f1, **_LINE, **style)
        best = self.best_epoch
        for each in self.axes_:
            each.axvline(best, color="0.4", linewidth=1, linestyle=":", zorder=0)
        ax.plot(
            best,
            f1[best],
            linestyle="",
            marker="*",
            markersize=14,
            color="black",
            label=f"best epoch: {best},\nF1 {f1[best]:.3f}",
        )
        ax.set_ylim(-0.03, 1.03)
        ax.set_ylabel("interval F1")
        ax.legend(**LEGEND)

    def _draw_epochs(self):
        """Give all axes the same epochs, with whole numbers at the lowest."""
        from matplotlib.ticker import MaxNLocator

        epochs = self.history.index
        for ax in self.axes_:
            ax.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            ax.spines[["top", "right"]].set_visible(False)
            ax.tick_params(labelbottom=ax is self.axes_[-1])
        self.axes_[-1].set_xlabel("epoch")


def _check_history(history):
    """Refuse what is not a table of epochs."""
    if not hasattr(history, "columns"):
        raise TypeError(
            "history must be a DataFrame, as SpotFormerClassifier.history_dataframe returns, got "
            f"{type(history).__name__}."
        )
    if not len(history):
        raise ValueError(
            "The history holds no epoch. A model that was loaded from a file has none, because "
            "model files do not keep it; save history_dataframe() beside the model after training."
        )
    if "train_loss" not in history:
        raise ValueError(
            f"The history needs a column train_loss, got {list(history.columns)}; take what "
            "SpotFormerClassifier.history_dataframe returns."
        )
    epochs = np.asarray(history.index)
    if epochs.dtype.kind not in "iu" or not (np.diff(epochs) > 0).all():
        raise ValueError(
            "The index of the history must hold the numbers of the epochs, whole and increasing, "
            f"got {epochs.tolist()[:5]}; read a CSV file with index_col='epoch'."
        )
