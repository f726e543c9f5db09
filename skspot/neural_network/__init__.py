"""SpotFormer: the network, its loss, its decoding, and the estimator around them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_classifier": ["SpotFormerClassifier"],
        "_decoding": [
            "FRAME_SCORE_DTYPE",
            "FrameScores",
            "decode_apexes",
            "decode_boundaries",
            "frame_scores",
        ],
        "_loss": ["SpotFormerLoss", "SupervisedContrastiveLoss", "focal_loss"],
        "_spotformer": ["SpotFormer"],
        "_targets": ["frame_targets"],
    },
)
