"""Video files, read with FFmpeg through PyAV.

Only what can be decoded counts: frame rates and frame counts in the headers of files may be wrong.
"""

from contextlib import contextmanager
from pathlib import Path

import numpy as np

from skspot.utils._fingerprints import file_fingerprint, remembered
from skspot.utils._text import join_limited
from skspot.video._base import Video, VideoReadError

# FFmpeg recognises a playlist by its content; without this a playlist named "a.mp4" could make it
# open addresses on the network.
_OPEN_OPTIONS = {"protocol_whitelist": "file"}


class FileVideo(Video):
    """A video file."""

    def __init__(self, source, fps, warn):
        self._path = Path(source)
        super().__init__(source, fps, warn)
        # A file that is not a video raises here, not when its frames are read.
        with self._open() as (container, stream):
            # Where the header gives only the length, the higher rate: too many rather than too few.
            rate = float(max(stream.average_rate or 0, stream.guessed_rate or 0))
            n_frames = _nominal_n_frames(stream) or _nominal_seconds(container, stream) * rate
            self.nominal_n_frames = round(n_frames)

    def _read_times(self):
        for _ in self.iterate():
            pass
        return self._times

    @property
    def start(self):
        # Players count from the earliest of all streams.
        with self._open() as (container, stream):
            first = next(self._decoded(container, stream, _Clock(1)), None)
            if first is None or first.time is None or container.start_time is None:
                return 0.0
            return max(0.0, first.time - container.start_time / 1_000_000)

    def _fingerprint(self):
        path = self._path.absolute()
        return remembered(lambda: file_fingerprint(path), ("file", str(path)), [path])

    @contextmanager
    def _open(self):
        """Open the file; give its container and its video stream."""
        import av

        if self._path.stat().st_size == 0:
            raise VideoReadError(f"The video file {str(self._path)!r} is empty (0 bytes).")
        try:
            # The absolute path, because FFmpeg reads "take:2.mp4" as protocol and address.
            container = av.open(
                str(self._path.absolute()), metadata_errors="ignore", options=_OPEN_OPTIONS
            )
        except av.FFmpegError as error:
            raise VideoReadError(
                f"The file {str(self._path)!r} can't be opened as a video: {error.strerror}. It is "
                "not a video, or it is damaged or cut short."
            ) from error
        with container:
            stream = self._choose_stream(container)
            self._check_complete(container, stream)
            stream.thread_type = "AUTO"
            yield container, stream

    def _choose_stream(self, container):
        """Return the first video stream."""
        from av.stream import Disposition

        if container.format.name == "image2" or container.format.name.endswith("_pipe"):
            raise VideoReadError(
                f"The file {str(self._path)!r} is a single image; pass the folder that holds the "
                "images of all frames."
            )
        for stream in container.streams.video:
            if not stream.disposition & Disposition.attached_pic:  # the cover of a sound file
                return stream
        kinds = sorted({stream.type for stream in container.streams}) or ["no"]
        raise VideoReadError(
            f"The file {str(self._path)!r} contains no video, only {' and '.join(kinds)} streams."
        )

    def _check_complete(self, container, stream):
        """Refuse an MP4 or QuickTime file whose index points beyond its end."""
        if "mp4" not in container.format.name:
            return
        size = self._path.stat().st_size
        entries = stream.index_entries  # not a list: an hour has a hundred thousand
        for number, entry in enumerate(entries):
            if entry.pos + entry.size > size:
                raise VideoReadError(
                    f"{self.name}: the file is cut short. It ends after {size} bytes, within or "
                    f"before frame {number} of {len(entries)}; copy or record it again."
                )

    def _decode(self, colour):
        from av.video.reformatter import VideoReformatter

        # One reformatter for all frames: frame.to_ndarray(format=...) sets one up for each frame,
        # which takes as long as the decoding.
        convert = VideoReformatter().reformat
        layout = "rgb24" if colour else "gray"
        with self._open() as (container, stream):
            clock = _Clock(stream.average_rate or stream.guessed_rate or self._fps)
            damaged = []
            for frame in self._decoded(container, stream, clock):
                if frame.is_corrupt:
                    damaged.append(clock.n_frames)
                picture = _upright(convert(frame, format=layout).to_ndarray(), frame)
                yield picture, clock.next_time(frame.time)
            self._report(container, stream, clock, damaged)

    def _decoded(self, container, stream, clock):
        """Yield the decoded frames; name the frame where decoding stops."""
        import av

        try:
            yield from container.decode(stream)
        except av.FFmpegError as error:
            raise VideoReadError(
                f"{self.name}: decoding stopped at frame {clock.n_frames} "
                f"({clock.time:.2f} s): {error.strerror}. The file is damaged or cut short."
            ) from error

    def _report(self, container, stream, clock, damaged):
        """Warn about problems found in a complete pass."""
        self._check_complete(container, stream)  # the index of a fragmented file grows with reading
        nominal = _nominal_n_frames(stream)
        seconds = _nominal_seconds(container, stream)
        if nominal > clock.n_frames:
            self._warn(
                f"the header says {nominal} frames, but {clock.n_frames} could be decoded; the "
                "file may be damaged or cut short."
            )
        elif not nominal and seconds - clock.time > max(1.0, 0.1 * seconds):
            self._warn(
                f"the header says {seconds:.1f} s, but the last frame, number "
                f"{clock.n_frames - 1}, is at {clock.time:.1f} s; the file may be damaged or cut "
                "short, or its sound is longer than its images."
            )
        if damaged:
            self._warn(
                f"{len(damaged)} of {clock.n_frames} frames are damaged, and the decoder has "
                f"filled gaps in them: {join_limited(damaged)}."
            )
        if clock.n_guessed:
            self._warn(
                f"{clock.n_guessed} of {clock.n_frames} frames have no time, or one that is not "
                "after the frame before; each is placed one period of the average frame rate after "
                "the frame before."
            )


class _Clock:
    """Convert presentation times to increasing seconds since the first frame.

    A frame without a time, or with one not later than the frame before, is placed one period of
    the average rate after that.
    """

    def __init__(self, rate):
        self._period = 1 / float(rate)
        self._start = None
        self.time = 0.0
        self.n_frames = 0
        self.n_guessed = 0

    def next_time(self, presented):
        """Return the time of the next frame, given its presentation time or None."""
        guess = self.time + self._period if self.n_frames else 0.0
        if presented is not None and self._start is None:
            self._start = presented - guess
        known = presented is not None and (
            self.n_frames == 0 or presented - self._start > self.time
        )
        self.time = presented - self._start if known else guess
        self.n_frames += 1
        self.n_guessed += not known
        return self.time


def _nominal_n_frames(stream):
    """Return the number of frames that the header gives, or 0."""
    # An edit list cuts frames off the start: they stay in the file but are not to be shown.
    return max(0, stream.frames - sum(entry.is_discard for entry in stream.index_entries))


def _nominal_seconds(container, stream):
    """Return the duration that the header gives in seconds, or 0."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1_000_000


def _upright(picture, frame):
    """Turn or mirror a picture as the display matrix of its frame says (phones film sideways)."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return np.ascontiguousarray(picture)
    # x' = a x + c y, y' = b x + d y; only quarter turns and mirrorings, as in FFmpeg's players.
    a, b, _, c, d = np.frombuffer(matrix, dtype=np.int32)[:5]
    if abs(b) > abs(a):
        picture = picture.swapaxes(0, 1)
        a, d = c, b
    return np.ascontiguousarray(picture[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
