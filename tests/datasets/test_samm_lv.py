"""Tests of load_samm_lv on a tiny copy with every trap of the released files."""

import shutil
import warnings

import numpy as np
import pytest

from skspot.datasets import load_samm_lv
from skspot.video import ImageSequence, open_video
from tests.datasets.trees import (
    SAMM_HEADER,
    SAMM_ROWS,
    check_all_accounted_for,
    check_entries,
    entries,
    load_quietly,
    mutated,
    samm_sheets,
    samm_tree,
    spans,
    write_lock,
    write_pictures,
    write_xls,
    write_xlsx,
)

V3 = "SAMM_LongVideos_V3_Release.xlsx"
V2 = "SAMM_LongVideos_V2_Release.xls"


@pytest.fixture
def root(tmp_path):
    return samm_tree(tmp_path / "SAMM")


@pytest.fixture
def data(root):
    return load_quietly(load_samm_lv, root)


def load(root, **options):
    return load_quietly(load_samm_lv, root, **options)


def relabel(root, rows=SAMM_ROWS, **sheets):
    """Give the tree another workbook."""
    write_xlsx(root / V3, samm_sheets(rows, **sheets))


# Worked by hand: image k has position k - 1, and its frame is (k - 1) / 7 rounded half up.
HAND_WORKED = {
    "006_1": [(4, 6, 10, "micro"), (20, 23, 27, "macro"), (30, 32, 32, "macro")],
    "006_2": [(7, 8, 9, "macro")],  # image 70 is nearest to frame 10, but 9 is the last
    "007_1": [(0, 1, 3, "micro"), (5, 7, 9, "macro")],
    "008_1": [(2, 3, 4, "micro")],
    "010_1": [],
}

CHANGED = [
    ("row 13", "006_1", "the onset is not a whole number: 140.4"),
    ("row 13", "006_1", "the apex is not a whole number: 160.6"),
    ("row 14", "006_1", "the offset is missing: 0"),
    ("row 15", "007_1", "the onset is missing: -1"),
    ("row 16", "007_1", "the apex is missing: -1"),
    ("row 27", "006_2", "the offset is beyond the last frame: 99 > 70"),
]
LEFT_OUT = [
    ("row 17", "008_1", "the interval covers most of the video"),
    ("row 19", "009_1", "there are no frames of the video: '009_1'"),
    ("row 20", "006_2", "the offset is missing and the apex is before the onset: 5 < 10"),
    ("row 21", "006_2", "the offset is before the onset: 10 < 30"),
    ("row 22", "", "the Filename is not <subject>_<video>_<number>: 'see the paper'"),
    ("row 24", "006_1", "onset, apex and offset are missing"),
    ("row 25", "006_2", "the label is neither macro nor micro: 'Neutral'"),
    ("row 26", "", "the Filename is not <subject>_<video>_<number>: ''"),
    ("", "007_3", "the folder is not a video"),
]
KEPT = [
    (f"workbook {V2!r}", "", f"another workbook is read: {V3!r}"),
    ("row 18", "008_1", "Subject and Filename differ: '007' and '008_1_2'"),
    ("", "010_1", "the video has no intervals"),
]


def test_intervals_are_those_worked_by_hand(data):
    assert spans(data) == HAND_WORKED


def test_the_repairs_name_every_trap(data):
    check_entries(data, "changed", CHANGED)
    check_entries(data, "left out", LEFT_OUT)
    check_entries(data, "kept", KEPT)
    assert list(data.repairs["action"].unique()) == ["kept", "changed", "left out"]


def test_every_row_is_used_or_left_out_once(root, data):
    check_all_accounted_for(data)
    assert len(data.table) == sum(any(row) for row in SAMM_ROWS)
    for seed in range(10):
        relabel(root, mutated(SAMM_ROWS, seed))
        check_all_accounted_for(load(root))


def test_one_warning_counts_what_was_done_and_names_the_line_of_the_caller(root):
    with pytest.warns(UserWarning, match=r"Left out: the Filename is not .* \(2\)") as caught:
        load_samm_lv(root)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "the offset is missing (1)" in str(caught[0].message)


def test_a_clean_copy_gives_no_warning(root):
    relabel(root, [SAMM_ROWS[0]])
    (root / "SAMM_longvideos" / "007_3").rmdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load_samm_lv(root)
    assert spans(data)["006_1"] == [(4, 6, 10, "micro")]


def test_videos_subjects_and_rate(root, data):
    assert data.names == ["006_1", "006_2", "007_1", "008_1", "010_1"]
    assert data.subjects.tolist() == ["006", "006", "007", "008", "010"]
    assert data.fps == 200 / 7
    assert data.videos[1] == ImageSequence(str(root / "SAMM_longvideos" / "006_2"), 200, 7)
    video = open_video(data.videos[1])
    assert video.n_frames == 10
    np.testing.assert_allclose(video.timestamps, np.arange(10) * 7 / 200)


def test_videos_are_in_the_order_of_their_numbers(root):
    write_pictures(root / "SAMM_longvideos" / "006_10", "{}.jpg", [1, 2])
    assert load(root).names[:3] == ["006_1", "006_2", "006_10"]


def test_all_frames_can_be_kept(root):
    data = load(root, keep_every=1)
    assert data.fps == 200
    assert spans(data)["006_1"][1] == (139, 160, 189, "macro")
    assert spans(data)["006_2"] == [(49, 59, 69, "macro")]


def test_the_frame_holds_the_cells_as_they_stand(data):
    assert list(data.table.columns) == [*SAMM_HEADER, "place"]
    assert data.table["Apex"].tolist()[:2] == [43, "160,6"]
    assert data.table["Subject"].tolist()[:2] == ["006", 6]
    assert data.table["place"].tolist()[:2] == ["row 12", "row 13"]
    assert "another workbook" not in data.DESCR
    assert V3 in data.DESCR
    assert "28.57 frames per second" in data.DESCR
    assert "Yap" in data.DESCR


def test_options(root):
    assert spans(load(root, over_long="keep"))["008_1"] == [(0, 7, 19, "macro"), (2, 3, 4, "micro")]
    assert spans(load(root, missing_offset="drop"))["006_1"] == HAND_WORKED["006_1"][:2]
    # 21 images after image 211 is image 232: position 231, frame 33.
    assert spans(load(root, missing_offset=21))["006_1"][2] == (30, 32, 33, "macro")
    assert load(root, unlabelled="drop").names == ["006_1", "006_2", "007_1", "008_1"]
    micro = load(root, classes=["micro"])
    assert spans(micro)["007_1"] == [(0, 1, 3, "micro")]
    assert spans(load(root, min_length=5))["007_1"] == [(5, 7, 9, "macro")]


def test_subjects_restrict_everything(root):
    data = load(root, subjects=["007", "010"])
    assert data.names == ["007_1", "010_1"]
    # Two rows tell no subject: they may be about these.
    assert data.table["Filename"].tolist()[:3] == ["007_1_1", "007_1_2", "see the paper"]
    assert len(data.table) == 4
    assert {"row 15", "row 16", "row 22", "row 26"} < set(data.repairs["place"])
    assert not {"row 13", "row 24"} & set(data.repairs["place"])
    with pytest.raises(ValueError, match=r"5 subjects of the dataset, 006, 007, .*; got 7, 99\.$"):
        load(root, subjects=["99", "7"])
    with pytest.raises(ValueError, match="got none"):
        load(root, subjects=[])
    with pytest.raises(ValueError, match="'subjects' parameter"):
        load(root, subjects="007")


def test_a_shifted_header_more_columns_and_xls_make_no_difference(root, data):
    relabel(root, [["x", *row] for row in SAMM_ROWS], header=["No.", *SAMM_HEADER], notes=[[]] * 3)
    assert spans(load(root)) == HAND_WORKED
    (root / V3).unlink()
    assert sum(map(len, load(root).intervals)) == 2
    write_xls(root / V2, samm_sheets())
    assert spans(load(root)) == HAND_WORKED
    assert entries(load(root), "changed") == entries(data, "changed")


def test_columns_are_found_by_name(root):
    order = [7, 5, 4, 3, 1, 0]
    rows = [[row[i] for i in order] for row in SAMM_ROWS]
    relabel(root, rows, header=[SAMM_HEADER[i].upper() for i in order])
    assert spans(load(root)) == HAND_WORKED


def test_the_newest_workbook_is_read_unless_another_is_named(root):
    write_xlsx(root / "SAMM_LongVideos_V10_Release.xlsx", samm_sheets(SAMM_ROWS[:1]))
    data = load(root)
    assert sum(map(len, data.intervals)) == 1
    assert [entry[0] for entry in entries(data, "kept")[:2]] == [
        f"workbook {V2!r}",
        f"workbook {V3!r}",
    ]
    data = load(root, annotation_file=root / V2)
    assert sum(map(len, data.intervals)) == 2
    assert V2 in data.DESCR


def test_two_workbooks_of_one_version_must_be_equal(root):
    copy = root / "labels" / V3
    copy.parent.mkdir()
    shutil.copy(root / V3, copy)
    assert spans(load(root)) == HAND_WORKED
    write_xlsx(copy, samm_sheets(SAMM_ROWS[:3]))
    with pytest.raises(
        ValueError, match="2 workbooks of the same version that differ: .*`annotation_file`"
    ):
        load(root)
    assert sum(map(len, load(root, annotation_file=str(copy)).intervals)) == 3


@pytest.mark.parametrize("below", ["..", ".", "SAMM_longvideos", "labels"])
def test_the_root_may_be_near(root, below):
    if below != "labels":
        data = load(root / below)
        assert spans(data) == HAND_WORKED
        outside = [entry[2] for entry in entries(data, "check")]
        expected = f"read from outside folder: {str(root / V3)!r}"
        assert outside == ([expected] if below == "SAMM_longvideos" else [])
    (root / "labels").mkdir()
    (root / V2).unlink()
    (root / V3).rename(root / "labels" / V3)
    (root / f"~${V3}").unlink()
    write_lock(root / "labels" / V3)
    if below != "SAMM_longvideos":
        assert spans(load(root / below)) == HAND_WORKED
    else:
        assert spans(load(root / below, annotation_file=root / "labels" / V3)) == HAND_WORKED


def test_what_is_read_from_outside_root_is_in_the_warning(root):
    with pytest.warns(UserWarning, match=r"Check: read from outside folder \(1\)"):
        load_samm_lv(root / "SAMM_longvideos")
    with pytest.warns(UserWarning, match="^((?!outside).)*$"):  # it was named
        load_samm_lv(root / "SAMM_longvideos", annotation_file=root / V3)
    (root / "labels").mkdir()
    (root / V2).unlink()
    (root / V3).rename(root / "labels" / V3)
    with pytest.warns(UserWarning, match=r"Check: read from outside folder \(1\)"):
        load_samm_lv(root / "labels")


def test_another_copy_beside_a_wrong_root_is_not_read(root):
    unrelated = write_pictures(root.parent / "holidays", "{}.jpg", [1])
    with pytest.raises(FileNotFoundError, match="No (labels|images) of SAMM"):
        load(unrelated)
    with pytest.raises(FileNotFoundError, match="No (labels|images) of SAMM"):
        load(root / "SAMM_longvideos" / "006_1")
    # Half a copy: the other half is neither in the folder nor in the one that holds it.
    half = root.parent / "half"
    write_pictures(half / "SAMM_longvideos" / "006_1", "{}.jpg", [1])
    with pytest.raises(FileNotFoundError, match="No labels of SAMM"):
        load(half)
    shutil.rmtree(half / "SAMM_longvideos")
    write_xlsx(half / V3, samm_sheets())
    with pytest.raises(FileNotFoundError, match="No images of SAMM"):
        load(half)


def test_a_root_that_is_a_link_is_looked_for_where_it_is_seen(root, tmp_path):
    (root / "SAMM_longvideos").rename(tmp_path / "disk")
    (root / "SAMM_longvideos").symlink_to(tmp_path / "disk")
    assert spans(load(root / "SAMM_longvideos")) == HAND_WORKED


def test_folders_of_images_with_other_names_are_reported(root):
    videos = root / "SAMM_longvideos"
    for name in ("006_3 (1)", "x006_2"):
        write_pictures(videos / name, "{}.jpg", [1])
    (videos / "notes").mkdir()
    data = load(root)
    assert spans(data) == HAND_WORKED
    problems = [problem for _, _, problem in entries(data, "left out")]
    assert [problem for problem in problems if "named" in problem] == [
        f"the folder is not named like a video: {str(videos / name)!r}"
        for name in ("006_3 (1)", "x006_2")
    ]
    with pytest.warns(UserWarning, match=r"the folder is not named like a video \(2\)"):
        load_samm_lv(root, subjects=["006"])


def test_names_in_other_case_and_with_blanks(root):
    (root / "SAMM_longvideos").rename(root / "samm_longVideos ")
    (root / V2).unlink()
    (root / V3).rename(root / "SAMM_longvideos_v3_release .XLSX")
    assert spans(load(root)) == HAND_WORKED


def test_missing_parts_show_the_layout_and_what_is_there(root, tmp_path):
    with pytest.raises(FileNotFoundError, match="folder must be the folder .* does not exist"):
        load(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="'.*xlsx' is a file"):
        load(root / V3)
    for path in root.glob("*V?_Release*"):
        if path.name != f"~${V3}":
            path.unlink()
    message = r"No labels of SAMM Long Videos(.|\n)*006_1_0001.jpg(.|\n)*SAMM_longvideos, .*~\$SAMM"
    with pytest.raises(FileNotFoundError, match=message):
        load(root)
    relabel(root)
    shutil.rmtree(root / "SAMM_longvideos")
    with pytest.raises(FileNotFoundError, match="No images of SAMM Long Videos"):
        load(root)
    (root / "SAMM_longvideos" / "006_1").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="No videos of SAMM Long Videos"):
        load(root)


def test_a_second_copy_of_the_pictures(root):
    write_pictures(root / "SAMM_longvideos_crop" / "006_1", "{}.jpg", range(1, 5))
    assert spans(load(root)) == HAND_WORKED  # the name decides
    (root / "SAMM_longvideos").rename(root / "pictures")
    with pytest.raises(
        ValueError, match="2 folders of videos: .*pictures'.*pass one of them as `folder`"
    ):
        load(root)
    assert spans(load(root / "pictures", annotation_file=root / V3)) == HAND_WORKED


def test_zeros_may_be_lost_everywhere(root):
    (root / "SAMM_longvideos" / "008_1").rename(root / "SAMM_longvideos" / "8_1")
    relabel(root, [[8, "8_1", *SAMM_ROWS[6][2:]], ["8", "008_1_2", 1, 36, 43, 57, 1, "Macro"]])
    data = load(root, subjects=["008"])
    assert spans(data) == {"8_1": [(2, 3, 4, "micro"), (5, 6, 8, "macro")]}
    assert data.subjects.tolist() == ["008"]
    assert not len(data.repairs[data.repairs["place"].str.startswith("row")])


def test_two_folders_of_one_video(root):
    write_pictures(root / "SAMM_longvideos" / "6_1", "{}.jpg", range(1, 5))
    data = load(root)
    assert spans(data) == HAND_WORKED
    assert ("", "6_1") in [entry[:2] for entry in entries(data, "left out")]


def test_images_that_cannot_be_put_in_order_leave_the_video_out(root):
    write_pictures(root / "SAMM_longvideos" / "006_2", "copy_{}.jpg", [5])
    data = load(root)
    assert "006_2" not in data.names
    problems = {video: problem for _, video, problem in entries(data, "left out")}
    assert "both have the number 5" in problems["006_2"]


def test_a_workbook_without_the_table_is_refused(root):
    relabel(root, header=["Person", *SAMM_HEADER[1:]])
    with pytest.raises(
        ValueError, match=r"No sheet of .*The closest is row 11 .*lacks \['Subject'\]"
    ):
        load(root)
    relabel(root, header=[*SAMM_HEADER[:-1], "Onset"])
    with pytest.raises(ValueError, match="sheet 'MEGC2020': row 11 names the column 'Onset' twice"):
        load(root)


def test_rows_lead_from_the_intervals_to_their_rows_of_the_frame(root):
    data = load(root)
    # Row 12 of the sheet is the first of the frame.
    assert [rows.tolist() for rows in data.rows] == [[0, 1, 2], [14], [3, 4], [6], []]
    assert data.table.iloc[data.rows[0]]["Action Units"].tolist() == ["4", 12, 12]
    chosen = load(root, subjects=["007", "008"])
    assert chosen.names == ["007_1", "008_1"]
    filenames = [chosen.table.iloc[rows]["Filename"].tolist() for rows in chosen.rows]
    assert filenames == [["007_1_1", "007_1_2"], ["008_1_2"]]
    assert load(root, unlabelled="drop").rows[-1].tolist() == [6]


def test_rows_are_in_the_order_of_the_intervals(root):
    relabel(root, [SAMM_ROWS[2], SAMM_ROWS[8], SAMM_ROWS[1], SAMM_ROWS[0]])
    data = load(root)
    assert spans(data)["006_1"] == HAND_WORKED["006_1"]
    assert data.rows[0].tolist() == [3, 2, 0]
    assert data.rows[0].dtype.kind == "i"


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("Micro - 1/2", "micro"),
        ("micro-1/2 ", "micro"),
        ("Micro-expression", "micro"),
        ("MaE", "macro"),
        ("Macroscopic", None),
        ("1/2", None),
        (5, None),
    ],
)
def test_how_labels_may_be_written(root, written, label):
    relabel(root, [[*SAMM_ROWS[0][:7], written]])
    data = load(root)
    assert [row[3] for row in spans(data)["006_1"]] == ([label] if label else [])
    left_out = [problem for place, _, problem in entries(data, "left out") if place]
    assert left_out == ([] if label else [f"the label is neither macro nor micro: {written!r}"])
