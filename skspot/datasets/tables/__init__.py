"""Reading tables: cells, delimited text, workbooks."""
