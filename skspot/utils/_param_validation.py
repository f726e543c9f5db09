"""scikit-learn's parameter validation, imported in one place because it is private there."""

import os

from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)

__all__ = [
    "MEMORY",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "_fit_context",
    "check_params",
    "validate_params",
]


# The values of `memory`, the cache of results.
MEMORY = [str, os.PathLike, HasMethods(["cache"]), None]


def check_params(estimator):
    """Validate an estimator's parameters against its `_parameter_constraints`.

    Needed on skorch nets, which replace the `_validate_params` that `_fit_context` calls.
    """
    validate_parameter_constraints(
        estimator._parameter_constraints,
        estimator.get_params(deep=False),
        caller_name=type(estimator).__name__,
    )
