"""skspot finds facial expressions in long videos, the scikit-learn way.

Nothing heavy is imported until it is used: ``import skspot`` loads neither torch nor OpenCV.
"""

import lazy_loader

__version__ = "0.1.0.dev0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]
