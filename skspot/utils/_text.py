"""Text for messages."""

_MANY = 10  # how many numbers or names a message lists at most


def listing(items):
    """Return items as text, at most ten of them."""
    text = ", ".join(str(item) for item in items[:_MANY])
    return text if len(items) <= _MANY else f"{text} and {len(items) - _MANY} more"
