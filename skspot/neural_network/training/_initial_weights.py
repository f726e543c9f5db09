"""Where training starts: with the weights of another spotter, or with random ones."""

from sklearn.pipeline import Pipeline


def initial_model(initial_weights):
    """Return the fitted classifier that training starts from; None for random weights.

    Parameters
    ----------
    initial_weights : "pretrained", str, Path or None
        As for `SpotFormerClassifier`.

    Returns
    -------
    start : SpotFormerClassifier or None
        The classifier.
    """
    from skspot.persistence import load  # both import the classifier
    from skspot.pretrained import load_pretrained

    if initial_weights is None:
        return None
    if initial_weights == "pretrained":
        return load_pretrained("template")[-1]
    model = load(initial_weights)
    return model[-1] if isinstance(model, Pipeline) else model


def copy_weights(start, classifier):
    """Give a classifier with a new network the weights of another one."""
    try:
        classifier.module_.load_state_dict(start.module_.state_dict())
    except RuntimeError as error:
        raise ValueError(
            f"initial_weights={str(classifier.initial_weights)!r} are those of a network of other "
            f"sizes; set its module__ parameters here too. {error}"
        ) from error
