"""Text for messages."""


def join_limited(items, limit=10, separator=", "):
    """Return items as text, at most `limit` of them and how many more there are."""
    shown = list(map(str, items[:limit]))
    if len(items) > limit:
        shown.append(f"and {len(items) - limit} more")
    return separator.join(shown)
