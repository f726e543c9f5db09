"""The Bunch that loaders return, with a short repr."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skspot.intervals import CLASSES, is_interval_table
from skspot.utils._typing import IntervalTable, MaybeNone

if TYPE_CHECKING:
    import pandas as pd


class VideoBunch(Bunch):
    """A Bunch of annotated videos that shows counts instead of all its frames and intervals."""

    # For type checkers; the loaders say which of these they have.
    videos: list[Any]
    intervals: list[IntervalTable]
    subjects: NDArray[np.str_] | MaybeNone
    names: list[str]
    rows: list[NDArray[np.int_]]
    landmarks: list[NDArray[np.float32]]
    displacement: list[NDArray[np.float32]]
    node_names: list[str]
    units: list[list[str]]
    faces: list[str]
    fps: float | MaybeNone
    table: pd.DataFrame
    repairs: pd.DataFrame
    DESCR: str

    def __repr__(self) -> str:
        facts = "".join(f"{name}={value}, " for name, value in self._facts().items())
        return f"{type(self).__name__}({facts}fields={list(self)})"

    def _repr_html_(self):
        facts = self._facts() | {"fields": ", ".join(map(str, self))}
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in facts.items()
        )
        return f"<table>{rows}</table>"

    def _facts(self):
        """Return counts and the frame rate, those that are known."""
        videos, landmarks, tables, subjects = (
            _as_list(self.get(name)) for name in ("videos", "landmarks", "intervals", "subjects")
        )
        facts = {
            "n_videos": None if videos is None else len(videos),
            "n_subjects": None if subjects is None else len(set(subjects)),
            "n_frames": _count_frames(videos, landmarks),
            **{f"n_{label}": _count_label(tables, label) for label in CLASSES},
            "fps": self.get("fps"),
        }
        return {name: value for name, value in facts.items() if value is not None}


def _as_list(items):
    """Return what should be one item per video as a list; None if it is missing or not iterable."""
    return list(items) if isinstance(items, Iterable) and not isinstance(items, str) else None


def _count_frames(videos, landmarks):
    """Return the number of frames of all videos, None if files would have to be opened."""
    for items in (videos, landmarks):
        if items is not None and all(isinstance(item, np.ndarray) for item in items):
            return sum(map(len, items))
    return None


def _count_label(tables, label):
    if tables is None or not all(map(is_interval_table, tables)):
        return None
    return int(sum((table["label"] == label).sum() for table in tables))
