"""The spotter that a command trains, or reads from a model file."""

import sys

from skspot.cli._arguments import given


def new_spotter(options):
    """Return an unfitted spotter with the options of training and landmarks."""
    from skspot.recipes import spotformer

    spotter = spotformer(random_state=options.seed, verbose=1)
    if options.epochs is not None:
        spotter.set_params(spot__max_epochs=options.epochs)
    set_in_steps(spotter, on_error=options.on_error)
    apply_options(spotter, options)
    return spotter


def load_spotter(options, videos):
    """Return the spotter of a model file, or the pretrained one, to use on a video in each process.

    A problem of the landmarker concerns every video, and is raised here.
    """
    import skspot
    from skspot.preprocessing import FaceAligner

    spotter = skspot.load(options.model) if options.model else _pretrained(options)
    aligners = [step for step in spotter.get_params().values() if isinstance(step, FaceAligner)]
    if not aligners:
        raise ValueError(
            f"The model {str(options.model)!r} can't be used on videos, because it has no "
            "FaceAligner. Save the whole Pipeline that was trained on videos."
        )
    apply_options(spotter, options)
    aligners[0].fit(videos)
    # The command shows failures itself, and the progress within a video only if it is alone.
    set_in_steps(spotter, n_jobs=None, verbose=int(options.jobs == 1), on_error="raise")
    return spotter


def _pretrained(options):
    """Return the pretrained spotter; say which landmarker it uses unless that is given."""
    import skspot

    spotter = skspot.load_pretrained(options.landmarker)
    if not options.landmarker:
        name = spotter["align"].landmarker
        advice = "" if name == "mediapipe" else "; mediapipe would be more precise, see the docs"
        print(f"Using the pretrained model and the landmarker {name}{advice}.", file=sys.stderr)
    return spotter


def pretrained_name():
    """Return the name and version of the pretrained spotter."""
    import skspot

    about = skspot.about_pretrained()
    return f"{about['name']}, version {about['version']}"


def apply_options(spotter, options):
    """Set the options of landmarks, cache, workers and progress."""
    settings = given(options, ("detect_every",))
    set_in_steps(spotter, n_jobs=options.jobs, memory=options.cache, verbose=1, **settings)
    for step in spotter.named_steps.values():
        if hasattr(step, "landmarker"):
            _choose_landmarker(step, options)


def _choose_landmarker(aligner, options):
    """Set the landmarker and its parameters; those of another landmarker are dropped."""
    from skspot.landmarks import LANDMARKERS, as_landmarker

    current = as_landmarker(aligner.landmarker)
    if options.landmarker and LANDMARKERS[options.landmarker] is not type(current):
        aligner.set_params(landmarker=options.landmarker)
        current = as_landmarker(options.landmarker)
    params = dict(options.landmarker_option or [])
    unknown = sorted(set(params) - set(current.get_params()))
    if unknown:
        raise ValueError(
            f"--landmarker-option: the landmarker {current.display_name} has no parameter "
            f"{', '.join(unknown)}; its parameters are {', '.join(current.get_params())}."
        )
    aligner.set_params(**{f"landmarker__{name}": value for name, value in params.items()})


def set_in_steps(spotter, **values):
    """Set parameters in every step of a spotter that has parameters of these names."""
    names = {name: name.partition("__")[2] for name in spotter.get_params()}
    spotter.set_params(
        **{name: values[in_step] for name, in_step in names.items() if in_step in values}
    )
