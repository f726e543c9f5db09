import pytest


@pytest.fixture(autouse=True)
def _figures():
    """Draw without a screen, and close what was drawn."""
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    yield
    plt.close("all")
