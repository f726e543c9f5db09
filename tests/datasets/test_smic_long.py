"""Tests of load_smic_long on a tiny copy with every trap of the released files."""

import shutil

import pytest

from skspot.datasets import load_smic_long
from skspot.video import ImageSequence
from tests.datasets.trees import (
    SMIC_ROWS,
    check_all_accounted_for,
    check_entries,
    entries,
    load_quietly,
    mutated,
    smic_sheets,
    smic_tree,
    spans,
    write_pictures,
    write_xlsx,
)

RAW = "SMIC-E_raw image"
WORKBOOK = f"{RAW}/HS_long/SMIC-HS-E_annotation.xlsx"


@pytest.fixture
def root(tmp_path):
    return smic_tree(tmp_path / "SMIC")


def load(root, **options):
    return load_quietly(load_smic_long, root, **options)


# Worked by hand: frame = number - FirstF, or number - number of the first image.
HAND_WORKED = {
    "s1_ne_01": [(10, 15, 20, "micro"), (30, 35, 40, "micro"), (50, 52, 55, "micro")],
    "s1_ne_02": [(10, 15, 20, "micro")],
    "s2_po_01": [],
    "s2_sur_01": [(10, 15, 20, "micro")],
    "s2_sur_02": [(5, 10, 15, "micro")],
    "s2_sur_03": [],
}
LEFT_OUT = [
    (
        "row 4",
        "s2_po_01",
        "the images are numbered neither from FirstF nor from 1: FirstF 5000, LastF 5049, "
        "40 images, 7000 to 7039",
    ),
    ("row 6", "s3_ne_03", "there are no frames of the video: 's3_ne_03'"),
    ("row 8", "", "the row is not an annotation: 'Note: FirstF is the first"),
    ("row 9", "", "the row is not an annotation: 'OnsetF is the first frame"),
]
CHECK = [
    ("row 5", "s2_sur_01", "FirstF is not a number: 'missing', 40 images, 300 to 339"),
    (
        "row 7",
        "s2_sur_02",
        "the numbers of images and frames differ: FirstF 1000, LastF 1039, 38 images, 1000 to 1037",
    ),
]
KEPT = [
    ("row 7", "s2_sur_02", "Subject and Filename differ: '1' and 's2_sur_02'"),
    ("", "s2_po_01", "the video has no intervals"),
    ("", "s2_sur_03", "the video has no intervals"),
]


def test_intervals_are_those_worked_by_hand(root):
    assert spans(load(root)) == HAND_WORKED


def test_the_repairs_name_every_trap(root):
    data = load(root)
    check_entries(data, "changed", [])
    check_entries(data, "left out", LEFT_OUT)
    check_entries(data, "check", CHECK)
    check_entries(data, "kept", KEPT)
    used = sum(map(len, data.intervals)) - 2  # one row holds three expressions
    assert used + len(LEFT_OUT) == len(data.table) == len(SMIC_ROWS)


def test_videos_subjects_and_rate(root):
    with pytest.warns(UserWarning, match=r"the row is not an annotation \(2\)") as caught:
        data = load_smic_long(root)
    assert caught[0].filename == __file__
    assert data.subjects.tolist() == ["s01", "s01", "s02", "s02", "s02", "s02"]
    assert data.fps == 100
    path = root / RAW / "HS_long" / "SMIC-HS-E" / "HS" / "s01" / "s1_ne_01"
    assert data.videos[0] == ImageSequence(str(path), 100, 1)
    assert data.table["Emotion"][0] == "negative"
    assert "camera HS" in data.DESCR


def test_the_camera_decides_pictures_labels_and_rate(root):
    data = load(root, camera="VIS")
    assert spans(data) == {"s1_ne_01": [(10, 11, 13, "micro")]}
    assert data.fps == 25
    assert "VIS_long" in data.videos[0].path
    with pytest.raises(FileNotFoundError, match="No labels of the camera NIR of SMIC-E long"):
        load(root, camera="NIR")
    with pytest.raises(ValueError, match="'camera' parameter"):
        load(root, camera="hs")


def test_images_can_be_left_out(root):
    data = load(root, keep_every=4)
    assert data.fps == 25
    # 10, 15, 20 / 4; 50, 52, 55 / 4: 52.5 would be 13, and 55 is 13.75.
    assert spans(data)["s1_ne_01"][0] == (3, 4, 5, "micro")
    assert spans(data)["s1_ne_01"][2] == (13, 13, 14, "micro")


def relabel(root, *rows):
    write_xlsx(root / WORKBOOK, smic_sheets(rows))


def row(name, onset, offset, first, last, subject=1):
    return [subject, name, onset, offset, None, "x", None, None, None, None, first, last]


def images(root, name, numbers):
    write_pictures(root / RAW / "HS_long/SMIC-HS-E/HS/s01" / name, "image{}.jpg", numbers)


@pytest.mark.parametrize(
    ("numbers", "onset", "first", "last", "frame"),
    [
        (range(100, 150), 110, 100, 149, 10),  # as in the table
        (range(100, 150), 110, 100, None, 10),
        (range(1, 51), 110, 100, 149, 10),  # from 1
        (range(0, 50), 110, 100, 149, 10),  # from 0
        (range(1, 51), "110", "100", "149", 10),
        (range(1, 51), 11, 1, 50, 10),  # both are the same
        (range(0, 51), 10, 0, 50, 10),
        (range(1, 51), 10, 0, 49, 10),  # as many as the table's, from another number
        (range(1, 51), 0, 0, 49, 0),
        (range(0, 50), 11, 1, 50, 10),
        (range(0, 50), 1, 1, 50, 0),
        (range(101, 151), 110, 100, 149, 10),
        (range(99, 149), 110, 100, 149, 10),
        (range(7000, 7050), 110, 100, 149, 10),
    ],
)
def test_images_that_are_as_many_as_the_frames_are_these(root, numbers, onset, first, last, frame):
    images(root, "s1_po_09", numbers)
    relabel(root, row("s1_po_09", onset, float(onset) + 4, first, last))
    data = load(root)
    assert spans(data)["s1_po_09"] == [(frame, frame + 2, frame + 4, "micro")]
    assert entries(data, "check") == []


@pytest.mark.parametrize(
    ("numbers", "last", "frame", "result"),
    [
        (range(102, 150), 149, 8, "as in the table"),  # the first two are missing
        (range(90, 160), 149, 20, "as in the table"),  # there are more
        ([*range(101, 131), *range(132, 152)], 149, 9, "as in the table"),  # a hole
        (range(3, 51), 149, 8, "from 1"),  # the first two are missing
        (range(1, 50), 149, 10, "from 1"),  # the last is missing
        (range(0, 49), 149, 10, "from 0"),
        (range(1, 51), None, 10, "from 1"),
    ],
)
def test_images_that_do_not_begin_with_the_first_frame_are_to_be_checked(
    root, numbers, last, frame, result
):
    images(root, "s1_po_09", numbers)
    relabel(root, row("s1_po_09", 110, 114, 100, last))
    with pytest.warns(UserWarning, match=r"Check: the first image is not FirstF \(1\)"):
        data = load_smic_long(root)
    assert spans(data)["s1_po_09"] == [(frame, frame + 2, frame + 4, "micro")]
    told = data.repairs[data.repairs["action"] == "check"]
    assert told["result"].tolist() == [f"they are assumed to be numbered {result}"]


def test_every_expression_is_used_or_left_out_once(root):
    one_each = [[*row[:6], *[None] * 4, *row[10:]] for row in SMIC_ROWS if len(row) > 6]
    for seed in range(10):
        rows = mutated(one_each, seed)
        # Junk in the columns of the second and third expression would make more of them.
        relabel(root, *([*row[:6], *[None] * 4, *row[10:]] for row in rows))
        check_all_accounted_for(load(root))


def test_cells_that_are_no_numbers_are_named(root):
    relabel(
        root,
        row("s1_ne_02", "early", 1020, 1000, 1049),
        row("s1_ne_02", 1005, None, 1000, 1049),
        row("s1_ne_02", None, 1020, 1000, 1049),
        row("s1_ne_02", None, None, 1000, 1049),
        [*row("s1_ne_02", 1030, 1035, 1000, 1049)[:6], 1040, "late", None, None, 1000, 1049],
    )
    data = load(root)
    assert spans(data)["s1_ne_02"] == [(30, 32, 35, "micro")]
    check_entries(
        data,
        "left out",
        [
            ("row 2", "s1_ne_02", "the onset is not a number: 'early'"),
            ("row 3", "s1_ne_02", "offset and apex are missing"),
            ("row 4", "s1_ne_02", "the onset is missing"),
            ("row 5", "s1_ne_02", "onset, apex and offset are missing"),
            ("row 6, second expression", "s1_ne_02", "the offset is not a number: 'late'"),
        ],
    )


def test_every_expression_of_a_row_without_known_numbers_is_left_out(root):
    images(root, "s1_po_09", range(7000, 7051))
    relabel(root, [1, "s1_po_09", 110, 115, None, "x", 120, 125, None, None, 100, 149])
    problem = "the images are numbered neither from FirstF nor from 1"
    check_entries(
        load(root),
        "left out",
        [("row 2", "s1_po_09", problem), ("row 2, second expression", "s1_po_09", problem)],
    )


def test_what_is_odd_about_a_row_of_several_expressions_is_reported_once(root):
    relabel(root, [5, *SMIC_ROWS[0][1:]])
    data = load(root)
    assert spans(data)["s1_ne_01"] == HAND_WORKED["s1_ne_01"]
    rows = [entry for entry in entries(data, "kept") if entry[0]]
    assert rows == [("row 2", "s1_ne_01", "Subject and Filename differ: '5' and 's1_ne_01'")]


def test_videos_without_the_folder_of_the_subject_and_in_other_places(root, tmp_path):
    folder = root / RAW / "HS_long" / "SMIC-HS-E"
    for path in list(folder.glob("HS/s*/s*")):
        path.rename(folder / path.name)
    shutil.rmtree(folder / "HS")
    (root / WORKBOOK).rename(folder / "SMIC-HS-E_annotation_2019.xlsx")
    assert spans(load(root)) == HAND_WORKED
    assert spans(load(folder)) == HAND_WORKED
    moved = tmp_path / "elsewhere" / "SMIC_HS_E"
    moved.parent.mkdir()
    folder.rename(moved)
    assert spans(load(moved)) == HAND_WORKED


def test_the_newest_workbook_and_another_folder(root):
    relabel(root, SMIC_ROWS[0])
    newer = root / RAW / "HS_long" / "SMIC-HS-E_annotation_2019.xlsx"
    write_xlsx(newer, smic_sheets())
    assert spans(load(root)) == HAND_WORKED
    assert sum(map(len, load(root, annotation_file=root / WORKBOOK).intervals)) == 3
    write_pictures(root / "crop" / "HS_long" / "crop" / "s01" / "s1_ne_01", "{}.jpg", range(5))
    with pytest.raises(ValueError, match="2 folders of videos of HS"):
        load(root)


def test_expressions_of_one_row_share_it(root):
    data = load(root)
    assert [rows.tolist() for rows in data.rows] == [[0, 0, 0], [1], [], [3], [5], []]
    assert data.table.iloc[data.rows[3]]["Emotion"].tolist() == ["surprise"]


def test_cropped_pictures_beside_the_long_clips_are_not_taken(root):
    write_pictures(root / "SMIC_all_cropped/HS/s1/micro/negative/s1_ne_01", "{}.bmp", range(5))
    write_pictures(root / "SMIC_all_cropped/HS/s01/s1_ne_01", "{}.bmp", range(5))
    assert spans(load(root)) == HAND_WORKED
    assert spans(load(root / RAW / "HS_long")) == HAND_WORKED
    (root / RAW / "HS_long").rename(root / RAW / "HS")
    with pytest.raises(ValueError, match="2 folders of videos of HS"):
        load(root)


def test_a_link_is_called_after_the_camera_or_leads_to_what_is(root, tmp_path):
    folder = root / RAW / "HS_long"
    pictures = folder / "SMIC-HS-E" / "HS"
    for path in pictures.iterdir():
        path.rename(folder / path.name)
    shutil.rmtree(pictures.parent)
    (folder / "SMIC-HS-E_annotation.xlsx").rename(root / "SMIC-HS-E_annotation.xlsx")
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert spans(load(root)) == HAND_WORKED
    folder.unlink()
    (tmp_path / "elsewhere").rename(tmp_path / "HS_clips")
    (root / "clips").symlink_to(tmp_path / "HS_clips")
    assert spans(load(root)) == HAND_WORKED


def test_folders_of_images_with_other_names_are_reported(root):
    pictures = root / RAW / "HS_long" / "SMIC-HS-E" / "HS"
    for name in ("s01/s1_ne_02 (copy)", "sub3/ne_03"):
        write_pictures(pictures / name, "image{}.jpg", [1])
    data = load(root)
    assert spans(data) == HAND_WORKED
    problems = [problem for place, _, problem in entries(data, "left out") if not place]
    assert problems == [
        f"the folder is not named like a video: {str(pictures / 's01/s1_ne_02 (copy)')!r}",
        f"the folder is not named like a subject or a video: {str(pictures / 'sub3')!r}",
    ]
