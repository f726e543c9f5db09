"""Tests of reading workbooks: raw cells, rows numbered as spreadsheets do, clear refusals."""

import datetime
import io
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xlwt
from msoffcrypto.format.ooxml import OOXMLFile

from skspot.datasets.tables import first_table, read_workbook, table_below_header
from tests.datasets.trees import write_xls, write_xlsx

ROWS = [
    [],
    [None, "006", 6, 566.4, "566,4", None],
    [],
    [None, "NA", True, datetime.datetime(2020, 1, 2), " ", None],
]


@pytest.mark.parametrize(("write", "suffix"), [(write_xlsx, "xlsx"), (write_xls, "xls")])
def test_cells_are_raw_and_rows_numbered_as_in_a_spreadsheet(tmp_path, write, suffix):
    rows = [row[:4] + row[5:] if write is write_xls and len(row) > 3 else row for row in ROWS]
    rows = [[cell for cell in row if not isinstance(cell, datetime.date)] for row in rows]
    sheets = read_workbook(write(tmp_path / f"a.{suffix}", {"one": rows, "two": [["x"]]}))
    assert list(sheets) == ["one", "two"]
    cells = sheets["one"]
    assert list(cells.index) == [2, 4]
    assert cells.loc[2].tolist()[1:4] == ["006", 6, 566.4]
    assert isinstance(cells.loc[2, 2], int)
    assert pd.isna(cells.loc[2, 0])
    assert cells.loc[4, 1] == "NA"
    assert cells.loc[4, 2] is True


def test_dates_and_decimal_commas_stay_what_they_are(tmp_path):
    cells = read_workbook(write_xlsx(tmp_path / "a.xlsx", {"one": ROWS}))["one"]
    assert cells.loc[2, 4] == "566,4"
    assert isinstance(cells.loc[4, 3], datetime.date)
    assert list(cells.columns) == [0, 1, 2, 3, 4]  # the last column holds nothing


def test_formulas_have_the_value_that_was_saved_with_them(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", {"one": [["=1+1", 5]]})
    saved = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(saved, "w") as new:
        for member in old.namelist():
            new.writestr(
                member,
                old.read(member).replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>"),
            )
    path.write_bytes(saved.getvalue())
    assert read_workbook(path)["one"].loc[1].tolist() == [2, 5]


def test_the_content_tells_the_kind_not_the_suffix(tmp_path):
    path = write_xls(tmp_path / "a.xls", {"one": [["x", 1]]})
    renamed = path.rename(tmp_path / "a.xlsx")
    assert read_workbook(renamed)["one"].loc[1].tolist() == ["x", 1]
    path = write_xlsx(tmp_path / "b.xlsx", {"one": [["x", 1]]})
    renamed = path.rename(tmp_path / "b.xls")
    assert read_workbook(renamed)["one"].loc[1].tolist() == ["x", 1]


def encrypted():
    plain, secret = io.BytesIO(), io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.active.append(["Subject"])
    workbook.save(plain)
    plain.seek(0)
    OOXMLFile(plain).encrypt("secret", secret)
    return secret.getvalue()


def archive(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for member in members:
            file.writestr(member, "<xml/>")
    return buffer.getvalue()


def workbook_bytes():
    buffer = io.BytesIO()
    workbook = openpyxl.Workbook()
    for i in range(500):
        workbook.active.append([i, "x" * i])
    workbook.save(buffer)
    return buffer.getvalue()


def compound(content):
    """Return a file that begins as .xls files do."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + content


WRONG = {
    "nothing": (b"", r"is empty \(0 bytes\); copy or download it again"),
    "zeros": (bytes(2000), "is empty"),
    "password": (encrypted(), "is protected by a password; open it"),
    "csv": (b"Subject;Filename\n006;006_1_1\n", "contains plain text, such as CSV"),
    "utf-8 csv": ("\ufeffSubject;Fr\u00fcher\n".encode(), "contains plain text, such as CSV"),
    "html": (b"\n<html><table></table></html>", "contains HTML or XML"),
    "xml": (b"\xef\xbb\xbf<?xml version='1.0'?>", "contains HTML or XML"),
    "docx": (archive("word/document.xml"), r"is a text document \(.docx\)"),
    "xlsb": (archive("xl/workbook.bin"), "is a binary workbook"),
    "ods": (archive("mimetype", "content.xml"), "is an OpenDocument file"),
    "zip": (archive("a.jpg", "b.jpg"), "is a zip archive with a.jpg, b.jpg in it"),
    "no parts": (archive("xl/workbook.xml"), "can't be read"),
    "cut": (workbook_bytes()[:3000], r"is cut short or damaged \(3000 bytes\)"),
    "doc": (compound(bytes(4000)), "can't be read"),
    "noise": (bytes(range(256)) * 8, "is of an unknown kind"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_files_are_refused_by_name_with_advice(tmp_path, kind):
    content, message = WRONG[kind]
    path = tmp_path / "labels.xlsx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_workbook(path)
    assert "labels.xlsx" in str(error.value)


def test_lock_files_are_refused_by_the_name_of_the_workbook(tmp_path):
    (tmp_path / "~$a.xlsx").write_bytes(b"\x05Somebody")
    with pytest.raises(ValueError, match=r"that 'a.xlsx' is open; pass that file"):
        read_workbook(tmp_path / "~$a.xlsx")


def test_missing_and_empty_workbooks_are_refused(tmp_path):
    missing = r"There is no workbook '.*a\.xlsx'; '.*' contains {}\.$"
    with pytest.raises(FileNotFoundError, match=missing.format("nothing")):
        read_workbook(tmp_path / "a.xlsx")
    (tmp_path / "b.xlsx").touch()
    with pytest.raises(FileNotFoundError, match=missing.format(r"b\.xlsx")):
        read_workbook(tmp_path / "a.xlsx")
    with pytest.raises(
        FileNotFoundError, match="no workbook '.*': the folder '.*nowhere' does not exist"
    ):
        read_workbook(tmp_path / "nowhere" / "a.xlsx")
    with pytest.raises(FileNotFoundError, match="is a folder, not a workbook; pass the file"):
        read_workbook(tmp_path)
    with pytest.raises(ValueError, match="is empty: no cell holds anything"):
        read_workbook(write_xlsx(tmp_path / "a.xlsx", {"one": [[]], "two": [["", " "]]}))


def test_encrypted_xls_is_told_from_a_damaged_one(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError("Workbook is encrypted")

    path = write_xls(tmp_path / "a.xls", {"one": [["x"]]})
    monkeypatch.setattr(pd, "read_excel", fail)
    with pytest.raises(ValueError, match="protected by a password"):
        read_workbook(path)


NEEDED = {"Subject": ("sub",), "Onset": ("Onset Frame",)}


def table(rows, needed=NEEDED, **optional):
    cells = pd.DataFrame(rows, dtype=object)
    return table_below_header(cells.set_axis(np.arange(len(cells)) + 1), needed, optional)


def test_the_header_is_found_below_notes_and_beside_empty_columns():
    found = table(
        [
            ["Subject", None, None, None],  # a note: the onset is not there
            [None, " SUB ", "onset_frame", "Notes"],
            [None, "006", 12, "x"],
            [None, "007", 13, None],
        ]
    )
    assert list(found.columns) == ["column A", "Subject", "Onset", "Notes", "place"]
    assert found["Subject"].tolist() == ["006", "007"]
    assert found["place"].tolist() == ["row 3", "row 4"]
    assert list(found.index) == [0, 1]


def test_columns_without_a_name_and_with_one_name_are_told_apart():
    header = ["Subject", "Onset", *[None] * 25, "Notes", "Notes", 5]
    found = table([header, ["a"] * 30])
    assert list(found.columns)[2:] == [
        *(f"column {letter}" for letter in "CDEFGHIJKLMNOPQRSTUVWXYZ"),
        "column AA",
        "Notes",
        "Notes (2)",
        "5",
        "place",
    ]


def test_optional_columns_are_renamed_and_need_not_be_there():
    assert "AU" in table([["sub", "onset", "Action Units"]], AU=("Action Units",))
    assert "AU" not in table([["sub", "onset", "x"]], AU=("Action Units",))


def test_no_header_and_a_name_twice():
    assert table([["Subject", "Offset"], ["006", 1]]) is None
    with pytest.raises(ValueError, match="row 1 names the column 'Onset' twice"):
        table([["Subject", "Onset", "Onset frame"]])


def test_a_wrong_header_is_shown_with_what_it_lacks(tmp_path):
    rows = [["Notes on Onset"], ["Onset", 5], [], ["Person", "Onset Frame", "Offset"], [1, 2, 3]]
    needed = {**NEEDED, "Offset": ()}

    def refusal(rows):
        sheets = read_workbook(write_xlsx(tmp_path / "a.xlsx", {"about": [["x"]], "one": rows}))
        with pytest.raises(ValueError, match="No sheet of 'a.xlsx' has a row with the") as error:
            first_table(sheets, needed, where="a.xlsx")
        return str(error.value)

    assert refusal(rows).endswith(
        "the columns ['Subject', 'Onset', 'Offset']. The closest is row 4 of sheet 'one', "
        "['Person', 'Onset Frame', 'Offset'], which lacks ['Subject']."
    )
    assert refusal([["y"]]).endswith(
        "No row contains any of them; row 1 of sheet 'about' contains ['x']."
    )


def test_xls_workbooks_keep_numbers_that_are_not_whole(tmp_path):
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("one")
    for column, cell in enumerate([566.4, 566.0, "566.0"]):
        sheet.write(0, column, cell)
    workbook.save(str(tmp_path / "a.xls"))
    assert read_workbook(tmp_path / "a.xls")["one"].loc[1].tolist() == [566.4, 566, "566.0"]
