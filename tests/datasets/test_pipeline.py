"""The pipeline of design.md on every loader's tiny tree: from a dataset on the disk to scores."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skspot.datasets import load_cas_me2, load_cas_me3, load_samm_lv, load_smic_long
from skspot.intervals import PREDICTION_DTYPE
from skspot.metrics import spotting_report
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow
from tests.datasets.trees import (
    cas_me2_tree,
    cas_me3_tree,
    jpeg,
    load_quietly,
    samm_tree,
    smic_tree,
)

SIZE = 96
# A face of 68 points in the picture's middle: rows of points will do.
FACE = np.stack(np.meshgrid(np.linspace(24, 72, 17), np.linspace(24, 72, 4)), axis=-1).reshape(
    68, 2
)
TEXTURE = np.random.RandomState(0).randint(0, 256, (SIZE // 8, SIZE // 8), dtype=np.uint8)
TEXTURE = TEXTURE.repeat(8, axis=0).repeat(8, axis=1)
# What moves a little: real pictures, some of which are alike.
PICTURES = [jpeg(np.roll(TEXTURE, shift, axis=1)) for shift in range(4)]


def textured(number):
    """Return a picture with texture that depends on its number."""
    return PICTURES[number % 4]


def fixed_face(frame):
    """Find the same face in every frame."""
    return FACE


@pytest.mark.filterwarnings("ignore:.*no image has the number:UserWarning")  # one tree has holes
@pytest.mark.parametrize(
    ("tree", "load", "keep_every"),
    [
        # With 7 the tiny videos would be shorter than a window.
        pytest.param(samm_tree, load_samm_lv, 3, marks=pytest.mark.slow),
        pytest.param(cas_me2_tree, load_cas_me2, 1, marks=pytest.mark.slow),
        (cas_me3_tree, load_cas_me3, 1),
        pytest.param(smic_tree, load_smic_long, 1, marks=pytest.mark.slow),
    ],
)
def test_from_a_dataset_to_scores(tmp_path, tree, load, keep_every):
    data = load_quietly(load, tree(tmp_path / "root", textured), keep_every=keep_every)
    spotter = make_pipeline(
        FaceAligner(landmarker=fixed_face, detect_every=1, face_size=64),
        SWMROFlow(flow="lucas-kanade"),
        SpotFormerClassifier(
            max_epochs=1, module__dim=8, module__dim_head=4, batch_size=64, random_state=0
        ),
    )
    predicted = spotter.fit(data.videos, data.intervals).predict(data.videos)
    assert all(table.dtype == PREDICTION_DTYPE for table in predicted)
    report = spotting_report(data.intervals, predicted, output_dict=True)
    assert report["overall"]["TP"] + report["overall"]["FN"] == sum(map(len, data.intervals))
