import pickle

import cv2
import numpy as np
import pytest
from sklearn.base import clone

from skspot.datasets._face_model import face_transform
from skspot.preprocessing import SWMROFlow, node_names
from skspot.preprocessing import _flow as flow_module
from skspot.preprocessing._flow import gather_windows
from skspot.video import AlignedVideo
from tests.conftest import align_exactly

ENGINES = ["farneback", "dis", "lucas-kanade"]


def _moved_video(data, transforms):
    """Return an aligned video of the first still face, moved rigidly by each transform."""
    face, landmarks = data.videos[0][0], data.landmarks[0][0]
    border = cv2.BORDER_REPLICATE
    frames = [
        cv2.warpAffine(face, t, (240, 240), flags=cv2.INTER_CUBIC, borderMode=border)
        for t in transforms
    ]
    moved = np.stack([landmarks @ t[:, :2].T + t[:, 2] for t in transforms])
    n = len(frames)
    return AlignedVideo(
        np.stack(frames), moved, np.ones(n, bool), np.arange(n) / 30, (240, 240), 128
    )


def _still_nodes(value, n=40):
    """Yield displacements from frame i to i + k that tell i and k: (i, k) for every node."""
    for i in range(n):
        table = np.full((9 if value == "centre" else 17, 3, 2), np.nan)
        table[..., 0] = i
        table[..., 1] = np.arange(len(table))[:, None]
        yield table


def test_windows_from_the_first_frame_take_the_right_pairs():
    windows = gather_windows(_still_nodes("first"), 40, 17, "first")
    assert windows.shape == (40, 16, 3, 2)
    assert windows.dtype == np.float32
    # Frame 20: window 12...28, from frame 12 over distances 1 to 16.
    np.testing.assert_array_equal(windows[20, :, 0, 0], 12)
    np.testing.assert_array_equal(windows[20, :, 0, 1], np.arange(1, 17))
    # Frame 2: frames before the first repeat it, so the first six positions do not move.
    np.testing.assert_array_equal(windows[2, :, 0, 0], 0)
    np.testing.assert_array_equal(windows[2, :, 0, 1], [0] * 6 + list(range(1, 11)))
    # Frame 38: the window ends with repetitions of frame 39.
    np.testing.assert_array_equal(windows[38, :, 0, 1], list(range(1, 9)) + [9] * 8)


def test_windows_from_the_centre_take_the_right_pairs():
    windows = gather_windows(_still_nodes("centre"), 40, 17, "centre")
    # Frame 20: the motion to frame 12 is the opposite of that from frame 12, 8 frames earlier.
    np.testing.assert_array_equal(windows[20, :8, 0, 0], -np.arange(12, 20))
    np.testing.assert_array_equal(windows[20, :8, 0, 1], -np.arange(8, 0, -1))
    np.testing.assert_array_equal(windows[20, 8:, 0, 0], 20)
    np.testing.assert_array_equal(windows[20, 8:, 0, 1], np.arange(1, 9))
    # Frame 3: positions before the first frame repeat it.
    np.testing.assert_array_equal(windows[3, :8, 0, 1], [-3] * 6 + [-2, -1])
    np.testing.assert_array_equal(windows[38, 8:, 0, 1], [1] * 8)


@pytest.mark.parametrize("flow", ENGINES)
@pytest.mark.parametrize("reference", ["centre", "first"])
def test_displacements_of_expressions(still_data, flow, reference):
    aligned = align_exactly(still_data)
    features = SWMROFlow(flow=flow, reference=reference).transform(aligned)
    half, n = 8, 150
    for video, truth in zip(features, still_data.displacement):
        assert video.shape == (n, 16, 10, 2)
        frames = np.arange(n)
        start = frames if reference == "centre" else np.clip(frames - half, 0, None)
        offsets = [
            o for o in range(-half, half + 1) if o != (0 if reference == "centre" else -half)
        ]
        expected = np.stack(
            [truth[np.clip(frames + o, 0, n - 1)] - truth[start] for o in offsets], axis=1
        )
        moving = np.abs(expected).max(axis=(2, 3)) > 0.5
        error = np.linalg.norm(video - expected, axis=-1)
        # Flow averages over more than a region, so that it misses some of a local motion.
        size = np.linalg.norm(expected, axis=-1)[moving].mean()
        assert error[moving].mean() < 0.4 * size
        assert np.corrcoef(video[moving].ravel(), expected[moving].ravel())[0, 1] > 0.9
        assert error[~moving].mean() < 0.06


@pytest.mark.parametrize("flow", ENGINES)
def test_head_translation_is_removed(still_data, flow):
    shifts = 3 * np.sin(np.arange(30) / 4)
    transforms = [face_transform(np.array([s, -s / 2]), 0, 1, np.zeros(2)) for s in shifts]
    aligned = _moved_video(still_data, transforms)
    kept = SWMROFlow(flow=flow, head_motion=None).transform([aligned])[0]
    removed = SWMROFlow(flow=flow).transform([aligned])[0]
    scale = (
        128
        / np.median(aligned.face_sizes)
        * aligned.face_landmarks[0].std()
        / aligned.landmarks[0].std()
    )
    expected = scale * (shifts[18] - shifts[10])
    np.testing.assert_allclose(kept[10, -1, :, 0], expected, atol=0.35)
    assert np.abs(removed).max() < 0.5
    assert np.abs(removed).mean() < 0.1


def test_similarity_removes_rotation_that_the_nose_leaves(still_data):
    centre = np.array([120.0, 120.0])
    transforms = [
        face_transform(np.zeros(2), 0.01 * np.sin(i / 5), 1 + 0.01 * np.cos(i / 5), centre)
        for i in range(40)
    ]
    aligned = _moved_video(still_data, transforms)
    nose = SWMROFlow(head_motion="nose").transform([aligned])[0]
    similarity = SWMROFlow(head_motion="similarity").transform([aligned])[0]
    assert np.abs(similarity).mean() < 0.5 * np.abs(nose).mean()


def test_displacements_are_in_pixels_of_the_normalised_face(still_data):
    shifts = 2 * np.sin(np.arange(30) / 4)
    transforms = [face_transform(np.array([s, 0]), 0, 1, np.zeros(2)) for s in shifts]
    large = _moved_video(still_data, transforms)
    small = AlignedVideo(
        large.source, large.landmarks, large.valid, large.timestamps, (240, 240), face_size=96
    )
    flow = SWMROFlow(head_motion=None)
    large, small = flow.transform([large])[0], flow.transform([small])[0]
    # Three quarters of the pixels: the same motion is three quarters as large.
    strong = np.abs(large) > 1
    assert np.median(small[strong] / large[strong]) == pytest.approx(0.75, abs=0.02)


def test_extended_nodes(lively_data):
    features = SWMROFlow(nodes="extended").transform(align_exactly(lively_data)[:1])
    assert features[0].shape == (120, 16, len(node_names("extended")), 2)
    paper = SWMROFlow().transform(align_exactly(lively_data)[:1])
    assert len(node_names()) == 10
    # More nodes widen the crop, which changes dense flow only a little.
    np.testing.assert_allclose(features[0][:, :, :10], paper[0], atol=0.3)


def test_own_engine(lively_data):
    def one_pixel_right(reference, target):
        assert reference.dtype == np.uint8
        return np.broadcast_to([1.0, 0.0], (*reference.shape, 2))

    aligned = align_exactly(lively_data)[:1]
    features = SWMROFlow(flow=one_pixel_right, head_motion=None).transform(aligned)[0]
    sizes = 128 / aligned[0].face_sizes
    np.testing.assert_allclose(features[50, 8:, :, 0], sizes[50], rtol=1e-5)
    np.testing.assert_allclose(features[50, :8, 0, 0], -sizes[42:50], rtol=1e-5)
    np.testing.assert_allclose(features[..., 1], 0)


def test_own_engine_of_wrong_shape(lively_data):
    with pytest.raises(ValueError, match="must return an array of shape"):
        SWMROFlow(flow=lambda a, b: np.zeros(a.shape)).transform(align_exactly(lively_data)[:1])


def test_windows_without_a_face_are_nan(lively_data):
    exact = align_exactly(lively_data)[0]
    landmarks, valid = exact.landmarks.copy(), exact.valid.copy()
    landmarks[40:60], valid[40:60] = np.nan, False
    aligned = AlignedVideo(exact.source, landmarks, valid, exact.timestamps, (240, 240), 128)
    features = SWMROFlow().transform([aligned])[0]
    unknown = np.isnan(features).any(axis=(1, 2, 3))
    # A window loses its majority of 9 frames when its centre is within the gap's borders.
    np.testing.assert_array_equal(np.flatnonzero(unknown), np.arange(40, 60))
    assert np.isnan(features[unknown]).all()
    # To and from frames without a face there is no motion, before the gap as behind it.
    for frame in (37, 62):
        offsets = np.array([o for o in range(-8, 9) if o])
        lost = (frame + offsets >= 40) & (frame + offsets < 60)
        assert (features[frame, lost] == 0).all()
        assert (features[frame, ~lost] != 0).any()
    whole = SWMROFlow().transform([exact])[0]
    np.testing.assert_array_equal(features[:31], whole[:31])


def test_each_frame_is_decoded_once_and_few_are_held(lively_data):
    exact = align_exactly(lively_data)[0]

    class Counting:
        def __init__(self):
            self.alive = self.most = self.decoded = 0

        def __getattr__(self, name):
            return getattr(exact, name)

        def __len__(self):
            return len(exact)

        def __iter__(self):
            import weakref

            for frame in exact:
                frame = frame.copy()
                self.decoded += 1
                self.alive += 1
                self.most = max(self.most, self.alive)
                weakref.finalize(frame, self._gone)
                yield frame
                del frame

        def _gone(self):
            self.alive -= 1

    video = Counting()
    SWMROFlow(flow="lucas-kanade").transform([video])
    assert video.decoded == 120
    assert video.most <= 11


def test_cache_extracts_each_video_once(lively_data, tmp_path, monkeypatch):
    calls = []
    original = flow_module.pair_displacements

    def counting(*args, **kwargs):
        calls.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr(flow_module, "pair_displacements", counting)
    aligned = align_exactly(lively_data)
    flow = SWMROFlow(flow="lucas-kanade", memory=str(tmp_path))
    first = flow.transform(aligned[:3])
    second = flow.transform(aligned[1:])
    assert len(calls) == 4
    np.testing.assert_array_equal(first[1], second[0])
    flow.set_params(head_motion=None).transform(aligned[:1])
    assert len(calls) == 5


def test_result_does_not_depend_on_workers(lively_data):
    aligned = align_exactly(lively_data)[:2]
    alone = SWMROFlow().transform(aligned)
    together = SWMROFlow(n_jobs=2).transform(aligned)
    for a, b in zip(alone, together):
        np.testing.assert_array_equal(a, b)


def test_clone_and_pickle():
    flow = SWMROFlow(13, flow="dis", reference="first")
    assert clone(flow).get_params() == flow.get_params()
    assert pickle.loads(pickle.dumps(flow)).window_length == 13


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"window_length": 16}, "must be odd"),
        ({"window_length": 1}, "window_length"),
        ({"flow": "gunnar"}, "flow"),
        ({"nodes": "all"}, "nodes"),
        ({"reference": "last"}, "reference"),
        ({"head_motion": "chin"}, "head_motion"),
        ({"on_error": "ignore"}, "on_error"),
    ],
)
def test_wrong_parameters(lively_data, parameters, message):
    flow = SWMROFlow(**parameters)
    with pytest.raises(ValueError, match=message):
        flow.fit(align_exactly(lively_data)[:1])
    with pytest.raises(ValueError, match=message):
        flow.transform(align_exactly(lively_data)[:1])


def test_short_video(lively_data):
    exact = align_exactly(lively_data)[0]
    short = AlignedVideo(
        exact.source[:12], exact.landmarks[:12], exact.valid[:12], exact.timestamps[:12], (240, 240)
    )
    with pytest.raises(ValueError, match=r"X\[1\].*12 frames, fewer than window_length=17"):
        SWMROFlow().transform([exact, short])
    with pytest.warns(UserWarning, match=r"1 of 2 videos .*\n- X\[1\]: ValueError: .*12 frames"):
        features = SWMROFlow(flow="dis", on_error="warn").transform([exact, short])
    assert features[0].shape == (120, 16, 10, 2)
    assert features[1] is None


def test_videos_that_are_not_aligned():
    with pytest.raises(TypeError, match="put FaceAligner before SWMROFlow"):
        SWMROFlow().transform(["interview.mp4"])


def test_missing_video_stays_missing(lively_data):
    features = SWMROFlow(flow="dis").transform([None, align_exactly(lively_data)[0]])
    assert features[0] is None
    assert features[1].shape == (120, 16, 10, 2)


def _rightward(reference, target):
    return np.broadcast_to([1.0, 0.0], (*reference.shape, 2))


def _downward(reference, target):
    return np.broadcast_to([0.0, 1.0], (*reference.shape, 2))


def test_cache_tells_own_engines_apart(lively_data, tmp_path):
    aligned = align_exactly(lively_data)[:1]
    flow = SWMROFlow(head_motion=None, memory=tmp_path)
    rightward = flow.set_params(flow=_rightward).transform(aligned)[0]
    downward = flow.set_params(flow=_downward).transform(aligned)[0]
    assert np.abs(rightward[..., 0]).max() > 0.5
    assert np.abs(downward[..., 0]).max() == 0
    step = 1.0
    with pytest.warns(UserWarning, match="features are not cached"):
        flow.set_params(flow=lambda a, b: np.full((*a.shape, 2), step)).transform(aligned)


def test_own_engine_that_fails(lively_data):
    with pytest.raises(ValueError, match="finite displacements"):
        SWMROFlow(flow=lambda a, b: np.full((*a.shape, 2), np.nan)).transform(
            align_exactly(lively_data)[:1]
        )


def test_landmarks_in_one_point_are_no_face(lively_data):
    exact = align_exactly(lively_data)[0]
    landmarks = exact.landmarks.copy()
    landmarks[50] = 120
    aligned = AlignedVideo(exact.source, landmarks, exact.valid, exact.timestamps, (240, 240))
    assert np.isfinite(SWMROFlow(flow="dis").transform([aligned])[0]).all()
