"""Tables as CSV (RFC 4180) that a spreadsheet shows as they are and never carries out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def neutral(cell: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front (control F8). Numbers are none."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def answer(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    written = io.StringIO()
    # The mark tells spreadsheets that this is UTF-8.
    written.write("\ufeff")
    table = csv.writer(written)
    for row in (header, *rows):
        table.writerow([neutral(cell) for cell in row])
    made = Response(written.getvalue(), content_type="text/csv; charset=utf-8")
    made.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return made
