"""From videos to features: face alignment and sliding-window multi-resolution optical flow."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_aligner": ["FaceAligner"],
        "_features": ["FlowFeatures", "FlowLayout"],
        "_sw_mro": ["SWMROFlow"],
    },
)
