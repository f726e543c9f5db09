"""``skspot demo``: all steps on synthetic videos."""

from pathlib import Path

from skspot.cli._arguments import add_jobs, add_out, check_folder, whole_number


def add_demo(commands):
    """Add the command."""
    command = commands.add_parser(
        "demo",
        help="run all steps on synthetic videos: train, spot, and score unseen subjects",
        description="Make synthetic face videos, cross-validate by subject, print how well the "
        "expressions of unseen subjects are found, and write tables, a timeline and a model.",
    )
    add_out(command, Path("skspot-demo"), "folder to write to (default skspot-demo)")
    command.add_argument(
        "--subjects",
        type=whole_number(3),
        metavar="N",
        default=8,
        help="number of subjects, at least 3 (default 8)",
    )
    command.add_argument(
        "--seed",
        type=int,
        metavar="N",
        default=0,
        help="random seed of videos, folds and training (default 0)",
    )
    add_jobs(command, "videos, or folds,", default=2)
    command.set_defaults(run=_run)


def _run(options):
    from skspot.demo import run_demo

    check_folder(options.out)
    run_demo(options.out, n_subjects=options.subjects, seed=options.seed, n_jobs=options.jobs)
    return 0
