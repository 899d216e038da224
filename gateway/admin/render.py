"""How an answer is shown: tables for people, JSON, NDJSON and CSV for programs.

The rule: programs get all of ``data``, escaped to ASCII; people get cleaned text. What a spreadsheet would
take for a formula is quoted in CSV.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from gateway.admin.answer import Answer, Cell, Column, Form
from gateway.admin.cleaning import clean, clean_lines, width
from gateway.admin.ids import shorten
from gateway.admin.refusal import Refusal
from gateway.admin.times import local, spell

SCHEMA = "pam/1"
FORMULA = ("=", "+", "-", "@")


def as_json(data: Any) -> bytes:
    """Return the one JSON object of an answer, as a line."""
    return _line({"schema": SCHEMA, "data": data})


def error_json(refusal: Refusal) -> bytes:
    """Return the JSON object of a refusal, as a line."""
    error = {"code": int(refusal.code), "kind": refusal.kind, "message": refusal.message}
    return _line({"schema": SCHEMA, "error": error})


def row_json(row: Any) -> bytes:
    """Return one row of NDJSON."""
    return _line(row)


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, default=_plain).encode("ascii") + b"\n"


def _plain(value: Any) -> Any:
    """Write what rooms may leave in their rows: sets and read-only mappings."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def render(answer: Answer, form: Form, zone: tzinfo | None) -> bytes:
    """Return an answer without its stream and raw bytes, in one form."""
    match form:
        case Form.JSON:
            return as_json(answer.data)
        case Form.NDJSON:
            return b"".join(map(row_json, answer.data))
        case Form.CSV:
            return _csv(answer)
        case Form.TEXT:
            return _text(answer, zone)


def _text(answer: Answer, zone: tzinfo | None) -> bytes:
    if answer.columns and answer.data:
        return table(answer, zone).encode()
    words = clean_lines(answer.words).rstrip("\n")
    return f"{words}\n".encode() if words else b""


def table(answer: Answer, zone: tzinfo | None) -> str:
    """Return rows as a table with titles; a column that is empty in every row is left out.

    Ids are short only where all ids are known among which they have to be unique.
    """
    short = shorten(answer.ids) if answer.ids else {}
    cells = [[cell(row.get(column.key), column, zone, short) for column in answer.columns] for row in answer.data]
    kept = [index for index, _ in enumerate(answer.columns) if any(row[index] != "-" for row in cells)]
    lines = [
        [answer.columns[index].title for index in kept],
        *([row[index] for index in kept] for row in cells),
    ]
    widths = [max(width(line[index]) for line in lines) for index, _ in enumerate(kept)]
    return "".join(_padded(line, widths) + "\n" for line in lines)


def _padded(line: Sequence[str], widths: Sequence[int]) -> str:
    padded = (text + " " * (size - width(text)) for text, size in zip(line, widths, strict=True))
    return "  ".join(padded).rstrip()


def cell(value: Any, column: Column, zone: tzinfo | None, short: Mapping[str, str]) -> str:
    """Return one value as people read it; ``-`` where there is none."""
    if value is None or value == "" or value == [] or value == ():
        return "-"
    match column.cell:
        case Cell.TIME:
            return local(value, zone)
        case Cell.SPELL:
            return spell(value)
        case Cell.ID:
            return clean(short.get(str(value), str(value)))
        case Cell.LIST:
            return clean(" ".join(map(str, value)))
        case Cell.TEXT:
            return clean(plain_text(value)).strip() or "-"


def plain_text(value: Any) -> str:
    """Return any JSON value as text for a cell."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case Mapping():
            return " ".join(f"{key}={plain_text(item)}" for key, item in value.items())
        case list() | tuple():
            return " ".join(map(plain_text, value))
        case _:
            return str(value)


def _csv(answer: Answer) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    keys = [column.key for column in answer.columns] or sorted({key for row in answer.data for key in row})
    writer.writerow(keys)
    for row in answer.data:
        writer.writerow([_csv_cell(row.get(key)) for key in keys])
    return out.getvalue().encode()


def _csv_cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    text = clean(plain_text(value))
    return f"'{text}" if text.startswith(FORMULA) else text
