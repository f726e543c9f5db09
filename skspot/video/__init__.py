"""Videos of any kind: opening, counting, timing, decoding frame by frame.

`open_video` reads video files, folders of numbered images and arrays in the same way.
`AlignedVideo` is a view of a video in which the face has been found; its frames show the face at a
fixed size.
"""

from skspot.video._aligned import AlignedVideo, face_extent
from skspot.video._base import (
    DEFAULT_FPS,
    VIDEO_SUFFIXES,
    NoFaceError,
    Video,
    VideoReadError,
    video_name,
)
from skspot.video._frame_times import FrameTimes, frame_stretches, n_frames_in
from skspot.video._pictures import ImageSequence, image_names, is_image_folder
from skspot.video._quality import VideoQuality, measure_quality
from skspot.video._readers import open_video

__all__ = [
    "DEFAULT_FPS",
    "VIDEO_SUFFIXES",
    "AlignedVideo",
    "FrameTimes",
    "ImageSequence",
    "NoFaceError",
    "Video",
    "VideoQuality",
    "VideoReadError",
    "face_extent",
    "frame_stretches",
    "image_names",
    "is_image_folder",
    "measure_quality",
    "n_frames_in",
    "open_video",
    "video_name",
]
