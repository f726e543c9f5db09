"""The records of training as a table."""

# Columns in their order, by the names under which skorch's callbacks record them.
_COLUMNS = {
    "train_loss": "train_loss",
    "valid_loss": "valid_loss",
    "valid_f1": "valid_f1",
    "event_lr": "lr",
    "dur": "dur",
    "windows_per_second": "windows_per_second",
}
# Internal records of skorch: details of batches, and marks of the best values so far.
_BOOKKEEPING = ("batches", "_batch_count", "_best")


def history_dataframe(history):
    """Return the epochs of a history as a DataFrame; see `SpotFormerClassifier.history_dataframe`.

    Parameters
    ----------
    history : skorch History
        The records of a net.

    Returns
    -------
    table : DataFrame
        One row for each epoch.
    """
    import pandas as pd

    rows = [
        {_COLUMNS.get(name, name): value for name, value in row.items() if _is_figure(name)}
        for row in history
    ]
    if not rows:
        return pd.DataFrame(columns=list(_COLUMNS.values()), index=pd.Index([], name="epoch"))
    table = pd.DataFrame(rows).set_index("epoch")
    first = [name for name in _COLUMNS.values() if name in table]
    return table[first + [name for name in table if name not in first]]


def _is_figure(name):
    return not name.endswith(_BOOKKEEPING)
