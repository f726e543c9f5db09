"""skorch callbacks of the classifier."""

from skorch.callbacks import Callback

from skspot.metrics import interval_f1_score


class ValidationF1(Callback):
    """Record the interval F1 score on the held-out videos after each epoch, as ``valid_f1``.

    Early stopping can watch it, ``EarlyStopping(monitor="valid_f1", lower_is_better=False)``, and
    so can skorch's other callbacks, with ``valid_f1_best``.
    """

    def on_epoch_end(self, net, dataset_valid=None, **kwargs):
        """Record the score, if there are held-out videos."""
        if dataset_valid is None:
            return
        f1 = interval_f1_score(dataset_valid.tables, net.predict(dataset_valid.features))
        earlier = [row["valid_f1"] for row in net.history[:-1] if "valid_f1" in row]
        net.history.record("valid_f1", f1)
        net.history.record("valid_f1_best", f1 > max(earlier, default=-1.0))


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
