import pickle
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

import skspot
from skspot import make_intervals
from skspot.datasets import make_expression_videos
from skspot.datasets.synthetic import face_transform
from skspot.faces import node_names
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import SWMROFlow
from skspot.preprocessing import _extraction as flow_module
from skspot.preprocessing.flow import RegionGeometry, make_engine
from skspot.preprocessing.flow._windows import gather_windows, window_pairs
from skspot.video import AlignedVideo, face_extent
from tests.conftest import align_exactly

ENGINES = ["farneback", "dis", "lucas-kanade", "patches"]


def window_flow(window_length=17, **params):
    """Return a transformer that measures windows only, unless told otherwise."""
    return SWMROFlow(window_length, **{"resolutions": ("window",), **params})


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


def _gathered(reference):
    pairs = window_pairs(17, 1, ("window",), reference)
    return np.stack(list(gather_windows(_still_nodes(reference), 40, pairs)))


def test_windows_from_the_first_frame_take_the_right_pairs():
    windows = _gathered("first")
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
    windows = _gathered("centre")
    # Frame 20: the motion to frame 12 is the opposite of that from frame 12, 8 frames earlier.
    np.testing.assert_array_equal(windows[20, :8, 0, 0], -np.arange(12, 20))
    np.testing.assert_array_equal(windows[20, :8, 0, 1], -np.arange(8, 0, -1))
    np.testing.assert_array_equal(windows[20, 8:, 0, 0], 20)
    np.testing.assert_array_equal(windows[20, 8:, 0, 1], np.arange(1, 9))
    # Frame 3: positions before the first frame repeat it.
    np.testing.assert_array_equal(windows[3, :8, 0, 1], [-3] * 6 + [-2, -1])
    np.testing.assert_array_equal(windows[38, 8:, 0, 1], [1] * 8)


def _used_frames(n, window_length=17, spacing=1, resolutions=("window",), reference="centre"):
    """Return from which frame to which the features go, by the definition of each resolution.

    Shape (n_frames, window_length - 1, n_resolutions, 2).
    """
    used = np.empty((n, window_length - 1, len(resolutions), 2), int)
    for i in range(n):
        window = i + spacing * (np.arange(window_length) - window_length // 2)
        first = window[window_length // 2 if reference == "centre" else 0]
        others = [frame for frame in window if frame != first]
        for p in range(window_length - 1):
            for r, resolution in enumerate(resolutions):
                if resolution == "window":
                    used[i, p, r] = first, others[p]
                else:
                    middle = (window[p] + window[p + 1]) / 2
                    start = np.floor(middle - resolution / 2)
                    used[i, p, r] = start, start + resolution
    return np.clip(used, 0, n - 1)


def _aligned(frames, landmarks, valid=None):
    n = len(frames)
    valid = np.ones(n, bool) if valid is None else valid
    return AlignedVideo(frames, landmarks, valid, np.arange(n) / 30, (240, 240), 128)


def _beginning(data, n, video=0):
    """Return the first frames of a video, aligned."""
    return _aligned(data.videos[video][:n], data.landmarks[video][:n])


def _grey_video(data, n=60):
    """Return an aligned video of even pictures, each of another brightness, for `_brightening`."""
    brightness = np.random.default_rng(0).permutation(256)[:n]
    frames = np.broadcast_to(brightness[:, None, None].astype(np.uint8), (n, 240, 240))
    landmarks = np.repeat(data.landmarks[0][:1], n, axis=0)
    return _aligned(frames, landmarks), brightness


def _brightening(reference, target):
    """Return a flow that tells the two frames: how much brighter the second one is."""
    change = float(target[0, 0]) - float(reference[0, 0])
    return np.broadcast_to([change, change / 2], (*reference.shape, 2))


RESOLUTIONS = [
    {},
    {"reference": "first"},
    {"resolutions": (1,)},
    {"resolutions": [6]},
    {"resolutions": ("window", 1)},
    {"resolutions": (3, "window", 1), "reference": "first", "window_length": 9},
    {"resolutions": (20,), "window_length": 3},
    {"spacing": 2},
    {"spacing": 2, "resolutions": (1, "window", 2)},
    {"spacing": 3, "reference": "first", "resolutions": ("window", 4)},
]


@pytest.mark.parametrize("settings", RESOLUTIONS, ids=str)
def test_every_resolution_takes_its_pairs(still_data, settings):
    aligned, brightness = _grey_video(still_data)
    features = window_flow(flow=_brightening, head_motion=None, **settings).transform([aligned])[0]
    used = brightness[_used_frames(60, **settings)]
    n_positions, n_resolutions = used.shape[1:3]
    assert features.shape == (60, n_positions, 10, 2 * n_resolutions)
    assert features.dtype == np.float32
    change = (used[..., 1] - used[..., 0])[:, :, None] * 128 / aligned.face_sizes[0]
    change = np.broadcast_to(change, (60, n_positions, 10, n_resolutions))
    np.testing.assert_allclose(features[..., 0::2], change, rtol=1e-5)
    np.testing.assert_allclose(features[..., 1::2], change / 2, rtol=1e-5)


@pytest.mark.parametrize("settings", RESOLUTIONS, ids=str)
def test_flow_is_computed_once_and_only_where_needed(still_data, settings):
    aligned, brightness = _grey_video(still_data)
    frame_of = {value: frame for frame, value in enumerate(brightness.tolist())}
    computed = []

    def remembering(reference, target):
        computed.append((frame_of[int(reference[0, 0])], frame_of[int(target[0, 0])]))
        return _brightening(reference, target)

    np.asarray(window_flow(flow=remembering, **settings).transform([aligned])[0])
    assert len(set(computed)) == len(computed)
    used = np.sort(_used_frames(60, **settings).reshape(-1, 2)).tolist()
    needed = {(start, end) for start, end in used if start < end}
    assert needed <= set(computed)
    # Some pairs at the ends are for nothing: beyond the window, or from where none begins.
    half = settings.get("spacing", 1) * (settings.get("window_length", 17) // 2)
    begin = 60 - half if "reference" in settings else 60
    superfluous = set(computed) - needed
    assert all(start == 0 or end == 59 or start >= begin for start, end in superfluous)
    if "reference" not in settings and "window_length" not in settings:
        assert not superfluous
    if settings.get("resolutions") == (1,):
        assert len(computed) == 59


def test_pairs_of_lags():
    pairs = window_pairs(5, 1, (1, 2, 3), "centre")
    np.testing.assert_array_equal(pairs[:, 0], [[-2, -1], [-1, 0], [0, 1], [1, 2]])
    np.testing.assert_array_equal(pairs[:, 1], [[-3, -1], [-2, 0], [-1, 1], [0, 2]])
    np.testing.assert_array_equal(pairs[:, 2], [[-3, 0], [-2, 1], [-1, 2], [0, 3]])
    # Lags count frames of the video, whatever the spacing; positions follow it.
    pairs = window_pairs(5, 4, (1, 2, 4), "first")
    np.testing.assert_array_equal(pairs[:, 0], [[-7, -6], [-3, -2], [1, 2], [5, 6]])
    np.testing.assert_array_equal(pairs[:, 1], [[-7, -5], [-3, -1], [1, 3], [5, 7]])
    np.testing.assert_array_equal(pairs[:, 2], [[-8, -4], [-4, 0], [0, 4], [4, 8]])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"reference": "first", "head_motion": "similarity"},
        {"spacing": 2, "resolutions": (3, "window"), "window_length": 9, "flow": "lucas-kanade"},
    ],
    ids=str,
)
def test_features_equal_flow_of_each_pair_on_its_own(lively_data, settings):
    """A direct computation: every displacement of every window from the engine, pair by pair."""
    exact = _beginning(lively_data, 50)
    landmarks, valid = exact.landmarks.copy(), exact.valid.copy()
    landmarks[15:32], valid[15:32] = np.nan, False
    aligned = _aligned(exact.source, landmarks, valid)
    settings = {"flow": "farneback", "head_motion": "nose", **settings}
    features = window_flow(**settings).transform([aligned])[0]

    frames = list(aligned)
    scale, corner = aligned.face_transform
    engine = make_engine(settings.pop("flow"))
    geometry = RegionGeometry(128, "paper", settings.pop("head_motion"))

    @cache
    def motion(start, end):
        if start > end:
            return -motion(end, start)
        if start == end or not (valid[start] and valid[end]):
            return np.zeros((10, 2), np.float32)
        points = landmarks[start] * scale + corner
        shift = geometry.node_motion(engine, points, [frames[start], frames[end]])[0]
        return (shift * (128 / face_extent(points))).astype(np.float32)

    used = _used_frames(50, **settings)
    expected = [
        [np.hstack([motion(*pair) for pair in pairs.tolist()]) for pairs in window]
        for window in used
    ]
    spacing, window_length = settings.get("spacing", 1), settings.get("window_length", 17)
    for i, window in enumerate(expected):
        own = i + spacing * (np.arange(window_length) - window_length // 2)
        if valid[np.clip(own, 0, 49)].mean() < 0.5:
            np.testing.assert_array_equal(features[i], np.nan)
        else:
            np.testing.assert_array_equal(features[i], window)
    assert 0 < np.isnan(features[:, 0, 0, 0]).sum() < 30


@pytest.mark.parametrize("spacing", [1, 2])
def test_motion_there_is_the_opposite_of_the_motion_back(lively_data, spacing):
    x = window_flow(9, spacing=spacing, flow="dis").transform([_beginning(lively_data, 40)])[0]
    for k in (1, 2, 3, 4):
        np.testing.assert_array_equal(x[: -k * spacing, 3 + k], -x[k * spacing :, 4 - k])


def test_motion_of_neighbours_adds_up_to_that_of_the_window(still_data):
    features = window_flow(resolutions=("window", 1)).transform(align_exactly(still_data)[:1])[0]
    window, neighbours = features[..., :2], features[..., 2:]
    chain = np.cumsum(neighbours[:, 8:], axis=1)
    back = -np.cumsum(neighbours[:, 7::-1], axis=1)[:, ::-1]
    chain = np.concatenate([back, chain], axis=1)
    moving = np.abs(window).max(axis=(2, 3)) > 0.5
    assert moving.sum() > 500
    error = np.linalg.norm(chain - window, axis=-1)[moving].mean()
    assert error < 0.25 * np.linalg.norm(window, axis=-1)[moving].mean()
    assert np.corrcoef(chain[moving].ravel(), window[moving].ravel())[0, 1] > 0.95


@pytest.mark.parametrize("reference", ["centre", "first"])
def test_spaced_windows_are_every_second_frame_of_long_ones(lively_data, reference):
    aligned = _beginning(lively_data, 36)
    flow = window_flow(17, spacing=2, flow="dis", reference=reference)
    spaced = flow.transform([aligned])[0]
    long = flow.set_params(window_length=33, spacing=1).transform([aligned])[0]
    offsets = np.delete(np.arange(33), 16 if reference == "centre" else 0)
    np.testing.assert_array_equal(spaced, long[:, offsets % 2 == 0])


@pytest.mark.parametrize("flow", ENGINES)
@pytest.mark.parametrize("reference", ["centre", "first"])
def test_displacements_of_expressions(still_data, flow, reference):
    lengths = (135, 45)  # to the end of the last expression of each
    aligned = [_beginning(still_data, n, i) for i, n in enumerate(lengths)]
    features = window_flow(flow=flow, reference=reference).transform(aligned)
    half = 8
    for video, n, displacement in zip(features, lengths, still_data.displacement):
        truth = displacement[:n]
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
def test_features_are_those_of_the_first_release(flow):
    """Every fifth of 26 frames, computed once and kept."""
    data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=5)
    aligned = _beginning(data, 26)
    features = window_flow(9, flow=flow).transform([aligned])[0][::5]
    expected = np.load(Path(__file__).parent / "reference" / "features.npz")[flow]
    np.testing.assert_allclose(features, expected, atol=2e-3)


@pytest.mark.parametrize("flow", ENGINES)
def test_head_translation_is_removed(still_data, flow):
    shifts = 3 * np.sin(np.arange(30) / 4)
    transforms = [face_transform(np.array([s, -s / 2]), 0, 1, np.zeros(2)) for s in shifts]
    aligned = _moved_video(still_data, transforms)
    kept = window_flow(flow=flow, head_motion=None).transform([aligned])[0]
    removed = window_flow(flow=flow).transform([aligned])[0]
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
    nose = window_flow(head_motion="nose").transform([aligned])[0]
    similarity = window_flow(head_motion="similarity").transform([aligned])[0]
    assert np.abs(similarity).mean() < 0.5 * np.abs(nose).mean()


def test_displacements_are_in_pixels_of_the_normalised_face(still_data):
    shifts = 2 * np.sin(np.arange(30) / 4)
    transforms = [face_transform(np.array([s, 0]), 0, 1, np.zeros(2)) for s in shifts]
    large = _moved_video(still_data, transforms)
    small = AlignedVideo(
        large.source, large.landmarks, large.valid, large.timestamps, (240, 240), face_size=96
    )
    flow = window_flow(head_motion=None)
    large, small = flow.transform([large])[0], flow.transform([small])[0]
    # Three quarters of the pixels: the same motion is three quarters as large.
    strong = np.abs(large) > 1
    assert np.median(small[strong] / large[strong]) == pytest.approx(0.75, abs=0.02)


def test_extended_nodes(lively_data):
    aligned = [_beginning(lively_data, 60)]
    features = window_flow(nodes="extended").transform(aligned)
    assert features[0].shape == (60, 16, len(node_names("extended")), 2)
    paper = window_flow().transform(aligned)
    assert len(node_names()) == 10
    # More nodes widen the crop, which changes dense flow only a little.
    np.testing.assert_allclose(features[0][:, :, :10], paper[0], atol=0.3)


def test_own_engine(lively_data):
    def one_pixel_right(reference, target):
        assert reference.dtype == np.uint8
        return np.broadcast_to([1.0, 0.0], (*reference.shape, 2))

    aligned = align_exactly(lively_data)[:1]
    features = window_flow(flow=one_pixel_right, head_motion=None).transform(aligned)[0]
    sizes = 128 / aligned[0].face_sizes
    np.testing.assert_allclose(features[50, 8:, :, 0], sizes[50], rtol=1e-5)
    np.testing.assert_allclose(features[50, :8, 0, 0], -sizes[42:50], rtol=1e-5)
    np.testing.assert_allclose(features[..., 1], 0)


def test_own_engine_of_wrong_shape(lively_data):
    with pytest.raises(ValueError, match="must return an array of shape"):
        np.asarray(
            window_flow(flow=lambda a, b: np.zeros(a.shape)).transform(
                align_exactly(lively_data)[:1]
            )
        )


def test_windows_without_a_face_are_nan(lively_data):
    exact = align_exactly(lively_data)[0]
    landmarks, valid = exact.landmarks.copy(), exact.valid.copy()
    landmarks[40:60], valid[40:60] = np.nan, False
    aligned = AlignedVideo(exact.source, landmarks, valid, exact.timestamps, (240, 240), 128)
    features = window_flow().transform([aligned])[0]
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
    whole = window_flow().transform([exact])[0]
    np.testing.assert_array_equal(features[:31], whole[:31])


def test_windows_with_gaps_count_their_own_frames(lively_data):
    """Every second frame shows no face: windows of spacing 2 see all of them or none."""
    exact = _beginning(lively_data, 70)
    landmarks, valid = exact.landmarks.copy(), exact.valid.copy()
    landmarks[1::2], valid[1::2] = np.nan, False
    aligned = _aligned(exact.source, landmarks, valid)
    flow = window_flow(spacing=2, flow="lucas-kanade")
    features, whole = (video[20:-20] for video in flow.transform([aligned, exact]))
    assert np.isnan(features[1::2]).all()
    np.testing.assert_array_equal(features[0::2], whole[0::2])


@pytest.mark.parametrize(
    ("settings", "longest_lag"),
    [
        ({}, 8),
        ({"resolutions": (1,)}, 1),
        ({"spacing": 2, "resolutions": ("window", 1)}, 16),
    ],
)
def test_each_frame_is_decoded_once_and_few_are_held(lively_data, settings, longest_lag):
    exact = _beginning(lively_data, 60)

    class Counting(AlignedVideo):
        def __iter__(self):
            import weakref

            for frame in super().__iter__():
                frame = frame.copy()
                counts.decoded += 1
                counts.alive += 1
                counts.most = max(counts.most, counts.alive)
                weakref.finalize(frame, gone)
                yield frame
                del frame

    counts = SimpleNamespace(alive=0, most=0, decoded=0)

    def gone():
        counts.alive -= 1

    video = Counting(*_parts(exact))
    np.asarray(window_flow(flow="lucas-kanade", **settings).transform([video])[0])
    assert counts.decoded == 60
    assert counts.most <= longest_lag + 3


def _parts(aligned):
    """Return what an aligned video is made of."""
    return [getattr(aligned, field.name) for field in fields(AlignedVideo)]


@pytest.mark.parametrize("settings", [{}, {"spacing": 2, "resolutions": ("window", 3)}], ids=str)
@pytest.mark.parametrize("block_length", [1, 25, 1000])
def test_blocks_are_the_features(lively_data, settings, block_length):
    aligned = _beginning(lively_data, 60)
    aligned = replace(aligned, valid=np.r_[np.ones(20), np.zeros(20), np.ones(20)])
    (features,) = window_flow(9, flow="lucas-kanade", **settings).transform([aligned])
    blocks = list(features.blocks(block_length))
    assert not features.computed
    n_full, rest = divmod(60, block_length)
    assert [len(block) for block in blocks] == [block_length] * n_full + [rest] * bool(rest)
    np.testing.assert_array_equal(np.concatenate(blocks), features)
    assert features.computed
    np.testing.assert_array_equal(np.concatenate(list(features.blocks(block_length))), features)
    assert np.isnan(np.concatenate(blocks)).any()


def test_blocks_read_no_further_than_asked(lively_data):
    frames = []

    class Watched(AlignedVideo):
        def __iter__(self):
            for frame in super().__iter__():
                frames.append(1)
                yield frame

    watched = Watched(*_parts(_beginning(lively_data, 100)))
    blocks = window_flow(9).transform([watched])[0].blocks(10)
    assert not frames
    next(blocks)
    assert len(frames) <= 10 + 9


@pytest.mark.parametrize("verbose", [0, 1])
def test_blocks_show_progress_if_asked(lively_data, capsys, verbose):
    aligned = _beginning(lively_data, 30)
    for _ in window_flow(9, verbose=verbose).transform([aligned])[0].blocks():
        pass
    assert ("30/30" in capsys.readouterr().err) == bool(verbose)


@pytest.mark.parametrize(
    "at_once", [{"memory": "cache"}, {"n_jobs": 2}, {"on_error": "warn"}], ids=str
)
def test_when_features_are_computed(lively_data, at_once, tmp_path):
    aligned = [_beginning(lively_data, 30)]
    if "memory" in at_once:
        at_once = {"memory": tmp_path}
    (lazy,) = window_flow(9).transform(aligned)
    (computed,) = window_flow(9, **at_once).transform(aligned)
    assert not lazy.computed
    assert computed.computed
    assert lazy.fingerprint == computed.fingerprint
    assert lazy.layout == computed.layout
    np.testing.assert_array_equal(lazy, computed)


def test_cache_extracts_each_video_once(lively_data, tmp_path, monkeypatch):
    calls = []
    original = flow_module.make_engine

    def counting(*args):
        calls.append(1)
        return original(*args)

    monkeypatch.setattr(flow_module, "make_engine", counting)
    aligned = [_beginning(lively_data, 30, i) for i in range(4)]
    flow = window_flow(flow="lucas-kanade", memory=str(tmp_path))
    first = flow.transform(aligned[:3])
    second = flow.transform(aligned[1:])
    assert len(calls) == 4
    np.testing.assert_array_equal(first[1], second[0])
    flow.set_params(head_motion=None).transform(aligned[:1])
    assert len(calls) == 5


def test_cache_tells_spacings_and_resolutions_apart(lively_data, tmp_path, monkeypatch):
    calls = []
    original = flow_module.make_engine
    monkeypatch.setattr(
        flow_module, "make_engine", lambda *args: calls.append(1) or original(*args)
    )
    aligned = [_beginning(lively_data, 40)]
    flow = window_flow(9, flow="lucas-kanade", memory=tmp_path)
    different = [
        {"spacing": 1, "resolutions": ("window",)},
        {"spacing": 2, "resolutions": ("window",)},
        {"spacing": 2, "resolutions": (1,)},
        {"spacing": 2, "resolutions": (1, "window")},
        {"spacing": 2, "resolutions": ("window", 1)},
    ]
    cold = [flow.set_params(**settings).transform(aligned)[0] for settings in different]
    warm = [flow.set_params(**settings).transform(aligned)[0] for settings in different]
    assert len(calls) == 5
    for a, b in zip(cold, warm):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(cold[3], cold[4][..., [2, 3, 0, 1]])
    # A model file holds a list: that is the same.
    flow.set_params(resolutions=["window", 1]).transform(aligned)
    assert len(calls) == 5


@pytest.mark.parametrize(("first", "second"), [(None, "cpu"), ("cpu", None)])
def test_cache_serves_all_devices(lively_data, tmp_path, first, second):
    aligned = [_beginning(lively_data, 30)]
    flow = window_flow(9, device=first, memory=tmp_path)
    features = flow.transform(aligned)[0]
    stored = flow.set_params(device=second).transform(aligned)[0]
    np.testing.assert_array_equal(stored, features)
    new = flow.set_params(memory=None).transform(aligned)[0]
    assert (np.asarray(new) != features).any()  # otherwise this shows nothing
    np.testing.assert_allclose(new, features, atol=2e-3)


@pytest.mark.parametrize("settings", [{}, {"resolutions": (1,), "spacing": 2}, {"device": "cpu"}])
def test_result_does_not_depend_on_workers(lively_data, settings):
    aligned = [_beginning(lively_data, 50, i) for i in range(2)]
    alone = window_flow(n_jobs=1, **settings).transform(aligned)
    together = window_flow(n_jobs=2, **settings).transform(aligned)
    for a, b in zip(alone, together):
        np.testing.assert_array_equal(a, b)


def test_clone_and_pickle():
    flow = window_flow(13, spacing=2, resolutions=[1, "window"], reference="first", device="cpu")
    assert clone(flow).get_params() == flow.get_params()
    restored = pickle.loads(pickle.dumps(flow))
    assert restored.window_length == 13
    assert restored.resolutions == [1, "window"]
    assert restored.device == "cpu"
    given = flow.resolutions
    assert flow.fit().resolutions is given


def test_two_resolutions_in_a_pipeline_and_its_model_file(lively_data, tmp_path):
    aligned = [_beginning(lively_data, 60, i) for i in range(2)]
    tables = [make_intervals([(10, 25, 40, "macro")]), make_intervals([(20, 24, 29, "micro")])]
    pipeline = make_pipeline(
        window_flow(flow="lucas-kanade"),
        SpotFormerClassifier(max_epochs=1, module__dim=16),
    )
    pipeline.set_params(swmroflow__resolutions=("window", 1), swmroflow__spacing=2)
    pipeline.fit(aligned, tables)
    assert pipeline[-1].window_shape_ == (16, 10, 4)
    skspot.save(pipeline, tmp_path / "model")
    loaded = skspot.load(tmp_path / "model")
    assert loaded[0].resolutions == ("window", 1)
    assert loaded[0].spacing == 2
    for a, b in zip(loaded.predict_proba(aligned), pipeline.predict_proba(aligned)):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"window_length": 16}, "must be odd"),
        ({"window_length": 1}, "window_length"),
        ({"spacing": 0}, "spacing"),
        ({"spacing": 1.5}, "spacing"),
        ({"resolutions": "window"}, "resolutions"),
        ({"resolutions": 1}, "resolutions"),
        ({"resolutions": ()}, r"at least one and none of them twice; got \(\)"),
        ({"resolutions": ("window", 0)}, "lags in steps .*got .*0"),
        ({"resolutions": (-1,)}, "lags in steps .*got .*-1"),
        ({"resolutions": (1.0,)}, "lags in steps .*got .*1.0"),
        ({"resolutions": (True,)}, "lags in steps .*got .*True"),
        ({"resolutions": ["windows"]}, "must hold .window., .neutral. .*got .*windows"),
        ({"resolutions": ["window", 2, "window"]}, "none of them twice"),
        ({"resolutions": [2, np.int64(2)]}, "none of them twice"),
        ({"flow": "gunnar"}, "flow"),
        ({"nodes": "all"}, "nodes"),
        ({"reference": "last"}, "reference"),
        ({"head_motion": "chin"}, "head_motion"),
        ({"on_error": "ignore"}, "on_error"),
        ({"device": 0}, "device"),
        ({"device": "gpu"}, "torch device such as 'cuda' .*got 'gpu'"),
        ({"device": "cuda:99"}, "device is 'cuda:99', but the CUDA devices that torch sees"),
        ({"device": "cpu", "flow": "dis"}, "Only flow='patches' .*got flow='dis' and device='cpu'"),
        ({"device": "cpu", "flow": _brightening}, "Only flow='patches' .*_brightening"),
    ],
)
def test_wrong_parameters(lively_data, parameters, message):
    flow = window_flow(**parameters)
    with pytest.raises(ValueError, match=message):
        flow.fit(align_exactly(lively_data)[:1])
    with pytest.raises(ValueError, match=message):
        flow.transform(align_exactly(lively_data)[:1])


def test_short_video(lively_data):
    exact, short = _beginning(lively_data, 40), _beginning(lively_data, 12)
    with pytest.raises(ValueError, match=r"X\[1\].*12 frames, fewer than window_length=17"):
        window_flow().transform([exact, short])
    with pytest.warns(UserWarning, match=r"1 of 2 videos.*\n- X\[1\], .*: ValueError: .*12 frames"):
        features = window_flow(flow="dis", on_error="warn").transform([exact, short])
    assert features[0].shape == (40, 16, 10, 2)
    assert features[1] is None


@pytest.mark.parametrize(
    ("settings", "n_needed"),
    [
        ({"spacing": 2}, 33),
        ({"spacing": 2, "reference": "first", "resolutions": (1,)}, 33),
        ({"window_length": 3, "resolutions": ("window", 20)}, 21),
    ],
)
def test_fewest_frames(still_data, settings, n_needed):
    flow = window_flow(flow=_brightening, **settings)
    enough, _ = _grey_video(still_data, n_needed)
    assert np.isfinite(flow.transform([enough])[0]).all()
    short, _ = _grey_video(still_data, n_needed - 1)
    message = rf"{n_needed - 1} frames, fewer than window_length=.* need \({n_needed}\)"
    with pytest.raises(ValueError, match=message):
        flow.transform([short])
    with pytest.warns(UserWarning, match=message):
        assert flow.set_params(on_error="warn").transform([short]) == [None]


def test_videos_that_are_not_aligned():
    with pytest.raises(TypeError, match="put FaceAligner before SWMROFlow"):
        window_flow().transform(["interview.mp4"])


def test_missing_video_stays_missing(lively_data):
    features = window_flow(flow="dis").transform([None, _beginning(lively_data, 40)])
    assert features[0] is None
    assert features[1].shape == (40, 16, 10, 2)


def _rightward(reference, target):
    return np.broadcast_to([1.0, 0.0], (*reference.shape, 2))


def _downward(reference, target):
    return np.broadcast_to([0.0, 1.0], (*reference.shape, 2))


def test_cache_tells_own_engines_apart(lively_data, tmp_path):
    aligned = align_exactly(lively_data)[:1]
    flow = window_flow(head_motion=None, memory=tmp_path)
    rightward = flow.set_params(flow=_rightward).transform(aligned)[0]
    downward = flow.set_params(flow=_downward).transform(aligned)[0]
    assert np.abs(rightward[..., 0]).max() > 0.5
    assert np.abs(downward[..., 0]).max() == 0
    step = 1.0
    with pytest.warns(UserWarning, match="features are not cached"):
        flow.set_params(flow=lambda a, b: np.full((*a.shape, 2), step)).transform(aligned)


def test_own_engine_that_fails(lively_data):
    with pytest.raises(ValueError, match="finite displacements"):
        np.asarray(
            window_flow(flow=lambda a, b: np.full((*a.shape, 2), np.nan)).transform(
                align_exactly(lively_data)[:1]
            )[0]
        )


def test_landmarks_in_one_point_are_no_face(lively_data):
    exact = _beginning(lively_data, 40)
    landmarks = exact.landmarks.copy()
    landmarks[20] = 120
    aligned = replace(exact, landmarks=landmarks)
    assert np.isfinite(window_flow(flow="dis").transform([aligned])[0]).all()
