"""Pictures of what was spotted, and of the motion that it was spotted by."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
