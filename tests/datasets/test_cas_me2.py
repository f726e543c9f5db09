"""Tests of load_cas_me2 on a tiny copy with every trap of the released files."""

import shutil

import pytest

from skspot.datasets import load_cas_me2
from skspot.video import ImageSequence, open_video
from tests.datasets.trees import (
    CAS_ME2_HEADER,
    CAS_ME2_ROWS,
    cas_me2_sheets,
    cas_me2_tree,
    check_all_accounted_for,
    check_entries,
    entries,
    load_quietly,
    mutated,
    spans,
    write_pictures,
    write_xls,
    write_xlsx,
)

WORKBOOK = "CAS(ME)^2code_final(Updated).xlsx"


@pytest.fixture
def root(tmp_path):
    return cas_me2_tree(tmp_path / "CASME_sq")


def load(root, **options):
    return load_quietly(load_cas_me2, root, **options)


def relabel(root, rows=CAS_ME2_ROWS, **sheets):
    """Give the tree another workbook."""
    write_xlsx(root / WORKBOOK, {**cas_me2_sheets(rows), **sheets})


# Worked by hand: image k is frame k - 1.
HAND_WORKED = {
    "15_0101disgustingteeth": [(4, 9, 19, "macro"), (29, 34, 34, "micro"), (54, 57, 59, "macro")],
    "15_0401girlcrashing": [(20, 26, 32, "micro")],
    "16_0101disgustingteeth": [],
    "23_0502funnyerrors": [(2, 7, 11, "macro")],
}
CHANGED = [
    ("row 2", "15_0101disgustingteeth", "the offset is missing: 0"),
    ("row 8", "15_0101disgustingteeth", "the offset is beyond the last frame: 70 > 60"),
]
LEFT_OUT = [
    ("row 4", "15_happy9_1", "the third sheet has no such video: 'happy9_1'"),
    ("row 6", "", "the second sheet has no such participant: '9'"),
    ("row 7", "16_0401", "there are no frames of the video: '16_0401'"),
]
KEPT = [
    ("", "23_0502funnyerrors", "the video lies in the folder of another subject: s19"),
    ("", "16_0101disgustingteeth", "the video has no intervals"),
]


def test_intervals_are_those_worked_by_hand(root):
    assert spans(load(root)) == HAND_WORKED


def test_the_repairs_name_every_trap(root):
    data = load(root)
    check_entries(data, "changed", CHANGED)
    check_entries(data, "left out", LEFT_OUT)
    check_entries(data, "kept", KEPT)


def test_every_row_is_used_or_left_out_once(root):
    check_all_accounted_for(load(root))
    for seed in range(10):
        relabel(root, mutated(CAS_ME2_ROWS, seed))
        check_all_accounted_for(load(root))


def test_videos_subjects_and_rate(root):
    with pytest.warns(UserWarning, match="no such participant") as caught:
        data = load_cas_me2(root)
    assert caught[0].filename == __file__
    assert data.subjects.tolist() == ["s15", "s15", "s16", "s23"]
    assert data.fps == 30
    path = root / "rawpic" / "s15" / "15_0101disgustingteeth"
    assert data.videos[0] == ImageSequence(str(path), 30, 1)
    assert open_video(data.videos[0]).n_frames == 60
    assert data.table["Estimated emotion"].tolist()[:2] == ["negative", "negative"]
    assert data.table["AUs"][2] == "L4"
    assert WORKBOOK in data.DESCR
    assert "Qu" in data.DESCR


def test_images_can_be_left_out(root):
    data = load(root, keep_every=2)
    assert data.fps == 15
    assert spans(data)["15_0101disgustingteeth"][0] == (2, 5, 10, "macro")  # 4, 9, 19 of 60


def test_a_header_makes_no_difference(root):
    relabel(root, [CAS_ME2_HEADER, *CAS_ME2_ROWS])
    data = load(root)
    assert spans(data) == HAND_WORKED
    assert data.table["place"][0] == "row 2"
    order = [7, 1, 4, 0, 2, 3]
    relabel(root, [[], *([row[i] for i in order] for row in [CAS_ME2_HEADER, *CAS_ME2_ROWS])])
    assert spans(load(root)) == HAND_WORKED


def test_a_header_that_is_not_understood_is_a_row_that_is_left_out(root):
    relabel(root, [["Nr", "Clip", "Start", "Peak", "End", "a", "b", "c", "d"], *CAS_ME2_ROWS])
    data = load(root)
    assert spans(data) == HAND_WORKED
    assert entries(data, "left out")[0][0] == "row 1"


def test_more_columns_and_an_empty_first_one_make_no_difference(root):
    relabel(root, [[None, *row, "more"] for row in CAS_ME2_ROWS])
    data = load(root)
    assert spans(data) == HAND_WORKED
    assert data.table["column 10"].tolist() == ["more"] * len(CAS_ME2_ROWS)


def test_subject_and_code_sheets_with_headers_and_numbers_as_text(root):
    relabel(
        root,
        **{
            "naming rule1": [
                ["old", "Folder", "Participant"],
                ["15", "S15", "1"],
                [16, "s16 ", 2.0],
                [23, 23, "4"],
            ],
            "rule2": [["Code", "Name"], ["0101", "Disgust1"], [401, "anger1"], [502.0, "happy1 "]],
        },
    )
    assert spans(load(root)) == HAND_WORKED


def test_an_empty_column_between_others_shifts_none(root):
    relabel(root, [[*row[:3], None, *row[4:]] for row in CAS_ME2_ROWS])
    data = load(root)
    assert spans(data)["15_0101disgustingteeth"][0] == (4, 11, 19, "macro")
    assert data.table["Apex"].isna().all()


@pytest.mark.parametrize(
    ("sheets", "message"),
    [
        ({"naming rule1": [[1]]}, "no subject is in column 2"),
        ({"rule2": [["x", "disgust1"]]}, "no code of a video is in column 1"),
        ({"rule2": [[101, "a"], [102, "a"]]}, "'a' has two entries, '101' and '102'"),
        ({"CASFEcode_final": [[1, "disgust1_1", 5, 10, 20]]}, "contains no macro-expression"),
    ],
)
def test_sheets_that_are_not_understood_are_refused(root, sheets, message):
    relabel(root, **sheets)
    with pytest.raises(ValueError, match=message) as error:
        load(root)
    assert WORKBOOK in str(error.value)


def test_a_workbook_of_one_sheet_is_refused(root):
    write_xlsx(root / WORKBOOK, {"one": CAS_ME2_ROWS})
    with pytest.raises(ValueError, match="has 1 sheets; .* are in three"):
        load(root)


@pytest.mark.parametrize("name", ["code_final.xls", "CAS(ME)^2code_final.xls"])
def test_other_workbooks(root, name):
    write_xls(root / name, cas_me2_sheets(CAS_ME2_ROWS[:1]))
    data = load(root)
    assert spans(data) == HAND_WORKED
    assert entries(data, "kept")[0][0] == f"workbook {name!r}"
    (root / WORKBOOK).unlink()
    data = load(root)
    assert spans(data)["15_0101disgustingteeth"] == [(4, 9, 19, "macro")]
    assert name in data.DESCR


def test_other_pictures(root):
    data = load(root, video_folder="cropped")
    assert spans(data) == HAND_WORKED
    assert data.videos[0].path == str(root / "cropped" / "s15" / "15_0101disgustingteeth")
    with pytest.raises(FileNotFoundError, match="No folder 'selectedpic' with images of CAS"):
        load(root, video_folder="selectedpic")


def test_video_files(root):
    data = load(root, video_folder="rawvideo")
    assert data.names == ["15_0101disgustingteeth", "15_0401girlcrashing"]
    assert data.videos[0] == str(root / "rawvideo" / "s15" / "15_0101disgustingteeth.avi")
    # Nobody knows how long it is.
    assert spans(data)["15_0101disgustingteeth"][2] == (54, 57, 69, "macro")
    with pytest.raises(ValueError, match="keep_every must be 1 for video files"):
        load(root, video_folder="rawvideo", keep_every=2)


def test_pictures_one_folder_deeper_or_without_their_folder(root):
    for name in ("cropped", "rawvideo"):
        shutil.rmtree(root / name)
    (root / "rawpic" / "rawpic").mkdir()
    for path in list((root / "rawpic").glob("s*")):
        path.rename(root / "rawpic" / "rawpic" / path.name)
    assert spans(load(root)) == HAND_WORKED
    assert spans(load(root / "rawpic", annotation_file=root / WORKBOOK)) == HAND_WORKED
    for path in list((root / "rawpic" / "rawpic").glob("s*")):
        path.rename(root / path.name)
    assert spans(load(root)) == HAND_WORKED


def test_the_folder_of_the_subject_goes_before_another_one(root):
    write_pictures(root / "rawpic/s23/23_0502funnyerrors", "img{}.jpg", range(1, 21))
    data = load(root)
    assert data.videos[3].path.endswith("s23/23_0502funnyerrors")
    left_out = [entry for entry in entries(data, "left out") if not entry[0]]
    assert left_out[0][2].startswith("two folders hold the same video")
    assert "s19" in left_out[0][2]


def test_folders_of_another_dataset_are_not_taken(root):
    shutil.rmtree(root / "rawpic")
    write_pictures(root / "rawpic" / "s01" / "s1_ne_01", "{}.jpg", [1])
    with pytest.raises(FileNotFoundError, match=r"No videos of CAS\(ME\)\^2"):
        load(root)


def test_subjects_keep_their_rows_that_are_left_out(root):
    data = load(root, subjects=["s15"])
    # Row 6 tells no subject: it may be about this one.
    assert data.table["place"].tolist() == [f"row {row}" for row in (1, 2, 3, 4, 6, 8)]
    assert entries(data, "left out") == LEFT_OUT[:2]


def test_rows_lead_from_the_intervals_to_their_rows_of_the_frame(root):
    data = load(root)
    assert [rows.tolist() for rows in data.rows] == [[0, 1, 7], [2], [], [4]]
    assert data.table.iloc[data.rows[3]]["Estimated emotion"].tolist() == ["positive"]


def test_folders_of_images_with_other_names_are_reported(root):
    pictures = root / "rawpic"
    lost = ["s15/0103xx", "s15/15_102eatingworms", "sub16/16_0101disgustingteeth"]
    for name in lost:
        write_pictures(pictures / name, "img{}.jpg", [1])
    (pictures / "notes" / "old").mkdir(parents=True)
    data = load(root)
    assert spans(data) == HAND_WORKED
    problems = [problem for place, _, problem in entries(data, "left out") if not place]
    assert problems == [
        f"the folder is not named like a video: {str(pictures / lost[0])!r}",
        f"the folder is not named like a video: {str(pictures / lost[1])!r}",
        f"the folder is not named like a subject: {str(pictures / 'sub16')!r}",
    ]
