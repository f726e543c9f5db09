"""Data that many tests share."""

import os
from pathlib import Path

import numpy as np
import pytest

from skspot.datasets import make_expression_videos
from skspot.video import AlignedVideo

ROOT = Path(__file__).parent.parent


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
