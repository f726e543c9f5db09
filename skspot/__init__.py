"""skspot finds facial expressions in long videos, the scikit-learn way.

Nothing heavy is imported until it is used: ``import skspot`` loads neither torch nor OpenCV.
"""

import lazy_loader

__version__ = "0.1.0.dev0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "datasets",
        "faces",
        "inspection",
        "intervals",
        "io",
        "landmarks",
        "metrics",
        "model_selection",
        "neural_network",
        "preprocessing",
        "recipes",
        "reporting",
        "spotting",
        "video",
    ],
    submod_attrs={
        "intervals": [
            "CLASSES",
            "INTERVAL_DTYPE",
            "PREDICTION_DTYPE",
            "intervals_to_dataframe",
            "make_intervals",
        ],
        "persistence": ["load", "save"],
        "spotting": ["SpottingResult", "spot"],
        "video": ["AlignedVideo", "NoFaceError", "VideoReadError"],
    },
)
__all__ += ["__version__"]
