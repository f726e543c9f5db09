"""Make the synthetic video of several figures: a macro- and a micro-expression."""

from tempfile import TemporaryDirectory

from skspot.datasets import make_expression_videos
from skspot.preprocessing import FaceAligner

MACRO, MICRO = 0, 1  # rows of its interval table
FOLDER = TemporaryDirectory()  # a file has a name, which titles show


def make_example(**options):
    """Return the data of one video, and the video with its exact landmarks."""
    settings = {"videos_per_subject": 1, "n_frames": 240, "random_state": 5, **options}
    data = make_expression_videos(1, folder=FOLDER.name, **settings)
    (aligned,) = FaceAligner(data.landmarks[0]).transform(data.videos)
    return data, aligned
