"""What a verb found, before anybody has decided how it is shown.

The rule: ``data`` is for programs and complete; the columns or words are for people. A verb never prints.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import attrs

Row = Mapping[str, Any]


class Form(enum.Enum):
    """How an answer is shown."""

    TEXT = "text"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


class Cell(enum.Enum):
    """How a column's value is written for people."""

    TEXT = "text"
    ID = "id"
    TIME = "time"
    SPELL = "spell"
    LIST = "list"


@attrs.frozen
class Column:
    """A column of a table: the row's key, its title, and how it is written."""

    key: str
    title: str
    cell: Cell = Cell.TEXT


@attrs.frozen
class Answer:
    """Say what was found.

    ``columns`` with list ``data`` make a table; ``words`` are said instead of one, or, where ``columns``
    stand, when the list is empty. ``ids`` are all the ids among which shown ones must stay unique. ``raw``
    goes to stdout as it is, ``painted`` lines with their colours. ``stream`` yields rows one by one.
    ``notes`` go to stderr, ``code`` is the exit code.
    """

    data: Any = None
    columns: tuple[Column, ...] = ()
    words: str = ""
    ids: Sequence[str] = ()
    raw: bytes | None = None
    painted: str | None = None
    stream: AsyncIterator[Row] | None = None
    notes: tuple[str, ...] = ()
    code: int = 0
