"""Tests of the work on many videos."""

import time
import warnings

import cv2
import pytest

from skspot.utils._parallel import SetupError, map_videos


def slow_square(number):
    """Return the square; the first videos take longest."""
    time.sleep(0.05 if number < 2 else 0)
    return number**2


def one_fails(number):
    if number == 1:
        raise ValueError("no face")
    return number


def lacks_package(number):
    raise ImportError("no such package")


def lacks_weights(number):
    raise SetupError("no weights")


def warns(number):
    warnings.warn(f"number {number} is odd", RuntimeWarning, stacklevel=1)
    if number == 1:
        raise ValueError("one")
    return number


def opencv_threads(number):
    return cv2.getNumThreads()


def run(function, videos, **options):
    names = [f"X[{i}], {video}.mp4" for i, video in enumerate(videos)]
    options = {"action": "aligned", "n_jobs": None, "on_error": "raise", "verbose": 0, **options}
    return map_videos(function, videos, names=names, **options)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_results_are_in_order_and_none_stays(n_jobs):
    assert run(slow_square, [0, 1, None, 3, 4], n_jobs=n_jobs) == [0, 1, None, 9, 16]


def test_an_error_names_its_video():
    with pytest.raises(ValueError, match="no face") as caught:
        run(one_fails, [0, 1, 2])
    assert caught.value.__notes__ == ["This happened with X[1], 1.mp4."]


def test_an_error_of_a_worker_names_its_video():
    with pytest.raises(ValueError, match="no face") as caught:
        run(one_fails, [0, 1, 2], n_jobs=2)
    assert caught.value.__notes__ == ["This happened with X[1], 1.mp4."]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_failures_are_collected_in_one_warning(n_jobs):
    with pytest.warns(UserWarning, match="^2 of 4 videos could not be aligned") as caught:
        assert run(one_fails, [0, 1, 2, 1], on_error="warn", n_jobs=n_jobs) == [0, None, 2, None]
    (warning,) = caught
    text = str(warning.message)
    assert "; None stands in their places:\n- X[1], 1.mp4: ValueError: no face\n" in text
    assert text.endswith("\n- X[3], 1.mp4: ValueError: no face")


def test_a_caller_says_what_users_find_instead():
    with pytest.warns(UserWarning, match="could not be aligned; nothing was written for them:"):
        run(one_fails, [0, 1], on_error="warn", instead="nothing was written for them")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_warnings_of_workers_are_shown_in_order(n_jobs):
    with pytest.warns() as caught:
        results = run(warns, [3, None, 1, 5, 7], on_error="warn", n_jobs=n_jobs)
    assert results == [3, None, None, 5, 7]
    told = [(str(w.message), w.category) for w in caught]
    expected = [(f"number {number} is odd", RuntimeWarning) for number in (3, 1, 5, 7)]
    assert told[:-1] == expected
    assert told[-1][0].startswith("1 of 5 videos could not be aligned")


def test_no_failure_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(one_fails, [0, None], on_error="warn") == [0, None]


@pytest.mark.parametrize(
    ("function", "error"), [(lacks_package, ImportError), (lacks_weights, SetupError)]
)
def test_what_concerns_every_video_is_raised_all_the_same(function, error):
    with pytest.raises(error, match="no such package|no weights"):
        run(function, [0, 1], on_error="warn")


def test_progress_only_if_wanted(capsys):
    run(one_fails, [0, 2])
    run(one_fails, [0], verbose=1)
    assert capsys.readouterr().err == ""
    run(one_fails, [0, 2], verbose=1)
    assert "videos aligned: 2/2 [" in capsys.readouterr().err


def test_opencv_keeps_to_one_thread_meanwhile():
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        assert run(opencv_threads, [0]) == [1]
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)
