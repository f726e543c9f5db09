"""What a report tells of each interval."""

import numpy as np

from skspot.inspection._matches import pair_up

_MOMENTS = ("onset", "apex", "offset")
IOU_THRESHOLD = 0.5


def _hits(report):
    """Return the rows of true and predicted intervals that hit, with their IoU, as `pair_up`."""
    pairs = pair_up(report.true, report.predicted, IOU_THRESHOLD)
    return pairs[pairs["hit"]]


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
    hits = {} if report.true is None else {pair["pred_row"]: pair for pair in _hits(report)}
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
    hit_by = {pair["true_row"]: int(pair["pred_row"]) for pair in _hits(report)}
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
    interval = report.true[hits[row]["true_row"]]
    return (
        f"Hit: annotated from frame {interval['onset']} to {interval['offset']} "
        f"({hits[row]['iou']:.0%} of the frames shared, IoU)."
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
