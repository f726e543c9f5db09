"""What a report tells of each interval."""

import numpy as np

from skspot.metrics import interval_match
from skspot.metrics._rules import pairwise_iou

_MOMENTS = ("onset", "apex", "offset")
IOU_THRESHOLD = 0.5


def match_intervals(true, predicted):
    """Tell which predicted and which true intervals were matched.

    Parameters
    ----------
    true, predicted : interval tables
        The intervals; `true` is None if they are not known.

    Returns
    -------
    hit_by, hits : dict of int to int
        The predicted row of each true row that was hit, and the true row of each predicted one.
    """
    if true is None:
        return {}, {}
    true_rows, rows = interval_match(true, predicted, iou_threshold=IOU_THRESHOLD)
    pairs = list(zip(true_rows.tolist(), rows.tolist()))
    return dict(pairs), {row: true_row for true_row, row in pairs}


def interval_details(report):
    """Return what is told of each interval that was spotted.

    Parameters
    ----------
    report : SpottingReport
        The report.

    Returns
    -------
    details : list of dict
        One per row of the predicted intervals, in their order.
    """
    _, hits = match_intervals(report.true, report.predicted)
    return [
        {
            "number": row + 1,
            "label": str(interval["label"]),
            "score": float(interval["score"]) if "score" in interval.dtype.names else None,
            "moments": _moments(report, interval),
            "seconds": float(np.subtract(*_edges(report, interval)[::-1])),
            "n_frames": int(interval["offset"] - interval["onset"] + 1),
            "face": face,
            "match": _match_text(report, row, hits),
            "cautions": _cautions(report, interval),
        }
        for row, (interval, face) in enumerate(zip(report.predicted, report.faces))
    ]


def annotated_details(report):
    """Return what is told of each annotated interval; None if they are not known."""
    if report.true is None:
        return None
    hit_by, _ = match_intervals(report.true, report.predicted)
    return [
        {
            "label": str(interval["label"]),
            "moments": _moments(report, interval),
            "hit_by": hit_by[row] + 1 if row in hit_by else None,
        }
        for row, interval in enumerate(report.true)
    ]


def _moments(report, interval):
    """Return frame, time and score of onset, apex and offset."""
    moments = []
    for name in _MOMENTS:
        frame = int(interval[name])
        scores = report.scores
        score = None if scores is None else float(scores[f"{interval['label']}_{name}"][frame])
        time = float(report.axis.timestamps[frame])
        moments.append({"name": name, "frame": frame, "time": time, "score": score})
    return moments


def _edges(report, interval):
    return report.axis.edges(interval["onset"], interval["offset"])


def _match_text(report, row, hits):
    """Say which annotated interval a predicted one hits; nothing if none are known."""
    if report.true is None:
        return ""
    if row not in hits:
        return (
            "No hit: no annotated interval of this class that is not taken shares at least "
            f"{IOU_THRESHOLD:.0%} of the frames."
        )
    interval = report.true[hits[row]]
    shared = pairwise_iou(report.true, report.predicted)[hits[row], row]
    return (
        f"Hit: annotated from frame {interval['onset']} to {interval['offset']} "
        f"({shared:.0%} of the frames shared, IoU)."
    )


def _cautions(report, interval):
    """Say what makes an interval less sure."""
    cautions = []
    for stretches, what in (
        (report.quality.without_face, "without a face"),
        (report.quality.fast, "with fast head motion"),
    ):
        n_frames = sum(
            max(0, min(last, interval["offset"]) - max(first, interval["onset"]) + 1)
            for first, last in stretches
        )
        if n_frames:
            cautions.append(f"{n_frames} frame{'s' if n_frames > 1 else ''} {what}.")
    return cautions
