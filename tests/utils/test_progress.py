"""Tests of how progress is shown."""

import io
import sys

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

from skspot.utils._progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def count(n, **options):
    options = {"desc": "videos aligned", "unit": "video", "total": n, "shown": True, **options}
    return list(progress_bar(range(n), **options))


def open_terminal(monkeypatch):
    """Return a terminal that is standard error; no fixture, pytest takes it back before a test."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "100")
    return sys.stderr


def test_a_bar_on_a_terminal(monkeypatch):
    terminal = open_terminal(monkeypatch)
    assert count(3) == [0, 1, 2]
    shown = terminal.getvalue()
    assert "videos aligned: 100%|" in shown
    assert "| 3/3 [00:00<00:00, " in shown
    assert shown.count("\n") == 1


def test_a_bar_within_another_leaves_nothing(monkeypatch):
    terminal = open_terminal(monkeypatch)
    for _ in progress_bar(range(2), desc="outer", unit="step", total=2, shown=True):
        count(2, desc="inner")
    assert "inner" in terminal.getvalue()
    assert "inner" not in terminal.getvalue().splitlines()[-1]


def test_lines_where_nothing_can_be_overwritten(capsys):
    count(3)
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("videos aligned: 0/3 [00:00<?, ")
    assert last.startswith("videos aligned: 3/3 [00:00<00:00, ")
    assert "video/s]" in last


def test_the_time_left_is_reckoned_from_what_was_done_now(capsys, monkeypatch):
    from tqdm import std

    now = iter(range(0, 1000, 20))  # 20 s from each look at the clock to the next
    monkeypatch.setattr(std, "time", lambda: next(now))
    bar = progress_bar(desc="folds", unit="fold", total=10, initial=6, shown=True, smoothing=0)
    bar.update()
    bar.close()
    line = capsys.readouterr().err.splitlines()[1]
    assert line.startswith("folds: 7/10 [")
    elapsed, _, left = line.split("[")[1].split(",")[0].partition("<")
    seconds = [60 * int(text[:2]) + int(text[3:]) for text in (elapsed, left)]
    assert seconds[1] == 3 * seconds[0]  # one took so long, three are to come


def test_an_unknown_total(capsys):
    for _ in progress_bar(iter("ab"), desc="videos aligned", unit="video", total=None, shown=True):
        pass
    assert "videos aligned: 2/? [" in capsys.readouterr().err


def test_nothing_unless_shown(capfd, monkeypatch):
    count(3, shown=False)
    assert capfd.readouterr().err == ""
    terminal = open_terminal(monkeypatch)
    count(3, shown=False)
    assert terminal.getvalue() == ""


def test_workers_make_lines(capfd):
    get_reusable_executor().shutdown()  # workers of other tests write where those were captured
    Parallel(n_jobs=2)(delayed(count)(2, desc=f"worker {i}") for i in range(2))
    get_reusable_executor().shutdown()
    lines = capfd.readouterr().err.splitlines()
    for i in range(2):
        assert any(line.startswith(f"worker {i}: 2/2 [") for line in lines)
