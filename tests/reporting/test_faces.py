"""Tests of what a report shows of the face."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspot import make_intervals
from skspot.faces import node_centres
from skspot.reporting import VideoReport
from skspot.reporting import _magnification as magnification
from skspot.reporting._faces import interval_faces
from skspot.video import AlignedVideo, VideoReadError, face_extent
from tests.conftest import align_exactly
from tests.reporting.pages import Page


def test_motion_is_that_of_the_face(still_data):
    """The motion at the nodes is the true one, but for the motion of the head."""
    errors, sizes = [], []
    for video, true, moved in zip(
        align_exactly(still_data), still_data.intervals, still_data.displacement
    ):
        landmarks, frames = video.face_landmarks, list(video)
        for row in true:
            onset, apex = row["onset"], row["apex"]
            view = magnification.face_view(landmarks[onset])
            reference = magnification.warped(frames[onset], view)
            still = magnification.held_still(view, landmarks[apex], landmarks[onset])
            points = magnification.moved(landmarks[onset], view)
            _, motion = magnification.face_motion(
                reference, magnification.warped(frames[apex], still), points
            )
            scale = magnification.FACE_PIXELS / face_extent(video.landmarks[onset])
            expected = scale * (moved[apex] - moved[onset])
            found = magnification.motion_at(motion, node_centres(points))
            errors.append(np.linalg.norm(found - expected, axis=1).mean())
            sizes.append(np.linalg.norm(expected, axis=1).max())
    assert np.mean(errors) < 0.35 * np.mean(sizes)


def test_exaggeration_multiplies_the_motion(aligned):
    """A dot that was moved by (2, 1) lies 3 times as far from where it was."""
    side = magnification.SIDE
    y, x = np.mgrid[:side, :side]

    def dot(centre_x, centre_y):
        return np.uint8(255 * np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / 30))

    motion = np.empty((side, side, 2), dtype=np.float32)
    motion[:] = (2, 1)
    picture = magnification.exaggerated(dot(102, 101), motion, 3.0)
    assert np.abs(picture.astype(int) - dot(106, 103)).max() <= 2
    same = magnification.exaggerated(dot(102, 101), motion, 1.0)
    np.testing.assert_array_equal(same, dot(102, 101))


def test_large_motion_is_exaggerated_less():
    motion = np.zeros((200, 200, 2), dtype=np.float32)
    assert magnification.largest_factor(motion, 8.0) == 8.0
    motion[..., 0] = 9.0  # 18 pixels are 12 % of the face
    assert_allclose(magnification.largest_factor(motion, 8.0), 2.0)
    motion[..., 0] = 30.0
    assert magnification.largest_factor(motion, 8.0) == 1.0
    motion[..., 0] = 0.1 * np.arange(200) - 10  # a slope of 0.1 may become 0.7 steeper
    assert magnification.largest_factor(motion, 8.0) < 2


def test_a_head_that_moves_is_held_still(still_data):
    """A video of which each frame is turned and shifted shows the same pictures."""
    video, landmarks = still_data.videos[0][:3], still_data.landmarks[0][:3]
    transform = cv2.getRotationMatrix2D((120, 120), 8, 1.0) + [[0, 0, 5], [0, 0, -3]]
    turned = np.stack(
        [video[0], *[cv2.warpAffine(f, transform, (240, 240), borderMode=1) for f in video[1:]]]
    )
    moved = np.stack([landmarks[0], *(magnification.moved(p, transform) for p in landmarks[1:])])
    table = make_intervals([(0, 1, 2, "macro")])
    shown = []
    for frames, points in ((video, landmarks), (turned, moved)):
        aligned = AlignedVideo(frames, points, np.ones(3), np.arange(3) / 30, (240, 240))
        (face,) = interval_faces(aligned, table, show="pictures")
        shown.append(picture(face.pictures["apex"])[40:180, 40:160])
    assert np.abs(shown[0] - shown[1]).mean() < 3


def picture(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).astype(float)


def test_pictures_are_of_the_right_frames(aligned, predicted):
    """They are those taken from the frames one at a time."""
    faces = interval_faces(aligned, predicted, show="pictures")
    video = replace(aligned, face_size=magnification.FACE_PIXELS)
    frames = list(video)
    for row, face in zip(predicted, faces):
        assert list(face.pictures) == ["onset", "apex", "offset", "exaggerated"]
        view = magnification.face_view(video.face_landmarks[row["onset"]])
        expected = magnification.warped(frames[row["onset"]], view)
        assert np.abs(picture(face.pictures["onset"]) - expected).mean() < 4
        assert {picture(jpeg).shape for jpeg in face.pictures.values()} == {(200, 200)}


def test_frames_are_decoded_once_and_not_beyond_the_last_interval(aligned):
    decoded = []

    class Watched(AlignedVideo):
        def __iter__(self):
            for number, frame in enumerate(super().__iter__()):
                decoded.append(number)
                yield frame

    video = Watched(
        aligned.source, aligned.landmarks, aligned.valid, aligned.timestamps, (240, 240)
    )
    rows = [(0, 5, 9, "macro"), (3, 5, 12, "micro"), (12, 12, 14, "macro"), (3, 4, 12, "macro")]
    table = np.concatenate([make_intervals([row]) for row in rows])
    faces = interval_faces(video, table, show="pictures")
    assert decoded == list(range(15))
    exaggerated = ["exaggerated" in face.pictures for face in faces]
    assert exaggerated == [True, True, False, True]  # no motion to an apex at the onset
    decoded.clear()
    assert interval_faces(video, table[:0], show="pictures") == []
    assert decoded == []


def test_moments_without_a_face(aligned):
    landmarks, valid = aligned.landmarks.copy(), aligned.valid.copy()
    landmarks[20:25], valid[20:25] = np.nan, False
    video = AlignedVideo(aligned.source, landmarks, valid, aligned.timestamps, (240, 240))
    rows = [(20, 30, 40, "macro"), (10, 20, 30, "macro"), (21, 22, 23, "macro")]
    table = np.concatenate([make_intervals([row]) for row in rows])
    for show in ("pictures", "outline"):
        faces = interval_faces(video, table, show=show)
        assert [face.unseen for face in faces] == [["onset"], ["apex"], ["onset", "apex", "offset"]]
        assert all(face.outline == [] for face in faces)
    faces = interval_faces(video, table, show="pictures")
    assert [list(f.pictures) for f in faces] == [["apex", "offset"], ["onset", "offset"], []]
    html = Page(VideoReport.from_predictions(None, table, aligned=video).to_html())
    assert "The face is not visible at the onset and the apex and the offset." in html.text


def test_a_video_that_has_become_shorter(aligned):
    video = replace(aligned, source=aligned.source[:100])
    with pytest.raises(VideoReadError, match="has 100 frames, but its landmarks .* in 150"):
        interval_faces(video, make_intervals([(90, 100, 110, "macro")]), show="pictures")


def test_without_faces_there_is_no_picture(aligned, predicted, true):
    report = VideoReport.from_predictions(true, predicted, aligned=aligned, faces=False)
    html = report.to_html()
    page = Page(html)
    assert page.all("img") == []
    assert "data:image" not in html
    assert "/9j/" not in html  # how a JPEG begins in base64
    drawings = page.all("path", class_="apex")
    assert len(drawings) == 2 * len(predicted)  # with the keys
    assert all(not face.pictures for face in report.faces)


def test_the_outline_shows_the_motion_of_the_pictures(aligned, true):
    """Landmarks move as they do in truth, times the factor."""
    (row,) = true[true["label"] == "macro"][:1]
    (face,) = interval_faces(aligned, np.array([row]), show="outline")
    view = magnification.face_view(aligned.face_landmarks[row["onset"]])
    before, after = (
        magnification.moved(aligned.face_landmarks[row[k]], view) for k in ("onset", "apex")
    )
    assert_allclose(face.outline[0], before, atol=0.1)  # of faces of another size
    inner = slice(17, 68)  # the line of the jaw is at the border of what is looked at
    moved = (face.outline[1] - face.outline[0])[inner] / face.factor
    expected = (after - before)[inner]
    assert np.linalg.norm(moved - expected, axis=1).mean() < 0.5 * np.abs(expected).max()
    strongest = np.linalg.norm(expected, axis=1).argmax()
    assert np.dot(moved[strongest], expected[strongest]) > 0
