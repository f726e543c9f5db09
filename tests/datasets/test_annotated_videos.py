"""Tests of loading a user's own videos."""

import datetime
import time
import unicodedata
import warnings

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

from skspot import make_intervals
from skspot.datasets import find_videos, load_annotated_videos
from skspot.datasets.annotations._seconds import frame_at
from skspot.io import read_intervals, write_intervals
from skspot.video import FrameTimes, ImageSequence, VideoReadError
from tests.test_video import textured, write_video

HEADER = "video,onset,apex,offset,label\n"


def write_table(folder, text, name="table.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def make_folder(path, *names, images=()):
    """Return a folder of empty files; each of `images` is a folder of 100 images."""
    path.mkdir(parents=True, exist_ok=True)
    for name in names:
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).touch()
    for name in images:
        (path / name).mkdir()
        for number in range(11, 111):
            (path / name / f"img{number}.jpg").touch()
    return path


def load_rows(folder, *lines, header="video,onset,apex,offset,label", **options):
    """Load the table of a few lines of text."""
    return load_annotated_videos(
        write_table(folder, "\n".join([header, *lines, ""])), folder, **options
    )


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path, "a.mp4", "b.avi", "c.mov", "notes.txt", images=["d"])


class TestTables:
    """The same annotation in all the forms that it may come in."""

    ROWS = [("a", 12, 15, 20, "macro"), ("a", 30, None, 40, "micro"), ("b", None, None, None, None)]

    def frame(self):
        columns = ["video", "onset", "apex", "offset", "label"]
        return pd.DataFrame(self.ROWS, columns=columns, dtype=object)

    def check(self, data, folder, place):
        assert data.names == ["a", "b"]
        assert data.videos == [str(folder / "a.mp4"), str(folder / "b.avi")]
        assert data.intervals[0].tolist() == [(12, 15, 20, "macro"), (30, 35, 40, "micro")]
        assert data.intervals[1].tolist() == []
        assert data.subjects is None
        assert data.fps is None
        assert data.table["place"].tolist() == place
        assert data.repairs["problem"].tolist() == [
            "the video has no intervals",
            "videos in the folder are not in the table: 2 (c.mov, d)",
        ]
        first = place.index("") + 1 if "" in place else 0
        assert [rows.tolist() for rows in data.rows] == [[first, first + 1], []]
        assert "2 videos with 2 expressions" in data.DESCR

    def test_csv(self, folder):
        path = folder / "table.csv"
        self.frame().to_csv(path, index=False)
        for table in (path, str(path)):
            self.check(load_annotated_videos(table), folder, ["line 2", "line 3", "line 4"])

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_delimiters_and_encodings(self, folder, delimiter, encoding):
        (folder / "a.mp4").rename(folder / "J\u00fcrgen \u00d6zil.mp4")
        text = self.frame().replace("a", "J\u00fcrgen \u00d6zil").to_csv(sep=delimiter, index=False)
        data = load_annotated_videos(write_table(folder, text, "t.txt", encoding))
        assert data.names == ["b", "J\u00fcrgen \u00d6zil"]
        assert len(data.intervals[1]) == 2

    def test_workbook(self, folder):
        path = folder / "table.xlsx"
        with pd.ExcelWriter(path) as book:
            self.frame().to_excel(book, index=False, startrow=2)
            pd.DataFrame({"x": [1]}).to_excel(book, sheet_name="other")
        self.check(load_annotated_videos(path), folder, ["row 4", "row 5", "row 6"])

    def test_frame(self, folder):
        frame = self.frame().set_axis([7, 8, 9])
        before = frame.copy()
        self.check(load_annotated_videos(frame, folder), folder, ["row 7", "row 8", "row 9"])
        pd.testing.assert_frame_equal(frame, before)

    def test_mapping(self, folder):
        tables = {
            "b": make_intervals(),
            "a": make_intervals([(12, 15, 20, "macro"), (30, 35, 40, "micro")]),
        }
        data = load_annotated_videos(tables, folder)
        self.check(data, folder, ["", "interval 0", "interval 1"])

    def test_what_write_intervals_writes(self, folder):
        tables = {"a.mp4": make_intervals([(0, 5, 9, "macro")]), "b": make_intervals()}
        path = folder / "written.csv"
        write_intervals(path, tables, timestamps={"a.mp4": np.arange(10), "b": np.arange(9)})
        for table, videos in ((path, None), (read_intervals(path), folder)):
            data = load_annotated_videos(table, videos)
            assert dict(zip(data.names, map(list, data.intervals))) == {
                name: list(table) for name, table in tables.items()
            }

    def test_columns(self, folder):
        """Case, blanks, order and further columns do not matter; notes may stand above."""
        text = (
            "coded by X\n\n Label ;place;Offset;ONSET;Video ;Comment\n"
            "micro;lab 2;20,0;12;a;weak\n\n;;;;;\nMacro;lab 1;50;40;b;\n"
        )
        data = load_annotated_videos(write_table(folder, text))
        assert [table.tolist() for table in data.intervals] == [
            [(12, 16, 20, "micro")],
            [(40, 45, 50, "macro")],
        ]
        assert data.table["place"].tolist() == ["line 4", "line 7"]
        assert data.table["place_"].tolist() == ["lab 2", "lab 1"]
        assert data.table["Comment"].tolist() == ["weak", ""]

    def test_numbers_as_names(self, tmp_path):
        make_folder(tmp_path, "7.mp4", "12.mp4")
        table = pd.DataFrame({"video": [12.0, 7.0], "onset": 1, "offset": 2, "label": "macro"})
        assert load_annotated_videos(table, tmp_path).names == ["7", "12"]


class TestUnreadableTables:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", r"table\.csv is empty \(0 bytes\)"),
            (b"\n \n", "is empty"),
            (b"\x00\x01\x02" * 50, r"holds binary data .*export the table as CSV or \.xlsx"),
            (b"<html><table><tr><td>video</td></tr></table></html>", "contains HTML"),
            (b"PK\x03\x04 cut off", "cut short or damaged"),
            (
                b'video,onset,offset,label\na,"1,2,macro\n',
                "not a CSV table: line 2: unexpected",
            ),
            (b"video,onset,offset,label\n", "names no video: there are no rows below its header"),
            (b"Video;Start;End;Label\na;1;2;macro\n", "lacks the columns onset, offset: no row"),
            (
                b"video,onset,onset,offset,label\n",
                r"table\.csv: row 1 names the column 'onset' twi",
            ),
        ],
    )
    def test_files(self, tmp_path, data, message):
        for name in ("table.csv", "table.xls"):
            path = tmp_path / name
            path.write_bytes(data)
            with pytest.raises(ValueError, match=message.replace("csv", name[6:])):
                load_annotated_videos(path)

    def test_no_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"t\.csv' is no such file"):
            load_annotated_videos(tmp_path / "t.csv")
        with pytest.raises(FileNotFoundError, match=r"relative to .*\) is no such file"):
            load_annotated_videos("there/is/none.csv")
        with pytest.raises(FileNotFoundError, match="is a folder; pass the table in it"):
            load_annotated_videos(tmp_path)

    def test_an_empty_sheet(self, tmp_path):
        path = tmp_path / "table.xlsx"
        with pd.ExcelWriter(path) as book:
            pd.DataFrame().to_excel(book, sheet_name="first")
            pd.DataFrame({"video": ["a"]}).to_excel(book, sheet_name="second")
        with pytest.raises(ValueError, match=r"table\.xlsx is empty; it needs the columns video"):
            load_annotated_videos(path)

    def test_other_kinds(self, tmp_path):
        with pytest.raises(
            TypeError, match="or a mapping from videos to interval tables, got list"
        ):
            load_annotated_videos([("a", 1, 2, "macro")], tmp_path)
        with pytest.raises(TypeError, match=r"table\['a'\] must be an interval table"):
            load_annotated_videos({"a": [(1, 2, "macro")]}, tmp_path)

    def test_frames_lack_a_folder(self):
        with pytest.raises(ValueError, match="folder of the videos of the .* is unknown"):
            load_annotated_videos({"a": make_intervals()})
        frame = pd.DataFrame({"Name": ["a"], "onset": 1})
        with pytest.raises(ValueError, match=r"DataFrame lacks the columns video, offset, label"):
            load_annotated_videos(frame, ".")

    def test_a_row_with_too_many_cells(self, folder):
        """Decimal commas in a file that commas delimit shift the columns."""
        message = r"line 3, video 'a': the row has more cells than .*\nDecimal commas in a file"
        with pytest.raises(ValueError, match=message):
            load_rows(folder, "a,12,13,15,macro,", "a,30,5,31,40,micro")


class TestFindingVideos:
    def test_names(self, tmp_path):
        make_folder(tmp_path, "a.mp4", "b.MOV", "c/d.avi", "a.txt", "e.b.mkv", images=["f", "g.x"])
        names = ["a", "a.mp4", "b", "c/d", "c/d.avi", "e.b", "f", "f/", "g.x", "g", "a.txt"]
        found = ["a.mp4", "a.mp4", "b.MOV", *["c/d.avi"] * 2, "e.b.mkv", *"ff", *["g.x"] * 2]
        expected = [str(tmp_path / name) for name in [*found, "a.txt"]]
        assert find_videos(tmp_path, names) == expected
        assert find_videos(tmp_path, [str(tmp_path / "a.mp4")]) == expected[:1]
        assert find_videos(tmp_path / "c", ["../a"]) == [str(tmp_path / "c" / ".." / "a.mp4")]

    def test_umlauts_taken_apart(self, tmp_path):
        """Some systems store an umlaut as a letter and its dots."""
        name = unicodedata.normalize("NFD", "M\u00fcller.mp4")
        make_folder(tmp_path, name)
        assert find_videos(tmp_path, ["M\u00fcller"]) == [str(tmp_path / name)]

    def test_all_missing_ones_are_named(self, folder):
        with pytest.raises(FileNotFoundError) as caught:
            load_rows(folder, *(f"{name},1,2,3,macro" for name in ("A", "a", "x9", "b2.avi", "x9")))
        message = str(caught.value)
        assert message.startswith("3 of 4 videos of the table are not in the folder")
        assert "'A' (did you mean 'a.mp4'?), 'x9', 'b2.avi' (did you mean 'b.avi'?)." in message
        assert "The folder holds a.mp4, b.avi, c.mov, d." in message

    def test_lost_zeros(self, tmp_path):
        make_folder(tmp_path, "007.mp4", "017.mp4")
        with pytest.raises(FileNotFoundError, match=r"'7' \(did you mean '007\.mp4'\?\)"):
            find_videos(tmp_path, ["7"])

    def test_many(self, tmp_path):
        make_folder(tmp_path)
        with pytest.raises(
            FileNotFoundError, match=r"'v19', and 5 more\. The folder holds no video files"
        ):
            find_videos(tmp_path, [f"v{i}" for i in range(25)])

    def test_several(self, tmp_path):
        make_folder(tmp_path, "a.mp4", "a.avi", "b.mp4", images=["b"])
        message = r"'a' may be 'a\.avi' or 'a\.mp4'; 'b' may be 'b/' or 'b\.mp4'\. Write the names"
        with pytest.raises(ValueError, match=message):
            find_videos(tmp_path, ["a", "b"])
        assert find_videos(tmp_path, ["b/", "a.avi"]) == [
            str(tmp_path / "b"),
            str(tmp_path / "a.avi"),
        ]

    @pytest.mark.parametrize("name", [".", "..", "/", "x\0y", "n" * 5000])
    def test_odd_names(self, tmp_path, name):
        with pytest.raises(FileNotFoundError, match="1 of 1 videos"):
            find_videos(make_folder(tmp_path / "here", "a.mp4"), [name])

    def test_no_folder(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="'nowhere' .*does not exist; pass the folder"):
            find_videos("nowhere", ["a"])
        make_folder(tmp_path, "a.mp4")
        with pytest.raises(FileNotFoundError, match="is a file; pass the folder"):
            find_videos(tmp_path / "a.mp4", ["a"])

    def test_two_names_of_one_video(self, folder):
        (folder / "A2.mp4").symlink_to(folder / "a.mp4")
        names = ("a", "a.mp4", "d/../a.mp4", "./a", "A2")
        lines = [f"{name},{10 * i},,{10 * i + 2},macro" for i, name in enumerate(names)]
        data = load_rows(folder, *lines)
        assert data.names == ["a"]
        assert len(data.intervals[0]) == 5

    def test_windows_paths(self, folder):
        make_folder(folder, "Tag 1/x.mp4")
        data = load_rows(folder, "Tag 1\\x,1,2,3,macro")
        assert data.videos == [str(folder / "Tag 1/x.mp4")]

    def test_hints_of_subfolders(self, folder):
        make_folder(folder, "Tag 1/001.mp4", "Tag 2/003.mp4")
        with pytest.raises(FileNotFoundError) as caught:
            load_rows(folder, "Tag 1/1,1,2,3,macro", "Tag 2/03,1,2,3,macro", "Tag 1/b,1,2,3,macro")
        message = str(caught.value)
        assert "'Tag 1/1' (did you mean 'Tag 1/001.mp4'?)" in message
        assert "'Tag 2/03' (did you mean 'Tag 2/003.mp4'?)" in message

    def test_videos_that_the_table_does_not_name(self, folder):
        make_folder(folder, "Tag 1/x.mp4", "Tag 1/y.mp4", "Tag 2/z.mp4")
        report = load_rows(folder, "a.mp4,1,2,3,macro", "Tag 1/x,1,2,3,macro").repairs
        assert report.values.tolist() == [
            [
                *("", None, ""),
                "videos in the folder are not in the table: 4 (Tag 1/y.mp4, b.avi, c.mov, d)",
                *("kept", ""),
            ]
        ]

    def test_speed(self, tmp_path):
        """1000 videos; measured 0.05 s each."""
        names = [f"{i}" for i in range(1000)]
        make_folder(tmp_path, *(f"{name}.mp4" for name in names))
        start = time.perf_counter()
        find_videos(tmp_path, names)
        with pytest.raises(FileNotFoundError, match=r"'x0' \(did you mean '0\.mp4'"):
            find_videos(tmp_path, [f"x{name}" for name in names])
        assert time.perf_counter() - start < 1

    def test_left_out(self, folder):
        lines = ["a,1,2,3,macro", "x,1,2,3,macro", "y,,,,"]
        with pytest.warns(UserWarning, match=r"Left out: there are no frames of the video \(2\)"):
            data = load_rows(folder, *lines, on_error="warn")
        assert data.names == ["a"]
        with pytest.raises(FileNotFoundError):
            load_rows(folder, *lines[1:], on_error="warn")

    def test_a_folder_without_images(self, folder):
        (folder / "e").mkdir()
        with pytest.raises(VideoReadError, match="contains no images"):
            load_rows(folder, "e,1,2,3,macro")


class TestRows:
    def test_all_bad_rows_are_listed(self, folder):
        lines = ["a,12,15,20,macro", "a,50,45,40,macro", "b,x,15,20,micro", ",1,2,3,macro"]
        lines += [
            "b,5,6,,macro",
            "b,,6,9,macro",
            "b,10,12,14,smile",
            "c,1,2,3,blink",
            "c,4,,5,smile",
        ]
        with pytest.raises(ValueError, match="rows") as caught:
            load_rows(folder, *lines, first_frame=1)
        assert str(caught.value) == (
            "table.csv: 8 of 9 rows can't be used:\n"
            "- line 3, video 'a': the offset is before the onset: 40 < 50\n"
            "- line 4, video 'b': the onset is not a number: 'x' is not a number\n"
            "- line 5, video '': the name of the video is missing\n"
            "- line 6, video 'b': the offset is missing\n"
            "- line 7, video 'b': the onset is missing\n"
            "- line 8, video 'b': the label is neither macro nor micro: 'smile'\n"
            "- line 9, video 'c': the label is neither macro nor micro: 'blink'\n"
            "- line 10, video 'c': the label is neither macro nor micro: 'smile'\n"
            "With missing_offset='apex', the apex replaces a missing offset.\n"
            "With first_frame=1, frame 0 means a missing one; does the table count from 0?\n"
            "Say what the labels 'smile' (2), 'blink' (1) mean with label_names={'smile': ..., "
            "'blink': ...}, where ... is 'macro', 'micro', or None to leave out the rows of a "
            "label.\n"
            "Correct them, or pass on_error='warn' to leave them out and list them in `repairs`."
        )
        with pytest.warns(
            UserWarning, match=r"the label is neither macro nor micro \(3\)"
        ) as caught:
            data = load_rows(folder, *lines, first_frame=1, on_error="warn")
        assert len(caught) == 1
        assert [len(table) for table in data.intervals] == [1, 0, 0]
        assert data.repairs["action"].tolist() == ["left out"] * 8 + ["kept"] * 3

    def test_many_bad_rows(self, folder):
        with pytest.raises(
            ValueError, match=r"\n- line 21, .*\n- and 180 more\nAre they durations\?"
        ):
            load_rows(folder, *["a,2,1,1,macro"] * 200)

    def test_repairs_are_no_error(self, folder):
        with pytest.warns(
            UserWarning, match=r"Changed: the onset is not a whole number \(1\)"
        ) as caught:
            data = load_rows(folder, "a,12.4,15,20,macro", "a,30,35,40,micro")
        assert caught[0].filename == __file__
        assert data.intervals[0].tolist() == [(12, 15, 20, "macro"), (30, 35, 40, "micro")]

    def test_whole_seconds_taken_for_frames(self, folder):
        rows = ["d,1,3,5,macro", "d,10,11,14,macro", "d,20,21,21,micro", "d,30,31,33,macro"]
        message = r"table\.csv: the longest of 3 macro-expressions lasts 5 frames.*unit='seconds'"
        with pytest.warns(UserWarning, match=message):
            load_rows(folder, *rows)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            load_rows(folder, *rows, "d,40,45,60,macro")

    def test_seconds_taken_for_frames(self, folder):
        lines = ["a,0.4,1.5,2,macro", "a,3,3.5,4.2,macro", "b,7.25,8,9.1,micro"]
        message = r"table\.csv: 2 of 3 onsets are not whole frame numbers\. If .* unit='seconds'"
        with pytest.raises(ValueError, match=message):
            load_rows(folder, *lines)
        with pytest.warns(UserWarning, match="the onset is not a whole number"):
            data = load_rows(folder, *lines, on_error="warn")
        assert data.intervals[1].tolist() == [(7, 8, 9, "micro")]

    @pytest.mark.filterwarnings("error")
    def test_labels(self, folder):
        spellings = ["Macro", "MICRO ", "ME", "MaE", "mae", "me", "micro-expression"]
        spellings += ["Macro expression", "Lachen", "1.0", "Blinzeln", "Makro", "MIKRO"]
        lines = [f"a,{10 * i},,{10 * i + 5},{label}" for i, label in enumerate(spellings)]
        names = {"lachen": "macro", "1.0": "micro", " BLINZELN": None}
        data = load_rows(folder, *lines, label_names=names)
        assert data.intervals[0]["label"].tolist() == [
            *("macro", "micro", "micro", "macro", "macro", "micro", "micro"),
            *("macro", "macro", "micro", "macro", "micro"),
        ]
        assert data.repairs["problem"][0] == "label_names leaves out the label: 'Blinzeln'"

    def test_labels_that_are_numbers(self, folder):
        frame = pd.DataFrame(
            {"video": "a", "onset": [1, 9], "offset": [3, 12], "label": [1.0, 2.0]}
        )
        data = load_annotated_videos(frame, folder, label_names={1: "macro", 2: "micro"})
        assert data.intervals[0]["label"].tolist() == ["macro", "micro"]

    def test_two_meanings(self, folder):
        with pytest.raises(ValueError, match=r"label_names gives 'Smile' two meanings"):
            load_rows(folder, "a,1,2,3,x", label_names={"Smile": "macro", "smile": None})
        load_rows(folder, "a,1,2,3,smile", label_names={"Smile": "macro", "smile": "macro"})

    def test_durations(self, folder):
        lines = ["a,45,,20,macro", "b,12,,20,macro", "c,50,,7,macro"]
        with pytest.raises(ValueError, match=r"Are they durations\? The offset is the onset plus"):
            load_rows(folder, *lines)
        with pytest.raises(ValueError, match=r"Rename .* An offset is the onset plus the duration"):
            load_rows(folder, "a,1,5,macro", header="video,onset,Duration,label")

    def test_points_between_thousands(self, folder):
        header = "video;onset;offset;label"
        with pytest.raises(ValueError, match=r"'1\.234' may be 1\.234 or 1234"):
            load_rows(folder, "a;12;20;macro", "a;1.234;1.300;macro", header=header)
        with pytest.warns(UserWarning, match="not a whole number"):  # points separate decimals
            data = load_rows(
                folder, "a;12;20.5;macro", "a;31;44.234;macro", "a;50;55;macro", header=header
            )
        assert data.intervals[0]["offset"].tolist() == [21, 44, 55]

    def test_wrong_meanings(self, folder):
        with pytest.raises(ValueError, match=r"or to None .*; got \{'smile': 'Macro'\}"):
            load_rows(folder, "a,1,2,3,smile", label_names={"smile": "Macro"})

    def test_options(self, folder):
        lines = ["a,1,2,-1,macro", "a,20,21,21,macro", "a,30,40,70,micro"]
        for options, spans in (
            ({"missing_offset": "apex", "min_length": 3}, [(30, 70)]),
            ({"missing_offset": 4}, [(1, 5), (20, 21), (30, 70)]),
            ({"missing_offset": "apex", "classes": ["micro"]}, [(30, 70)]),
        ):
            with warnings.catch_warnings(record=True):
                data = load_rows(folder, *lines, **options)
            table = data.intervals[0]
            assert list(zip(table["onset"], table["offset"])) == spans

    def test_what_options_leave_out_is_no_error(self, folder):
        lines = ["d,0,2,60,macro", "d,70,72,73,micro", "d,80,82,90,micro"]
        with pytest.warns(UserWarning, match="Left out"):
            data = load_rows(folder, *lines, over_long="drop", min_length=5)
        assert data.intervals[0].tolist() == [(80, 82, 90, "micro")]


class TestSubjects:
    HEADER = "video,subject,onset,offset,label"

    def test_given_once(self, folder):
        lines = ["b,007,1,2,macro", "a,6,,,", "b,,5,6,micro"]
        data = load_rows(folder, *lines, header=self.HEADER)
        assert data.subjects.tolist() == ["6", "007"]
        assert data.repairs["subject"].tolist() == ["6", None]

    def test_the_repairs_name_them(self, folder):
        lines = ["b,s1,1,2.5,macro", "b,,5,6.5,micro"]
        with pytest.warns(UserWarning, match="not a whole number"):
            data = load_rows(folder, *lines, header=self.HEADER)
        assert set(data.repairs["subject"]) == {"s1", None}

    def test_na(self, folder):
        """N. A. may be the initials of a person, and the name of a video."""
        make_folder(folder, "NA.mp4")
        data = load_rows(folder, "b,NA,1,2,macro", "NA,-,1,2,macro", header=self.HEADER)
        assert data.names == ["b", "NA"]
        assert data.subjects.tolist() == ["NA", "-"]

    def test_an_empty_column(self, folder):
        assert load_rows(folder, "b,,1,2,macro", header=self.HEADER).subjects is None

    def test_two(self, folder):
        message = r"table\.csv: a video has one subject, but video 'b' has 's1' \(line 2\) and 's2'"
        with pytest.raises(ValueError, match=message):
            load_rows(folder, "b,s1,1,2,macro", "b,s2,5,6,micro", header=self.HEADER)

    def test_none(self, folder):
        with pytest.raises(ValueError, match="no subject for 'a', 'c'. Fill in"):
            load_rows(folder, "b,s1,1,2,macro", "a,,,,", "c,,1,2,macro", header=self.HEADER)


class TestFrames:
    def test_first_frame(self, folder):
        for first in (0, 1, 11):
            data = load_rows(folder, "a,20,21,30,macro", "d,20,21,30,macro", first_frame=first)
            for table in data.intervals:
                assert table.tolist() == [(20 - first, 21 - first, 30 - first, "macro")]

    def test_before_the_first_frame(self, folder):
        with pytest.warns(UserWarning, match="the onset is before the first frame"):
            data = load_rows(folder, "a,2,12,30,macro", first_frame=11)
        assert data.intervals[0].tolist() == [(0, 1, 19, "macro")]

    def test_images(self, folder):
        """A folder of 100 images; every 7th makes 15 frames."""
        data = load_rows(folder, "d,11,12,99,macro", fps=200, keep_every=7)
        assert data.videos == [ImageSequence(str(folder / "d"), fps=200, keep_every=7)]
        assert data.fps == pytest.approx(200 / 7)
        assert data.intervals[0].tolist() == [(2, 2, 14, "macro")]
        assert load_rows(folder, "d,11,12,99,macro").fps is None

    def test_beyond_the_end(self, folder):
        with pytest.warns(UserWarning, match="the offset is beyond the last frame"):
            data = load_rows(folder, "d,90,95,120,macro")
        assert data.intervals[0].tolist() == [(90, 95, 99, "macro")]
        with pytest.raises(ValueError, match="the onset is beyond the last frame: 100 > 99"):
            load_rows(folder, "d,100,105,120,macro")

    def test_files_keep_every_frame(self, folder):
        with pytest.raises(ValueError, match="keep_every=2 is for folders .* 'a' is a file"):
            load_rows(folder, "d,1,2,3,macro", "a,1,2,3,macro", keep_every=2)

    def test_contradictions(self, folder):
        tables = {"a": make_intervals([(0, 1, 2, "macro")])}
        with pytest.raises(ValueError, match="zero-based frames; do not pass unit"):
            load_annotated_videos(tables, folder, unit="seconds")
        with pytest.raises(ValueError, match="zero-based frames; do not pass unit"):
            load_annotated_videos(tables, folder, first_frame=1)
        with pytest.raises(ValueError, match="first_frame=1 is for unit='frames'"):
            load_rows(folder, "a,1,2,3,macro", unit="seconds", first_frame=1)

    @pytest.mark.parametrize(
        "options",
        [
            {"unit": "ms"},
            {"first_frame": -1},
            {"fps": 0},
            {"missing_offset": 0},
            {"on_error": "skip"},
        ],
    )
    def test_parameters(self, folder, options):
        with pytest.raises(ValueError, match=f"The '{next(iter(options))}' parameter of load_ann"):
            load_rows(folder, "a,1,2,3,macro", **options)


class TestSeconds:
    @pytest.fixture
    def recorded(self, tmp_path):
        """A video at 30 frames per second that pauses for a second after its frame 9."""
        ticks = np.concatenate([np.arange(10), np.arange(40, 60)])
        write_video(tmp_path / "a.mp4", textured(30), ticks=ticks)
        return tmp_path

    def test_variable_rate(self, recorded):
        """Frame 10 is shown at 1.333 s, not at 0.333 s."""
        data = load_rows(
            recorded, "a,0.10,0.21,1.34,macro", "a,1.5,1.6,1.966,micro", unit="seconds"
        )
        assert data.intervals[0].tolist() == [(3, 6, 10, "macro"), (15, 18, 29, "micro")]

    def test_decimal_commas(self, recorded):
        header = "video;onset;apex;offset;label"
        data = load_rows(recorded, "a;0,100;0,2;1,334;macro", header=header, unit="seconds")
        assert data.intervals[0].tolist() == [(3, 6, 10, "macro")]

    def test_the_end(self, recorded):
        """The last frame begins at 1.967 s and is shown for a 30th of that, until 2.034 s."""
        assert load_rows(recorded, "a,1.5,,1.98,macro", unit="seconds").intervals[0]["offset"] == 29
        assert load_rows(recorded, "a,1.5,,2.03,macro", unit="seconds").intervals[0]["offset"] == 29
        others = ("a,0,,0.1,macro", "a,0.2,,0.3,macro")
        message = "the offset is beyond the last frame"
        with pytest.warns(UserWarning, match=message):
            data = load_rows(recorded, "a,1.5,,2.1,macro", *others, unit="seconds")
        assert data.intervals[0]["offset"].tolist() == [3, 9, 29]
        assert data.repairs["problem"][0] == f"{message}: 2.1 s (frame 31) > 29, at 1.967 s"
        message = r"the onset is beyond the last frame: 3\.0 s \(frame 45\) > 29, at 1\.967 s"
        with pytest.raises(ValueError, match=message):
            load_rows(recorded, "a,3.0,,3.2,macro", *others, unit="seconds")

    def test_bad_moments(self, recorded):
        with pytest.raises(ValueError, match="rows can't be used") as caught:
            load_rows(
                recorded,
                *("a,00:01,,2,macro", "a,-4,,1,macro", "a,-1,,1,macro", "a,1.5 s,,2,macro"),
                unit="seconds",
            )
        assert "line 2, video 'a': the onset is not a number: '00:01' is not a" in str(caught.value)
        assert "line 3, video 'a': the onset is negative: -4 s" in str(caught.value)
        assert "line 4, video 'a': the onset is missing: -1" in str(caught.value)
        assert "Write moments as seconds, without a unit: 65.5 for 00:01:05.5" in str(caught.value)

    def test_only_needed_videos_are_opened(self, recorded):
        make_folder(recorded, "broken.mp4")
        assert (
            len(load_rows(recorded, "broken,,,,", "a,0,0.1,0.2,macro", unit="seconds").names) == 2
        )
        load_rows(recorded, "broken,0,1,2,micro")
        for options in ({"unit": "seconds"}, {"long_micro": "drop"}):
            with pytest.raises(VideoReadError, match=r"broken\.mp4.* is empty"):
                load_rows(recorded, "broken,0,1,2,micro", **options)

    def test_long_micro_by_times(self, recorded):
        """Frames 8 to 10 last 1.1 s, frames 0 to 5 0.2 s."""
        lines = ["a,8,9,10,micro", "a,0,2,5,micro"]
        with pytest.warns(UserWarning, match=r"lasts more than 0\.5 s \(1\)"):
            data = load_rows(recorded, *lines, long_micro="drop")
        assert data.intervals[0].tolist() == [(0, 2, 5, "micro")]
        data = load_rows(recorded, "a,1,3,6,micro", long_micro="drop", first_frame=1)
        assert data.intervals[0].tolist() == [(0, 2, 5, "micro")]

    def test_images(self, folder):
        data = load_rows(folder, "d,0.1,0.2,0.405,macro", unit="seconds", fps=200, keep_every=7)
        assert data.intervals[0].tolist() == [(3, 6, 12, "macro")]
        with pytest.raises(ValueError, match="'d' is a folder of images, .* pass fps"):
            load_rows(folder, "d,0.1,0.2,0.405,macro", unit="seconds")

    def test_workers(self, recorded):
        write_video(recorded / "b.mp4", textured(20))
        lines = ["a,0.10,0.21,1.34,macro", "b,0.10,0.21,0.35,macro"]
        alone = load_rows(recorded, *lines, unit="seconds")
        with parallel_config(backend="threading"):
            together = load_rows(recorded, *lines, unit="seconds", n_jobs=2)
        for one, other in zip(alone.intervals, together.intervals, strict=True):
            np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize(
        ("seconds", "frame"),
        [(0, 0), ("0.26", 1), (0.24, 0), (-0.9, 0), (-0.95, -2), (9.3, 4), (9.5, 6), (30, 16)],
    )
    def test_frame_at(self, seconds, frame):
        """Frames at 0, 0.5, 1, 5 and 7.5 s, 1.875 s on average; the last is shown until 9.375 s."""
        times = FrameTimes([0, 0.5, 1, 5, 7.5])
        assert frame_at(seconds, times) == (frame, f"{seconds} s (frame {frame})", "")

    def test_checked_before_decoding(self, recorded):
        """What can't be right in any video is told before hours of video are decoded."""
        make_folder(recorded, "broken.mp4")
        lines = ["broken,1.5,,0.5,macro", "a,0,,0.1,smile"]
        with pytest.raises(ValueError, match="rows can't be used") as caught:
            load_rows(recorded, *lines, unit="seconds")
        assert "line 2, video 'broken': the offset is before the onset: 0.5 s < 1.5 s" in str(
            caught.value
        )
        assert "label_names={'smile': ...}" in str(caught.value)

    def test_moments_before_the_first_frame(self, recorded):
        """A quarter of a frame before the first frame is the first frame."""
        data = load_rows(recorded, "a,-0.008,,0.1,macro", unit="seconds")
        assert data.intervals[0].tolist() == [(0, 1, 3, "macro")]

    def test_unreadable_videos_are_left_out(self, recorded):
        make_folder(recorded, "broken.mp4")
        (recorded / "e").mkdir()
        lines = ["broken,0.5,,1.5,macro", "a,0,,0.1,macro", "e,,,,"]
        with pytest.warns(UserWarning, match=r"Left out: the video can't be read \(2\)"):
            data = load_rows(recorded, *lines, unit="seconds", on_error="warn")
        assert data.names == ["a"]
        report = data.repairs.set_index("video")
        assert "is empty (0 bytes)" in report.loc["broken", "problem"].tolist()[1]
        assert report.loc["broken", "place"].tolist() == ["line 2", ""]
        assert "contains no images" in report.loc["e", "problem"]
        with pytest.warns(UserWarning, match="Left out"):
            data = load_rows(recorded, lines[0], unit="seconds", on_error="warn")
        assert data.names == []
        assert data.fps is None

    def test_frames_taken_for_seconds(self, recorded):
        lines = ["a,0,,1,macro", "a,1,,15,macro", "a,18,,25,macro"]
        message = r"2 of 3 expressions end beyond their videos.*Are these frames \(unit='frames'\)"
        with pytest.raises(ValueError, match=message):
            load_rows(recorded, *lines, unit="seconds")

    def test_time_spans(self, recorded):
        """Times of day are no moments, but spans are."""
        table = pd.DataFrame({"video": ["a"], "label": ["macro"]})
        table["onset"], table["offset"] = pd.Timedelta("100ms"), pd.Timedelta("1334ms")
        data = load_annotated_videos(table, recorded, unit="seconds")
        assert data.intervals[0].tolist() == [(3, 6, 10, "macro")]
        table["onset"] = pd.Series([datetime.time(0, 0, 1)], dtype=object)
        with pytest.raises(ValueError, match=r"00:00:01 is a date .*\nWrite moments as seconds"):
            load_annotated_videos(table, recorded, unit="seconds")

    def test_the_cell_is_shown(self, recorded):
        with pytest.warns(UserWarning, match="the apex is outside"):
            data = load_rows(recorded, "a,0.1,1.5,0.2,macro", unit="seconds")
        problem = "the apex is outside the interval: 1.5 s (frame 15) not in 3-6"
        assert data.repairs["problem"].tolist() == [problem]


@pytest.fixture(scope="module")
def announced(tmp_path_factory):
    """Files of 300 frames at 30 frames per second, and other videos."""
    folder = tmp_path_factory.mktemp("headers")
    for name in ("a.mp4", "b.mkv"):  # Matroska tells the duration alone
        write_video(folder / name, textured(300))
    return make_folder(folder, "empty.mp4", images=["d"])


class TestHeaders:
    """Of files whose frames are numbered, only the header is read."""

    @pytest.mark.parametrize("name", ["a", "b"])
    def test_far_beyond(self, announced, name):
        lines = [f"{name},5,,20,macro", f"{name},100,,315,macro", f"{name},1500,,2250,micro"]
        with pytest.raises(ValueError, match="2 of 3 rows can't be used") as caught:
            load_rows(announced, *lines)
        message = str(caught.value)
        assert (
            f"line 3, video '{name}': the offset is beyond the last frame: 315 > 299, according"
            in message
        )
        assert (
            f"line 4, video '{name}': the onset is beyond the last frame: 1500 > 299, according"
            in message
        )
        assert "Are these milliseconds" in message
        with pytest.warns(UserWarning, match="Left out"):
            data = load_rows(announced, *lines, on_error="warn")
        assert len(data.intervals[0]) == 1

    @pytest.mark.filterwarnings("error")
    def test_headers_may_lie_a_little(self, announced):
        data = load_rows(announced, "a,100,,309,macro")
        assert data.intervals[0]["offset"] == 309
        assert load_rows(announced, "a,101,,310,macro", first_frame=1).intervals[0]["offset"] == 309

    @pytest.mark.parametrize(("name", "n_frames"), [("a", 300), ("d", 100)])
    def test_counted_from_1(self, announced, name, n_frames):
        lines = [f"{name},5,,20,macro", f"{name},90,,{n_frames},macro"]
        message = r"beyond the last frame by one, as if .* from 1 \(first_frame=1\) \(1\)"
        with pytest.warns(UserWarning, match=message):
            data = load_rows(announced, *lines)
        assert data.intervals[0]["offset"].tolist() == [20, n_frames - 1]
        assert len(load_rows(announced, *lines, first_frame=1).repairs) == 1

    @pytest.mark.filterwarnings("error")
    def test_nothing_is_known_of_unreadable_files(self, announced):
        data = load_rows(announced, "empty,5,,200000,macro")
        assert data.intervals[0]["offset"] == 200000


def test_speed(tmp_path):
    """5 folders of 1000 images; measured 0.02 s."""
    lines = []
    for i in range(5):
        (tmp_path / f"v{i}").mkdir()
        for number in range(1, 1001):
            open(tmp_path / f"v{i}" / f"v{i}_{number:04d}.jpg", "x").close()
        lines += [f"v{i},{on},{on + 3},{on + 9},micro" for on in (10, 50, 200, 900)]
    start = time.perf_counter()
    data = load_rows(tmp_path, *lines)
    assert time.perf_counter() - start < 0.5
    assert data.names == [f"v{i}" for i in range(5)]
    assert data.repairs.empty
