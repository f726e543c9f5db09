"""What displays take from a fitted pipeline."""


def run_transformers(display, estimator, video):
    """Return the aligned video and the features that a fitted pipeline makes of one video.

    Parameters
    ----------
    display : type
        The display that wants them, for messages.
    estimator : fitted Pipeline
        Ends with a spotter; a `FaceAligner` among its steps tells the times.
    video : path, array or AlignedVideo
        One video, of the kind that the pipeline takes.

    Returns
    -------
    aligned : AlignedVideo
        The video with its landmarks.
    features : array or iterable of arrays
        What the last step before the spotter makes of it.
    """
    if not hasattr(estimator, "steps"):
        raise TypeError(
            f"{display.__name__}.from_estimator needs a fitted Pipeline of FaceAligner, SWMROFlow "
            f"and SpotFormerClassifier, got {type(estimator).__name__}."
        )
    videos = [video]
    aligned = video if hasattr(video, "timestamps") else None
    for _, step in estimator.steps[:-1]:
        videos = step.transform(videos)
        if videos[0] is None:
            raise ValueError(
                "The video could not be read or shows no face, as the warning says; there is "
                "nothing to draw."
            )
        if hasattr(videos[0], "timestamps"):
            aligned = videos[0]
    if aligned is None:
        raise TypeError(
            "The times of the frames are not known: no step of the pipeline is a FaceAligner, and "
            f"the video is no AlignedVideo but {type(video).__name__}."
        )
    return aligned, videos[0]
