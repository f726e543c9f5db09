"""``skspot cache``: show or clear the results stored with --cache."""

from pathlib import Path

from skspot.cli._arguments import whole_number

_MB = 1_000_000


def add_cache(commands):
    """Add the command."""
    command = commands.add_parser(
        "cache",
        help="show or clear the results stored with --cache",
        description="Print the number and size of the landmarks, features and finished folds in a "
        "cache, after clearing it if wanted. Other files in the folder are neither counted nor "
        "deleted. You can move a cache, and the videos as well, as long as their modification "
        "times do not change.",
    )
    command.add_argument("folder", type=Path, help="folder that was passed as --cache")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--clear", action="store_true", help="delete all entries")
    how.add_argument(
        "--limit-mb",
        type=whole_number(0),
        metavar="N",
        help="delete the least recently used entries until the others take at most this many MB",
    )
    command.set_defaults(run=_run)


def _run(options):
    from skspot.utils._cache import limit_cache, stored_results

    before = stored_results(options.folder)
    if options.clear or options.limit_mb is not None:
        limit_cache(options.folder, 0 if options.clear else options.limit_mb * _MB)
    left = stored_results(options.folder)
    for kind, (n_before, _) in before.items():
        n_entries, n_bytes = left.get(kind, (0, 0))
        deleted = f", {n_before - n_entries} deleted" if n_entries < n_before else ""
        print(f"{kind}: {n_entries} entries, {n_bytes / _MB:.1f} MB{deleted}")
    return 0
