"""The landmarker FaceAlignment with small networks of random weights."""

import sys
import types
import urllib.error

import numpy as np
import pytest

from skspot.landmarks import FaceAlignment
from skspot.utils._parallel import SetupError
from tests.landmarks.moving_faces import numbered, track


class TestFaceAlignment:
    @pytest.fixture
    def tiny_fan(self, monkeypatch, tmp_path):
        """The package's own class, with a tiny network of random weights and a fixed detector."""
        import face_alignment.api
        import face_alignment.detection
        import face_alignment.utils
        import torch

        class TinyFAN(torch.nn.Module):
            """Makes heatmaps of the size of FAN's, and as many outputs as stacked hourglasses."""

            def __init__(self):
                super().__init__()
                self.conv = torch.nn.Conv2d(3, 68, 9, stride=4, padding=4)

            def forward(self, pictures):
                return [None, self.conv(pictures)]

        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        folder = tmp_path / "hub" / "checkpoints"
        folder.mkdir(parents=True)
        name = face_alignment.api.models_urls["2DFAN-4"].split("/")[-1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            torch.save(TinyFAN().state_dict(), folder / name)
        monkeypatch.setattr(face_alignment.api, "FAN", lambda size: TinyFAN())
        for name, function in vars(face_alignment.utils).items():
            if hasattr(function, "py_func"):  # numba would take 10 s to compile them
                monkeypatch.setattr(face_alignment.utils, name, function.py_func)

        class FaceDetector:
            """Shows two faces: one moves right, a larger one enters in the third frame."""

            reference_scale = 195

            def __init__(self, device, verbose, start=10):
                self.start = start

            def detect_from_image(self, image):
                x = self.start + int(image[0, 0, 0])  # the number of the frame
                small, large = [x, 20.0, x + 60, 80.0, 0.9], [130.0, 10, 220, 100, 0.99]
                return [large, small] if x >= 12 else [small]

        # Beside other work, several threads take ten times as long.
        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)
        module = types.ModuleType("face_alignment.detection.fixed")
        module.FaceDetector = FaceDetector
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(face_alignment.detection, "fixed", module, raising=False)
        yield
        torch.set_num_threads(n_threads)

    def test_follows_the_first_face(self, tiny_fan):
        frames = numbered(np.random.default_rng(0).integers(0, 255, (4, 120, 240), dtype=np.uint8))
        options = {"device": "cpu", "face_detector": "fixed"}
        points = track(FaceAlignment(flip_input=False, **options), frames)
        assert np.isfinite(points).all()
        assert points[..., 0].max() < 125  # FAN looks at the surroundings of the box
        flipped = track(FaceAlignment(**options), frames[:1])
        assert not np.array_equal(points[:1], flipped)
        options["face_detector_kwargs"] = {"start": 40}
        moved = track(FaceAlignment(flip_input=False, **options), frames[:1])
        assert not np.array_equal(points[:1], moved)

    @pytest.mark.parametrize("flip_input", [True, False])
    def test_batches_give_what_the_package_gives_for_single_frames(self, tiny_fan, flip_input):
        frames = numbered(np.random.default_rng(0).integers(0, 255, (4, 120, 240), dtype=np.uint8))
        options = {"device": "cpu", "face_detector": "fixed", "flip_input": flip_input}
        single, batched = (
            track(FaceAlignment(batch_size=size, **options), frames) for size in (1, 3)
        )
        # A batch adds up in another order, which can move a point by a quarter of a pixel of FAN.
        np.testing.assert_allclose(batched, single, atol=1)
        network = FaceAlignment(**options)._load()
        for number, (frame, points) in enumerate(zip(frames, single)):
            box = [10 + number, 20.0, 70 + number, 80.0]
            (expected,) = network.get_landmarks_from_image(frame, detected_faces=[box])
            np.testing.assert_array_equal(points, expected)

    def test_detects_in_batches(self, tiny_fan, tmp_path):
        """The package's own detector with random weights shows the same boxes in both ways."""
        import torch
        from face_alignment.detection.sfd.net_s3fd import s3fd

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            torch.save(s3fd().state_dict(), tmp_path / "s3fd.pth")
        options = {"device": "cpu", "batch_size": 3}
        options["face_detector_kwargs"] = {
            "path_to_detector": tmp_path / "s3fd.pth",
            "filter_threshold": 0.4,
        }
        landmarker = FaceAlignment(**options)
        network = landmarker._load()
        frames = list(np.random.default_rng(0).integers(0, 255, (3, 64, 96, 3), dtype=np.uint8))
        batched = landmarker._boxes(network, frames)
        single = [landmarker._boxes(network, [frame])[0] for frame in frames]
        assert [len(boxes) for boxes in batched] == [len(boxes) for boxes in single]
        assert min(len(boxes) for boxes in single) > 0
        for several, alone in zip(batched, single):
            np.testing.assert_allclose(several, alone, rtol=1e-3, atol=1e-3)

    def test_size_of_batches(self):
        sizes = [
            FaceAlignment(device=device).frames_at_a_time() for device in ("cpu", "cuda:1", "mps")
        ]
        assert sizes == [1, 4, 4]
        assert FaceAlignment(batch_size=3).frames_at_a_time() == 3

    def test_without_network_says_so_and_takes_nothing_else(self, monkeypatch, tmp_path):
        def no_network(*args, **kwargs):
            raise urllib.error.URLError("Name or service not known")

        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
        with pytest.raises(SetupError, match="could not be downloaded") as info:
            track(FaceAlignment(device="cpu"), np.zeros((1, 64, 64), dtype=np.uint8))
        message = str(info.value)
        assert isinstance(info.value, OSError)
        for part in (str(tmp_path), "2DFAN4", "s3fd", "MediaPipe", "Template", "already have"):
            assert part in message

    def test_refuses_an_unknown_detector(self):
        with pytest.raises(ValueError, match="'nonsense' is not a detector"):
            track(FaceAlignment(face_detector="nonsense"), np.zeros((1, 64, 64), dtype=np.uint8))

    def test_key_leaves_out_where_and_how_fast_it_runs(self):
        plain = FaceAlignment().key(None)
        assert FaceAlignment(device="mps", batch_size=2).key(None) == plain
        changes = ({"face_detector": "x"}, {"face_detector_kwargs": {}}, {"flip_input": False})
        for change in changes:
            assert FaceAlignment(**change).key(None) != plain
