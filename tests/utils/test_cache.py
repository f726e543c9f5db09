"""Tests of the cache: interrupted, damaged, moved, shown and cleared."""

import os
import shutil
import signal
import subprocess
import sys
import warnings
from io import FileIO

import joblib
import numpy as np
import pytest

from skspot.datasets import make_expression_videos
from skspot.datasets.synthetic._videos import write_video
from skspot.preprocessing import FaceAligner, SWMROFlow
from skspot.utils import _fingerprints
from skspot.utils._cache import cached, limit_cache, stored_results
from skspot.video import open_video
from skspot.video._files import FileVideo

N_FRAMES = 30


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Return a folder with two videos, which nobody may change."""
    folder = tmp_path_factory.mktemp("original")
    (folder / "videos").mkdir()
    data = make_expression_videos(1, videos_per_subject=2, n_frames=60, random_state=0)
    for name, frames in zip(data.names, data.videos):
        write_video(folder / "videos" / f"{name}.mp4", frames[:N_FRAMES], fps=30, crf=20)
    return folder


@pytest.fixture(scope="module")
def original_with_cache(original, tmp_path_factory):
    """Return such a folder with a cache, which nobody may change either."""
    folder = shutil.copytree(original, tmp_path_factory.mktemp("original") / "project")
    extract(folder)
    return folder


@pytest.fixture
def project(original, tmp_path):
    """Return a folder with two videos."""
    return shutil.copytree(original, tmp_path / "project")


@pytest.fixture
def project_with_cache(original_with_cache, tmp_path):
    """Return a folder with two videos and a cache of them."""
    return shutil.copytree(original_with_cache, tmp_path / "project")


@pytest.fixture
def decoded(monkeypatch):
    """Note every frame that is decoded from a file."""
    frames = []
    original = FileVideo._decode

    def decode(self, colour):
        for pair in original(self, colour):
            frames.append(self.name)
            yield pair

    monkeypatch.setattr(FileVideo, "_decode", decode)
    return frames


def extract(project, **params):
    """Return landmarks and features of the project's videos, kept in its cache."""
    params = {"memory": project / "cache", **params}
    videos = sorted((project / "videos").glob("*.mp4"))
    aligned = FaceAligner("template", **params).transform(videos)
    features = SWMROFlow(flow="lucas-kanade", **params).transform(aligned)
    return np.array([video.landmarks for video in aligned]), np.array(features)


def entries(folder):
    """Return the files that hold results."""
    return sorted(folder.rglob("output.pkl"))


def slow_square(number, ignored=None):
    calls.append(number)
    return np.full(1000, number**2)


calls = []


@pytest.fixture(autouse=True)
def _no_calls():
    calls.clear()


class TestMoving:
    def test_nothing_is_decoded_again_after_a_move(self, project, tmp_path, decoded):
        first = extract(project)
        assert len(decoded) == 2 * 2 * N_FRAMES  # for landmarks and for flow
        again = extract(project)
        moved = tmp_path / "elsewhere" / "deeper"
        moved.parent.mkdir()
        shutil.move(project, moved)
        from_there = extract(moved)
        assert len(decoded) == 2 * 2 * N_FRAMES
        for results in (again, from_there):
            for part, expected in zip(results, first):
                np.testing.assert_array_equal(part, expected)

    def test_relative_paths(self, project, monkeypatch, decoded):
        extract(project)
        monkeypatch.chdir(project)
        aligned = FaceAligner("template", memory="cache").transform(
            ["videos/s01_1.mp4", "videos/s01_2.mp4"]
        )
        SWMROFlow(flow="lucas-kanade", memory="cache").transform(aligned)
        assert len(decoded) == 2 * 2 * N_FRAMES

    def test_a_changed_video_is_another_one(self, project, decoded):
        extract(project)
        video = project / "videos" / "s01_1.mp4"
        time = video.stat().st_mtime + 10
        os.utime(video, (time, time))
        extract(project)
        # Landmarks are found again; they are the same, but the features' key has the time, too.
        assert len(decoded) == 3 * 2 * N_FRAMES


class TestFingerprint:
    def test_reads_the_ends_of_a_file_only(self, project, monkeypatch):
        path = project / "videos" / "s01_1.mp4"
        video = open_video(path)
        before = video.fingerprint
        os.truncate(path, 5 * 2**30)  # takes no space: what is added is a hole
        n_bytes = []

        class CountingFile(FileIO):
            def read(self, size=-1):
                data = super().read(size)
                n_bytes.append(len(data))
                return data

        monkeypatch.setattr(_fingerprints, "open", CountingFile, raising=False)
        assert video.fingerprint != before
        assert 0 < sum(n_bytes) <= 2 * 64 * 1024


class TestInterruption:
    KILLED = """
import os, signal, sys
import joblib.numpy_pickle
from skspot.preprocessing import FaceAligner
from pathlib import Path

original = joblib.numpy_pickle.dump

def dump(value, file, **options):
    original(value, file, **options)
    file.flush()
    os.truncate(file.name, file.tell() // 2)
    os.kill(os.getpid(), signal.SIGKILL)

joblib.numpy_pickle.dump = dump
project = Path(sys.argv[1])
videos = sorted((project / "videos").glob("*.mp4"))
FaceAligner("template", memory=project / "cache").transform(videos)
"""

    @pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals of Unix")
    def test_a_process_killed_while_it_writes_leaves_no_entry(self, project, decoded):
        run = subprocess.run([sys.executable, "-c", self.KILLED, project], capture_output=True)
        assert run.returncode == -signal.SIGKILL, run.stderr.decode()
        assert list(project.rglob("output.pkl.*"))  # half a result, under another name
        assert not entries(project)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            after = extract(project)
        assert len(decoded) == 2 * 2 * N_FRAMES
        for part, expected in zip(extract(project, memory=None), after):
            np.testing.assert_array_equal(part, expected)

    @pytest.mark.parametrize("part", [0, 0.5, 0.999])
    def test_a_damaged_entry_is_named_and_computed_again(self, project_with_cache, decoded, part):
        project = project_with_cache
        first = extract(project)
        assert not decoded
        damaged = entries(project)
        assert len(damaged) == 4
        for path in damaged:
            os.truncate(path, int(part * path.stat().st_size))
        decoded.clear()
        with pytest.warns(UserWarning, match="can't be read.*It is computed again") as caught:
            again = extract(project)
        assert len(decoded) == 2 * 2 * N_FRAMES
        messages = "".join(str(warning.message) for warning in caught)
        for path in damaged:
            assert path.parent.name in messages
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            third = extract(project)
        assert len(decoded) == 2 * 2 * N_FRAMES
        for results in (again, third):
            for value, expected in zip(results, first):
                np.testing.assert_array_equal(value, expected)

    def test_errors_of_the_function_are_not_taken_for_damage(self, tmp_path):
        with pytest.raises(TypeError, match="unsupported operand"):
            cached(slow_square, tmp_path, ignore=[])("four")
        assert not entries(tmp_path)


class TestKindsOfMemory:
    def test_none_is_the_function_itself(self):
        assert cached(slow_square, None, ignore=[]) is slow_square

    @pytest.mark.parametrize("kind", [str, lambda path: path, joblib.Memory])
    def test_results_are_kept(self, tmp_path, kind):
        for ignored in range(3):
            memory = kind(tmp_path) if kind is str else kind(tmp_path / "cache")
            square = cached(slow_square, memory, ignore=["ignored"])
            np.testing.assert_array_equal(square(4, ignored), np.full(1000, 16))
        assert calls == [4]

    def test_whatever_has_the_interface(self):
        class NoMemory:
            def cache(self, function, ignore=None):
                return function

        assert cached(slow_square, NoMemory(), ignore=[])(4)[0] == 16


class TestContents:
    @pytest.fixture
    def full(self, project_with_cache):
        """Return a cache of two videos that another program uses, too."""
        folder = project_with_cache / "cache"
        foreign = joblib.Memory(str(folder), verbose=0)
        foreign.cache(np.square)(np.arange(10.0))
        (folder / "notes.txt").write_text("mine")
        return folder

    @staticmethod
    def foreign_files(folder):
        ours = folder / "joblib" / "skspot"
        return {p for p in folder.rglob("*") if p.is_file() and ours not in p.parents}

    def test_counts_and_sizes(self, full):
        results = stored_results(full)
        assert set(results) == {"landmarks", "features", "folds"}
        assert [results[kind].n_entries for kind in ("landmarks", "features")] == [2, 2]
        for kind, value_bytes in (("landmarks", 68 * 2 * 4), ("features", 16 * 10 * 4 * 4)):
            least = 2 * N_FRAMES * value_bytes
            assert least < results[kind].n_bytes < least + 10_000

    def test_clearing_leaves_what_is_not_ours(self, full, decoded):
        foreign = self.foreign_files(full)
        assert len(foreign) >= 4  # a result, its metadata, its code, the notes
        limit_cache(full, 0)
        assert [tuple(kept) for kept in stored_results(full).values()] == [(0, 0)] * 3
        assert self.foreign_files(full) == foreign
        extract(full.parent)
        assert len(decoded) == 2 * 2 * N_FRAMES
        extract(full.parent)
        assert len(decoded) == 2 * 2 * N_FRAMES
        assert stored_results(full)["features"].n_entries == 2

    def test_limit_deletes_what_was_used_least_recently(self, full):
        items = entries(full / "joblib" / "skspot" / "preprocessing" / "_aligner")
        for path in entries(full / "joblib" / "skspot"):
            os.utime(path, (1e9, 1e9))
        os.utime(items[0], (2e9, 2e9))
        limit_cache(full, items[0].stat().st_size + 2_000)
        assert entries(full / "joblib" / "skspot") == [items[0]]
        before = stored_results(full)
        limit_cache(full, 10**9)
        assert stored_results(full) == before

    def test_half_written_results_are_cleared_too(self, full):
        (entries(full / "joblib" / "skspot")[0].parent / "output.pkl.123").write_bytes(b"half")
        limit_cache(full, 0)
        assert not list(full.rglob("output.pkl.123"))

    @pytest.mark.parametrize("below", ["", "videos", "cache/joblib", "nowhere"])
    @pytest.mark.parametrize("function", [stored_results, lambda folder: limit_cache(folder, 0)])
    def test_folders_that_are_no_cache_are_refused(self, full, below, function):
        files = sorted(full.parent.rglob("*"))
        with pytest.raises(ValueError, match="is not a cache of skspot.*Nothing was deleted"):
            function(full.parent / below)
        assert sorted(full.parent.rglob("*")) == files
