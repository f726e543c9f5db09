"""Optical flow of facial regions: engines, displacements of nodes, windows of frames."""

from skspot.preprocessing.flow._engines import ENGINE_NAMES, FlowEngine, make_engine
from skspot.preprocessing.flow._geometry import RegionGeometry
from skspot.preprocessing.flow._neutral_displacement import NeutralDisplacement
from skspot.preprocessing.flow._windows import window_pairs

__all__ = [
    "ENGINE_NAMES",
    "FlowEngine",
    "NeutralDisplacement",
    "RegionGeometry",
    "make_engine",
    "window_pairs",
]
