"""The texts and numbers that a report shows: of each interval, and of the video's quality."""

from skspot.metrics import interval_pairs
from skspot.video import n_frames_in

_MOMENTS = ("onset", "apex", "offset")
IOU_THRESHOLD = 0.5


def _hits(report):
    """Return the pairs of true and predicted intervals that hit, as `interval_pairs` does."""
    pairs = interval_pairs(report.true, report.predicted, iou_threshold=IOU_THRESHOLD)
    return pairs[pairs["hit"]]


def interval_details(report):
    """Return what is shown of each interval that was spotted.

    Parameters
    ----------
    report : VideoReport
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
            "seconds": report.times.end(interval["offset"]) - report.times.start(interval["onset"]),
            "n_frames": int(interval["offset"] - interval["onset"] + 1),
            "face": face,
            "match": _match_text(report, row, hits),
            "cautions": _cautions(report, interval),
        }
        for row, (interval, face) in enumerate(zip(report.predicted, report.faces))
    ]


def annotated_details(report):
    """Return what is shown of each annotated interval; None if they are not known."""
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
        time = report.times.start(frame)
        moments.append({"name": name, "frame": frame, "time": time, "score": score})
    return moments


def _match_text(report, row, hits):
    """Return which annotated interval a predicted one hits, as a sentence if any are known."""
    if report.true is None:
        return ""
    if row not in hits:
        return (
            "No hit: no annotated interval of this class that is still free shares at least "
            f"{IOU_THRESHOLD:.0%} of the frames (IoU)."
        )
    interval = report.true[hits[row]["true_row"]]
    return (
        f"Hit: annotated from frame {interval['onset']} to {interval['offset']} "
        f"({hits[row]['iou']:.0%} of the frames shared, IoU)."
    )


def _cautions(report, interval):
    """Return what makes an interval less certain."""
    cautions = []
    for stretches, what in (
        (report.quality.without_face, "without a face"),
        (report.quality.fast_motion, "with fast head motion"),
    ):
        n_frames = sum(
            max(0, min(last, interval["offset"]) - max(first, interval["onset"]) + 1)
            for first, last in stretches
        )
        if n_frames:
            cautions.append(f"{_count(n_frames, 'frame')} {what}.")
    return cautions


def quality_problems(quality):
    """Return what may affect the result, as sentences.

    Parameters
    ----------
    quality : VideoQuality
        The quality of the video.

    Returns
    -------
    problems : list of str
        The sentences.
    """
    problems = []
    if quality.low_rate:
        problems.append(
            f"The video has only {quality.fps:.1f} frames per second, so that a micro-expression "
            f"of a quarter of a second has {_count(n_frames_in(0.25, quality.fps), 'frame')}; it "
            "may be missed or classified as macro. Record at 25 frames per second or more."
        )
    if quality.small_face:
        problems.append(
            f"The face is small: {quality.face_size:.0f} pixels. It was enlarged to "
            f"{quality.shown_size:.0f}, which adds no detail; weak motion may be missed."
        )
    if quality.n_pauses:
        problems.append(
            f"Frames are missing in {_count(quality.n_pauses, 'place')}: the next frame comes "
            "later than 1.5 times the usual distance."
        )
    if quality.n_without_face:
        problems.append(
            f"{_share(quality.n_without_face, quality)} without a face: nothing can be spotted "
            "where most of a window shows none."
        )
    if quality.n_fast:
        problems.append(
            f"{_share(quality.n_fast, quality)} with fast head motion: intervals there are less "
            "certain."
        )
    return problems


def _share(n_frames, quality):
    return f"{_count(n_frames, 'frame')} ({n_frames / quality.n_frames:.1%})"


def _count(number, word):
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
