"""Tests of the command line."""

import re
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import Pipeline, make_pipeline

import skspot
from skspot import make_intervals
from skspot.cli import main, make_parser
from skspot.cli._spot import output_names
from skspot.cli._spotter import apply_options
from skspot.datasets import make_expression_videos
from skspot.datasets.synthetic import write_video
from skspot.io import read_intervals, write_intervals
from skspot.landmarks import MediaPipe
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

TABLES = {
    "s01_1": make_intervals([(10, 20, 50, "macro")]),
    "s01_2.mp4": make_intervals([(30, 34, 40, "micro")]),
}


@pytest.fixture(scope="module")
def folder(recorded, tmp_path_factory):
    """Return a folder with two videos, their annotations, a cache and a model."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "videos").mkdir()
    for name, copied in (("s01_1", "s01_1"), ("s02_1", "s01_2")):
        shutil.copy2(recorded / "videos" / f"{name}.mp4", folder / "videos" / f"{copied}.mp4")
    shutil.copytree(recorded / "cache", folder / "cache")
    shutil.copy(recorded / "model.skspot", folder)
    write_intervals(folder / "true.csv", TABLES)
    return folder


@pytest.fixture
def sensitive_model(recorded):
    """Return a model that finds something in every video."""
    return recorded / "sensitive.skspot"


def spot(folder, out, *videos, model=None, options=None):
    model = model or folder / "model.skspot"
    arguments = ["spot", *map(str, videos), "--model", str(model), "--out", str(out)]
    return main([*arguments, *(options or ["--cache", str(folder / "cache")])])


def errors(capsys):
    """Return the lines of stderr that are no progress bars."""
    return [line for line in capsys.readouterr().err.splitlines() if line and "%|" not in line]


def test_train(folder):
    spotter = skspot.load(folder / "model.skspot")
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
        for field in ("onset", "apex", "offset", "label"):
            np.testing.assert_array_equal(tables[1][field], table[field])
        # Other numbers of threads add up in another order.
        assert_allclose(tables[1]["score"], table["score"], rtol=1e-5)
        frame = pd.read_csv(path)
        assert len(frame) == len(table) > 0
        for field in ("onset", "apex", "offset"):
            assert_allclose(frame[f"{field}_seconds"], frame[field] / 30, atol=1e-5)
        assert (tmp_path / "new" / "out" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        n_macro = (table["label"] == "macro").sum()
        n_micro = (table["label"] == "micro").sum()
        assert f"{name}: {n_macro} macro- and {n_micro} micro-expressions in 60 frames" in out


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_spot_without_a_cache_finds_the_same(folder, tmp_path, sensitive_model, jobs):
    videos = [folder / "videos" / f"s01_{number}.mp4" for number in (1, 2)]
    assert spot(folder, tmp_path / "kept", *videos, model=sensitive_model) == 0
    options = ["--jobs", jobs]
    assert spot(folder, tmp_path / "new", *videos, model=sensitive_model, options=options) == 0
    for video in videos:
        kept, new = (pd.read_csv(tmp_path / way / f"{video.stem}.csv") for way in ("kept", "new"))
        pd.testing.assert_frame_equal(kept, new, rtol=1e-4)
        assert len(new) > 0


def test_errors_of_a_model_that_collects_them(folder, tmp_path, capsys):
    spotter = skspot.load(folder / "model.skspot")
    for step in spotter[:-1]:
        step.set_params(on_error="warn")
    skspot.save(spotter, tmp_path / "model")
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    out = tmp_path / "out"
    assert spot(folder, out, tmp_path / "broken.mp4", model=tmp_path / "model") == 1
    assert "VideoReadError: The file" in "\n".join(errors(capsys))


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
    loaded = skspot.load(folder / "model.skspot")
    skspot.save(make_pipeline(*[step for _, step in loaded.steps]), tmp_path / "model")
    video = folder / "videos" / "s01_1.mp4"
    assert spot(folder, tmp_path / "out", video, model=tmp_path / "model") == 0
    assert (tmp_path / "out" / "s01_1.csv").exists()


def test_a_model_without_preprocessing(folder, tmp_path, capsys):
    loaded = skspot.load(folder / "model.skspot")
    skspot.save(loaded[-1], tmp_path / "model")
    video = folder / "videos" / "s01_1.mp4"
    assert spot(folder, tmp_path / "out", video, model=tmp_path / "model") == 1
    (line,) = errors(capsys)
    assert "can't be used on videos, because it has no FaceAligner" in line


def test_missing_and_foreign_models(folder, tmp_path, capsys):
    video = folder / "videos" / "s01_1.mp4"
    assert spot(folder, tmp_path / "out", video, model=tmp_path / "none") == 1
    (line,) = errors(capsys)
    assert line.startswith("skspot spot: There is no model file")
    assert spot(folder, tmp_path / "out", video, model=folder / "true.csv") == 1
    (line,) = errors(capsys)
    assert "is not a model file, or is damaged" in line
    assert not (tmp_path / "out").exists()


def test_results_that_would_overwrite_each_other(folder, tmp_path, capsys):
    shutil.copy(folder / "videos" / "s01_1.mp4", tmp_path)
    assert spot(folder, tmp_path, folder / "videos" / "s01_1.mp4", tmp_path / "s01_1.mp4") == 1
    (line,) = errors(capsys)
    assert "Several videos are called s01_1" in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "video,onset,offset,label\ns09,1,2,macro\n",
            "1 of 1 videos of the table are not in .*'s09'",
        ),
        ("video,onset,offset,label\n", "names no video"),
        ("video,onset,label\ns01_1,1,macro\n", "lacks the columns offset"),
        ("video,onset,offset,label\ns01_1,9,2,macro\n", "the offset is before the onset: 2 < 9"),
        ("video,onset,offset,label\ns01_1,9,600,macro\n", "beyond the last frame.*milliseconds"),
        ("video,onset,offset,label\ns01_1,,,\n", "no usable interval"),
    ],
)
def test_tables_that_can_not_be_trained_on(folder, tmp_path, capsys, text, message):
    (tmp_path / "table.csv").write_text(text)
    status = main(
        ["train", "--annotations", str(tmp_path / "table.csv"), "--videos", str(folder / "videos")]
        + ["--model", str(tmp_path / "model"), "--landmarker", "template"]
        + ["--cache", str(folder / "cache"), "--epochs", "1"]
    )
    assert status == 1
    assert not (tmp_path / "model").exists()
    lines = errors(capsys)
    assert sum(line.startswith("skspot train: ") for line in lines) == 1
    assert re.search(message, " ".join(lines))


def test_score(folder, tmp_path, capsys):
    predicted = {
        "s01_1": make_intervals([(10, 22, 45, "macro", 0.9), (52, 54, 59, "micro", 0.2)]),
        "s03": make_intervals([(1, 2, 3, "micro", 0.2)]),
    }
    write_intervals(tmp_path / "predicted.csv", predicted)
    assert (
        main(["score", str(tmp_path / "predicted.csv"), "--annotations", str(folder / "true.csv")])
        == 0
    )
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


def test_score_a_folder_whatever_the_suffix(folder, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    write_intervals(out / "s01_1.csv", {"s01_1": TABLES["s01_1"]})
    write_intervals(out / "s01_2.csv", {"s01_2": make_intervals()})
    assert main(["score", str(out), "--annotations", str(folder / "true.csv")]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "2 videos" in captured.out
    assert re.search(r"overall +1 +0 +1 ", captured.out)
    write_intervals(out / "again.csv", {"s01_1.avi": make_intervals()})
    assert main(["score", str(out), "--annotations", str(folder / "true.csv")]) == 1
    assert "several tables of the video 's01_1'" in capsys.readouterr().err
    assert main(["score", str(tmp_path), "--annotations", str(folder / "true.csv")]) == 1
    assert "There is no .boris or .csv" in capsys.readouterr().err


def test_score_without_a_common_video(folder, tmp_path, capsys):
    write_intervals(tmp_path / "p.csv", {"other": make_intervals([(10, 20, 45, "macro", 0.9)])})
    assert main(["score", str(tmp_path / "p.csv"), "--annotations", str(folder / "true.csv")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.search(
        "no video in common.*: other in the predictions, s01_1, s01_2 in the ann", captured.err
    )


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_wrong_number_of_jobs(jobs, capsys):
    with pytest.raises(SystemExit):
        main(["demo", "--jobs", jobs])
    assert "--jobs" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--subjects", "2"],
        ["train", "--annotations", "table.csv", "--model", "m", "--epochs", "0"],
    ],
)
def test_numbers_that_are_too_small(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "must be at least" in capsys.readouterr().err


# -- what is refused before any work ---------------------------------------------------------------


@pytest.fixture
def no_work(monkeypatch):
    def work(*args, **kwargs):
        pytest.fail("work was done before the refusal")

    monkeypatch.setattr("skspot.io.read_intervals", work)
    monkeypatch.setattr("skspot.load", work)
    monkeypatch.setattr("skspot.demo.run_demo", work)


def test_places_that_can_not_be_written_to(tmp_path, capsys, no_work):
    (tmp_path / "file").write_text("")
    for model, message in (
        (tmp_path, "is a folder with this name"),
        (tmp_path / "file/m", "is a file"),
    ):
        assert main(["train", "--annotations", "table.csv", "--model", str(model)]) == 1
        assert message in capsys.readouterr().err
    for out in (tmp_path / "file", tmp_path / "file" / "deeper"):
        for arguments in (["spot", "v.mp4", "--model", "m"], ["demo"]):
            assert main([*arguments, "--out", str(out)]) == 1
            assert "is a file" in capsys.readouterr().err


def test_folders_without_permission(tmp_path, capsys, no_work, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert (
        main(["train", "--annotations", "table.csv", "--model", str(tmp_path / "new" / "m")]) == 1
    )
    assert f"no permission to write in {tmp_path}" in capsys.readouterr().err
    assert main(["spot", "v.mp4", "--model", "m", "--out", str(tmp_path)]) == 1
    assert "no permission to write" in capsys.readouterr().err


def test_errors_of_type_are_messages(monkeypatch, capsys):
    def fails(*args, **kwargs):
        raise TypeError("of a wrong type")

    monkeypatch.setattr("skspot.demo.run_demo", fails)
    assert main(["demo"]) == 1
    assert capsys.readouterr().err == "skspot demo: of a wrong type\n"


# -- names and options -----------------------------------------------------------------------------


def test_names_of_results(tmp_path):
    for name in ("s01.a", "s01.b"):
        (tmp_path / name).mkdir()
    videos = [tmp_path / "s01.a", tmp_path / "s01.b", tmp_path / "s02.mp4"]
    assert output_names(map(str, videos)) == ["s01.a", "s01.b", "s02"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "MediaPipe(num_faces=2)"),
        (["--landmarker", "mediapipe"], "MediaPipe(num_faces=2)"),
        (
            ["--landmarker-option", "model_path=a=b", "--landmarker-option", "num_faces=3"],
            "MediaPipe(model_path='a=b', num_faces=3)",
        ),
        (["--landmarker", "template"], "'template'"),
        (["--landmarker", "template", "--landmarker-option", "recheck=7"], "Template(recheck=7)"),
        (
            ["--landmarker", "face-alignment", "--landmarker-option", "flip_input=false"],
            "FaceAlignment(flip_input=False)",
        ),
        (
            ["--landmarker", "openface", "--landmarker-option", "min_confidence=0.5"]
            + ["--landmarker-option", "files={stem}.csv"],
            "OpenFace(files='{stem}.csv', min_confidence=0.5)",
        ),
    ],
)
def test_options_of_the_landmarker(arguments, expected):
    spotter = Pipeline(
        [
            ("align", FaceAligner(MediaPipe(num_faces=2))),
            ("flow", SWMROFlow()),
            ("spot", SpotFormerClassifier()),
        ]
    )
    apply_options(spotter, make_parser().parse_args(["spot", "v.mp4", "--model", "m", *arguments]))
    assert repr(spotter[0].landmarker) == expected


def test_unknown_options_of_the_landmarker(folder, capsys):
    arguments = ["spot", "v.mp4", "--model", str(folder / "model.skspot")]
    assert main([*arguments, "--landmarker-option", "speed=1"]) == 1
    assert "Template has no parameter speed; its parameters are recheck." in capsys.readouterr().err
    for text in ("speed", "=1"):
        with pytest.raises(SystemExit):
            main([*arguments, "--landmarker-option", text])
        assert f"must be NAME=VALUE, got {text!r}" in capsys.readouterr().err
    assert main([*arguments, "--landmarker-option", "recheck=often"]) == 1
    assert "'recheck' parameter of Template must be an int" in capsys.readouterr().err


def test_landmarker_of_new_models():
    parse = make_parser().parse_args
    options = parse(["train", "--annotations", "a.csv", "--model", "m"])
    assert options.landmarker == FaceAligner().landmarker


@pytest.mark.parametrize(("arguments", "expected"), [([], 3), (["--detect-every", "7"], 7)])
def test_detect_every(arguments, expected, capsys):
    spotter = Pipeline(
        [
            ("align", FaceAligner("mediapipe", detect_every=3)),
            ("flow", SWMROFlow()),
            ("spot", SpotFormerClassifier()),
        ]
    )
    apply_options(spotter, make_parser().parse_args(["spot", "v.mp4", "--model", "m", *arguments]))
    assert spotter[0].detect_every == expected
    with pytest.raises(SystemExit):
        main(["spot", "v.mp4", "--model", "m", "--detect-every", "0"])
    assert "--detect-every: must be at least 1" in capsys.readouterr().err


# -- the cache -------------------------------------------------------------------------------------


KINDS = ("landmarks", "features", "folds")


def lines_of_cache(capsys, folder, *arguments):
    assert main(["cache", str(folder), *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_cache_is_shown_limited_and_cleared(folder, tmp_path, capsys):
    cache = tmp_path / "cache"
    shutil.copytree(folder / "cache", cache)
    (cache / "notes.txt").write_text("mine")
    shown = lines_of_cache(capsys, cache)
    number = r"(\d+) entries, \d+\.\d MB"
    kept = [int(re.fullmatch(f"{kind}: {number}", line)[1]) for kind, line in zip(KINDS, shown)]
    assert min(kept[:2]) >= 2
    assert kept[2:] == [0]
    assert lines_of_cache(capsys, cache, "--limit-mb", "1000") == shown
    assert lines_of_cache(capsys, cache, "--clear") == [
        f"{kind}: 0 entries, 0.0 MB" + f", {n} deleted" * (n > 0) for kind, n in zip(KINDS, kept)
    ]
    assert lines_of_cache(capsys, cache) == [f"{kind}: 0 entries, 0.0 MB" for kind in KINDS]
    assert (cache / "notes.txt").read_text() == "mine"


def test_cache_limited_to_nothing(folder, tmp_path, capsys):
    cache = tmp_path / "cache"
    shutil.copytree(folder / "cache", cache)
    *shown, folds = lines_of_cache(capsys, cache, "--limit-mb", "0")
    assert all("deleted" in line for line in shown)
    assert folds == "folds: 0 entries, 0.0 MB"


@pytest.mark.parametrize("arguments", [[], ["--clear"], ["--limit-mb", "1"]])
def test_folders_that_are_no_cache_stay_as_they_are(folder, capsys, arguments):
    before = sorted(folder.rglob("*"))
    assert main(["cache", str(folder / "videos"), *arguments]) == 1
    (line,) = errors(capsys)
    assert line.startswith("skspot cache: ")
    assert "is not a cache of skspot" in line
    assert sorted(folder.rglob("*")) == before


def test_score_with_another_threshold(folder, tmp_path, capsys):
    write_intervals(tmp_path / "p.csv", {"s01_1": make_intervals([(10, 20, 45, "macro", 0.9)])})
    arguments = [
        "score",
        str(tmp_path / "p.csv"),
        "--annotations",
        str(folder / "true.csv"),
        "--iou",
    ]
    hit, missed = [], []
    for lines, threshold in ((hit, "0.87"), (missed, "0.88")):  # the IoU is 36 / 41 = 0.878
        assert main([*arguments, threshold]) == 0
        lines.extend(capsys.readouterr().out.splitlines())
    assert hit != missed
    with pytest.raises(SystemExit):
        main([*arguments, "0"])
    assert "--iou: must be above 0" in capsys.readouterr().err


def test_score_missing_tables(folder, tmp_path, capsys):
    assert (
        main(["score", str(tmp_path / "none.csv"), "--annotations", str(folder / "true.csv")]) == 1
    )
    (line,) = errors(capsys)
    assert line.startswith("skspot score: ")
    assert "none.csv" in line


def test_version_and_usage(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"skspot {skspot.__version__}\n"
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2


def test_help_states_the_defaults_of_the_classes(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    epochs = SpotFormerClassifier().max_epochs
    assert f"goes through all videos (default {epochs})" in shown
    assert f"in the frames between (default: {FaceAligner().detect_every})" in shown
    assert f"(default: {FaceAligner().landmarker})" in shown


def test_warnings_are_printed_as_before_afterwards(tmp_path):
    before = warnings.showwarning
    main(["score", str(tmp_path / "none.csv"), "--annotations", str(tmp_path / "none.csv")])
    assert warnings.showwarning is before
