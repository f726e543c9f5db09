"""Whole pipelines from videos to intervals."""

from __future__ import annotations

from sklearn.pipeline import Pipeline

from skspot.neural_network import SpotFormer, SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow
from skspot.utils._typing import LandmarkerLike, Memory, RandomState

__all__ = ["spotformer", "spotformer_paper"]


def spotformer(
    landmarker: LandmarkerLike = "mediapipe",
    *,
    memory: Memory = None,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: int = 0,
) -> Pipeline:
    """Return the default pipeline, which trains in minutes on an ordinary CPU.

    Parameters
    ----------
    landmarker : object, default="mediapipe"
        The face landmark detector, see `FaceAligner`.
    memory : str, path-like or object with the joblib.Memory interface, default=None
        Cache of the landmarks and features of each video.
    n_jobs : int, default=None
        Number of videos that are processed at a time.
    random_state : int, RandomState or None, default=None
        Seed of the training.
    verbose : int, default=0
        Whether all steps show their progress.

    Returns
    -------
    spotter : Pipeline
        The steps "align", "flow" and "spot", not fitted. You can change any parameter, for example
        with ``spotter.set_params(spot__max_epochs=20)``.

    See Also
    --------
    spotformer_paper : The pipeline with the published settings.
    skspot.spot : Spot videos with the fitted pipeline.

    Examples
    --------
    >>> from skspot.recipes import spotformer
    >>> list(spotformer(random_state=0).named_steps)
    ['align', 'flow', 'spot']
    """
    shared = {"memory": memory, "n_jobs": n_jobs, "verbose": verbose}
    return Pipeline(
        [
            ("align", FaceAligner(landmarker, **shared)),
            ("flow", SWMROFlow(**shared)),
            ("spot", SpotFormerClassifier(random_state=random_state, verbose=verbose)),
        ]
    )


def spotformer_paper(
    landmarker: LandmarkerLike = "mediapipe",
    *,
    memory: Memory = None,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: int = 0,
) -> Pipeline:
    """Return the pipeline with the published settings.

    Flow from the first frame of the window; the network in its full size; the loss with raw
    embeddings in its contrastive part; segments of 16 windows with an expression in batches of 512;
    AdamW with a learning rate of 2e-4 that decreases by 4 % per epoch for 100 epochs, weight decay
    0.1 on linear and convolution layers; no augmentation; decoding from apexes without thresholds,
    at most five intervals of each class in a video. For SAMM-LV the authors use
    ``spot__criterion__macro_weight=0.55``.

    Parameters
    ----------
    landmarker, memory, n_jobs, random_state, verbose : object
        As for `spotformer`.

    Returns
    -------
    spotter : Pipeline
        The steps "align", "flow" and "spot", not fitted.

    See Also
    --------
    spotformer : The default pipeline.

    Notes
    -----
    Two details of the public code are not included: the first frame of a segment never has an apex
    target, and the epoch is chosen by the score of the test subject
    (`skspot.model_selection.oracle_epoch_evaluation` measures the effect).

    References
    ----------
    .. [1] Deng, Hayashi, Nagahara, "SpotFormer: Multi-Scale Spatio-Temporal Transformer for Facial
       Expression Spotting", IEEE Transactions on Affective Computing, 2026.
       :doi:`10.1109/TAFFC.2026.3677401`

    Examples
    --------
    >>> from skspot.recipes import spotformer_paper
    >>> spotter = spotformer_paper()
    >>> spotter["flow"].reference, spotter["spot"].lr
    ('first', 0.0002)
    """
    spotter = spotformer(
        landmarker, memory=memory, n_jobs=n_jobs, random_state=random_state, verbose=verbose
    )
    spotter["flow"].set_params(reference="first", resolutions=("window",))
    spotter["spot"].set_params(
        **{f"module__{name}": value for name, value in SpotFormer.PAPER_SIZES.items()},
        criterion__macro_weight=0.5,
        criterion__expression_weight=0.1,
        criterion__normalize=False,
        segment_length=16,
        neutral_ratio=0.0,
        pasted_micro=0.0,
        pasted_macro=0.0,
        mirror_probability=0.0,
        max_scale=1.0,
        noise_std=0.0,
        decoding="apexes",
        decoding_params={"max_intervals": 5},
        macro_threshold=0.0,
        micro_threshold=0.0,
        lr=2e-4,
        lr_decay=0.96,
        max_epochs=100,
        batch_size=512,
        n_threads=None,  # such a large network needs all cores
    )
    return spotter
