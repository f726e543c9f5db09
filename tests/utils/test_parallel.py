"""Tests of the work on many videos."""

import threading
import time
import warnings

import cv2
import pytest
from joblib import Parallel, delayed, parallel_config

from skspot.utils._parallel import SetupError, imap_videos, map_videos, one_opencv_thread


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
    options = {
        "task": "face alignment",
        "n_jobs": None,
        "on_error": "raise",
        "verbose": 0,
        **options,
    }
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
    with pytest.warns(UserWarning, match="^Face alignment failed for 2 of 4 videos") as caught:
        assert run(one_fails, [0, 1, 2, 1], on_error="warn", n_jobs=n_jobs) == [0, None, 2, None]
    (warning,) = caught
    text = str(warning.message)
    assert "; the results are None:\n- X[1], 1.mp4: ValueError: no face\n" in text
    assert text.endswith("\n- X[3], 1.mp4: ValueError: no face")


def test_one_video_that_fails_alone():
    with pytest.warns(UserWarning, match=r"^Face alignment failed; the result is None:\n- X\[0\]"):
        assert run(one_fails, [1], on_error="warn") == [None]


def test_a_caller_says_what_users_find_instead():
    with pytest.warns(UserWarning, match="failed for 1 of 2 videos; nothing was written for them:"):
        run(one_fails, [0, 1], on_error="warn", consequence="nothing was written for them")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_warnings_of_workers_are_shown_in_order(n_jobs):
    with pytest.warns() as caught:
        results = run(warns, [3, None, 1, 5, 7], on_error="warn", n_jobs=n_jobs)
    assert results == [3, None, None, 5, 7]
    messages = [(str(w.message), w.category) for w in caught]
    expected = [(f"number {number} is odd", RuntimeWarning) for number in (3, 1, 5, 7)]
    assert messages[:-1] == expected
    assert messages[-1][0].startswith("Face alignment failed for 1 of 5 videos")


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
    assert "face alignment: 2/2 [" in capsys.readouterr().err


def test_results_come_one_at_a_time():
    done = []

    def note(number):
        done.append(number)
        return number

    names = ["a.mp4", "b.mp4"]
    options = {"task": "spotting", "n_jobs": None, "on_error": "raise", "verbose": 0}
    results = imap_videos(note, [0, 1], names=names, **options)
    assert next(results) == 0
    assert done == [0]
    assert list(results) == [1]


# -- every backend, alone and within another -------------------------------------------------------


def overlapping(number):
    """Warn, and be busy for longer than the next video takes to begin."""
    warnings.warn(f"number {number} is odd", RuntimeWarning, stacklevel=1)
    n_threads = cv2.getNumThreads()
    time.sleep(0.02 + 0.02 * (number % 2))
    return n_threads


def nested(numbers):
    """Do the work of one outer task."""
    return run(overlapping, numbers, n_jobs=2)


def nested_in_a_worker(numbers):
    """Do such work in a process of its own; return what it has left behind there."""
    before = cv2.getNumThreads()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        n_threads = nested(numbers)
        warnings.warn("afterwards", stacklevel=1)
    messages = {str(warning.message) for warning in caught}
    return n_threads, cv2.getNumThreads() == before, messages


@pytest.fixture
def two_opencv_threads():
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield
    cv2.setNumThreads(before)


@pytest.mark.usefixtures("two_opencv_threads")
@pytest.mark.parametrize("n_jobs", [None, 2, 4])
@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_nothing_is_left_behind(backend, n_jobs, recwarn):
    """Warnings of the work and those after it are seen, and OpenCV's threads are as before."""
    show, filters = warnings.showwarning, list(warnings.filters)
    with parallel_config(backend=backend):
        assert run(overlapping, range(6), n_jobs=n_jobs) == [1] * 6
    assert warnings.showwarning is show
    assert warnings.filters == filters
    warnings.warn("afterwards", stacklevel=1)
    expected = {*(f"number {i} is odd" for i in range(6)), "afterwards"}
    assert {str(warning.message) for warning in recwarn} == expected
    assert cv2.getNumThreads() == 2


@pytest.mark.usefixtures("two_opencv_threads")
@pytest.mark.parametrize("outer", ["sequential", "threading"])
def test_nothing_is_left_behind_within_other_threads(outer, recwarn):
    with parallel_config(backend=outer):
        outcomes = Parallel(n_jobs=2)(delayed(nested)(range(k, k + 3)) for k in (0, 10))
    warnings.warn("afterwards", stacklevel=1)
    assert outcomes == [[1, 1, 1]] * 2
    expected = {*(f"number {i} is odd" for i in (0, 1, 2, 10, 11, 12)), "afterwards"}
    assert {str(warning.message) for warning in recwarn} == expected
    assert cv2.getNumThreads() == 2


def test_nothing_is_left_behind_within_worker_processes():
    """There, joblib works with threads."""
    outcomes = Parallel(n_jobs=2)(delayed(nested_in_a_worker)(range(k, k + 3)) for k in (0, 10))
    for start, (n_threads, as_before, messages) in zip((0, 10), outcomes):
        assert n_threads == [1, 1, 1]
        assert as_before
        expected = {f"number {i} is odd" for i in range(start, start + 3)}
        assert messages == {*expected, "afterwards"}


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_warnings_of_nested_work_are_seen(backend, recwarn):
    """Two levels of this package's own work on many videos."""
    with parallel_config(backend=backend):
        run(nested, [range(0, 3), range(10, 13)], n_jobs=2)
    assert {str(warning.message) for warning in recwarn} == {
        f"number {i} is odd" for i in (0, 1, 2, 10, 11, 12)
    }


def test_warnings_of_a_worker_are_shown_again_for_the_next_work():
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match="number 3"):
            run(overlapping, [3, 4], n_jobs=2)


def test_warnings_made_errors_fail_the_video():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for n_jobs in (None, 2):
            with pytest.raises(RuntimeWarning, match="number 3"):
                run(warns, [3], n_jobs=n_jobs)


@pytest.mark.usefixtures("two_opencv_threads")
def test_opencv_is_limited_until_the_last_thread_is_done():
    entered, left = threading.Event(), threading.Event()

    def first():
        with one_opencv_thread():
            entered.wait(10)
        left.set()

    thread = threading.Thread(target=first)
    thread.start()
    with one_opencv_thread():
        entered.set()
        left.wait(10)
        assert cv2.getNumThreads() == 1
    thread.join()
    assert cv2.getNumThreads() == 2
