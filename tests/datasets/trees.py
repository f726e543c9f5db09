"""Tiny copies of the field's datasets in their exact layouts, with every known trap in them."""

import datetime
import io
import random
import warnings

import numpy as np
import openpyxl
import xlwt
from PIL import Image


def jpeg(pixels):
    """Return an array of pixels as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=95)
    return buffer.getvalue()


_GREY = jpeg(np.full((8, 8), 128, dtype=np.uint8))


def grey(number):
    """Return a small grey picture, whatever its number."""
    return _GREY


def empty(number):
    """Return an empty file: for trees whose pictures nobody may open."""
    return b""


def write_pictures(folder, name, numbers, picture=grey):
    """Write a numbered picture for each number; `name` is a format such as ``"img{}.jpg"``."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / name.format(number)).write_bytes(picture(number))
    return folder


def write_xlsx(path, sheets):
    """Write sheets, each a list of rows, as an .xlsx workbook."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook.save(path)
    return path


def write_xls(path, sheets):
    """Write sheets, each a list of rows, as an .xls workbook."""
    workbook = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = workbook.add_sheet(name)
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                if cell is not None:
                    sheet.write(i, j, cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook.save(str(path))
    return path


def write_lock(workbook):
    """Write the file that a spreadsheet program leaves beside a workbook it has open."""
    workbook.with_name(f"~${workbook.name}").write_bytes(b"\x05Somebody" + b" " * 156)


# SAMM Long Videos. The header is in row 11, so that the first row of data is row 12.
SAMM_NOTES = [["SAMM Long Videos"], [], *([f"Note {i}", None, None, "x"] for i in range(1, 8)), []]
SAMM_HEADER = [
    "Subject",
    "Filename",
    "Inducement Code",
    "Onset",
    "Apex",
    "Offset",
    "Duration",
    "Type",
    "Action Units",
    "Notes",
]
# fmt: off
SAMM_ROWS = [
    ["006", "006_1_1", 1, 29, 43, 71, 43, "Micro - 1/2", "4", None],             # row 12
    [6, "006_1_2", 1, 140.4, "160,6", "190", 50, "Macro", 12, None],             # zeros lost
    ["006", "006_1_3", 1, 211, 225, 0, None, "Macro", 12, None],                 # no offset
    [7, "007_1_1", 2, -1, 8, 22, None, "Micro - 1/2", 1, None],                  # began before
    ["007", "007_1_2", 2, 36, -1, 64, 29, " Macro ", 1, None],                   # no apex
    ["008", "008_1_1", 3, 1, 50, 139, 139, "Macro", 12, None],                   # the whole video
    ["007", "008_1_2", 3, 15, 22, 29, 15, "Micro - 1/2", 12, None],              # contradiction
    ["009", "009_1_1", 3, 1, 5, 9, 9, "Macro", 12, None],                        # no frames
    ["006", "006_2_1", 1, 10, 5, 0, None, "Macro", 12, None],                    # row 20
    ["006", "006_2_2", 1, 30, 20, 10, None, "Macro", 12, None],                  # turned round
    ["006", "see the paper", None, None, None, None, None, None, None, None],
    [None] * 10,
    ["006", "006_1_4", 1, None, None, None, None, "Macro", 12, None],
    ["006", "006_2_3", 1, 15, "n/a", 29, 15, "Neutral", 12, None],
    ["Total", None, None, None, None, None, None, 343, None, None],
    ["006", "006_2_4", 1, 50, 60, 99, 50, "Macro", 12, "cut"],                   # beyond the end
]
# fmt: on


def samm_sheets(rows=None, header=None, notes=None):
    """Return the sheets of SAMM-LV's workbook."""
    above = SAMM_NOTES if notes is None else notes
    return {"MEGC2020": [*above, header or SAMM_HEADER, *(SAMM_ROWS if rows is None else rows)]}


def samm_tree(root, picture=grey):
    """Make a tiny copy of SAMM Long Videos."""
    videos = root / "SAMM_longvideos"
    write_pictures(videos / "006_1", "006_1_{:04d}.jpg", range(1, 281), picture)
    # Zeros in front of some numbers only: by name, 006_2_10 comes before 006_2_2.
    write_pictures(videos / "006_2", "006_2_{}.jpg", range(1, 36), picture)
    write_pictures(videos / "006_2", "006_2_{:04d}.jpg", range(36, 71), picture)
    write_pictures(videos / "007_1", "007_1_{:04d}.jpg", range(1, 71), picture)
    write_pictures(videos / "008_1", "008_1_{:04d}.jpg", range(1, 141), picture)
    write_pictures(videos / "010_1", "010_1_{:04d}.jpg", range(1, 71), picture)
    (videos / "007_3").mkdir()
    (videos / "006_1" / "._006_1_0001.jpg").write_bytes(b"macOS")
    (videos / "006_1" / "Thumbs.db").write_bytes(b"Windows")
    write_pictures(root / "__MACOSX" / "SAMM_longvideos" / "006_1", "._{}.jpg", [1])
    workbook = write_xlsx(root / "SAMM_LongVideos_V3_Release.xlsx", samm_sheets())
    write_xls(root / "SAMM_LongVideos_V2_Release.xls", samm_sheets(SAMM_ROWS[:2]))
    write_lock(workbook)
    return root


# CAS(ME)^2. There is no header.
# fmt: off
CAS_ME2_ROWS = [
    [1, "disgust1_1", 5, 10, 20, "4", "negative", "macro-expression", "disgust"],
    [1, "disgust1_2", 30, 35, 0, "4", "negative", "micro-expression", "disgust"],   # no offset
    ["1", "anger1_1", "21", None, "33", "L4", "negative", "micro-expression", None],  # no apex
    [1, "happy9_1", 1, 2, 3, "12", "positive", "macro-expression", "happiness"],    # no such code
    [4, "Happy1_1", 3, 8, 12, "12", "positive", "Macro-expression", "happiness"],   # misplaced
    [9, "disgust1_1", 1, 2, 3, "12", "positive", "macro-expression", "happiness"],  # nobody
    [2, "anger1_1", 1, 2, 3, "12", "positive", "macro-expression", "happiness"],    # no frames
    [1, "disgust1_3", 55, 58, 70, "12", "others", "macro-expression", "disgust"],   # beyond
]
# fmt: on
CAS_ME2_HEADER = [
    "Participant",
    "Video name",
    "onset",
    "apex",
    "offset",
    "AUs",
    "Emotion",
    "Type",
    "Self-report",
]
CAS_ME2_SUBJECTS = [[15, "s15", 1], [16, "s16", 2], [19, "s19", 3], [23, "s23", 4]]
CAS_ME2_CODES = [[101, "disgust1"], ["0401", "anger1"], ["0502", "happy1"]]  # 0101 lost its zero


def cas_me2_sheets(rows=None):
    """Return the three sheets of CAS(ME)^2's workbook."""
    rows = CAS_ME2_ROWS if rows is None else rows
    return {"CASFEcode_final": rows, "naming rule1": CAS_ME2_SUBJECTS, "rule2": CAS_ME2_CODES}


def cas_me2_tree(root, picture=grey):
    """Make a tiny copy of CAS(ME)^2."""
    for frames in ("rawpic", "cropped"):
        folder = root / frames
        write_pictures(folder / "s15/15_0101disgustingteeth", "img{}.jpg", range(1, 61), picture)
        write_pictures(folder / "s15/15_0401girlcrashing", "img{}.jpg", range(1, 41), picture)
        write_pictures(folder / "s16/16_0101disgustingteeth", "img{}.jpg", range(1, 31), picture)
        write_pictures(folder / "s19/23_0502funnyerrors", "img{}.jpg", range(1, 51), picture)
    for name in ("s15/15_0101disgustingteeth.avi", "s15/15_0401girlcrashing.avi"):
        path = root / "rawvideo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not opened")
    write_xlsx(root / "CAS(ME)^2code_final(Updated).xlsx", cas_me2_sheets())
    return root


# CAS(ME)^3, part A.
CAS_ME3_MICRO = [
    ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion", "shade"],
    ["spNO.1", "A", 105, 110, 115, "4", 2, "disgust", None],  # an upper-case letter
    ["spNO.1", "a", 118, 121, 128, "4", 2, "disgust", None],  # the apex is in a hole
    ["spNO.1", "b", 20, 15, 10, "4", 2, "fear", None],  # turned round
    ["spNO.1", "b", 30, 30, 30, "4", 2, "fear", None],  # one frame
    ["spNO.1", "b", 1, 10, 18, "4", 2, "fear", None],  # 0.6 s
    ["spNO.1", "b", 35, 36, 37, "4", 2, "others", 1],  # a hand before the face
    ["spNO.9", "c", 1, 2, 3, "4", 2, "others", None],  # no frames
]
CAS_ME3_MACRO = [
    ["sub", "seq", "onset", "apex", "offset", "emotion"],
    ["spNO.1", "a", 122, 126, 130, "happy"],  # the onset is in a hole
    ["spNO.1", "b", 22, 25, 28, "happy"],
]
CAS_ME3_BOTH = [
    [
        "Subject",
        "Filename",
        "Onset",
        "Apex",
        "Offset",
        "AU",
        "Expression type",
        "Objective class",
    ],
    *([*row[:6], "Micro-expression", row[6]] for row in CAS_ME3_MICRO[1:]),
    *([*row[:5], "12", "Macro-expression", 1] for row in CAS_ME3_MACRO[1:]),
]
CAS_ME3_NUMBERS = [*range(101, 120), *range(125, 151)]


def cas_me3_pictures(root, picture=grey):
    """Make the pictures of a tiny copy of CAS(ME)^3, part A, with some of part B."""
    folder = root / "part_A/data/part_A"
    write_pictures(folder / "spNO.1/a/color", "{}.jpg", CAS_ME3_NUMBERS, picture)
    write_pictures(folder / "spNO.1/a/depth", "{}.png", CAS_ME3_NUMBERS, picture)
    write_pictures(folder / "spNo.1/b/color", "{}.jpg", range(1, 41), picture)
    write_pictures(folder / "spNO.2/a/color", "{}.jpg", range(1, 31), picture)
    write_pictures(folder / "spNO.2/b/depth", "{}.png", range(1, 31), picture)
    write_pictures(root / "part_B/data/spNO.300/a/color", "{}.jpg", range(1, 5), picture)
    return root


def cas_me3_tree(root, picture=grey):
    """Make a tiny copy of CAS(ME)^3, part A, with a workbook for each kind of expression."""
    annotation = root / "part_A/annotation"
    write_xlsx(annotation / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", {"label": CAS_ME3_MICRO})
    write_xlsx(
        annotation / "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx",
        {"Sheet1": CAS_ME3_MACRO},
    )
    return cas_me3_pictures(root, picture)


# SMIC-E long. The header is in row 1.
SMIC_HEADER = [
    "Subject",
    "Filename",
    "OnsetF",
    "OffsetF",
    "TotalMF1",
    "Emotion",
    "Onset2F",
    "Offset2F",
    "Onset3F",
    "Offset3F",
    "FirstF",
    "LastF",
    "TotalVL",
]
# fmt: off
SMIC_ROWS = [
    [1, "s1_ne_01", 559710, 559720, 11, "negative", 559730, 559740, 559750, 559755,
     559700, 559759, 60],                                                      # three, absolute
    [1, "s1_ne_02", 1010, 1020, 11, "negative", None, None, None, None, 1000, 1049, 50],  # from 1
    [2, "s2_po_01", 5010, 5020, 11, "positive", None, None, None, None, 5000, 5049, 50],  # neither
    [2, "s2_sur_01", 310, 320, 11, "surprise", None, None, None, None, "missing", "missing", None],
    [3, "s3_ne_03", 10, 20, 11, "negative", None, None, None, None, 1, 40, 40],  # no frames
    [1, "s2_sur_02", 1005, 1015, 11, "surprise", None, None, None, None, 1000, 1039, 40],
    ["Note: FirstF is the first frame of the long clip."],
    [None, "OnsetF is the first frame of the micro-expression"],
]
# fmt: on


def smic_sheets(rows=None):
    """Return the sheets of SMIC's workbook."""
    return {"Sheet1": [SMIC_HEADER, *(SMIC_ROWS if rows is None else rows)]}


def smic_tree(root, picture=grey):
    """Make a tiny copy of SMIC-E long, with clips of two of the cameras."""
    long = root / "SMIC-E_raw image"
    folder = long / "HS_long/SMIC-HS-E/HS"
    name = "image{}.jpg"
    write_pictures(folder / "s01/s1_ne_01", name, range(559700, 559760), picture)
    write_pictures(folder / "s01/s1_ne_02", name, range(1, 51), picture)
    write_pictures(folder / "s02/s2_po_01", name, range(7000, 7040), picture)
    write_pictures(folder / "s02/s2_sur_01", name, range(300, 340), picture)
    write_pictures(folder / "s02/s2_sur_02", name, range(1000, 1038), picture)
    write_pictures(folder / "s02/s2_sur_03", name, range(1, 25), picture)
    write_xlsx(long / "HS_long/SMIC-HS-E_annotation.xlsx", smic_sheets())
    row = [1, "s1_ne_01", 12, 15, 4, "negative", None, None, None, None, 2, 31, 30]
    folder = long / "VIS_long/SMIC-VIS-E/VIS"
    write_pictures(folder / "s01/s1_ne_01", "frame {}.jpg", range(2, 32), picture)
    write_xlsx(long / "VIS_long/SMIC_VIS_E_annotation.xlsx", smic_sheets([row]))
    return root


def load_quietly(load, *args, **kwargs):
    """Return what a loader returns, without its warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return load(*args, **kwargs)


def spans(data):
    """Return the intervals of each video as tuples, by the video's name."""
    return {
        name: [(*map(int, row.tolist()[:3]), str(row["label"])) for row in table]
        for name, table in zip(data.names, data.intervals)
    }


def entries(data, action):
    """Return the repairs with an action, as (place, video, problem)."""
    chosen = data.repairs[data.repairs["action"] == action]
    return list(chosen[["place", "video", "problem"]].itertuples(index=False, name=None))


def check_entries(data, action, expected):
    """Check that these are the repairs with an action, by the beginnings of their problems."""
    found = entries(data, action)
    assert [entry[:2] for entry in found] == [entry[:2] for entry in expected]
    for (*_, problem), (*_, beginning) in zip(found, expected):
        assert problem.startswith(beginning), (problem, beginning)


# What somebody may have typed, or a spreadsheet program made of it.
JUNK = [
    *(None, "", "  ", 0, -1, "-1", "n/a", "-", 1.5, "1,5", "1.234,5", 1e300, 10**15, -5, "abc"),
    *(datetime.datetime(2020, 1, 2), True, "00012", 10, 20, 30, "Macro", "micro-expression"),
    *("006_1_1", "disgust1_1", "spNO.1", "a", "s1_ne_01"),
]


def mutated(rows, seed):
    """Return rows in another order, some of them twice or thrice, with junk in their cells."""
    rng = random.Random(seed)
    rows = [list(row) for row in rows for _ in range(rng.choice([1, 1, 2, 3]))]
    for row in rows:
        for _ in range(rng.choice([0, 1, 2, 4])):
            row[rng.randrange(len(row))] = rng.choice(JUNK)
    rng.shuffle(rows)
    return rows


def check_all_accounted_for(data):
    """Check that every row of a table was used for an interval or left out, and that once."""
    left_out = [place for place, _, _ in entries(data, "left out") if place]
    assert len(left_out) == len(set(left_out))
    assert sum(map(len, data.intervals)) + len(left_out) == len(data.table)
