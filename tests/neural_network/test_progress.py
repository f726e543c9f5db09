"""Tests of what training shows of its epochs while it runs."""

import io
import multiprocessing
import pickle
import re
import sys

import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback, EarlyStopping
from tqdm.auto import tqdm

import skspot
from skspot.model_selection import LeaveOneSubjectOut
from skspot.neural_network import SpotFormerClassifier
from tests.neural_network.test_classifier import TINY, planted_videos


class MeanModule(torch.nn.Module):
    def __init__(self, n_channels, n_positions, n_nodes):
        super().__init__()
        self.linear = torch.nn.Linear(n_channels * n_positions * n_nodes, 10)

    def forward(self, x):
        logits = self.linear(x.flatten(1))
        return logits, logits


class AtEpochEnd(Callback):
    """Does something at the end of each epoch."""

    def __init__(self, action):
        self.action = action

    def on_epoch_end(self, net, **kwargs):
        self.action(net)


@pytest.fixture(scope="module")
def data():
    return planted_videos(2, seed=0)


def quick(max_epochs=3, **params):
    tiny = {name: value for name, value in TINY.items() if not name.startswith("module")}
    return SpotFormerClassifier(
        MeanModule, max_epochs=max_epochs, random_state=0, **{**tiny, **params}
    )


def terminal(monkeypatch):
    """Let standard error be a terminal, and return what is written to it."""
    written = io.StringIO()
    written.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", written)
    return written


def no_bar_is_open(spotter):
    progress = dict(spotter.callbacks_)["progress"]
    return not tqdm._instances and not hasattr(progress, "bar_")


def test_a_line_for_each_epoch_where_nothing_can_be_overwritten(data, capsys):
    spotter = quick(verbose=1).fit(*data)
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert printed.out == ""
    assert "\r" not in printed.err
    assert [line.split(" [")[0] for line in lines] == [f"epochs: {i}/3" for i in range(4)]
    for line, row in zip(lines[1:], spotter.history_):
        assert re.search(r"\[\d\d:\d\d<\d\d:\d\d, ", line)
        assert line.endswith(f", loss={row['train_loss']:.3f}]")


def test_f1_on_held_out_subjects(data, capsys):
    spotter = quick(1, verbose=1, train_split=LeaveOneSubjectOut()).fit(*data, groups=["a", "b"])
    f1 = spotter.history_[-1]["valid_f1"]
    assert capsys.readouterr().err.rstrip().endswith(f", valid_f1={f1:.3f}]")


def test_silent(data, capsys):
    quick(verbose=0).fit(*data)
    assert capsys.readouterr() == ("", "")


def test_table_of_skorch(data, capsys):
    quick(verbose=2).fit(*data)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.split()[:2] == ["epoch", "train_loss"]
    assert len(printed.out.strip().splitlines()) == 2 + 3


def test_a_sink_for_the_table_is_always_used(data):
    lines = []
    quick(verbose=0, callbacks__print_log__sink=lines.append).fit(*data)
    assert len(lines) == 2 + 3


def test_without_the_callback(data, capsys):
    quick(verbose=1, callbacks__progress=None).fit(*data)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_one_bar_that_makes_room(data, monkeypatch):
    written = terminal(monkeypatch)
    shout = AtEpochEnd(lambda net: written.write("HELLO\n"))
    quick(2, verbose=1, callbacks=[shout]).fit(*data)
    *above, end = written.getvalue().split("HELLO\n")
    assert len(above) == 2
    for text, n in zip(above, "01"):
        assert text.endswith("\r")
        shown, blank = text.strip("\r").split("\r")
        assert f"{n}/2 [" in shown
        assert blank == " " * len(shown)
    assert "2/2 [" in end
    assert end.endswith("\n")


def test_a_worker_process_overwrites_nothing(data, monkeypatch):
    written = terminal(monkeypatch)
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    quick(1, verbose=1).fit(*data)
    assert "\r" not in written.getvalue()
    assert len(written.getvalue().splitlines()) == 2


def test_early_stopping_leaves_the_bar_where_it_was(data, capsys):
    stop = EarlyStopping("valid_f1", lower_is_better=False, patience=2)
    spotter = quick(9, verbose=1, lr=1e-9, train_split=LeaveOneSubjectOut(), callbacks=[stop])
    spotter.fit(*data, groups=["a", "b"])
    printed = capsys.readouterr()
    assert len(spotter.history_) < 9
    assert printed.err.splitlines()[-1].startswith(f"epochs: {len(spotter.history_)}/9 [")
    assert "Stopping since valid_f1 has not improved" in printed.out
    assert no_bar_is_open(spotter)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_the_bar_is_closed_when_training_ends_early(data, monkeypatch, error):
    def fail(net):
        raise error

    written = terminal(monkeypatch)
    spotter = quick(verbose=1, callbacks=[AtEpochEnd(fail)])
    with pytest.raises(error):
        spotter.fit(*data)
    assert "1/3 [" in written.getvalue().splitlines()[-1]
    assert written.getvalue().endswith("\n")
    assert no_bar_is_open(spotter)


def test_training_that_goes_on_has_a_bar_of_its_own(data, capsys):
    spotter = quick(1, verbose=1).fit(*data)
    spotter.set_params(max_epochs=2).partial_fit(*data)
    shown = re.findall(r"epochs: (\d/\d)", capsys.readouterr().err)
    assert shown == ["0/1", "1/1", "0/2", "1/2", "2/2"]


def test_a_net_can_be_pickled_while_it_trains(data, capsys):
    pickled = []
    spotter = quick(verbose=1, callbacks=[Pickling(pickled)]).fit(*data)
    assert [len(copy.history_) for copy in pickled] == [1, 2, 3]
    assert no_bar_is_open(pickled[0])
    assert no_bar_is_open(pickle.loads(pickle.dumps(spotter)))


class Pickling(Callback):
    """Pickles the net after each epoch, and keeps what comes of it."""

    def __init__(self, kept):
        self.kept = kept

    def on_epoch_end(self, net, **kwargs):
        self.kept.append(pickle.loads(pickle.dumps(net)))


def test_clones_and_model_files(data, capsys, tmp_path):
    spotter = SpotFormerClassifier(max_epochs=1, verbose=1, random_state=0, **TINY)
    for copy in (spotter, clone(spotter)):
        copy.fit(*data)
        assert capsys.readouterr().err.count("1/1 [") == 1
    skspot.save(spotter, tmp_path / "spotter.skspot")
    assert skspot.load(tmp_path / "spotter.skspot").verbose == 0
