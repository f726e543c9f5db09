"""Videos of any kind: opening, counting, timing, decoding frame by frame.

`open_video` reads video files, directories of numbered images and arrays in one way. `AlignedVideo`
is a view of a video whose face has been found: its frames show the face at a fixed size.
"""

from skspot.video._aligned import AlignedVideo, face_extent
from skspot.video._base import NoFaceError, Video, VideoReadError
from skspot.video._frame_times import FrameTimes, n_frames_in
from skspot.video._pictures import ImageSequence
from skspot.video._readers import open_video

__all__ = [
    "AlignedVideo",
    "FrameTimes",
    "ImageSequence",
    "NoFaceError",
    "Video",
    "VideoReadError",
    "face_extent",
    "n_frames_in",
    "open_video",
]
