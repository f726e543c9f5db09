"""Tests of load_cas_me3 on a tiny copy with every trap of the released files."""

import pytest

from skspot.datasets import load_cas_me3
from skspot.video import ImageSequence
from tests.datasets.trees import (
    CAS_ME3_BOTH,
    CAS_ME3_MACRO,
    CAS_ME3_MICRO,
    cas_me3_pictures,
    cas_me3_tree,
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

MICRO = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
MACRO = "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx"
BOTH = "CAS(ME)3_part_A_v2.xls"


@pytest.fixture
def root(tmp_path):
    return cas_me3_tree(tmp_path / "CASME3")


@pytest.fixture
def annotation(root):
    return root / "part_A" / "annotation"


def load(root, **options):
    return load_quietly(load_cas_me3, root, **options)


# Worked by hand. The images of spNO.1_a are numbered 101 to 119 (frames 0 to 18) and 125 to 150
# (frames 19 to 44), those of the others from 1.
HAND_WORKED = {
    "spNO.1_a": [(4, 9, 14, "micro"), (17, 18, 22, "micro"), (19, 20, 24, "macro")],
    "spNO.1_b": [
        (0, 9, 17, "micro"),
        (21, 24, 27, "macro"),
        (29, 29, 29, "micro"),
        (34, 35, 36, "micro"),
    ],
    "spNO.2_a": [],
}
CHANGED = [
    (f"{MACRO}, row 2", "spNO.1_a", "no image of the onset: 122"),
    (f"{MICRO}, row 3", "spNO.1_a", "no image of the apex: 121"),
]
LEFT_OUT = [
    (f"{MICRO}, row 4", "spNO.1_b", "the offset is before the onset: 10 < 20"),
    (f"{MICRO}, row 8", "spNO.9_c", "there are no frames of the video: 'spNO.9_c'"),
    ("", "spNO.2_b", "the folder is not a video"),
]
KEPT = [
    (f"{MICRO}, row 5", "spNO.1_b", "the interval is one frame long"),
    (f"{MICRO}, row 6", "spNO.1_b", "the micro-expression lasts more than 0.5 s: 0.60 s"),
    ("", "spNO.2_a", "the video has no intervals"),
]


def test_intervals_are_those_worked_by_hand(root):
    assert spans(load(root)) == HAND_WORKED


def test_the_repairs_name_every_trap(root):
    data = load(root)
    check_entries(data, "changed", CHANGED)
    check_entries(data, "left out", LEFT_OUT)
    check_entries(data, "kept", KEPT)


def test_every_row_is_used_or_left_out_once(root, tmp_path):
    data = load(root)
    check_all_accounted_for(data)
    assert len(data.table) == len(CAS_ME3_MICRO) + len(CAS_ME3_MACRO) - 2
    for seed in range(10):
        rows = mutated(CAS_ME3_BOTH[1:], seed)
        labels = write_xlsx(tmp_path / BOTH, {"Sheet1": [CAS_ME3_BOTH[0], *rows]})
        check_all_accounted_for(load(root, annotation_file=labels))


def test_videos_subjects_and_rate(root):
    with pytest.warns(UserWarning, match="the offset is before the onset") as caught:
        data = load_cas_me3(root)
    assert caught[0].filename == __file__
    # Folders spell the subject in two ways: it is one subject all the same.
    assert data.subjects.tolist() == ["spNO.1", "spNO.1", "spNO.2"]
    assert data.fps == 30
    path = root / "part_A" / "data" / "part_A" / "spNO.1" / "a" / "color"
    assert data.videos[0] == ImageSequence(str(path), 30, 1)
    assert MICRO in data.DESCR
    assert MACRO in data.DESCR


def test_the_frame_holds_both_tables(root):
    frame = load(root).table
    assert frame["Expression type"].tolist() == ["macro"] * 2 + ["micro"] * 7
    assert frame["emotion"].tolist()[:3] == ["happy", "happy", "disgust"]
    assert frame["Filename"].tolist()[:3] == ["a", "b", "A"]
    assert frame["shade"].tolist()[7] == 1


def test_the_workbook_of_both_kinds_gives_the_same(root, annotation):
    for name in (MICRO, MACRO):
        (annotation / name).unlink()
    write_xls(annotation / BOTH, {"Sheet1": CAS_ME3_BOTH})
    data = load(root)
    assert spans(data) == HAND_WORKED
    assert f"{BOTH}, row 4" in data.repairs["place"].tolist()
    assert data.table["Objective class"].tolist()[0] == 2


def test_the_two_workbooks_go_before_the_one_and_one_of_them_behind(root, annotation):
    write_xls(annotation / BOTH, {"Sheet1": CAS_ME3_BOTH[:2]})
    data = load(root)
    assert spans(data) == HAND_WORKED
    assert entries(data, "kept")[0] == (
        f"workbook {BOTH!r}",
        "",
        f"another workbook is read: {MACRO!r}",
    )
    (annotation / MACRO).unlink()
    data = load(root)
    assert sum(map(len, data.intervals)) == 1
    assert entries(data, "kept")[0][0] == f"workbook {MICRO!r}"
    (annotation / BOTH).unlink()
    data = load(root)
    assert {label for table in data.intervals for label in table["label"]} == {"micro"}
    assert entries(data, "check") == [("", "", "only one class is labelled: micro")]
    assert data.repairs["action"][0] == "check"


def test_one_kind_of_expression_warns_unless_no_other_is_wanted(root, annotation, tmp_path):
    message = r"Check: only one class is labelled \(1\)\. `repairs`"
    with pytest.warns(UserWarning, match=message):
        load_cas_me3(root, annotation_file=annotation / MICRO)
    with pytest.warns(UserWarning, match=message):
        load_cas_me3(root, annotation_file=annotation / MICRO, classes=["macro"])
    assert entries(load(root, annotation_file=annotation / MICRO, classes=["micro"]), "check") == []
    assert entries(load(root), "check") == []
    # What the workbook holds decides, not its name.
    one = write_xlsx(tmp_path / BOTH, {"Sheet1": [CAS_ME3_BOTH[0], CAS_ME3_BOTH[-1]]})
    with pytest.warns(UserWarning, match=r"^Annotations should be checked\. Check: only") as caught:
        load_cas_me3(root, annotation_file=one, subjects=["spNO.1"])
    assert len(caught) == 1


def test_labels_may_be_named(root, annotation, tmp_path):
    data = load(root, annotation_file=annotation / MACRO)
    assert [len(table) for table in data.intervals] == [1, 1, 0]
    assert (
        spans(load(root, annotation_file=[annotation / MACRO, str(annotation / MICRO)]))
        == HAND_WORKED
    )
    both = write_xlsx(tmp_path / "mine.xlsx", {"x": CAS_ME3_BOTH})
    assert spans(load(root, annotation_file=both)) == HAND_WORKED
    unknown = write_xlsx(tmp_path / "mine.xlsx", {"x": CAS_ME3_MACRO})
    with pytest.raises(ValueError, match="no column 'Expression type'.*add MaE_label or ME_label"):
        load(root, annotation_file=unknown)


def test_the_newest_version_is_read(root, annotation):
    newer = MICRO.replace("v2", "v2_20250903")
    write_xlsx(annotation / newer, {"label": CAS_ME3_MICRO[:2]})
    write_xlsx(annotation / MICRO.replace("v2", "v1"), {"label": CAS_ME3_MICRO[:3]})
    data = load(root)
    assert spans(data)["spNO.1_a"] == [(4, 9, 14, "micro"), (19, 20, 24, "macro")]
    assert newer in data.DESCR


def test_shaded_faces_can_be_left_out(root):
    with pytest.warns(UserWarning, match=r"the face is shaded \(1\)"):
        data = load_cas_me3(root, shaded="drop")
    assert spans(data)["spNO.1_b"] == HAND_WORKED["spNO.1_b"][:3]
    assert (f"{MICRO}, row 7", "spNO.1_b", "the face is shaded") in entries(data, "left out")
    assert len(data.table) == 9
    assert len(load(root, shaded="drop", subjects=["spNO.1"]).table) == 8


def test_options(root):
    assert spans(load(root, min_length=2))["spNO.1_b"][2] == (34, 35, 36, "micro")
    assert spans(load(root, long_micro="macro"))["spNO.1_b"][0] == (0, 9, 17, "macro")
    assert load(root, unlabelled="drop").names == ["spNO.1_a", "spNO.1_b"]


def test_the_root_may_be_near(root):
    for path in (root / "part_A", root.parent):
        assert spans(load(path)) == HAND_WORKED
    pictures = root / "part_A" / "data" / "part_A"
    workbooks = [root / "part_A" / "annotation" / name for name in (MICRO, MACRO)]
    assert spans(load(pictures, annotation_file=workbooks)) == HAND_WORKED


def test_pictures_without_their_folder_of_colours_and_under_another_name(root):
    data = root / "part_A" / "data"
    (data / "part_A").rename(data / "Compressed_version1_seperate_compress")
    assert spans(load(root)) == HAND_WORKED
    write_pictures(data / "cropped" / "spNO.1" / "a", "{}.jpg", range(1, 200))
    with pytest.raises(ValueError, match="2 folders of subjects"):
        load(root)
    workbooks = [root / "part_A" / "annotation" / name for name in (MICRO, MACRO)]
    found = load(data / "cropped", annotation_file=workbooks)
    assert spans(found)["spNO.1_a"][0] == (104, 109, 114, "micro")


def test_part_b_alone_is_not_taken(tmp_path):
    root = cas_me3_pictures(tmp_path)
    (root / "part_A").rename(root / "part_C")
    write_xls(root / BOTH, {"Sheet1": CAS_ME3_BOTH})
    with pytest.raises(FileNotFoundError, match="No images of CAS"):
        load(root)


def test_rows_that_are_no_annotation(root, annotation):
    rows = [*CAS_ME3_MACRO, ["spNO.1", None, 1, 2, 3, "x"], ["Total 2"], [3, "b", 1, 2, 3, "x"]]
    write_xlsx(annotation / MACRO, {"Sheet1": rows})
    left_out = entries(load(root), "left out")
    assert [entry[2] for entry in left_out[:3]] == [
        "Subject and Filename are not a subject and a letter: 'spNO.1' and nan",
        "Subject and Filename are not a subject and a letter: 'Total 2' and nan",
        "there are no frames of the video: 'spNO.3_b'",
    ]


def test_rows_lead_from_the_intervals_to_their_rows_of_the_frame(root):
    data = load(root)
    # The two rows of the macro-expressions come first.
    assert [rows.tolist() for rows in data.rows] == [[2, 3, 0], [6, 1, 5, 7], []]
    emotions = data.table.iloc[data.rows[1]]["emotion"].tolist()
    assert emotions == ["fear", "happy", "fear", "others"]


def test_folders_of_images_with_other_names_are_reported(root):
    pictures = root / "part_A" / "data" / "part_A"
    write_pictures(pictures / "subject 3" / "a" / "color", "{}.jpg", [1])
    (pictures / "notes" / "old" / "older").mkdir(parents=True)
    problem = f"the folder is not named like a subject: {str(pictures / 'subject 3')!r}"
    assert ("", "", problem) in entries(load(root), "left out")
    assert "notes" not in str(load(root).repairs["problem"].tolist())


def test_a_workbook_two_folders_away_has_to_be_named(root):
    with pytest.raises(FileNotFoundError, match="No labels of CAS"):
        load(root / "part_A" / "data" / "part_A")
