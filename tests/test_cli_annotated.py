"""Tests of the command line with annotated videos: datasets, cross-validation, corrections."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pympi
import pytest
from PIL import Image

from skspot import datasets, make_intervals
from skspot.cli import main
from skspot.cli._annotated import _LOADERS, read_tables
from skspot.cli._spot import find_all
from skspot.datasets import make_expression_videos
from skspot.io import read_intervals, write_intervals
from skspot.metrics import spotting_report
from skspot.preprocessing import FaceAligner
from skspot.utils._cache import stored_results
from tests.conftest import QUICK
from tests.datasets.test_pipeline import FACE, textured
from tests.datasets.trees import (
    cas_me2_tree,
    cas_me3_tree,
    load_quietly,
    samm_tree,
    smic_tree,
)


def annotated(recorded):
    """Return the options that name the annotations of `recorded`."""
    return ["--annotations", str(recorded / "true.csv"), "--videos", str(recorded / "videos")]


def cross_validate(recorded, *arguments):
    """Cross-validate on the annotations of `recorded`."""
    return main(["cross-validate", *annotated(recorded), *map(str, arguments)])


def message(capsys, command="cross-validate"):
    (line,) = [
        line
        for line in capsys.readouterr().err.splitlines()
        if line.startswith(f"skspot {command}: ")
    ]
    return line


# -- cross-validation ------------------------------------------------------------------------------


@pytest.fixture
def cache(recorded, tmp_path):
    """Return a copy of the cache, with features and no folds."""
    return shutil.copytree(recorded / "cache", tmp_path / "cache")


@pytest.mark.parametrize(("cv", "n_folds"), [("loso", 3), ("2", 2)])
def test_cross_validation(recorded, cache, tmp_path, capsys, cv, n_folds):
    out = tmp_path / "out"
    arguments = ["--cv", cv, "--cache", cache, "--out", out, *QUICK]
    assert cross_validate(recorded, *arguments) == 0
    printed = capsys.readouterr().out
    true, predicted = (read_intervals(out / f"{name}.csv") for name in ("true", "predicted"))
    assert list(true) == list(predicted) == ["s01_1", "s02_1", "s03_1"]
    assert printed.startswith(spotting_report(list(true.values()), list(predicted.values())))
    assert stored_results(cache)["folds"].n_entries == n_folds
    record = json.loads((out / "scores.json").read_text())
    assert record["n_subjects"] == 3
    assert record["scores"]["n_videos"] == 3
    assert record["versions"]["skspot"]
    assert record["spotter"]["spot__max_epochs"] == 1
    assert str(record["options"]["cv"]) == cv


def finished_folds(cache):
    """Return the time of change of each finished fold, by its file."""
    return {path: path.stat().st_mtime_ns for path in cache.rglob("_predict_fold/*/output.pkl")}


def test_cross_validation_goes_on_after_a_kill(recorded, cache, tmp_path, capsys):
    """A killed run has finished folds; the same command computes only the others."""
    arguments = ["--annotations", recorded / "true.csv", "--videos", recorded / "videos"]
    arguments += ["--cache", cache, "--out", tmp_path / "out", *QUICK]
    command = [sys.executable, "-m", "skspot", "cross-validate"]
    with subprocess.Popen(
        [*command, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        deadline = time.monotonic() + 120
        while not finished_folds(cache) and time.monotonic() < deadline:
            time.sleep(0.02)
        run.send_signal(signal.SIGKILL)
    assert run.returncode == -signal.SIGKILL
    finished = finished_folds(cache)
    assert 1 <= len(finished) < 3
    assert main(["cross-validate", *map(str, arguments)]) == 0
    assert stored_results(cache)["folds"].n_entries == 3
    assert finished.items() <= finished_folds(cache).items()
    assert "3 videos" in capsys.readouterr().out


def test_without_a_cache_the_results_hold_one(recorded, tmp_path):
    assert cross_validate(recorded, "--cv", "2", "--out", tmp_path / "out", *QUICK) == 0
    assert stored_results(tmp_path / "out" / "cache")["folds"].n_entries == 2


def test_a_cross_validation_needs_subjects(recorded, tmp_path, capsys):
    frame = pd.read_csv(recorded / "true.csv").drop(columns="subject")
    frame.to_csv(tmp_path / "true.csv", index=False)
    arguments = ["--annotations", tmp_path / "true.csv", "--videos", recorded / "videos"]
    arguments += ["--out", tmp_path / "out"]
    assert main(["cross-validate", *map(str, arguments)]) == 1
    assert "has no column `subject`" in message(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--cv", "2", "--folder", "x"], "--folder is for --dataset"),
        (["--cv", "2", "--label", "a=macro", "--label", "a=micro"], "gives 'a' two meanings"),
        (["--cv", "2", "--subjects", "006"], "--subjects is for --dataset"),
    ],
)
def test_arguments_that_do_not_fit(recorded, capsys, arguments, expected):
    assert cross_validate(recorded, *arguments) == 1
    assert re.search(expected, message(capsys))


@pytest.mark.parametrize(
    ("command", "foreign"),
    [
        ("score", ["--cv", "loso"]),
        ("score", ["--epochs", "3"]),
        ("score", ["--landmarker", "template"]),
        ("score", ["--out", "x"]),
        ("score", ["--jobs", "2"]),
        ("cross-validate", ["--predicted-format", "elan"]),
        ("cross-validate", ["predicted.csv"]),
    ],
)
def test_options_of_another_command(recorded, capsys, command, foreign):
    predicted = ["predicted.csv"] if command == "score" else []
    with pytest.raises(SystemExit):
        main([command, *predicted, *annotated(recorded), *foreign])
    assert "unrecognized arguments" in capsys.readouterr().err


@pytest.mark.parametrize("cv", ["1", "0", "some", "2.5"])
def test_numbers_of_folds_that_are_none(recorded, capsys, cv):
    with pytest.raises(SystemExit):
        cross_validate(recorded, "--cv", cv)
    assert "--cv" in capsys.readouterr().err


def test_an_interruption_tells_where_folds_are(recorded, cache, tmp_path, capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("skspot.model_selection.cross_val_intervals", interrupt)
    out = tmp_path / "out"
    assert cross_validate(recorded, "--cache", cache, "--out", out, *QUICK) == 130
    assert f"Finished folds are kept in {cache}" in capsys.readouterr().err


def test_too_many_folds_are_refused_before_any_work(recorded, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(FaceAligner, "transform", lambda *args: pytest.fail("worked first"))
    assert cross_validate(recorded, "--cv", "9", "--out", tmp_path / "out") == 1
    assert "n_splits=9 is more than the number of subjects, 3" in message(capsys)


def test_tables_without_intervals_are_refused(recorded, tmp_path, capsys):
    (tmp_path / "none.csv").write_text("video,onset,offset,label\ns01_1,,,\n")
    arguments = ["train", "--annotations", tmp_path / "none.csv", "--model", tmp_path / "model"]
    assert main([*map(str, arguments), "--videos", str(recorded / "videos")]) == 1
    assert "contains no usable interval" in message(capsys, "train")


# -- own tables ------------------------------------------------------------------------------------


def test_seconds_counted_from_one_and_reported(recorded, tmp_path, capsys):
    """The same annotations in other ways give the same figures."""
    true = pd.read_csv(recorded / "true.csv")
    columns = ["onset", "apex", "offset"]
    write_intervals(tmp_path / "p.csv", {"s02_1": make_intervals([(31, 35, 40, "micro", 0.5)])})
    seconds = true.assign(**{name: (true[name] / 30).round(3) for name in columns})
    seconds.to_csv(tmp_path / "seconds.csv", index=False)
    true.assign(**{name: true[name] + 1 for name in columns}).to_csv(
        tmp_path / "from_one.csv", index=False
    )
    printed = []
    for table, options in (
        (recorded / "true.csv", []),
        (tmp_path / "seconds.csv", ["--unit", "seconds"]),
        (tmp_path / "from_one.csv", ["--first-frame", "1"]),
    ):
        arguments = [tmp_path / "p.csv", "--annotations", table, "--videos", recorded / "videos"]
        assert main(["score", *map(str, arguments), *options]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] == printed[2]
    assert re.search(r"micro +1 +0 +1 ", printed[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ";"),  # as a German Excel writes
        lambda text: text.replace("macro", "MaE").replace("micro", "ME"),
        lambda text: text.replace("onset", "Onset").replace("video", " Video"),
        lambda text: text.replace("macro", "smile"),
    ],
)
def test_score_reads_tables_as_train_does(recorded, tmp_path, capsys, change):
    """Without the videos: a table that one command takes is no trouble to the other."""
    text = (recorded / "true.csv").read_text()
    (tmp_path / "other.csv").write_text(change(text))
    labels = ["--label", "smile=macro"] if "smile" in change(text) else []
    arguments = ["score", str(recorded / "true.csv"), "--annotations"]
    assert main([*arguments, str(tmp_path / "other.csv"), *labels]) == 0
    assert re.search(r"overall +4 +0 +0 ", capsys.readouterr().out)


def test_score_at_a_reduced_rate(recorded, tmp_path, capsys):
    """Frames of the table are those recorded; predictions are in those kept."""
    (tmp_path / "videos" / "s09").mkdir(parents=True)
    for number in range(80):
        picture = Image.fromarray(np.zeros((8, 8), dtype=np.uint8))
        picture.save(tmp_path / "videos" / "s09" / f"{number:03d}.png")
    (tmp_path / "true.csv").write_text("video,onset,offset,label\ns09,20,59,macro\n")
    write_intervals(tmp_path / "p.csv", {"s09": make_intervals([(10, 30, "macro")])})
    arguments = ["score", tmp_path / "p.csv", "--annotations", tmp_path / "true.csv"]
    arguments += ["--videos", tmp_path / "videos", "--iou", "0.9"]
    assert main([*map(str, arguments)]) == 0
    assert re.search(r"macro +0 +1 +1 ", capsys.readouterr().out)
    assert main([*map(str, arguments), "--keep-every", "2"]) == 0
    assert re.search(r"macro +1 +0 +0 ", capsys.readouterr().out)


def test_names_with_dots(tmp_path, capsys):
    tables = {"s01.sad": make_intervals([(1, 5, "macro")]), "s01.joy.mp4": make_intervals()}
    write_intervals(tmp_path / "true.csv", tables)
    write_intervals(
        tmp_path / "p.csv", {"s01.sad.mp4": tables["s01.sad"], "s01.joy": tables["s01.joy.mp4"]}
    )
    assert (
        main(["score", str(tmp_path / "p.csv"), "--annotations", str(tmp_path / "true.csv")]) == 0
    )
    captured = capsys.readouterr()
    assert re.search(r"macro +1 +0 +0 ", captured.out)
    assert captured.err == ""


def test_report_of_repairs(recorded, tmp_path, capsys):
    text = (recorded / "true.csv").read_text().replace("30,34,40", "30,99,40")
    (tmp_path / "true.csv").write_text(text)
    arguments = ["--annotations", tmp_path / "true.csv", "--videos", recorded / "videos"]
    arguments += ["--first-frame", "1", "--repairs", tmp_path / "new" / "repairs.csv"]
    write_intervals(tmp_path / "p.csv", {"s02_1": make_intervals([(29, 33, 39, "micro", 0.5)])})
    assert main(["score", str(tmp_path / "p.csv"), *map(str, arguments)]) == 0
    repairs = pd.read_csv(tmp_path / "new" / "repairs.csv")
    (row,) = repairs.index[repairs["video"] == "s02_1"]
    assert repairs["action"][row] == "changed"
    assert "apex" in repairs["problem"][row]
    assert f"Wrote {tmp_path / 'new' / 'repairs.csv'}" in capsys.readouterr().out


# -- datasets by name ------------------------------------------------------------------------------


TREES = {
    "samm-lv": (samm_tree, ["--keep-every", "3"]),
    "cas-me2": (cas_me2_tree, []),
    "cas-me3": (cas_me3_tree, []),
    "smic-hs": (smic_tree, []),
}


def dataset_with_landmarks(name, root):
    """Make a tiny copy of a dataset with OpenFace's landmarks for each video."""
    tree, options = TREES[name]
    loader, settings = _LOADERS[name]
    if options:
        settings = {**settings, "keep_every": int(options[1])}
    load = getattr(datasets, loader)
    for video in load_quietly(load, tree(root, textured), **settings).videos:
        lengthen(Path(video))
    data = load_quietly(load, root, **settings)
    columns = ["frame", "face_id", "timestamp", "confidence", "success"]
    columns += [f"{axis}_{i}" for axis in "xy" for i in range(68)]
    for video in data.videos:
        n_images = sum(1 for _ in Path(video).iterdir())
        rows = [[i + 1, 0, i / 30, 0.98, 1, *FACE.T.ravel()] for i in range(n_images)]
        table = Path(video).parent / f"{Path(video).name}.csv"
        pd.DataFrame(rows, columns=columns).to_csv(table, index=False)
    return data, options


def lengthen(folder, n_images=105):
    """Repeat the last image of a video that may be shorter than a window of the features."""
    numbered = {int(re.search(r"\d+$", path.stem)[0]): path for path in folder.glob("*[0-9].*")}
    last = max(numbered)
    for number in range(last + 1, last + 1 + n_images - len(numbered)):
        name = re.sub(r"\d+$", str(number), numbered[last].stem)
        shutil.copy(numbered[last], folder / f"{name}{numbered[last].suffix}")


@pytest.mark.filterwarnings("ignore")  # the trees hold every trap, and the folders lack zeros
@pytest.mark.parametrize("name", TREES)
def test_train_on_a_dataset_and_score_against_it(name, tmp_path, capsys):
    data, options = dataset_with_landmarks(name, tmp_path / "copy")
    source = ["--dataset", name, "--folder", str(tmp_path / "copy"), *options]
    status = main(
        ["train", *source, "--model", str(tmp_path / "model"), "--epochs", "1"]
        + ["--landmarker", "openface", "--repairs", str(tmp_path / "repairs.csv")]
    )
    assert status == 0
    assert f"trained on {len(data.videos)} videos" in capsys.readouterr().out
    repairs = pd.read_csv(tmp_path / "repairs.csv", dtype=str, keep_default_na=False)
    assert repairs["problem"].tolist() == data.repairs["problem"].tolist()

    write_intervals(tmp_path / "predicted.json", dict(zip(data.names, data.intervals)))
    assert main(["score", str(tmp_path / "predicted.json"), *source]) == 0
    assert re.search(rf"overall +{sum(map(len, data.intervals))} +0 +0 ", capsys.readouterr().out)


@pytest.mark.filterwarnings("ignore")
def test_cross_validate_some_subjects_of_a_dataset(tmp_path, capsys):
    data, options = dataset_with_landmarks("samm-lv", tmp_path / "copy")
    subjects = sorted(set(data.subjects))[:2]
    status = main(
        ["cross-validate", "--dataset", "samm-lv", "--folder", str(tmp_path / "copy"), *options]
        + ["--out", str(tmp_path / "out"), "--epochs", "1"]
        + ["--landmarker", "openface", "--subjects", *subjects]
    )
    assert status == 0
    record = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert record["n_subjects"] == 2
    assert record["options"]["dataset"] == "samm-lv"


def test_a_dataset_needs_its_folder(capsys, tmp_path):
    arguments = ["train", "--dataset", "samm-lv", "--model", str(tmp_path / "model")]
    assert main(arguments) == 1
    assert "needs --folder" in message(capsys, "train")
    assert main([*arguments, "--folder", str(tmp_path), "--fps", "30"]) == 1
    assert "--fps is for --annotations" in message(capsys, "train")
    assert main([*arguments, "--folder", str(tmp_path)]) == 1
    assert "SAMM" in message(capsys, "train")


@pytest.mark.parametrize("command", ["train", "cross-validate"])
def test_videos_that_can_not_be_read_are_left_out_if_wanted(
    recorded, cache, tmp_path, capsys, command
):
    """One broken video of four: an error, or a warning that names it."""
    videos = shutil.copytree(recorded / "videos", tmp_path / "videos")
    (videos / "s04_1.mp4").write_bytes(b"no video")
    table = (recorded / "true.csv").read_text() + "5,9,20,macro,s04_1,s04\n"
    (tmp_path / "true.csv").write_text(table)
    arguments = [command, "--annotations", str(tmp_path / "true.csv"), "--videos", str(videos)]
    arguments += {
        "train": ["--model", str(tmp_path / "new" / "model")],
        "cross-validate": ["--out", str(tmp_path / "out")],
    }[command]
    arguments += ["--cache", str(cache), *QUICK]
    assert main(arguments) == 1
    assert "s04_1.mp4" in capsys.readouterr().err
    assert main([*arguments, "--on-error", "warn"]) == 0
    assert "Face alignment failed for 1 of 4 videos" in capsys.readouterr().err


# -- formats and folders of images -----------------------------------------------------------------


def test_spot_in_other_formats(recorded, tmp_path, capsys):
    arguments = ["spot", recorded / "videos" / "s01_1.mp4", "--out", tmp_path, "--cache"]
    arguments += [recorded / "cache", "--model", recorded / "sensitive.skspot"]
    suffixes = {"csv": ".csv", "json": ".json", "elan": ".eaf", "praat": ".TextGrid"}
    suffixes |= {"boris": ".boris", "audacity": ".txt"}
    formats = [part for name in suffixes for part in ("--format", name)]
    assert main([*map(str, arguments), *formats]) == 0
    assert "s01_1.csv, .json, .eaf, .TextGrid, .boris, .txt and .png" in " ".join(
        capsys.readouterr().out.replace(str(tmp_path) + "/", "").split()
    )
    tables = [
        read_intervals(
            tmp_path / f"s01_1{suffix}", format=name, timestamps={"s01_1": np.arange(60) / 30}
        )["s01_1"]
        for name, suffix in suffixes.items()
    ]
    assert len(tables[0]) > 0
    for table in tables[1:]:
        np.testing.assert_array_equal(np.sort(tables[0]), np.sort(table))
    (media,) = pympi.Elan.Eaf(tmp_path / "s01_1.eaf").media_descriptors
    assert media["MEDIA_URL"] == (recorded / "videos" / "s01_1.mp4").resolve().as_uri()


def test_spot_a_folder_of_images_at_a_reduced_rate(recorded, tmp_path):
    video = make_expression_videos(1, videos_per_subject=1, n_frames=80, random_state=1).videos[0]
    (tmp_path / "s09").mkdir()
    for number, picture in enumerate(video):
        Image.fromarray(picture).save(tmp_path / "s09" / f"{number:03d}.png")
    arguments = ["spot", tmp_path / "s09", "--model", recorded / "sensitive.skspot"]
    arguments += ["--out", tmp_path, "--fps", "60", "--keep-every", "2"]
    assert main([*map(str, arguments)]) == 0
    frame = pd.read_csv(tmp_path / "s09.csv")
    assert frame["offset"].max() < 40
    np.testing.assert_allclose(frame["onset_seconds"], frame["onset"] / 30, atol=1e-6)


@pytest.fixture(scope="module")
def folder_of_images(tmp_path_factory):
    """Return a folder of 60 images, beside which there is room for a cache."""
    video = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=1).videos[0]
    folder = tmp_path_factory.mktemp("recordings") / "s09"
    folder.mkdir()
    for number, picture in enumerate(video):
        Image.fromarray(picture).save(folder / f"{number:03d}.png")
    return folder


@pytest.mark.parametrize("name", ["elan", "boris", "praat", "audacity"])
def test_spot_a_folder_of_images_in_other_formats(recorded, folder_of_images, tmp_path, name):
    """It can't be linked, and its intervals are written all the same."""
    arguments = ["spot", folder_of_images, "--model", recorded / "sensitive.skspot"]
    arguments += ["--cache", folder_of_images.parent / "cache", "--format", name]
    assert main([*map(str, arguments), "--out", str(tmp_path / "out")]) == 0
    tables = read_intervals(tmp_path / "out", timestamps={"s09": np.arange(60) / 30})
    assert len(tables["s09"]) > 0


def test_patterns_and_folders_of_videos(recorded, tmp_path):
    videos = recorded / "videos"
    names = [videos / f"s0{number}_1.mp4" for number in (1, 2, 3)]
    assert find_all([str(videos)]) == find_all([str(videos / "*.mp4")]) == names
    assert find_all([str(names[0]), "missing.mp4"]) == [names[0], Path("missing.mp4")]
    with pytest.raises(FileNotFoundError, match=r"No file or folder matches '.*\*\.avi'"):
        find_all([str(videos / "*.avi")])


def test_the_rate_of_a_file_is_its_own(recorded, tmp_path, capsys):
    arguments = ["spot", recorded / "videos" / "s01_1.mp4", "--out", tmp_path, "--fps", "60"]
    arguments += ["--model", recorded / "sensitive.skspot"]
    assert main([*map(str, arguments)]) == 1
    assert "is a file, which contains its frame times" in message(capsys, "spot")


def test_a_wrong_landmarker_is_reported_once(recorded, tmp_path, capsys):
    arguments = ["spot", recorded / "videos", "--out", tmp_path, "--landmarker", "mediapipe"]
    arguments += [
        "--model",
        recorded / "sensitive.skspot",
        "--landmarker-option",
        "model_path=missing.task",
    ]
    assert main([*map(str, arguments)]) == 1
    error = capsys.readouterr().err
    assert error.count("missing.task") == 1
    assert "model_path is --landmarker-option model_path=..." in error


def test_what_players_show_when_sound_begins_first(recorded, tmp_path):
    """Other programs count from the beginning of the sound, skspot from the first frame."""
    frames = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=1).videos[0]
    path = write_with_sound(tmp_path / "late.mp4", frames, seconds_before=0.7)
    arguments = ["spot", path, "--model", recorded / "sensitive.skspot", "--out", tmp_path]
    arguments += ["--format", "csv", "--format", "elan"]
    assert main([*map(str, arguments)]) == 0
    table = read_intervals(tmp_path / "late.csv")["late"]
    row = pd.read_csv(tmp_path / "late.csv").iloc[0]
    assert row["onset_seconds"] == pytest.approx(row["onset"] / 30, abs=1e-3)
    document = pympi.Elan.Eaf(tmp_path / "late.eaf")
    begins = [begin for begin, *_ in document.get_annotation_data_for_tier(row["label"])]
    assert min(begins) == pytest.approx(1000 * (row["onset"] / 30 + 0.7), abs=2)
    (tmp_path / "late.csv").unlink()
    read = read_tables(tmp_path)["late"]
    np.testing.assert_array_equal(np.sort(read), np.sort(table))


def write_with_sound(path, frames, *, seconds_before):
    """Write a video whose sound begins before its picture."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.height, video.width = frames.shape[1:]
        video.pix_fmt = "yuv420p"
        sound = container.add_stream("aac", rate=16000)
        for start in range(0, 32000, 1024):
            silence = av.AudioFrame.from_ndarray(
                np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono"
            )
            silence.sample_rate, silence.pts = 16000, start
            container.mux(sound.encode(silence))
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            frame.pts = number + round(30 * seconds_before)
            frame.time_base = Fraction(1, 30)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        container.mux(sound.encode())
    return path


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            "s01_1,1.5,2.5,macro",
            "On the command line, unit is --unit seconds, on_error is --on-error warn.\n",
        ),
        ("s01_1,10,40,smile", "label_names is --label smile=macro"),
    ],
)
def test_errors_name_the_options_of_the_command_line(recorded, tmp_path, capsys, row, expected):
    table = tmp_path / "table.csv"
    table.write_text(f"video,onset,offset,label\n{row}\n")
    out = str(tmp_path / "model.skspot")
    arguments = ["--annotations", str(table), "--videos", str(recorded / "videos"), "--model", out]
    assert main(["train", *arguments]) == 1
    assert expected in capsys.readouterr().err
