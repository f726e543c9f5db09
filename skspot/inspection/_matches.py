"""Which predictions hit which truth, and which came closest."""

import numpy as np

from skspot.metrics import interval_match
from skspot.metrics._rules import pairwise_iou

PAIR_DTYPE = np.dtype(
    [("true_row", np.int64), ("pred_row", np.int64), ("iou", np.float64), ("hit", np.bool_)]
)


def pair_up(true, predicted, iou_threshold):
    """Return the hits of one video, and for each other interval the one that it overlaps most.

    Parameters
    ----------
    true, predicted : interval tables
        The intervals of the video.
    iou_threshold : float
        The smallest IoU of a hit.

    Returns
    -------
    pairs : ndarray of dtype `PAIR_DTYPE`
        The hits of `interval_match`, by true row. Then the near misses: for each interval of either
        table without a hit, the interval of its label in the other one that overlaps it most, if
        any does; each pair once.
    """
    hits = list(zip(*interval_match(true, predicted, iou_threshold=iou_threshold)))
    same_label = np.equal.outer(true["label"], predicted["label"])
    iou = np.where(same_label, pairwise_iou(true, predicted), 0)
    near = set()
    if iou.size:
        hit_rows, hit_columns = zip(*hits) if hits else ((), ())
        missed = np.setdiff1d(np.arange(len(true)), hit_rows)
        false = np.setdiff1d(np.arange(len(predicted)), hit_columns)
        near.update(zip(missed, iou[missed].argmax(axis=1)))
        near.update(zip(iou[:, false].argmax(axis=0), false))
    near = sorted(pair for pair in near if iou[pair] > 0)
    rows = [(*pair, iou[pair], hit) for pairs, hit in ((hits, 1), (near, 0)) for pair in pairs]
    return np.array(rows, dtype=PAIR_DTYPE)
