"""Tables as files: CSV that a spreadsheet opens (semicolons, UTF-8 with its mark), values for programs."""

from __future__ import annotations

import csv
import io

from gateway.core.reports.document import Cell, Table


def to_csv(table: Table) -> bytes:
    """The table with the names of its columns in the first line; numbers with a point, nothing as an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.key for column in table.columns])
    for row in (*table.rows, *((table.total,) if table.total else ())):
        writer.writerow([_plain(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _plain(cell: Cell) -> str:
    value = cell.text if cell.value == "" else cell.value
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    text = str(value)
    # a text that a spreadsheet would take for a formula is written so that it stays a text
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@") else text
