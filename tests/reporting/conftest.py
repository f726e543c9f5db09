"""A video and a report on it, that all tests share."""

import pytest

from skspot import make_intervals
from skspot.reporting import VideoReport
from tests.conftest import align_exactly
from tests.reporting.pages import MADE, Page, frame_scores


@pytest.fixture(scope="session")
def aligned(still_data):
    return align_exactly(still_data)[0]


@pytest.fixture(scope="session")
def true(still_data):
    return still_data.intervals[0]


@pytest.fixture(scope="session")
def predicted(true):
    """Return one interval that hits the first true one, and one that hits nothing."""
    first = true[0]
    rows = [
        (140, 143, 148, "micro", 0.25),
        (first["onset"], first["apex"], first["offset"], str(first["label"]), 0.75),
    ]
    return make_intervals(rows)


@pytest.fixture(scope="session")
def report(aligned, predicted, true):
    return VideoReport.from_predictions(
        true, predicted, aligned=aligned, scores=frame_scores(len(aligned)), made=MADE
    )


@pytest.fixture(scope="session")
def page(report):
    return Page(report.to_html())
