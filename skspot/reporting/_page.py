"""Making pages: template, style and script in one file that needs nothing else."""

import base64
import os
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from skspot.faces import CLOSED_PARTS, FACE_PARTS
from skspot.reporting._timeline import clock

_FOLDER = Path(__file__).parent / "templates"


def render(template, *, script, **content):
    """Return a page as HTML.

    Parameters
    ----------
    template : str
        Name of the template.
    script : str
        Name of the file with its script.
    **content
        What the template shows.

    Returns
    -------
    html : str
        The page. Its policy lets a browser load nothing, and run no other script than this one.
    """
    from markupsafe import Markup

    texts = {"style": _text("style.css"), "script": _text(script)}
    policy = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; " + "; ".join(
        f"{kind}-src '{_digest(text)}'" for kind, text in texts.items()
    )
    page = _environment().get_template(template)
    return page.render(policy=policy, **{k: Markup(v) for k, v in texts.items()}, **content)


def write(path, html):
    """Write a page; what UTF-8 can't hold in the name of a file becomes a question mark."""
    Path(path).write_text(html, encoding="utf-8", errors="replace")


@cache
def _environment():
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"clock": clock, "data_uri": _data_uri, "link": _link, "outline": _outline_path}
    environment.filters |= filters
    return environment


@cache
def _text(name):
    return (_FOLDER / name).read_text(encoding="utf-8")


def _digest(text):
    """Return what a content security policy calls a text."""
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"


def _outline_path(landmarks):
    """Return landmarks (68, 2) in pixels of an SVG drawing as the commands of its path."""
    lines = []
    for part, numbers in FACE_PARTS.items():
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in landmarks[list(numbers)])
        lines.append(f"M{corners}" + ("Z" if part in CLOSED_PARTS else ""))
    return "".join(lines)


def _data_uri(jpeg):
    """Return a JPEG picture as the address of an image."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _link(file):
    """Return the address of a file, whatever its name."""
    return quote(os.fsencode(file))
