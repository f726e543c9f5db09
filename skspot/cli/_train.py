"""``skspot train``: train a model on annotated videos."""

from pathlib import Path

from skspot.cli._annotated import add_annotated, load_to_train_on
from skspot.cli._arguments import (
    add_computing,
    add_landmarker,
    add_training,
    check_file,
)
from skspot.cli._spotter import new_spotter


def add_train(commands):
    """Add the command."""
    command = commands.add_parser(
        "train",
        help="train a model on annotated videos",
        description="Train a model on annotated videos, your own or those of a dataset, and save "
        "it to a file.",
    )
    add_annotated(command)
    command.add_argument(
        "--model", type=Path, metavar="FILE", required=True, help="model file to write"
    )
    add_training(command)
    add_landmarker(command)
    add_computing(command)
    command.set_defaults(run=_run)


def _run(options):
    import skspot

    check_file(options.model)
    data = load_to_train_on(options)
    spotter = new_spotter(options)
    options.model.parent.mkdir(parents=True, exist_ok=True)
    spotter.fit(data.videos, data.intervals)
    skspot.save(spotter, options.model)
    print(f"Wrote {options.model}, trained on {len(data.videos)} videos.")
    return 0
