"""Videos with annotated expressions: synthetic ones, and the published datasets."""

from skspot.datasets._annotated_videos import load_annotated_videos, read_annotations
from skspot.datasets._cas_me2 import load_cas_me2
from skspot.datasets._cas_me3 import load_cas_me3
from skspot.datasets._samm_lv import load_samm_lv
from skspot.datasets._smic_long import load_smic_long
from skspot.datasets.files import find_videos
from skspot.datasets.synthetic import FacePhotograph, make_expression_videos

__all__ = [
    "FacePhotograph",
    "find_videos",
    "load_annotated_videos",
    "load_cas_me2",
    "load_cas_me3",
    "load_samm_lv",
    "load_smic_long",
    "make_expression_videos",
    "read_annotations",
]
