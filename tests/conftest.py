"""Data that many tests share."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skspot
from skspot.cli import main
from skspot.datasets import make_expression_videos
from skspot.video import AlignedVideo

ROOT = Path(__file__).parent.parent

# What makes a command that trains a quick one.
QUICK = ["--landmarker", "template", "--epochs", "1"]


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the option
def pytest_cmdline_main(config):
    """Run the whole suite on all cores; tests that are named run in this process."""
    named = config.args_source is config.ArgsSource.ARGS
    is_worker = hasattr(config, "workerinput")  # which has no workers of its own
    if not (named or is_worker) and config.getoption("numprocesses", 0) is None:
        config.option.numprocesses = "auto"
        # A worker for each core: threads of their own would only wait for each other.
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def shared_folder(variable, name):
    """Return a folder of test data outside the repository, or skip."""
    folder = Path(os.environ.get(variable, ROOT.parent / "shared" / name))
    if not folder.is_dir():
        pytest.skip(f"needs the test data in {name}/; set {variable} to its folder")
    return folder


@pytest.fixture(scope="session")
def golden():
    """Return the folder of reference numbers."""
    return shared_folder("SKSPOT_TEST_GOLDEN", "golden")


@pytest.fixture(scope="session")
def test_data():
    """Return the folder of real face videos and models."""
    return shared_folder("SKSPOT_TEST_DATA", "data")


@pytest.fixture(scope="session")
def model(test_data):
    """Return the file of MediaPipe's model."""
    return test_data / "models" / "face_landmarker.task"


def align_exactly(data, face_size=128):
    """Return the synthetic videos as aligned videos with their exact landmarks."""
    return [
        AlignedVideo(
            source=video,
            landmarks=landmarks,
            valid=np.ones(len(landmarks), dtype=bool),
            timestamps=np.arange(len(landmarks)) / data.fps,
            frame_shape=(240, 240),
            face_size=face_size,
        )
        for video, landmarks in zip(data.videos, data.landmarks)
    ]


@pytest.fixture(scope="session")
def still_data():
    """Return two clean videos of a face that moves by its expressions alone."""
    return make_expression_videos(
        2,
        videos_per_subject=1,
        n_frames=150,
        head_motion=0,
        blinks=0,
        light=0,
        noise=0,
        random_state=3,
    )


@pytest.fixture(scope="session")
def lively_data():
    """Return four short videos of two subjects with all distractors."""
    return make_expression_videos(2, videos_per_subject=2, n_frames=120, random_state=1)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """Return a folder with videos of three subjects, their annotations, a cache and two models.

    It is shared: tests copy what they change.
    """
    folder = tmp_path_factory.mktemp("recorded")
    data = make_expression_videos(
        3, videos_per_subject=1, n_frames=60, folder=folder / "videos", random_state=0
    )
    tables = {
        "s01_1": skspot.make_intervals([(10, 20, 45, "macro")]),
        "s02_1": skspot.make_intervals([(30, 34, 40, "micro")]),
        "s03_1": skspot.make_intervals([(5, 9, 12, "micro"), (20, 30, 50, "macro")]),
    }
    frame = pd.concat(
        pd.DataFrame(table).assign(video=name, subject=subject)
        for subject, (name, table) in zip(data.subjects, tables.items())
    )
    frame.to_csv(folder / "true.csv", index=False)
    status = main(
        ["train", "--annotations", str(folder / "true.csv"), "--videos", str(folder / "videos")]
        + ["--model", str(folder / "model.skspot"), "--cache", str(folder / "cache"), *QUICK]
    )
    assert status == 0
    spotter = skspot.load(folder / "model.skspot")
    spotter[-1].set_params(macro_threshold=0, micro_threshold=0)  # it finds something everywhere
    skspot.save(spotter, folder / "sensitive.skspot")
    return folder
