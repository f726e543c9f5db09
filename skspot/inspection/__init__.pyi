from ._drawing import CLASS_COLOURS as CLASS_COLOURS
from ._flow import FlowDisplay as FlowDisplay
from ._match import MatchDisplay as MatchDisplay
from ._occlusion import OcclusionDisplay as OcclusionDisplay
from ._regions import RegionsDisplay as RegionsDisplay
from ._spotting import SpottingDisplay as SpottingDisplay
from ._training import TrainingDisplay as TrainingDisplay
