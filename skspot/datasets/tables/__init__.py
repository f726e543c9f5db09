"""Reading tables: cells, delimited text, workbooks."""

from skspot.datasets.tables._cells import Reading, is_empty, parse_id, parse_number, read_frame
from skspot.datasets.tables._user_tables import UserTable, read_user_table
from skspot.datasets.tables._workbooks import (
    first_table,
    read_workbook,
    table_below_header,
    with_places,
)

__all__ = [
    "Reading",
    "UserTable",
    "first_table",
    "is_empty",
    "parse_id",
    "parse_number",
    "read_frame",
    "read_user_table",
    "read_workbook",
    "table_below_header",
    "with_places",
]
