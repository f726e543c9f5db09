"""Reading videos of any kind, and the view of a video whose face has been found."""

import gc
import os
import pickle
import struct
import subprocess
import sys
import warnings
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from skspot.utils import _fingerprints
from skspot.video import (
    AlignedVideo,
    ImageSequence,
    NoFaceError,
    VideoReadError,
    face_extent,
    open_video,
)

pytestmark = pytest.mark.filterwarnings("ignore:Folders of images contain no times")

DOTS = slice(None, None, 17)  # the landmarks that are drawn, far apart
SIZE = (96, 64)  # width and height of the videos written here


@pytest.fixture
def faces():
    """The folder of face videos that is kept outside the repository."""
    root = Path(__file__).parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("SKSPOT_TEST_DATA", root)) / "faces"
    if not folder.is_dir():
        pytest.skip(f"the shared test data are not at {folder}; set SKSPOT_TEST_DATA")
    return folder


def textured(n_frames, *, size=SIZE, seed=0):
    """Noise that compresses badly, brighter from frame to frame, a white mark at the top left."""
    rng = np.random.default_rng(seed)
    level = np.linspace(20, 120, n_frames)[:, None, None]
    frames = (level + rng.integers(0, 40, (n_frames, size[1], size[0]))).astype(np.uint8)
    frames[:, :12, :16] = 235
    return frames


def write_video(path, frames, *, codec="libx264", pixels="yuv420p", ticks=None, **options):
    """Write grey frames; `ticks` are their times in 1/30 s, `options` go to the container."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=30)
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = pixels
        stream.codec_context.time_base = Fraction(1, 30)
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format=pixels)
            frame.pts = number if ticks is None else int(ticks[number])
            frame.time_base = Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_images(folder, frames, names):
    folder.mkdir(exist_ok=True)
    for name, frame in zip(names, frames, strict=True):
        # encode and write, because cv2.imwrite fails on some names on Windows
        cv2.imencode(Path(name).suffix, frame)[1].tofile(folder / name)
    return folder


def cut(path, share):
    """Cut a file short."""
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    return path


def packet_positions(path):
    """Return where in the file each compressed frame lies."""
    with av.open(str(path)) as container:
        return [packet.pos for packet in container.demux(video=0) if packet.size]


def patch_after(path, box, old, new):
    """Replace bytes behind the name of an MP4 box."""
    data = path.read_bytes()
    start = data.index(old, data.index(box))
    path.write_bytes(data[:start] + new + data[start + len(old) :])
    return path


class TestFiles:
    def test_lossless_frames_come_back(self, tmp_path):
        frames = textured(20)
        video = open_video(write_video(tmp_path / "a.mkv", frames, codec="ffv1", pixels="gray"))
        np.testing.assert_array_equal(np.stack(list(video.frames())), frames)
        assert video.n_frames == 20
        assert video.frame_shape == (64, 96)
        assert video.name == "a.mkv"

    @pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.ts"])
    def test_constant_rate(self, tmp_path, name):
        video = open_video(write_video(tmp_path / name, textured(45)))
        assert video.n_frames == 45
        assert video.timestamps.dtype == np.float64
        # Matroska rounds to milliseconds
        np.testing.assert_allclose(video.timestamps, np.arange(45) / 30, atol=6e-4)

    def test_variable_rate(self, tmp_path):
        ticks = np.cumsum([7, 1, 1, 5, 1, 2, 1, 10, 1, 1])
        path = write_video(tmp_path / "a.mp4", textured(10), ticks=ticks)
        np.testing.assert_allclose(open_video(path).timestamps, (ticks - 7) / 30, atol=1e-9)

    def test_one_pass_gives_frames_and_times(self, tmp_path, monkeypatch):
        video = open_video(write_video(tmp_path / "a.mp4", textured(12)))
        pairs = list(video.iterate())
        monkeypatch.setattr(video, "_decode", None)  # a second pass would fail
        assert [time for _, time in pairs] == list(video.timestamps)
        assert video.n_frames == 12
        assert video.frame_shape == pairs[0][0].shape

    def test_frames_are_contiguous_and_passes_agree(self, tmp_path):
        video = open_video(write_video(tmp_path / "a.mp4", textured(8, size=(94, 62))))
        for colour, shape in ((False, (62, 94)), (True, (62, 94, 3))):
            first, second = (np.stack(list(video.frames(colour))) for _ in range(2))
            np.testing.assert_array_equal(first, second)
            frame = next(video.frames(colour))
            assert frame.shape == shape
            assert frame.dtype == np.uint8
            assert frame.flags.c_contiguous

    def test_colour_is_rgb(self, tmp_path):
        with av.open(str(tmp_path / "a.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.width, stream.height = SIZE
            stream.pix_fmt = "yuv420p"
            red = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
            red[..., 0] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(red, format="rgb24")))
            container.mux(stream.encode())
        red, green, blue = next(open_video(tmp_path / "a.mp4").frames(colour=True)).mean(
            axis=(0, 1)
        )
        assert red > 180
        assert max(green, blue) < 40

    @pytest.mark.parametrize(
        ("matrix", "shape", "corner"),
        [
            ((1, 0, 0, 1), (64, 96), (0, 0)),
            ((0, 1, -1, 0), (96, 64), (0, -1)),  # the phone was turned: clockwise by 90 degrees
            ((0, -1, 1, 0), (96, 64), (-1, 0)),
            ((-1, 0, 0, -1), (64, 96), (-1, -1)),
            ((-1, 0, 0, 1), (64, 96), (0, -1)),  # mirrored, as some front cameras do
            ((1, 0, 0, -1), (64, 96), (-1, 0)),
        ],
    )
    def test_frames_are_upright(self, tmp_path, matrix, shape, corner):
        def display(a, b, c, d):
            return struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)

        path = write_video(tmp_path / "a.mp4", textured(3))
        patch_after(path, b"tkhd", display(1, 0, 0, 1), display(*matrix))
        frame = next(open_video(path).frames())
        assert frame.shape == shape
        assert frame.flags.c_contiguous
        corners = {(y, x): frame[5 * (y or 1), 5 * (x or 1)] for y in (0, -1) for x in (0, -1)}
        assert max(corners, key=corners.get) == corner

    def test_frames_cut_by_an_edit_list_are_not_shown_nor_missed(self, tmp_path):
        path = write_video(tmp_path / "a.mp4", textured(60))
        data = path.read_bytes()
        start = data.index(b"elst") + 12  # the length shown, in milliseconds
        path.write_bytes(data[:start] + struct.pack(">I", 500) + data[start + 4 :])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert open_video(path).n_frames == 15

    def test_stays_closed_between_passes(self, tmp_path):
        path = write_video(tmp_path / "a.mp4", textured(5))
        video = open_video(path)
        next(video.frames())
        gc.collect()
        path.rename(tmp_path / "b.mp4")  # Windows refuses to rename an open file
        pickle.loads(pickle.dumps(video))

    @pytest.mark.parametrize(
        ("name", "n_frames"),
        # 98 frames are stored in no_face.mp4, of which its edit list shows 95
        [
            ("single_face.mp4", 72),
            ("expressions.mp4", 472),
            ("face_noface.mov", 169),
            ("no_face.mp4", 95),
        ],
    )
    def test_real_videos(self, faces, name, n_frames):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            video = open_video(faces / name)
            assert video.n_frames == n_frames
        assert (np.diff(video.timestamps) > 0).all()
        assert video.timestamps[0] == 0


class TestBrokenFiles:
    def test_index_at_the_start_shows_where_the_file_ends(self, tmp_path):
        path = cut(write_video(tmp_path / "a.mp4", textured(60), movflags="faststart"), 0.6)
        with pytest.raises(VideoReadError, match=r"a\.mp4: .*cut short.* frame \d+ of 60"):
            open_video(path)

    def test_index_lost(self, tmp_path):
        path = cut(write_video(tmp_path / "a.mp4", textured(60)), 0.6)
        with pytest.raises(VideoReadError, match=r"a\.mp4.*cut short"):
            open_video(path)

    def test_fragments_lost(self, tmp_path):
        options = {"movflags": "frag_every_frame+empty_moov"}
        path = write_video(tmp_path / "a.mp4", textured(60), **options)
        path.write_bytes(path.read_bytes()[: packet_positions(path)[40] + 20])
        with pytest.raises(VideoReadError, match=r"a\.mp4.*cut short"):
            list(open_video(path).frames())

    def test_damage_names_the_frame(self, tmp_path):
        path = write_video(tmp_path / "a.mp4", textured(60), movflags="faststart")
        start = packet_positions(path)[30]
        data = path.read_bytes()
        path.write_bytes(data[:start] + b"\xff" * 8 + data[start + 8 :])
        with pytest.raises(VideoReadError, match=r"a\.mp4: decoding stopped at frame \d+ "):
            list(open_video(path).frames())

    def test_header_announces_a_longer_video(self, tmp_path):
        path = cut(write_video(tmp_path / "a.mkv", textured(150)), 0.5)
        with pytest.warns(UserWarning, match=r"a\.mkv: the header says 5\.0 s.* last frame"):
            n_frames = open_video(path).n_frames
        assert 20 < n_frames < 130

    def test_header_announces_more_frames(self, tmp_path):
        frames = textured(90)
        path = write_video(tmp_path / "a.avi", frames, codec="mjpeg", pixels="yuvj420p")
        path.write_bytes(path.read_bytes()[: packet_positions(path)[50]])
        with pytest.warns(UserWarning, match=r"a\.avi: the header says 90 frames, but 50 could"):
            assert open_video(path).n_frames == 50

    def test_frames_without_times(self, tmp_path):
        path = write_video(tmp_path / "a.h264", textured(10))
        with pytest.warns(UserWarning, match="10 of 10 frames have no time"):
            timestamps = open_video(path).timestamps
        np.testing.assert_allclose(np.diff(timestamps), timestamps[1])

    def test_size_changes(self, tmp_path):
        path = write_video(tmp_path / "a.h264", textured(5))
        other = write_video(tmp_path / "b.h264", textured(5, size=(128, 80)))
        path.write_bytes(path.read_bytes() + other.read_bytes())
        with pytest.raises(VideoReadError, match="frame 5 has 128 x 80 pixels.* 96 x 64"):
            list(open_video(path).frames())

    def test_sound_only(self, tmp_path):
        with av.open(str(tmp_path / "a.m4a"), "w") as container:
            stream = container.add_stream("aac", rate=44100)
            sound = np.zeros((1, 4096), np.float32)
            frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="mono")
            frame.rate = 44100
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
        with pytest.raises(VideoReadError, match=r"a\.m4a' contains no video, only audio streams"):
            open_video(tmp_path / "a.m4a")

    def test_not_a_video(self, tmp_path):
        for name, content, message in (
            ("empty.mp4", b"", r"empty\.mp4' is empty \(0 bytes\)"),
            ("notes.mp4", b"hello " * 50, r"notes\.mp4' can't be opened as a video"),
            ("face.png", cv2.imencode(".png", textured(1)[0])[1].tobytes(), "single image"),
        ):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(VideoReadError, match=message):
                open_video(tmp_path / name)

    def test_playlist_opens_no_address(self, tmp_path):
        path = tmp_path / "a.mp4"
        path.write_text("#EXTM3U\n#EXTINF:9,\nhttp://localhost:9/a.ts\n#EXT-X-ENDLIST\n")
        with pytest.raises(VideoReadError):
            open_video(path)

    def test_missing(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(FileNotFoundError, match=r"'no\.mp4' \(relative to .*"):
            open_video("no.mp4")
        with pytest.raises(FileNotFoundError, match=r"no\.mp4'\.$"):
            open_video(tmp_path / "no.mp4")


def test_times_always_increase():
    from skspot.video._files import _Clock

    clock = _Clock(rate=10)
    times = [clock.next_time(time) for time in (None, 5.1, 5.2, None, 5.25, 5.6, 5.6)]
    np.testing.assert_allclose(times, [0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7])
    assert clock.n_guessed == 4


class TestFolders:
    def test_order_is_numeric_by_the_last_number(self, tmp_path):
        numbers = np.random.default_rng(0).permutation(np.arange(1, 13))
        names = [f"s007_img{number}.png" for number in numbers]
        frames = np.stack([np.full((6, 8), 10 * number, np.uint8) for number in numbers])
        video = open_video(write_images(tmp_path / "s007", frames, names), fps=200)
        assert [frame[0, 0] // 10 for frame in video.frames()] == list(range(1, 13))
        np.testing.assert_allclose(video.timestamps, np.arange(12) / 200)
        assert (video.n_frames, video.frame_shape, video.name) == (12, (6, 8), "s007")

    def test_jpeg_colour_and_foreign_names(self, tmp_path):
        picture = np.zeros((16, 24, 3), np.uint8)
        picture[..., 2] = 250  # red, as OpenCV orders colours
        folder = write_images(tmp_path / "Gesichter_äöü_顔", [picture] * 2, ["é1.jpg", "é2.JPG"])
        (folder / "notes.txt").write_text("ignored")
        (folder / "._é1.jpg").write_text("ignored")
        video = open_video(str(folder))
        assert video.n_frames == 2
        red, green, blue = next(video.frames(colour=True)).mean(axis=(0, 1))
        assert red > 240
        assert max(green, blue) < 10
        assert next(video.frames()).shape == (16, 24)

    def test_holes_are_reported_once(self, tmp_path):
        names = [f"{number}.png" for number in (3, 4, 6, 9, 10)]
        folder = write_images(tmp_path / "v", textured(5), names)
        with pytest.warns(
            UserWarning, match="v: no image has the number 5, 7, 8; .*frames 0 to 4"
        ) as got:
            n_frames = len(list(open_video(folder, fps=30).frames()))
        assert n_frames == 5
        assert len(got) == 1

    def test_unequal_sizes(self, tmp_path):
        frames = [*textured(2), textured(1, size=(50, 40))[0]]
        video = open_video(write_images(tmp_path / "v", frames, ["1.png", "2.png", "3.png"]))
        with pytest.raises(VideoReadError, match="v: frame 2 has 50 x 40 pixels.* 96 x 64"):
            list(video.frames())

    def test_unreadable_image(self, tmp_path):
        folder = write_images(tmp_path / "v", textured(2), ["1.jpg", "2.jpg"])
        for content in (b"", b"no image", (folder / "1.jpg").read_bytes()[:-500]):
            (folder / "2.jpg").write_bytes(content)
            with pytest.raises(VideoReadError, match=r"2\.jpg' can't be read"):
                list(open_video(folder).frames())

    def test_sixteen_bits_are_refused(self, tmp_path):
        folder = write_images(tmp_path / "v", textured(1).astype(np.uint16) * 256, ["1.png"])
        with pytest.raises(VideoReadError, match=r"1\.png' has values of type uint16; .*8 bits"):
            next(open_video(folder).frames())

    def test_what_is_no_video(self, tmp_path):
        with pytest.raises(VideoReadError, match="contains no images .*it is empty"):
            open_video(write_images(tmp_path / "empty", [], []))
        (tmp_path / "notes.txt").write_text("")
        with pytest.raises(VideoReadError, match=r"contains no images .*notes\.txt"):
            open_video(tmp_path)
        with pytest.raises(ValueError, match=r"'1\.jpg' and '1\.png' both have the number 1"):
            open_video(write_images(tmp_path / "twice", textured(2), ["1.png", "1.jpg"]))
        with pytest.raises(ValueError, match=r"'cover\.png' has no number"):
            open_video(write_images(tmp_path / "cover", textured(2), ["1.png", "cover.png"]))


class TestArrays:
    def test_grey_and_colour(self):
        grey = textured(6)
        video = open_video(grey, fps=25)
        np.testing.assert_array_equal(np.stack(list(video.frames())), grey)
        np.testing.assert_array_equal(np.stack(list(video.frames(colour=True)))[..., 1], grey)
        np.testing.assert_allclose(video.timestamps, np.arange(6) / 25)
        assert video.frame_shape == (64, 96)
        assert video.name == "array of shape (6, 64, 96)"

        colour = np.repeat(grey[..., None], 3, axis=3)
        video = open_video(colour)
        np.testing.assert_array_equal(np.stack(list(video.frames())), grey)
        np.testing.assert_array_equal(np.stack(list(video.frames(colour=True))), colour)

    def test_views_and_read_only_arrays(self):
        frames = textured(6)
        frames.flags.writeable = False
        video = open_video(frames[::2, ::-1, ::2])
        assert all(frame.flags.c_contiguous for frame in video.frames())
        assert open_video(video) is video

    @pytest.mark.parametrize(
        ("array", "message"),
        [
            (np.zeros((5, 6, 7)), "dtype uint8.*float64.*255 "),
            (np.zeros((5, 6, 7), np.uint16), "dtype uint8.*uint16"),
            (np.zeros((6, 7), np.uint8), r"shape \(6, 7\)"),
            (np.zeros((5, 6, 7, 4), np.uint8), r"shape \(5, 6, 7, 4\)"),
            (np.zeros((0, 6, 7), np.uint8), r"empty.*\(0, 6, 7\)"),
            (np.zeros((60, 70, 3), np.uint8), "single picture"),
        ],
    )
    def test_other_arrays_are_refused(self, array, message):
        with pytest.raises(ValueError, match=message):
            open_video(array)

    def test_other_sources_are_refused(self):
        for source in ([textured(1)[0]], 3, None, b"a.mp4"):
            with pytest.raises(TypeError, match=type(source).__name__):
                open_video(source)
        for fps in (0, -1, np.nan, np.inf, "30"):
            with pytest.raises(ValueError, match="fps must be"):
                open_video(textured(1), fps=fps)


class TestRateOfFolders:
    """Folders of images contain no times; what is assumed is said once."""

    @pytest.fixture
    def folder(self, tmp_path):
        return write_images(tmp_path / "v", textured(3), ["1.png", "2.png", "3.png"])

    def test_is_assumed_with_a_warning(self, folder):
        with pytest.warns(UserWarning, match=r"30 frames per second are assumed") as got:
            video = open_video(folder)
        assert len(got) == 1
        assert got[0].filename == __file__
        assert got[0].message.parameters == ("fps",)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert video.fingerprint
            assert len(list(video.frames())) == 3
        assert video.times.fps == pytest.approx(30)

    def test_is_taken_from_whoever_knows_it(self, folder):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert open_video(folder, fps=25).times.fps == pytest.approx(25)
            assert open_video(folder, warn=False).times.fps == pytest.approx(30)
            assert open_video(ImageSequence(folder, 50), fps=25).times.fps == pytest.approx(50)
            skipping = ImageSequence(folder, keep_every=2)
            assert open_video(skipping, fps=50).times.fps == pytest.approx(25)
            assert open_video(textured(2)).times.fps == pytest.approx(30)
        with pytest.warns(UserWarning, match="30 frames per second are assumed"):
            assert open_video(skipping).times.fps == pytest.approx(15)


@pytest.fixture
def opened(monkeypatch):
    """The files that are read for fingerprints."""
    paths = []

    def noted(path, *args):
        paths.append(Path(path).name)
        return open(path, *args)

    monkeypatch.setattr(_fingerprints, "open", noted, raising=False)
    return paths


class TestFingerprint:
    def test_is_computed_once_in_a_process(self, tmp_path, opened, monkeypatch):
        monkeypatch.setattr(_fingerprints, "_TICK_NS", -(10**10))  # as if the files were old
        names = [f"{number}.png" for number in range(4)]
        folder = write_images(tmp_path / "v", textured(4), names)
        path = write_video(tmp_path / "a.mp4", textured(2))
        sources = (path, str(path), ImageSequence(folder, 30, keep_every=2), folder)
        prints = [open_video(source, fps=30).fingerprint for source in sources]
        assert opened == ["a.mp4", "0.png", "2.png", *names]
        again = [open_video(source, fps=30).fingerprint for source in sources]
        assert again == prints
        assert len(opened) == 7
        (folder / "1.png").write_bytes(b"changed")
        changed = [open_video(source, fps=30).fingerprint for source in sources]
        assert changed[:3] == prints[:3]  # image 1 is not among those kept
        assert changed[3] != prints[3]
        assert opened[7:] == names

    def test_of_files_that_have_just_been_written_is_not_remembered(self, tmp_path, opened):
        path = write_video(tmp_path / "a.mp4", textured(2))
        assert open_video(path).fingerprint == open_video(path).fingerprint
        assert opened == ["a.mp4"] * 2

    def test_of_a_file(self, tmp_path):
        path = write_video(tmp_path / "a.mp4", textured(5))
        first = open_video(path).fingerprint
        (tmp_path / "new").mkdir()
        moved = path.rename(tmp_path / "new" / "b.mp4")
        assert open_video(moved).fingerprint == first
        stat = moved.stat()
        moved.write_bytes(moved.read_bytes().replace(b"isom", b"iso2"))
        os.utime(moved, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        changed = open_video(moved).fingerprint
        os.utime(moved, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))
        assert len({first, changed, open_video(moved).fingerprint}) == 3

    def test_of_a_folder(self, tmp_path):
        folder = write_images(tmp_path / "v", textured(2), ["1.png", "2.png"])
        prints = [open_video(folder).fingerprint, open_video(folder, fps=25).fingerprint]
        (folder / "2.png").rename(folder / "3.png")
        with pytest.warns(UserWarning, match="no image has the number 2"):
            prints.append(open_video(folder).fingerprint)
        assert len(set(prints)) == 3

    @pytest.mark.parametrize("row", [0, -1])
    def test_of_images_of_one_size_and_age(self, tmp_path, row):
        """Images without compression have the same size, whatever they show."""
        prints = []
        for name in ("v", "w"):
            frames = textured(2)
            frames[1, row] = 0 if name == "v" else 255
            folder = write_images(tmp_path / name, frames, ["1.bmp", "2.bmp"])
            for image in folder.iterdir():
                os.utime(image, ns=(0, 0))
            prints.append(open_video(folder).fingerprint)
        assert prints[0] != prints[1]

    def test_of_an_array(self):
        frames = textured(4)
        changed = frames.copy()
        changed[2, 3, 4] += 1
        sources = [frames, changed, frames[:3], frames.reshape(4, 96, 64)]
        prints = {open_video(source).fingerprint for source in sources}
        assert len(prints) == 4
        assert open_video(frames, fps=25).fingerprint not in prints
        assert open_video(frames.copy()).fingerprint in prints


def mean_face(side=100.0):
    """68 points in roughly the places of a face, of a known size."""
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return circle * side / 3


def dots(points, shape):
    """A picture with a smooth dot at each point, given to a fraction of a pixel."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    squares = (x - points[:, 0, None, None]) ** 2 + (y - points[:, 1, None, None]) ** 2
    return (250 * np.exp(-squares / (2 * 2.0**2)).max(axis=0)).astype(np.uint8)


def aligned_dots(side=100.0, shape=(240, 320), n_frames=3, **parameters):
    """A face made of dots that moves from frame to frame."""
    shifts = np.array([[170.3, 110.6]]) + 4.7 * np.arange(n_frames)[:, None]
    landmarks = mean_face(side) + shifts[:, None]
    frames = np.stack([dots(points[DOTS], shape) for points in landmarks])
    parts = {
        "landmarks": landmarks,
        "valid": np.ones(n_frames, bool),
        "timestamps": np.arange(n_frames) / 30,
        "frame_shape": shape,
    }
    return AlignedVideo(frames, **{**parts, **parameters})


class TestAlignedVideo:
    @pytest.mark.parametrize(
        ("side", "face_size"), [(100, 128), (100, 61), (100, 100), (90, 200), (150, 37)]
    )
    def test_dots_lie_at_the_landmarks(self, side, face_size):
        aligned = aligned_dots(side, face_size=face_size)
        scale = face_size / side
        radius = int(np.ceil(8 * scale))
        frames = list(aligned)
        assert len({frame.shape for frame in frames}) == 1
        assert frames[0].shape != aligned.frame_shape
        np.testing.assert_allclose(aligned.face_sizes, face_size, rtol=0.01)
        for frame, landmarks in zip(frames, aligned.face_landmarks, strict=True):
            for x, y in landmarks[DOTS]:
                left, top = round(x) - radius, round(y) - radius
                patch = frame[top : round(y) + radius + 1, left : round(x) + radius + 1].astype(
                    float
                )
                rows, columns = np.indices(patch.shape)
                found = ((columns * patch).sum(), (rows * patch).sum()) / patch.sum() + (left, top)
                assert np.hypot(*(found - (x, y))) < 0.1

    def test_region_is_clipped_to_the_picture(self):
        landmarks = mean_face(100)[None] + (10, 20)
        frames = textured(1, size=(200, 150))
        aligned = AlignedVideo(frames, landmarks, [True], [0.0], (150, 200), face_size=100)
        frame = next(iter(aligned))
        # from the picture's corner to half a face beyond the landmarks
        assert abs(frame.shape[0] - (20 + 100 / 3 + 50)) <= 2
        assert abs(frame.shape[1] - (10 + 100 / 3 + 50)) <= 2
        np.testing.assert_allclose(aligned.face_landmarks, landmarks, atol=0.5)

    def test_size_is_the_median_over_valid_frames(self):
        landmarks = mean_face(1)[None] * np.array([80, 100, 120, 900])[:, None, None] + 500
        valid = [True, True, True, False]
        frames = np.zeros((4, 1000, 1000), np.uint8)
        aligned = AlignedVideo(frames, landmarks, valid, range(4), (1000, 1000), face_size=50)
        np.testing.assert_allclose(aligned.face_sizes, [40, 50, 60, 450], rtol=0.01)

    def test_unknown_landmarks(self):
        known = aligned_dots()
        landmarks = known.landmarks.copy()
        landmarks[1] = np.nan
        aligned = aligned_dots(landmarks=landmarks, valid=[True, False, True])
        assert np.isnan(aligned.face_landmarks[1]).all()
        assert np.isnan(aligned.face_sizes[1])
        assert len(list(aligned)) == 3

    def test_file_source(self, tmp_path):
        path = write_video(tmp_path / "a.mkv", textured(40), codec="ffv1", pixels="gray")
        video = open_video(path)
        parts = {
            "landmarks": np.tile(mean_face(30) + (48, 32), (40, 1, 1)),
            "valid": np.arange(40) < 38,
            "timestamps": video.timestamps,
            "frame_shape": video.frame_shape,
        }
        aligned = AlignedVideo(path, **parts)
        assert repr(aligned) == (
            "AlignedVideo('a.mkv', n_frames=40, fps=30.00, duration=1.33 s, valid=95.0 %)"
        )
        assert len(aligned) == aligned.n_frames == sum(1 for _ in aligned) == 40

        pickled = pickle.dumps(aligned)
        assert len(pickled) < aligned.landmarks.nbytes + 2000
        copy = pickle.loads(pickled)
        assert copy == aligned
        assert copy.fingerprint == aligned.fingerprint
        for first, second in zip(aligned, copy, strict=True):
            np.testing.assert_array_equal(first, second)
        assert pickle.dumps(aligned) == pickled  # iterating leaves nothing behind

    def test_array_source_travels(self):
        aligned = aligned_dots()
        copy = pickle.loads(pickle.dumps(aligned))
        assert copy == aligned
        np.testing.assert_array_equal(np.stack(list(copy)), np.stack(list(aligned)))

    def test_equality_and_fingerprint(self):
        aligned = aligned_dots()
        changed = [
            aligned_dots(face_size=64),
            aligned_dots(valid=[True, True, False]),
            aligned_dots(landmarks=aligned.landmarks + 1),
            aligned_dots(timestamps=np.arange(3) / 25),
            AlignedVideo(
                aligned.source + 1,
                aligned.landmarks,
                aligned.valid,
                aligned.timestamps,
                aligned.frame_shape,
            ),
        ]
        assert aligned == aligned_dots()
        assert aligned.fingerprint == aligned_dots().fingerprint
        assert all(aligned != other for other in changed)
        assert len({other.fingerprint for other in [aligned, *changed]}) == 6
        assert aligned != "a.mp4"

    def test_rate(self, tmp_path):
        times = np.round(np.arange(200) / 23.976, 3)  # as Matroska does
        assert np.median(np.diff(times)) == pytest.approx(0.042)
        parts = (np.tile(mean_face() + 60, (200, 1, 1)), np.ones(200, bool))
        frames = np.zeros((200, 120, 120), np.uint8)
        assert AlignedVideo(frames, *parts, times, (120, 120)).fps == pytest.approx(
            23.976, abs=0.02
        )
        single = AlignedVideo(frames[:1], mean_face()[None] + 60, [True], [0.0], (120, 120))
        assert np.isnan(single.fps)

    def test_frozen(self):
        aligned = aligned_dots()
        with pytest.raises(AttributeError):
            aligned.face_size = 3
        for video in (aligned, pickle.loads(pickle.dumps(aligned))):
            for part in (video.landmarks, video.valid, video.timestamps):
                with pytest.raises(ValueError, match="read-only"):
                    part[0] = 0

    def test_fingerprint_leaves_no_trace_in_pickles(self):
        aligned = aligned_dots()
        before = pickle.dumps(aligned)
        assert pickle.loads(before).fingerprint == aligned.fingerprint
        assert pickle.dumps(aligned) == before

    @pytest.mark.parametrize(("n_frames", "got"), [(2, "2"), (4, "more than 3")])
    def test_source_of_another_length(self, n_frames, got):
        aligned = aligned_dots(n_frames=3)
        other = aligned_dots(n_frames=n_frames).source
        parts = (aligned.landmarks, aligned.valid, aligned.timestamps, aligned.frame_shape)
        frames = iter(AlignedVideo(other, *parts))
        # Frames without landmarks are never given out.
        assert sum(1 for _ in islice(frames, min(n_frames, 3))) == min(n_frames, 3)
        with pytest.raises(VideoReadError, match=f"has {got} frames, .* found in 3"):
            next(frames)

    def test_source_of_another_size(self):
        with pytest.raises(VideoReadError, match=r"\(240, 320\).*\(200, 300\)"):
            next(iter(aligned_dots(frame_shape=(200, 300))))

    @pytest.mark.parametrize(
        ("parts", "message"),
        [
            ({"landmarks": np.zeros((3, 67, 2))}, r"landmarks must have shape \(3, 68, 2\)"),
            ({"landmarks": None}, r"landmarks must have shape"),
            ({"valid": [True]}, r"valid must have shape \(3,\), got \(1,\)"),
            ({"timestamps": [0.0, 1.0]}, r"timestamps must have shape \(3,\)"),
            ({"timestamps": [0.0, 2.0, 1.0]}, "must increase"),
            ({"frame_shape": (240, 320, 3)}, "frame_shape must have shape"),
            ({"landmarks": np.full((3, 68, 2), np.nan)}, "frame 0 is valid, but lacks"),
            ({"face_size": 0}, "face_size must be a positive"),
        ],
    )
    def test_parts_that_do_not_fit(self, parts, message):
        with pytest.raises(ValueError, match=message):
            aligned_dots(**parts)

    def test_no_face(self):
        with pytest.raises(NoFaceError, match=r"array of shape .*: no face .* 3 frames"):
            aligned_dots(valid=[False] * 3)

    def test_face_outside_the_picture(self):
        aligned = aligned_dots(landmarks=np.tile(mean_face() + 5000, (3, 1, 1)))
        with pytest.raises(ValueError, match="outside the picture of 320 x 240"):
            next(iter(aligned))

    def test_holes_are_not_reported_again(self, tmp_path):
        folder = write_images(tmp_path / "v", textured(2), ["1.png", "3.png"])
        landmarks = np.tile(mean_face(30) + (48, 32), (2, 1, 1))
        aligned = AlignedVideo(folder, landmarks, [True, True], [0, 1], (64, 96))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(list(aligned)) == 2
            assert aligned.fingerprint


def test_face_extent():
    face = mean_face(100)
    np.testing.assert_allclose(face_extent(face), 100)
    angle = 0.7
    turned = face @ [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]] + 30
    np.testing.assert_allclose(face_extent(np.stack([turned, 2 * face])), [100, 200])
    turned[3] = np.nan
    assert np.isnan(face_extent(turned))


def test_frames_are_decoded_when_asked_for(tmp_path):
    """A damaged image is no trouble until its turn comes: nothing is read ahead or kept."""
    folder = write_images(tmp_path / "v", textured(3), ["1.png", "2.png", "3.png"])
    (folder / "3.png").write_bytes(b"")
    frames = open_video(folder).frames()
    assert sum(1 for _ in zip(range(2), frames)) == 2
    with pytest.raises(VideoReadError):
        next(frames)


def test_import_is_light():
    code = "import sys, skspot.video; print({'av', 'cv2', 'torch'} & set(sys.modules))"
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert got.stdout.strip() == "set()"


class TestImageSequence:
    """A folder of images with its rate, of which every n-th may be a frame."""

    @pytest.fixture
    def folder(self, tmp_path):
        names = [f"006_1_{number:04d}.png" for number in range(1, 16)]
        return write_images(tmp_path / "006_1", textured(15), names)

    @pytest.mark.parametrize(("keep_every", "kept"), [(1, range(15)), (7, [0, 7, 14]), (20, [0])])
    def test_frames_and_times(self, folder, keep_every, kept):
        video = open_video(ImageSequence(folder, fps=200, keep_every=keep_every), fps=99)
        every = list(open_video(folder).frames())
        np.testing.assert_array_equal(list(video.frames()), [every[number] for number in kept])
        np.testing.assert_allclose(video.timestamps, np.array(kept) / 200)
        assert video.n_frames == len(kept)
        assert video.keep_every == keep_every
        assert video.name == "006_1"

    def test_stands_for_a_path(self, folder):
        sequence = ImageSequence(folder, fps=200, keep_every=7)
        assert Path(sequence) == folder
        assert str(sequence) == str(folder)
        assert pickle.loads(pickle.dumps(sequence)) == sequence

    def test_fingerprint_depends_on_rate_and_choice(self, folder):
        prints = {
            open_video(ImageSequence(folder, fps=fps, keep_every=keep_every)).fingerprint
            for fps, keep_every in ((200, 1), (100, 1), (200, 2))
        }
        assert len(prints) == 3
        assert open_video(ImageSequence(folder, fps=30)).fingerprint == (
            open_video(folder, fps=30).fingerprint
        )

    def test_aligned_videos_of_other_choices_differ(self, folder):
        faces = np.tile(np.random.default_rng(0).uniform(0, 60, (68, 2)), (3, 1, 1))
        first, second, plain = (
            AlignedVideo(source, faces, np.ones(3, bool), np.arange(3) / 30, frame_shape=(64, 96))
            for source in (
                ImageSequence(folder, keep_every=7),
                ImageSequence(folder, keep_every=6),
                str(folder),
            )
        )
        assert first == pickle.loads(pickle.dumps(first))
        assert first != second
        assert first != plain
        assert len(list(first)) == 3

    def test_holes_in_the_numbers_are_reported_once_by_number(self, tmp_path):
        folder = write_images(tmp_path / "v", textured(3), ["3.png", "4.png", "9.png"])
        with pytest.warns(UserWarning, match="no image has the number 5, 6, 7, 8"):
            video = open_video(ImageSequence(folder, keep_every=2))
        assert video.n_frames == 2

    @pytest.mark.parametrize("keep_every", [0, -1, 1.5, "7"])
    def test_refuses_a_wrong_choice(self, keep_every):
        with pytest.raises(ValueError, match="keep_every must be a whole number of at least 1"):
            ImageSequence("v", keep_every=keep_every)

    def test_refuses_a_wrong_rate_or_kind(self, tmp_path):
        with pytest.raises(ValueError, match="fps must be a positive number"):
            ImageSequence("v", fps=0)
        with pytest.raises(FileNotFoundError, match="no video file or folder"):
            open_video(ImageSequence(tmp_path / "absent"))
        (tmp_path / "file.mp4").write_bytes(b"x")
        with pytest.raises(NotADirectoryError, match="is a folder of images"):
            open_video(ImageSequence(tmp_path / "file.mp4"))


def test_players_begin_with_the_first_frame(tmp_path):
    """If there is nothing before it; whatever number the container's clock begins with."""
    frames = textured(10)
    write_video(tmp_path / "a.mp4", frames)
    write_video(tmp_path / "b.mkv", frames, ticks=np.arange(30, 40))
    write_video(tmp_path / "c.ts", frames, ticks=np.arange(30, 40))
    for name in ("a.mp4", "b.mkv", "c.ts"):
        assert open_video(tmp_path / name).start == 0
    assert open_video(frames).start == 0
    assert open_video(write_images(tmp_path / "v", frames[:1], ["1.png"])).start == 0
