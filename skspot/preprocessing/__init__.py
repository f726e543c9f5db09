"""From videos to features: face alignment and sliding-window multi-resolution optical flow."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
