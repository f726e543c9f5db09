"""Videos with annotated expressions: synthetic ones, and the field's datasets."""

from skspot.datasets._synthetic import make_expression_videos

__all__ = ["make_expression_videos"]
