from ._drawing import CLASS_COLOURS
from ._flow import FlowDisplay
from ._match import MatchDisplay
from ._occlusion import OcclusionDisplay
from ._regions import RegionsDisplay
from ._spotting import SpottingDisplay
from ._training import TrainingDisplay

__all__ = [
    "CLASS_COLOURS",
    "FlowDisplay",
    "MatchDisplay",
    "OcclusionDisplay",
    "RegionsDisplay",
    "SpottingDisplay",
    "TrainingDisplay",
]
