from ._aligner import FaceAligner as FaceAligner
from ._features import FlowFeatures as FlowFeatures
from ._features import FlowLayout as FlowLayout
from ._sw_mro import SWMROFlow as SWMROFlow
