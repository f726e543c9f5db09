"""Pictures of what was spotted, and of the motion that it was spotted by."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_drawing": ["CLASS_COLOURS"],
        "_flow": ["FlowDisplay"],
        "_match": ["MatchDisplay"],
        "_occlusion": ["OcclusionDisplay"],
        "_regions": ["RegionsDisplay"],
        "_spotting": ["SpottingDisplay"],
        "_training": ["TrainingDisplay"],
    },
)
