"""The landmarkers "openface" and "py-feat" against tables whose faces are known."""

import csv
import os
import pickle
import re
import warnings
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from skspot.landmarks import LANDMARKERS, OpenFace, PyFeat
from skspot.landmarks._tables import TableLandmarker
from skspot.preprocessing import FaceAligner
from skspot.video import ImageSequence, NoFaceError

ANGLE = np.linspace(0, 6, 68)
CIRCLE = np.column_stack([np.cos(ANGLE), np.sin(ANGLE)])
PICTURE = np.full((96, 128), 127, dtype=np.uint8)
POINTS = [f"{axis}_{i}" for axis in "xy" for i in range(68)]


def face(x=64.0, y=48.0, radius=20.0):
    """Return the points of a round face, to a tenth of a pixel as OpenFace writes them."""
    return (radius * CIRCLE + (x, y)).round(1)


def flat(points):
    """Return all x, then all y, as both programs write them."""
    return [f"{value:.1f}" for value in np.asarray(points).T.ravel()]


def openface_row(frame, points=None, *, confidence=0.98, success=1, face_id=0):
    points = np.zeros((68, 2)) if points is None else points
    start = [frame, face_id, f"{(frame - 1) / 30:.3f}", f"{confidence:.2f}", success]
    return [*start, "0.1", *flat(points), "1.5"]


def write_openface(path, rows, *, names=None, separator=", "):
    """Write a table as OpenFace does: gaze before the landmarks, action units behind them."""
    names = names or ["frame", "face_id", "timestamp", "confidence", "success", "gaze_0_x"]
    lines = [separator.join([*names, *POINTS, "AU01_r"])]
    lines += [separator.join(map(str, row)) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def py_feat_row(frame, points=None, *, score=0.99):
    points = [""] * 136 if points is None else flat(points)
    score = "" if score is None else score
    return [frame, 10, 20, 30, 40, score, *points, 0.5, "C:\\Köln, 1\\a.mp4", frame]


def write_py_feat(path, rows, encoding="utf-8"):
    """Write a table as Fex.to_csv does: the frame is its index, and a column at the end."""
    box = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
    with open(path, "w", newline="", encoding=encoding) as file:
        writer = csv.writer(file)
        writer.writerow(["frame", *box, *POINTS, "AU01", "input", "frame"])
        writer.writerows(rows)
    return path


def write_images(folder, n_images, pattern="{:04d}.png"):
    folder.mkdir()
    data = cv2.imencode(".png", PICTURE)[1].tobytes()
    for number in range(1, n_images + 1):
        (folder / pattern.format(number)).write_bytes(data)
    return folder


def write_video(path, n_frames):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.height, stream.width = PICTURE.shape
        stream.pix_fmt = "yuv420p"
        for _ in range(n_frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(PICTURE, format="gray")))
        container.mux(stream.encode())
    return path


@pytest.fixture
def folder(tmp_path):
    """A folder of ten images."""
    return write_images(tmp_path / "clip", 10)


def align(source, landmarker="openface", *, max_gap=0, memory=None, **params):
    landmarker = LANDMARKERS[landmarker](**params)
    aligner = FaceAligner(landmarker, fps=30, max_gap=max_gap, memory=memory)
    return aligner.transform([source])[0]


def valid(source, landmarker="openface", **params):
    """Return the frames in which the followed face is known."""
    return np.flatnonzero(align(source, landmarker, **params).valid).tolist()


class TestOpenFace:
    def test_points_of_every_frame(self, folder, tmp_path):
        faces = [face(50 + i) for i in range(10)]
        rows = [openface_row(i + 1, points) for i, points in enumerate(faces)]
        write_openface(tmp_path / "clip.csv", rows)
        aligned = align(folder)
        assert aligned.valid.all()
        np.testing.assert_allclose(aligned.landmarks, faces, atol=1e-4)
        assert aligned.frame_shape == PICTURE.shape

    def test_names_without_blanks_and_without_face_id(self, folder, tmp_path):
        names = ["frame", "timestamp", "confidence", "success", "gaze_0_x"]
        rows = [openface_row(i, face(50 + i)) for i in range(1, 11)]
        for row in rows:
            del row[1]
        write_openface(tmp_path / "clip.csv", rows, names=names, separator=",")
        np.testing.assert_allclose(align(folder).landmarks[3], face(54), atol=1e-4)

    def test_failed_and_doubtful_frames_show_no_face(self, folder, tmp_path):
        rows = [openface_row(i, face()) for i in range(1, 11)]
        rows[2] = openface_row(3, confidence=0.2, success=0)
        rows[3] = openface_row(4, face(), success=0)
        rows[4] = openface_row(5, face(), confidence=0.69)
        rows[5] = openface_row(6, face(), confidence=0.70)
        rows[6] = [7, 0, 0.2, "-nan(ind)", 1, *["-nan(ind)"] * 138]
        rows[7] = openface_row(8, np.full((68, 2), np.nan))
        write_openface(tmp_path / "clip.csv", rows)
        assert valid(folder) == [0, 1, 5, 8, 9]
        assert valid(folder, min_confidence=0.5) == [0, 1, 4, 5, 8, 9]
        assert valid(folder, min_confidence=0.98) == [0, 1, 8, 9]

    def test_short_gaps_are_filled_but_not_valid(self, folder, tmp_path):
        rows = [openface_row(i, face(50 + i)) for i in (1, 2, 5, 6, 7, 8, 9, 10)]
        write_openface(tmp_path / "clip.csv", rows)
        aligned = align(folder, max_gap=2)
        assert np.flatnonzero(~aligned.valid).tolist() == [2, 3]
        np.testing.assert_allclose(aligned.landmarks[2], face(53), atol=0.05)

    def test_largest_face_when_first_seen_whatever_its_number(self, folder, tmp_path):
        # The face on the right is larger; from frame 6 on the trackers have changed places.
        rows = []
        for i in range(1, 11):
            swapped = int(i >= 6)
            rows.append(openface_row(i, face(30, radius=15), face_id=swapped))
            rows.append(openface_row(i, face(90, radius=22), face_id=1 - swapped))
        write_openface(tmp_path / "clip.csv", rows)
        np.testing.assert_allclose(align(folder).landmarks, [face(90, radius=22)] * 10, atol=1e-4)

    def test_never_takes_another_face(self, folder, tmp_path):
        # The larger one leaves after frame 4, and its tracker takes the face of somebody else.
        rows = [openface_row(i, face(30, radius=15), face_id=1) for i in range(1, 5)]
        rows += [openface_row(i, face(90, radius=22)) for i in range(1, 5)]
        rows += [openface_row(i, face(30, radius=15), face_id=0) for i in range(5, 11)]
        write_openface(tmp_path / "clip.csv", rows)
        assert valid(folder) == [0, 1, 2, 3]
        rows = [openface_row(i, face(90 if i < 5 else 30)) for i in range(1, 11)]
        write_openface(tmp_path / "clip.csv", rows)
        assert valid(folder) == [0, 1, 2, 3]

    def test_row_of_nan_is_nobody(self, folder, tmp_path):
        rows = [openface_row(i, face(30 if i < 5 else 90)) for i in range(1, 11)]
        rows[4] = openface_row(5, np.full((68, 2), np.nan))
        write_openface(tmp_path / "clip.csv", rows)
        assert valid(folder) == [0, 1, 2, 3]

    def test_another_size_after_frames_without_rows_is_another_face(self, folder, tmp_path):
        rows = [openface_row(i, face(radius=15 if i < 5 else 27)) for i in (1, 2, 3, 8, 9, 10)]
        write_openface(tmp_path / "clip.csv", rows)
        assert valid(folder) == [0, 1, 2]

    def test_rows_in_any_order(self, folder, tmp_path):
        rows = [openface_row(i, face(50 + i)) for i in range(10, 0, -1)]
        write_openface(tmp_path / "clip.csv", rows)
        np.testing.assert_allclose(align(folder).landmarks[0], face(51), atol=1e-4)

    def test_no_face_in_any_row(self, folder, tmp_path):
        write_openface(tmp_path / "clip.csv", [openface_row(i, success=0) for i in range(1, 11)])
        with pytest.raises(NoFaceError, match="clip: OpenFace found no face"):
            align(folder)

    def test_row_cut_short(self, folder, tmp_path):
        path = write_openface(
            tmp_path / "clip.csv", [openface_row(i, face()) for i in range(1, 11)]
        )
        path.write_text(path.read_text()[:-300])
        assert valid(folder) == list(range(9))

    def test_lacks_the_points_in_the_picture(self, folder, tmp_path):
        (tmp_path / "clip.csv").write_text("frame, confidence, success, AU01_r\n1, 0.9, 1, 2.0\n")
        with pytest.raises(
            ValueError,
            match=r"clip\.csv'.*lacks the columns x_0, x_1, .*and 126 more and has 'frame', .*"
            r"-2Dfp",
        ):
            align(folder)

    @pytest.mark.parametrize(("frame", "got"), [(0, "0"), (2.5, "2.5"), ("", "nan"), (-1, "-1")])
    def test_frames_that_are_none(self, folder, tmp_path, frame, got):
        rows = [openface_row(i, face()) for i in range(1, 11)]
        rows[4][0] = frame
        write_openface(tmp_path / "clip.csv", rows)
        with pytest.raises(ValueError, match=rf"clip\.csv', line 6: the frame is {got}, .*from 1"):
            align(folder)


class TestPyFeat:
    def test_points_of_every_frame(self, folder, tmp_path):
        faces = [face(50 + i) for i in range(10)]
        rows = [py_feat_row(i, points) for i, points in enumerate(faces)]
        write_py_feat(tmp_path / "clip.csv", rows)
        np.testing.assert_allclose(align(folder, "py-feat").landmarks, faces, atol=1e-4)

    def test_failed_and_doubtful_frames_show_no_face(self, folder, tmp_path):
        rows = [py_feat_row(i, face()) for i in range(10)]
        rows[2] = py_feat_row(2, score=None)
        rows[3] = py_feat_row(3, score=0)
        rows[4] = py_feat_row(4, face(), score=0.4)
        write_py_feat(tmp_path / "clip.csv", rows)
        assert valid(folder, "py-feat") == [0, 1, 5, 6, 7, 8, 9]
        assert valid(folder, "py-feat", min_confidence=0.4) == [0, 1, 4, 5, 6, 7, 8, 9]

    def test_several_faces(self, folder, tmp_path):
        rows = []
        for i in range(10):
            pair = [face(30 + i, radius=15), face(90, radius=22)]
            rows += [py_feat_row(i, points) for points in pair[:: 1 if i % 2 else -1]]
        write_py_feat(tmp_path / "clip.csv", rows)
        np.testing.assert_allclose(
            align(folder, "py-feat").landmarks, [face(90, radius=22)] * 10, atol=1e-4
        )

    @pytest.mark.filterwarnings("ignore:.*landmarks for only one in")
    def test_skipped_frames_are_gaps(self, tmp_path):
        # 40 frames, every 24th looked at: the table ends 15 frames before the video.
        folder = write_images(tmp_path / "clip", 40)
        rows = [py_feat_row(i, face(50 + i / 10)) for i in (0, 24)]
        write_py_feat(tmp_path / "clip.csv", rows)
        assert valid(folder, "py-feat") == [0, 24]
        aligned = align(folder, "py-feat", max_gap=23)
        np.testing.assert_allclose(aligned.landmarks[12], face(51.2), atol=0.05)
        assert np.isnan(aligned.landmarks[25:]).all()

    @pytest.mark.filterwarnings("ignore:.*landmarks for only one in")
    def test_skipped_frames_do_not_lose_the_face(self, folder, tmp_path):
        # 1.6 times as large after five frames: the same if nothing was looked at in between.
        rows = [py_feat_row(0, face(radius=16)), py_feat_row(5, face(radius=25.6))]
        write_py_feat(tmp_path / "clip.csv", rows)
        assert valid(folder, "py-feat") == [0, 5]

    def test_refuses_the_mesh(self, folder, tmp_path):
        path = write_py_feat(tmp_path / "clip.csv", [py_feat_row(0, face())])
        path.write_text(path.read_text().replace("AU01,", "x_68,"))
        with pytest.raises(ValueError, match=r"clip\.csv' has a column 'x_68'.*MPDetector"):
            align(folder, "py-feat")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
    def test_encoding_of_the_video_name_does_not_matter(self, folder, tmp_path, encoding):
        rows = [py_feat_row(i, face()) for i in range(10)]
        write_py_feat(tmp_path / "clip.csv", rows, encoding)
        assert align(folder, "py-feat").valid.all()


class TestForeignFiles:
    @pytest.mark.parametrize(
        ("separator", "decimal"), [(";", ","), (";", "."), ("\t", ","), ("\t", "."), (",", ".")]
    )
    def test_tables_that_a_spreadsheet_saved(self, folder, tmp_path, separator, decimal):
        rows = [openface_row(i, face(50 + i, 40.5)) for i in range(1, 11)]
        path = write_openface(tmp_path / "clip.csv", rows, separator="|")
        text = path.read_text().replace(".", decimal).replace("|", separator)
        path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        np.testing.assert_allclose(align(folder).landmarks[9], face(60, 40.5), atol=1e-4)

    @pytest.mark.parametrize("landmarker", ["openface", "py-feat"])
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "has no rows"),
            (b"\n\n", "has no rows"),
            (b"\n1,2\n", "lacks the columns frame"),
            (b"onset,offset\n1,2\n", "lacks the columns frame, .* and has 'onset', 'offset'"),
            (b"PK\x03\x04\x00\xff\xfe\n" * 999, "lacks the columns frame"),
            (b"PK\x03\x04\x00\xff\xfe" * 999, "has no rows"),
            (b"\xff\xfe\x00", "has no rows"),
        ],
    )
    def test_is_no_table(self, folder, tmp_path, landmarker, content, message):
        (tmp_path / "clip.csv").write_bytes(content)
        with pytest.raises(ValueError, match=rf"clip\.csv'.*{message}"):
            align(folder, landmarker)

    def test_table_of_the_other_program(self, folder, tmp_path):
        write_openface(tmp_path / "clip.csv", [openface_row(1, face())])
        with pytest.raises(
            ValueError, match="lacks the columns FaceScore .*use the landmarker OpenFace"
        ):
            align(folder, "py-feat")
        write_py_feat(tmp_path / "clip.csv", [py_feat_row(0, face())])
        with pytest.raises(ValueError, match="confidence, success .*use the landmarker PyFeat"):
            align(folder)

    def test_no_rows(self, folder, tmp_path):
        write_openface(tmp_path / "clip.csv", [])
        with pytest.raises(ValueError, match=r"clip\.csv' has no rows"):
            align(folder)

    def test_no_numbers(self, folder, tmp_path):
        rows = [openface_row(i, face()) for i in range(1, 11)]
        rows[3][20] = "left"
        write_openface(tmp_path / "clip.csv", rows)
        with pytest.raises(ValueError, match=r"clip\.csv' can't be read as a table of OpenFace"):
            align(folder)


class TestLength:
    def test_ends_a_few_frames_early(self, folder, tmp_path):
        write_openface(tmp_path / "clip.csv", [openface_row(i, face()) for i in range(1, 8)])
        assert valid(folder) == list(range(7))

    def test_ends_long_before_the_video(self, tmp_path):
        folder = write_images(tmp_path / "clip", 40)
        rows = [openface_row(i, face()) for i in range(1, 30)]
        write_openface(tmp_path / "clip.csv", rows)
        with pytest.raises(
            ValueError,
            match=r"clip: the last frame in '.*clip\.csv' is 29, counted from 1, but the video has "
            r"40 frames\. .*append a row for frame 40 with confidence 0",
        ):
            align(folder)
        with open(tmp_path / "clip.csv", "a") as file:
            file.write("40, 0, 1.3, 0, 0\n")  # as the message advises
        assert valid(folder) == list(range(29))

    def test_one_percent_of_a_long_video(self, tmp_path):
        landmarker = OpenFace()
        write_openface(tmp_path / "a.csv", [openface_row(i, face()) for i in (1, 2, 3, 3961)])

        class LongVideo:
            source, name, keep_every = tmp_path / "a.mp4", "a.mp4", 1

        assert sum(p is not None for p in landmarker.track(range(4000), LongVideo)) == 4
        with pytest.raises(ValueError, match=r"is 3961, .* has 4010 frames"):
            list(landmarker.track(range(4010), LongVideo))

    def test_reaches_beyond_the_video(self, folder, tmp_path):
        write_py_feat(tmp_path / "clip.csv", [py_feat_row(i, face()) for i in range(11)])
        with pytest.raises(ValueError, match=r"is 10, counted from 0, but the video has 10 frames"):
            align(folder, "py-feat")


class TestReducedRate:
    @pytest.fixture
    def sequence(self, tmp_path):
        """A folder of 22 images of which every 7th is a frame: images 0, 7, 14, 21."""
        return ImageSequence(write_images(tmp_path / "clip", 22), fps=200, keep_every=7)

    def test_table_of_all_images(self, sequence, tmp_path):
        rows = [py_feat_row(i, face(50 + i)) for i in range(22)]
        write_py_feat(tmp_path / "clip.csv", rows)
        expected = [face(50 + i) for i in (0, 7, 14, 21)]
        np.testing.assert_allclose(align(sequence, "py-feat").landmarks, expected, atol=1e-4)

    def test_face_is_followed_through_all_images(self, sequence, tmp_path):
        # It moves by more than its size from frame to frame, but not from image to image.
        rows = [openface_row(i + 1, face(10 + 5 * i, radius=10)) for i in range(22)]
        write_openface(tmp_path / "clip.csv", rows)
        assert valid(sequence) == [0, 1, 2, 3]

    def test_table_of_the_kept_images(self, sequence, tmp_path):
        rows = [openface_row(i + 1, face(50 + i)) for i in range(4)]
        write_openface(tmp_path / "clip.csv", rows)
        expected = [face(50 + i) for i in range(4)]
        np.testing.assert_allclose(align(sequence).landmarks, expected, atol=1e-4)

    def test_images_after_the_last_kept_one(self, tmp_path):
        sequence = ImageSequence(write_images(tmp_path / "clip", 28), keep_every=7)
        write_openface(tmp_path / "clip.csv", [openface_row(i, face()) for i in range(1, 29)])
        assert valid(sequence) == [0, 1, 2, 3]

    def test_table_of_neither(self, sequence, tmp_path):
        write_openface(tmp_path / "clip.csv", [openface_row(i, face()) for i in range(1, 30)])
        with pytest.raises(ValueError, match=r"is 29, .*4 frames, one for every 7 recorded images"):
            align(sequence)


class TestFiles:
    @pytest.mark.parametrize(
        ("pattern", "place"),
        [
            ("{folder}/{stem}.csv", "a.csv"),
            ("{folder}/openface/{name}.csv", "openface/a.mp4.csv"),
            ("{folder}/../{stem}/landmarks.csv", "../a/landmarks.csv"),
        ],
    )
    def test_pattern(self, tmp_path, pattern, place):
        video = tmp_path / "videos" / "a.mp4"
        video.parent.mkdir()
        write_video(video, 3)
        path = video.parent / place
        path.parent.mkdir(exist_ok=True)
        write_openface(path, [openface_row(i, face()) for i in range(1, 4)])
        assert valid(video, files=pattern) == [0, 1, 2]

    def test_table_beside_a_folder_with_a_point_in_its_name(self, tmp_path, monkeypatch):
        write_images(tmp_path / "spNO.1", 3)
        write_openface(tmp_path / "spNO.1.csv", [openface_row(i, face()) for i in range(1, 4)])
        monkeypatch.chdir(tmp_path)
        for source in ("spNO.1", tmp_path / "spNO.1", f"spNO.1{os.sep}"):
            assert valid(source) == [0, 1, 2]
        monkeypatch.chdir(tmp_path / "spNO.1")
        assert valid(".") == [0, 1, 2]

    @pytest.mark.parametrize("key", ["path", "clip"])
    def test_mapping(self, folder, tmp_path, key):
        rows = [openface_row(i, face()) for i in range(1, 11)]
        path = write_openface(tmp_path / "other.csv", rows)
        files = {folder if key == "path" else key: path, "x": "y.csv"}
        assert len(valid(folder, files=files)) == 10

    def test_one_table_for_each_video(self, tmp_path):
        for name in "ab":
            write_video(tmp_path / f"{name}.mp4", 3)
        videos = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
        for files, message in (
            ("{folder}/all.csv", r"gives one path, .*all\.csv', for 2 videos"),
            ({}, r"a\.mp4: files has no entry.*its 0 entries are none"),
        ):
            aligner = FaceAligner(OpenFace(files))
            with pytest.raises(ValueError, match=message):
                aligner.transform(videos)
        aligner = FaceAligner(OpenFace({"clip": "c.csv"}))
        with pytest.raises(ValueError, match="the entry 'clip' fits 2 videos"):
            aligner.transform([tmp_path / "a" / "clip", tmp_path / "b" / "clip"])

    def test_one_video_twice_is_no_conflict(self, folder, tmp_path, monkeypatch):
        write_openface(tmp_path / "clip.csv", [openface_row(i, face()) for i in range(1, 11)])
        monkeypatch.chdir(tmp_path)
        sources = [folder, "clip", ImageSequence(folder, fps=25)]
        for files in ("{folder}/{stem}.csv", {"clip": "clip.csv"}):
            aligner = FaceAligner(OpenFace(files))
            assert [len(video) for video in aligner.transform(sources)] == [10] * 3

    def test_missing_file(self, folder, tmp_path):
        path = str(tmp_path / "clip.csv")
        for memory in (None, tmp_path / "cache"):
            with pytest.raises(FileNotFoundError, match=re.escape(path)) as info:
                align(folder, memory=memory)
            for part in (
                "clip: there is no CSV file of OpenFace",
                "OpenFace(files=",
                "{folder}/{stem}",
            ):
                assert part in str(info.value)
        with pytest.raises(FileNotFoundError, match=r"'y\.csv' \(relative to"):
            align(folder, files={"clip": "y.csv"})

    def test_array_has_no_path(self):
        with pytest.raises(ValueError, match=r"array of shape .* is an array and has no path"):
            align(np.stack([PICTURE] * 3))

    @pytest.mark.parametrize(
        ("params", "error", "message"),
        [
            ({"files": "{dir}/{stem}.csv"}, ValueError, r"fields \['dir'\]; .*\{folder\}"),
            ({"files": "{}.csv"}, ValueError, r"fields \[''\]"),
            ({"files": "{stem.parent}.csv"}, ValueError, r"fields \['stem\.parent'\]"),
            ({"files": "{stem.csv"}, ValueError, "is not a pattern"),
            (
                {"files": Path("a.csv")},
                TypeError,
                r"'files' .* of \w+ must be .*'str' or .*Mapping'. Got \w*Path",
            ),
            ({"files": {0: "a.csv"}}, TypeError, r"keys of a mapping are paths.*got 0, int"),
            ({"files": {"a": 1}}, TypeError, r"\['a'\] must be the path of a CSV file, got 1"),
            ({"min_confidence": 1.5}, ValueError, r"\[0\.0, 1\.0\]\. Got 1\.5"),
            ({"min_confidence": "high"}, ValueError, "Got 'high'"),
        ],
    )
    @pytest.mark.parametrize("landmarker", ["openface", "py-feat"])
    def test_wrong_options(self, landmarker, params, error, message):
        with pytest.raises(error, match=message):
            FaceAligner(LANDMARKERS[landmarker](**params)).fit(["a.mp4"])

    def test_worker_gets_only_its_own_path(self):
        files = {f"{i}.mp4": f"{i}.csv" for i in range(1000)}
        landmarker = PyFeat(files, min_confidence=0.3)
        only = landmarker.only_for("videos/7.mp4")
        assert only.files == {"7.mp4": "7.csv"}
        assert only.min_confidence == 0.3
        assert len(pickle.dumps(only)) < 500
        assert landmarker.only_for(np.zeros(3)).files == files


class TestOrderOfImages:
    def test_warns_if_names_sort_otherwise_than_numbers(self, tmp_path):
        folder = write_images(tmp_path / "clip", 10, "img{}.png")
        write_openface(tmp_path / "clip.csv", [openface_row(i, face()) for i in range(1, 11)])
        with pytest.warns(
            UserWarning, match=r"clip: .*'img10\.png' comes before 'img9\.png'.*rename"
        ):
            align(folder)

    def test_silent_otherwise(self, folder, tmp_path):
        write_openface(tmp_path / "clip.csv", [openface_row(i, face()) for i in range(1, 11)])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            align(folder)


class TestCache:
    @pytest.fixture
    def followed(self, monkeypatch):
        """Count the tables that are read."""
        read, track = [], TableLandmarker.track

        def counted(self, frames, video, detect_every=1):
            read.append(video.name)
            return track(self, frames, video, detect_every)

        monkeypatch.setattr(TableLandmarker, "track", counted)
        return read

    def test_a_changed_table_is_read_again(self, folder, tmp_path, followed, monkeypatch):
        monkeypatch.setattr("skspot.utils._fingerprints._ENDS_TO_HASH", 2000)
        rows = [openface_row(i, face()) for i in range(1, 11)]
        path = write_openface(tmp_path / "clip.csv", rows)
        first = align(folder, memory=tmp_path / "cache")
        assert align(folder, memory=tmp_path / "cache") == first
        assert len(followed) == 1
        stat = path.stat()
        rows[-1] = openface_row(10, face(65))  # of the same length
        write_openface(path, rows)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert path.stat().st_size == stat.st_size
        changed = align(folder, memory=tmp_path / "cache")
        np.testing.assert_allclose(changed.landmarks[9], face(65), atol=1e-4)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
        align(folder, memory=tmp_path / "cache")
        assert len(followed) == 3

    def test_options_are_part_of_the_key(self, folder, tmp_path):
        rows = [openface_row(i, face(), confidence=0.8 + i / 100) for i in range(1, 11)]
        write_openface(tmp_path / "clip.csv", rows)
        for least, n_valid in ((0.7, 10), (0.85, 6), (0.7, 10)):
            found = valid(folder, min_confidence=least, memory=tmp_path / "cache")
            assert len(found) == n_valid

    def test_in_workers(self, tmp_path):
        videos = []
        for i, name in enumerate("abc"):
            videos.append(write_video(tmp_path / f"{name}.mp4", 4))
            rows = [py_feat_row(k, face(50 + 5 * i)) for k in range(4)]
            write_py_feat(tmp_path / f"{name}_feat.csv", rows)
        files = {video.stem: str(video.with_name(f"{video.stem}_feat.csv")) for video in videos}
        aligner = FaceAligner(PyFeat(files), memory=str(tmp_path / "cache"), n_jobs=2)
        for _ in range(2):  # computed, then from the cache
            for i, aligned in enumerate(aligner.fit_transform(videos)):
                np.testing.assert_allclose(aligned.landmarks, [face(50 + 5 * i)] * 4, atol=1e-4)

    def test_failures_are_collected(self, folder, tmp_path):
        write_openface(tmp_path / "clip.csv", [openface_row(i, face()) for i in range(1, 11)])
        other = write_images(tmp_path / "other", 3)
        aligner = FaceAligner("openface", on_error="warn")
        with pytest.warns(UserWarning, match=r"FileNotFoundError: other: there is no CSV"):
            aligned = aligner.transform([folder, other])
        assert aligned[1] is None
        assert aligned[0].valid.all()


def test_landmarks_of_a_larger_picture(folder, tmp_path):
    rows = [openface_row(i, 4 * face()) for i in range(1, 11)]
    write_openface(tmp_path / "clip.csv", rows)
    message = (
        r"clip: .* outside of the picture in 10 of 10 frames, .*\(252, 196\).* 128 x 96 pixels"
    )
    with pytest.raises(ValueError, match=message):
        align(folder)


def test_warns_if_most_images_lack_landmarks(folder, tmp_path):
    write_py_feat(tmp_path / "clip.csv", [py_feat_row(i, face()) for i in (0, 5)])
    with pytest.warns(UserWarning, match="has landmarks for only one in 5 images"):
        align(folder, "py-feat")


def test_key_of_landmarks_changes_with_the_table(folder, tmp_path):
    aligner = FaceAligner("openface")
    assert "there is no CSV file" in aligner.key_of_landmarks(str(folder))
    keys = []
    for x in (50, 60):
        write_openface(tmp_path / "clip.csv", [openface_row(i, face(x)) for i in range(1, 11)])
        keys.append(aligner.key_of_landmarks(str(folder)))
    assert keys[0] != keys[1]
    assert keys[1] == aligner.key_of_landmarks(str(folder))
    assert FaceAligner(eval("lambda frame: None")).key_of_landmarks(str(folder)) is None
