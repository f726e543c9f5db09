"""skorch callbacks of the classifier: records and progress of training."""

from skorch.callbacks import Callback, PrintLog

from skspot.utils._progress import progress_bar

# Records of an epoch that the bar shows, with the names in the bar.
_SHOWN = {"train_loss": "loss", "valid_f1": "valid_f1"}


class EpochProgress(Callback):
    """Show a bar over the epochs with the time left, if ``verbose`` is 1."""

    def on_epoch_begin(self, net, **kwargs):
        """Show the bar now; at the end of an epoch, other callbacks may print above it."""
        if hasattr(self, "bar_"):
            self.bar_.refresh()
            return
        self.bar_ = progress_bar(
            desc="epochs",
            unit="epoch",
            total=net.max_epochs,
            shown=net.verbose == 1,
            smoothing=0,
        )

    def on_epoch_end(self, net, **kwargs):
        """Count the epoch, and make room for what other callbacks print."""
        row = net.history[-1]
        values = {shown: f"{row[name]:.3f}" for name, shown in _SHOWN.items() if name in row}
        self.bar_.set_postfix(values, refresh=False)
        self.bar_.n += 1
        self.bar_.clear()

    def close(self):
        """Close the bar, also if training ended before its last epoch."""
        if hasattr(self, "bar_"):
            self.bar_.close()
            del self.bar_

    def __getstate__(self):
        """Leave out the bar, which can't be pickled when a net is pickled during training."""
        return {name: value for name, value in vars(self).items() if name != "bar_"}


class EpochLines(PrintLog):
    """Print skorch's table of the epochs, if ``verbose`` is 2 or it has a sink of its own."""

    def on_epoch_end(self, net, **kwargs):
        """Print the line of the epoch."""
        if net.verbose > 1 or self.sink is not print:
            super().on_epoch_end(net, **kwargs)


def close_progress(callbacks):
    """Close the bars of a net's callbacks; skorch does not notify them when an error ends training.

    Parameters
    ----------
    callbacks : list of (str, Callback)
        The attribute ``callbacks_`` of the net.
    """
    for _, callback in callbacks:
        if isinstance(callback, EpochProgress):
            callback.close()


class Throughput(Callback):
    """Record how many windows each epoch trained on per second, as ``windows_per_second``.

    The seconds are those of the whole epoch, ``dur``, in which held-out videos are scored too.
    """

    def on_epoch_end(self, net, **kwargs):
        """Record the rate, unless the epochs are not timed."""
        row = net.history[-1]
        if "dur" in row:
            n_windows = sum(batch.get("train_batch_size", 0) for batch in row["batches"])
            net.history.record("windows_per_second", n_windows / row["dur"])
