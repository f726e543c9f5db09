"""Tests of the command line."""

import re
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline

import skspot
from skspot import make_intervals
from skspot.cli import main
from skspot.datasets import make_expression_videos
from skspot.datasets._synthetic import write_video
from skspot.io import read_intervals, write_intervals
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

TABLES = {
    "s01_1": make_intervals([(10, 20, 50, "macro")]),
    "s01_2.mp4": make_intervals([(30, 34, 40, "micro")]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with two videos, their annotations and a model trained on them."""
    folder = tmp_path_factory.mktemp("cli")
    make_expression_videos(
        1, videos_per_subject=2, n_frames=60, directory=folder / "videos", random_state=0
    )
    write_intervals(folder / "true.csv", TABLES)
    status = main(
        ["train", str(folder / "true.csv"), "--videos", str(folder / "videos"), "--epochs", "1"]
        + ["--landmarker", "template", "--model", str(folder / "models" / "model.skspot")]
        + ["--cache", str(folder / "cache")]
    )
    assert status == 0
    return folder


@pytest.fixture(scope="module")
def sensitive_model(folder):
    """Return a model that finds something in every video."""
    spotter = skspot.load(folder / "models" / "model.skspot")
    spotter[-1].set_params(macro_threshold=0, micro_threshold=0)
    skspot.save(spotter, folder / "sensitive.skspot")
    return folder / "sensitive.skspot"


def spot(folder, out, *videos, model=None):
    model = model or folder / "models" / "model.skspot"
    arguments = ["spot", *map(str, videos), "--model", str(model), "--out", str(out)]
    return main([*arguments, "--cache", str(folder / "cache")])


def errors(capsys):
    """Return the lines of stderr that are no progress bars."""
    return [line for line in capsys.readouterr().err.splitlines() if line and "%|" not in line]


def test_train(folder):
    spotter = skspot.load(folder / "models" / "model.skspot")
    assert [type(step) for _, step in spotter.steps] == [
        FaceAligner,
        SWMROFlow,
        SpotFormerClassifier,
    ]
    assert spotter[0].landmarker == "template"
    assert spotter[-1].max_epochs == 1
    assert spotter[-1].random_state == 0


def test_spot(folder, tmp_path, capsys, sensitive_model):
    videos = [folder / "videos" / "s01_1.mp4", folder / "videos" / "s01_2.mp4"]
    assert spot(folder, tmp_path / "new" / "out", *videos, model=sensitive_model) == 0
    out = capsys.readouterr().out
    expected = skspot.load(sensitive_model).predict([str(video) for video in videos])
    for name, table in zip(("s01_1", "s01_2"), expected):
        path = tmp_path / "new" / "out" / f"{name}.csv"
        (tables,) = read_intervals(path).items()
        assert tables[0] == name
        np.testing.assert_array_equal(tables[1], table)
        frame = pd.read_csv(path)
        assert len(frame) == len(table) > 0
        for field in ("onset", "apex", "offset"):
            assert_allclose(frame[f"{field}_seconds"], frame[field] / 30, atol=1e-5)
        assert (tmp_path / "new" / "out" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        n_macro = (table["label"] == "macro").sum()
        n_micro = (table["label"] == "micro").sum()
        assert f"{name}: {n_macro} macro- and {n_micro} micro-expressions in 60 frames" in out


def test_videos_that_fail_do_not_stop_the_others(folder, tmp_path, capsys):
    """No face, no video, none at all, too short: each is named, and the good one is written."""
    noise = np.random.default_rng(0).integers(0, 255, size=(30, 120, 120), dtype=np.uint8)
    write_video(tmp_path / "noise.mp4", noise, fps=30)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    face = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0).videos[0]
    write_video(tmp_path / "short.mp4", face[:5], fps=30)
    bad = [tmp_path / f"{name}.mp4" for name in ("noise", "broken", "short", "missing")]
    out = tmp_path / "out"
    assert spot(folder, out, *bad, folder / "videos" / "s01_1.mp4") == 1
    assert {path.name for path in out.iterdir()} == {"s01_1.csv", "s01_1.png"}
    lines = "\n".join(errors(capsys))
    for video in bad:
        assert video.name in lines
    assert "NoFaceError" in lines
    assert "5 frames, fewer than window_length=17" in lines
    assert "Traceback" not in lines


def test_a_model_of_any_pipeline(folder, tmp_path):
    """Steps are known by what they are, not by what they are called."""
    loaded = skspot.load(folder / "models" / "model.skspot")
    skspot.save(make_pipeline(*[step for _, step in loaded.steps]), tmp_path / "model")
    video = folder / "videos" / "s01_1.mp4"
    assert spot(folder, tmp_path / "out", video, model=tmp_path / "model") == 0
    assert (tmp_path / "out" / "s01_1.csv").exists()


def test_a_model_without_preprocessing(folder, tmp_path, capsys):
    loaded = skspot.load(folder / "models" / "model.skspot")
    skspot.save(loaded[-1], tmp_path / "model")
    video = folder / "videos" / "s01_1.mp4"
    assert spot(folder, tmp_path / "out", video, model=tmp_path / "model") == 1
    (line,) = errors(capsys)
    assert "needs a model of FaceAligner, SWMROFlow and SpotFormerClassifier" in line


def test_missing_and_foreign_models(folder, tmp_path, capsys):
    video = folder / "videos" / "s01_1.mp4"
    assert spot(folder, tmp_path / "out", video, model=tmp_path / "none") == 1
    (line,) = errors(capsys)
    assert line.startswith("skspot spot: There is no model file")
    assert spot(folder, tmp_path / "out", video, model=folder / "true.csv") == 1
    (line,) = errors(capsys)
    assert "is no model file, or is damaged" in line
    assert not (tmp_path / "out").exists()


def test_results_that_would_overwrite_each_other(folder, tmp_path, capsys):
    shutil.copy(folder / "videos" / "s01_1.mp4", tmp_path)
    assert spot(folder, tmp_path, folder / "videos" / "s01_1.mp4", tmp_path / "s01_1.mp4") == 1
    (line,) = errors(capsys)
    assert "Several videos are called s01_1" in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video,onset,offset,label\ns09,1,2,macro\n", "The table names the video 's09'; expected"),
        ("video,onset,offset,label\n", "holds no video"),
        ("video,onset,label\ns01_1,1,macro\n", r"lacks the columns \['offset'\]"),
        ("video,onset,offset,label\ns01_1,9,2,macro\n", "video s01_1: .*onset <= apex <= offset"),
        ("video,onset,offset,label\ns01_1,9,60,macro\n", "beyond the video of 60 frames"),
        ("video,onset,offset,label\ns01_1,,,\n", "no interval at all"),
    ],
)
def test_tables_that_can_not_be_trained_on(folder, tmp_path, capsys, text, message):
    (tmp_path / "table.csv").write_text(text)
    status = main(
        ["train", str(tmp_path / "table.csv"), "--videos", str(folder / "videos")]
        + ["--model", str(tmp_path / "model"), "--landmarker", "template"]
        + ["--cache", str(folder / "cache"), "--epochs", "1"]
    )
    assert status == 1
    assert not (tmp_path / "model").exists()
    (line,) = [line for line in errors(capsys) if line.startswith("skspot train: ")]
    assert re.search(message, line)


def test_evaluate(folder, tmp_path, capsys):
    predicted = {
        "s01_1": make_intervals([(10, 22, 45, "macro", 0.9), (52, 54, 59, "micro", 0.2)]),
        "s03": make_intervals([(1, 2, 3, "micro", 0.2)]),
    }
    write_intervals(tmp_path / "predicted.csv", predicted)
    assert main(["evaluate", str(tmp_path / "predicted.csv"), str(folder / "true.csv")]) == 0
    captured = capsys.readouterr()
    report = skspot.metrics.spotting_report(
        [*TABLES.values(), make_intervals()],
        [predicted["s01_1"], make_intervals(), predicted["s03"]],
    )
    assert captured.out.strip() == report.strip()
    without_predictions, without_annotations = captured.err.splitlines()
    assert "1 of 3 videos have no predictions" in without_predictions
    assert without_predictions.endswith(": s01_2")
    assert "1 of 3 videos have no annotations" in without_annotations
    assert without_annotations.endswith(": s03")


def test_evaluate_a_folder_whatever_the_suffix(folder, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    write_intervals(out / "s01_1.csv", {"s01_1": TABLES["s01_1"]})
    write_intervals(out / "s01_2.csv", {"s01_2": make_intervals()})
    assert main(["evaluate", str(out), str(folder / "true.csv")]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "2 videos" in captured.out
    assert re.search(r"overall +1 +0 +1 ", captured.out)
    write_intervals(out / "again.csv", {"s01_1.avi": make_intervals()})
    assert main(["evaluate", str(out), str(folder / "true.csv")]) == 1
    assert "several tables of the video 's01_1'" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path), str(folder / "true.csv")]) == 1
    assert "no CSV file" in capsys.readouterr().err


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_wrong_number_of_jobs(jobs, capsys):
    with pytest.raises(SystemExit):
        main(["demo", "--jobs", jobs])
    assert "--jobs" in capsys.readouterr().err


def test_evaluate_with_another_threshold(folder, tmp_path, capsys):
    write_intervals(tmp_path / "p.csv", {"s01_1": make_intervals([(10, 20, 45, "macro", 0.9)])})
    arguments = ["evaluate", str(tmp_path / "p.csv"), str(folder / "true.csv"), "--iou"]
    hit, missed = [], []
    for lines, threshold in ((hit, "0.87"), (missed, "0.88")):  # the IoU is 36 / 41 = 0.878
        assert main([*arguments, threshold]) == 0
        lines.extend(capsys.readouterr().out.splitlines())
    assert hit != missed
    assert main([*arguments, "0"]) == 1
    (line,) = [line for line in errors(capsys) if line.startswith("skspot evaluate: ")]
    assert "iou_threshold" in line


def test_evaluate_missing_tables(folder, tmp_path, capsys):
    assert main(["evaluate", str(tmp_path / "none.csv"), str(folder / "true.csv")]) == 1
    (line,) = errors(capsys)
    assert line.startswith("skspot evaluate: ")
    assert "none.csv" in line


def test_version_and_usage(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"skspot {skspot.__version__}\n"
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2


def test_warnings_are_printed_as_before_afterwards(tmp_path):
    before = warnings.showwarning
    main(["evaluate", str(tmp_path / "none.csv"), str(tmp_path / "none.csv")])
    assert warnings.showwarning is before
