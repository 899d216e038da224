"""How an answer is shown."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC
from types import MappingProxyType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.answer import Answer, Cell, Column, Form
from gateway.admin.refusal import Refusal
from gateway.admin.render import error_json, render

COLUMNS = (
    Column("id", "ID", Cell.ID),
    Column("name", "NAME"),
    Column("when", "WHEN", Cell.TIME),
    Column("for", "FOR", Cell.SPELL),
    Column("groups", "GROUPS", Cell.LIST),
)
HOSTILE = "\x1b[31m\u202eevil\r\n\x9b"
ROWS = [
    {"id": "S-AAAAAAAAAAAA1", "name": "日本", "when": 0.0, "for": 61, "groups": ["a", "b"]},
    {"id": "S-AAAAAAAAAAAA2", "name": HOSTILE, "when": None, "for": None, "groups": []},
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


class RenderTests(SynchronousTestCase):
    """Tables for people, data for programs."""

    def test_a_table_is_aligned_short_and_clean(self) -> None:
        """Wide characters count twice, ids are as short as they are unique."""
        text = render(Answer(ROWS, COLUMNS, ids=[row["id"] for row in ROWS]), Form.TEXT, UTC).decode()
        self.assertEqual(
            text.split("\n"),
            [
                "ID               NAME      WHEN                     FOR   GROUPS",
                "S-AAAAAAAAAAAA1  日本      1970-01-01 00:00:00 UTC  1m1s  a b",
                "S-AAAAAAAAAAAA2  [31mevil  -                        -     -",
                "",
            ],
        )

    def test_an_id_is_whole_where_nobody_says_what_others_there_are(self) -> None:
        """A beginning that fits others too would be of no use."""
        self.assertIn(b"S-AAAAAAAAAAAA1 ", render(Answer(ROWS[:1], COLUMNS), Form.TEXT, UTC))

    def test_a_column_without_a_value_is_left_out(self) -> None:
        """And an empty table is said in words."""
        text = render(Answer([{"id": "S-1"}], COLUMNS), Form.TEXT, UTC).decode()
        self.assertEqual(text, "ID\nS-1\n")
        self.assertEqual(render(Answer([], COLUMNS, words="none yet"), Form.TEXT, UTC), b"none yet\n")

    def test_json_is_one_ascii_object_with_all_of_the_data(self) -> None:
        """No raw control or bidi character, and nothing is lost."""
        line = render(Answer(ROWS, COLUMNS), Form.JSON, UTC)
        self.assertTrue(line.isascii() and line.count(b"\n") == 1)
        self.assertEqual(json.loads(line), {"schema": "pam/1", "data": ROWS})

    def test_what_rooms_leave_in_their_rows_is_written(self) -> None:
        """Read-only mappings, sets and tuples; nothing else by accident."""
        row = {"a": MappingProxyType({"b": frozenset({"y", "x"})}), "c": ("z",)}
        self.assertEqual(json.loads(render(Answer(row), Form.JSON, UTC))["data"], {"a": {"b": ["x", "y"]}, "c": ["z"]})
        self.assertRaises(TypeError, render, Answer(object()), Form.JSON, UTC)

    def test_ndjson_is_a_row_a_line(self) -> None:
        """Without the schema around it."""
        lines = render(Answer(ROWS, COLUMNS), Form.NDJSON, UTC).splitlines()
        self.assertEqual([json.loads(line) for line in lines], ROWS)

    def test_csv_has_a_head_and_no_formulas(self) -> None:
        """What a spreadsheet would calculate is quoted."""
        rows = [{"id": "S-1", "name": '=HYPERLINK("x")', "when": -1.5}, {"id": "S-2", "name": HOSTILE}]
        text = render(Answer(rows, COLUMNS), Form.CSV, UTC).decode()
        found = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual([row["name"] for row in found], ['\'=HYPERLINK("x")', "[31mevil  "])
        self.assertEqual(found[0]["when"], "-1.5")

    def test_an_error_is_an_object_too(self) -> None:
        """With the code, a stable word, and what is said to people."""
        line = error_json(Refusal(77, "denied", "no"))
        error = {"code": 77, "kind": "denied", "message": "no"}
        self.assertEqual(json.loads(line), {"schema": "pam/1", "error": error})

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.dictionaries(st.sampled_from(["id", "name", "when", "for", "x"]), JSON, max_size=4), max_size=3))
    def test_any_rows_are_shown_in_any_form(self, rows: list[dict[str, Any]]) -> None:
        """Whatever JSON values stand in them."""
        columns = tuple(column for column in COLUMNS if column.cell is not Cell.LIST)
        for form in Form:
            shown = render(Answer(rows, columns, words="none"), form, UTC)
            self.assertNotIn(b"\x1b", shown)
