"""Run the examples of the pages as doctests, each page in a separate empty folder."""

import matplotlib.pyplot as plt
import pytest
from joblib.externals.loky import get_reusable_executor

collect_ignore_glob = ["*.py", "_build/*", "auto_examples/*", "generated/*"]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Let a page write its files to a temporary folder."""
    get_reusable_executor().shutdown()  # workers stay in the folder in which they began
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    yield
    plt.close("all")
