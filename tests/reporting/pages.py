"""Reading the pages that reports write."""

from datetime import datetime
from html.parser import HTMLParser

import numpy as np

from skspot.neural_network import FRAME_SCORE_DTYPE

MADE = datetime(2030, 1, 2, 3, 4)
NASTY = "</script><img src=x onerror=alert(1)>&\"' \udcff.mp4"


class Page(HTMLParser):
    """Reads a page: its elements with their attributes, and the text outside of scripts."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(html)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        self.open.pop(len(self.open) - 1 - self.open[::-1].index(tag))

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open[-1:]):
            self.texts.append(data)

    def all(self, tag, **wanted):
        """Return the attributes of all elements of a kind that have some."""
        return [
            attrs
            for kind, attrs in self.elements
            if kind == tag and all(attrs.get(k.rstrip("_")) == v for k, v in wanted.items())
        ]


def frame_scores(n_frames):
    values = np.zeros(n_frames, dtype=FRAME_SCORE_DTYPE)
    for i, name in enumerate(values.dtype.names):
        values[name] = np.linspace(0, (i + 1) / 8, n_frames)
    return values
