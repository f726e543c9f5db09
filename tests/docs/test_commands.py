"""Run every command that the pages show, page by page and word for word.

The commands of a page run one after the other in a folder with recordings, their annotations, a
video `interview.mp4` and a trained model `spotter.skspot`.
"""

import doctest
import re
import shutil

import numpy as np
import pandas as pd
import pympi
import pytest

import skspot
from skspot import make_intervals
from skspot.io import read_intervals
from skspot.metrics import spotting_report
from tests.conftest import QUICK
from tests.docs.pages import Command, commands_of, page_names, read_page
from tests.docs.running import run, run_commands
from tests.test_cli_annotated import dataset_with_landmarks

# Pages that have separate tests below.
WITH_OWN_TESTS = {"correct_in_elan", "datasets"}

WITH_COMMANDS = [name for name in page_names() if commands_of(read_page(name))]


@pytest.fixture
def desk(recorded, tmp_path, monkeypatch):
    """Work in a folder with the files that the readers of the pages have."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("skspot.demo.run_demo", lambda out, **options: demo(recorded, out))
    few = shutil.ignore_patterns("s03_1.mp4")
    shutil.copytree(recorded / "videos", "recordings", ignore=few)
    shutil.copytree(recorded / "cache", "cache")
    shutil.copy(recorded / "sensitive.skspot", "spotter.skspot")
    for folder in (".", "recordings"):
        shutil.copy2("recordings/s01_1.mp4", f"{folder}/interview.mp4")
    table = pd.read_csv(recorded / "true.csv").query("video != 's03_1'")
    interview = table[table["video"] == "s01_1"].assign(video="interview", subject="s03")
    pd.concat([table, interview]).to_csv("annotations.csv", index=False)
    return tmp_path


def demo(recorded, out):
    """Write the files that `skspot demo` writes, without its minutes of work."""
    out.mkdir()
    shutil.copytree(recorded / "videos", out / "videos")
    shutil.copy(recorded / "sensitive.skspot", out / "model.skspot")
    print(f"Wrote to {out}: timeline.png (an unseen subject), predicted.csv, true.csv")


@pytest.mark.parametrize("name", sorted(set(WITH_COMMANDS) - WITH_OWN_TESTS))
def test_the_commands_of_a_page(name, desk, capsys):
    run_commands(commands_of(read_page(name)), capsys)


def test_wrong_commands_and_outputs_are_found(desk, capsys):
    good = Command("skspot cache cache", "landmarks: 3 entries, ... MB\nfeatures: ...")
    run_commands([good], capsys)
    with pytest.raises(AssertionError, match="the page shows"):
        run_commands([good._replace(output="landmarks: 4 entries ...")], capsys)
    with pytest.raises(SystemExit):
        run("skspot spot interview.mp4 --modell spotter.skspot")
    with pytest.raises(AssertionError):
        run("skspot spot missing.mp4 --model spotter.skspot")
    with pytest.raises(AssertionError, match="There is no benchmarks/bench_coast.py"):
        run("python benchmarks/bench_coast.py")
    with pytest.raises(KeyError, match="sudo"):
        run("sudo reboot")


@pytest.mark.filterwarnings("ignore")  # the tree holds every trap
def test_the_commands_of_the_datasets(desk, capsys):
    """The dataset is a tiny copy with landmarks of OpenFace; two of its subjects are enough."""
    data, options = dataset_with_landmarks("samm-lv", desk / "SAMM")
    few = ["--landmarker", "openface", "--subjects", *sorted(set(data.subjects))[:2]]
    run_commands(commands_of(read_page("datasets")), capsys, [*options, *few])
    assert set(read_intervals("evaluation/true.csv")) <= set(data.names)


def visible_examples(text):
    """Return the Python of a page, without the set-up in its comments."""
    visible = re.sub(r"^\.\.\n(?: .*\n|\n)*", "", text, flags=re.MULTILINE)
    return "".join(example.source for example in doctest.DocTestParser().get_examples(visible))


def test_the_documented_correction(desk, capsys):
    """Run the commands of the page, and correct one video between them, as a person would."""
    page = read_page("correct_in_elan")
    spot, copy, compare, train, cross_validate = (command.line for command in commands_of(page))
    run(spot)
    run(copy)
    spotted = read_intervals("spotted")
    document = pympi.Elan.Eaf("corrected/s01_1.eaf")
    for tier in [name for name in document.get_tier_names() if "macro" in name or "micro" in name]:
        document.remove_all_annotations_from_tier(tier)
    document.add_annotation("macro", 340, 1495)  # frames 10 (333 ms) to 44 (ends at 1500 ms)
    document.to_file("corrected/s01_1.eaf")
    corrected = read_intervals("corrected")
    np.testing.assert_array_equal(corrected["s01_1"], make_intervals([(10, 44, "macro")]))
    np.testing.assert_array_equal(corrected["s02_1"], spotted["s02_1"])
    capsys.readouterr()
    run(compare)
    tables = ([tables[name] for name in sorted(corrected)] for tables in (corrected, spotted))
    assert capsys.readouterr().out.strip() == spotting_report(*tables).strip()
    run(train)
    assert skspot.load("better.skspot")[-1].max_epochs == int(QUICK[-1])
    exec(visible_examples(page))
    assert set(pd.read_csv("corrected.csv")["subject"]) == {"interview", "s01", "s02"}
    run(cross_validate)
    assert read_intervals("evaluation/true.csv").keys() == corrected.keys()
