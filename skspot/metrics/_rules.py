"""The rules by which predicted intervals count as hits.

Each rule counts the hits, false alarms and misses among the intervals of one class of one video.
The table of which script uses which is in the notes of `compare_matching_rules`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment


class Rule(NamedTuple):
    """How a rule measures overlap, and how it counts from there.

    `count` takes the IoU and whether it suffices, both of shape (n_true, n_pred) and not empty,
    and returns hits, false alarms and misses.
    """

    count: Callable
    inclusive: bool = True
    strict: bool = False

    @property
    def sign(self):
        """How the IoU compares with the threshold in a hit."""
        return ">" if self.strict else ">="


def count_by_rule(rule, true, predicted, iou_threshold):
    """Return hits, false alarms and misses among intervals of one class of one video."""
    if not (len(true) and len(predicted)):
        return 0, len(predicted), len(true)
    rule = RULES[rule]
    iou = pairwise_iou(true, predicted, inclusive=rule.inclusive)
    allowed = iou > iou_threshold if rule.strict else iou >= iou_threshold
    return tuple(int(n) for n in rule.count(iou, allowed))


def pairwise_iou(true, predicted, *, inclusive=True):
    """Return the IoU of each true with each predicted interval.

    Without `inclusive`, the length of an interval is offset minus onset: one frame has length 0,
    and an IoU of 0 with everything.
    """
    extra = 1 if inclusive else 0
    first = np.maximum.outer(true["onset"], predicted["onset"])
    last = np.minimum.outer(true["offset"], predicted["offset"])
    intersection = np.maximum(last - first + extra, 0)
    lengths = (table["offset"] - table["onset"] + extra for table in (true, predicted))
    union = np.add.outer(*lengths) - intersection
    return np.divide(intersection, union, out=np.zeros(union.shape), where=union > 0)


def match_one_to_one(iou, allowed):
    """Return the rows and columns of the allowed pairs to match: the most, then the best."""
    # The IoUs of all pairs together add less than the 1 that one more pair is worth.
    worth = np.where(allowed, 1 + iou / (1 + min(iou.shape)), 0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    matched = allowed[rows, columns]
    return rows[matched], columns[matched]


def _one_to_one(iou, allowed):
    rows, _ = match_one_to_one(iou, allowed)
    return _count_pairs(len(rows), iou.shape)


def _first_come(iou, allowed):
    # A prediction takes every true interval that it reaches and that no earlier one has taken.
    takers = allowed.argmax(axis=1)[allowed.any(axis=1)]
    n_true, n_pred = iou.shape
    return len(takers), n_pred - len(np.unique(takers)), n_true - len(takers)


def _prediction_greedy(iou, allowed):
    # Predictions that share their best true interval are one hit, whichever of them comes first.
    best = iou.argmax(axis=0)[allowed.any(axis=0)]
    return _count_pairs(len(np.unique(best)), iou.shape)


def _truth_greedy(iou, allowed):
    free = np.where(allowed, iou, -1)
    hits = 0
    for row in free:
        best = row.argmax()
        if row[best] >= 0:
            free[:, best] = -1
            hits += 1
    return _count_pairs(hits, iou.shape)


def _unblocked(iou, allowed):
    best = iou.argmax(axis=1)[allowed.any(axis=1)]
    return _count_pairs(len(np.unique(best)), iou.shape)


def _many_to_many(iou, allowed):
    return allowed.sum(), (~allowed.any(axis=0)).sum(), (~allowed.any(axis=1)).sum()


def _count_pairs(hits, shape):
    """Return the counts if each hit uses up one true and one predicted interval."""
    n_true, n_pred = shape
    return hits, n_pred - hits, n_true - hits


RULES = {
    "one-to-one": Rule(_one_to_one),
    "first-come": Rule(_first_come),
    "prediction-greedy": Rule(_prediction_greedy),
    "truth-greedy": Rule(_truth_greedy, inclusive=False),
    "unblocked": Rule(_unblocked, inclusive=False, strict=True),
    "many-to-many": Rule(_many_to_many),
}
