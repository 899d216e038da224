"""Every format, read back by an independent reader."""

from __future__ import annotations

import json
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import KINDS, WITHHELD, Entry, flat
from gateway.siem.product import SYSLOG_SEVERITY
from gateway.siem.shapes import FORMATS, Shape
from gateway.siem.texts import HOSTILE, printable
from tests.siem.readers import read_cef, read_leef, read_syslog

WIDE = 1 << 20
EVIL = "x\n<13>1 2026-01-01T00:00:00Z h a - - - CEF:0|\r\x1b[2J\"'\\] [a@1 b=\"c\"] |=^ 漢\u202e\x85\ufeff"
HEADER = ("id", "seq", "time", "node", "kind", "number", "severity")

texts = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=' \\"]|=^\n\r\t\x00\x1b\x85\u2028\ud800\udc80漢{}<>1', max_size=40),
    st.just(EVIL),
)
values = st.one_of(texts, st.integers(), st.booleans(), st.none(), st.lists(texts, max_size=3))
entries = st.builds(
    Entry,
    st.just("gw1#0.9f3a"),
    st.integers(1, 2**40),
    st.sampled_from(sorted(set(KINDS) - set(WITHHELD))),
    st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000),
    st.integers(0, 10),
    st.one_of(
        st.none(),
        st.dictionaries(
            st.sampled_from(["user", "source", "target", "account", "rule", "command", "risk", "path", "extra"]), values
        ),
    ),
)


def entry(kind: str = "command.audited", **body: Any) -> Entry:
    return Entry("gw1#0.9f3a", 5, kind, 1_763_800_000.5, 6, body)


def seen(text: str) -> str:
    """Return text as it is after UTF-8 without surrogates."""
    return text.encode("utf-8", "replace").decode()


class SafetyTests(SynchronousTestCase):
    """What is typed can not forge a record."""

    @settings(max_examples=100, deadline=None)
    @given(entries, st.sampled_from(sorted(FORMATS)), st.booleans())
    def test_every_message_is_one_line_of_utf8_without_controls(self, each: Entry, name: str, syslog: bool) -> None:
        """Whatever stands in a body: no line end, no escape, no byte order mark."""
        text = Shape(name, syslog, WIDE)(each).decode("utf-8")
        self.assertEqual([mark for mark in HOSTILE if mark in text], [])

    @settings(max_examples=100, deadline=None)
    @given(entries)
    def test_structured_data_is_read_back(self, each: Entry) -> None:
        """Each key, each value; the header tells priority, node and kind."""
        priority, head, elements, message = read_syslog(Shape("rfc5424", True, WIDE)(each))
        told = {key: seen(printable(value)) for key, value in flat(each).items()}
        self.assertEqual(elements["ostiary@32473"], told)
        self.assertEqual(priority, 13 * 8 + SYSLOG_SEVERITY[each.severity])
        self.assertEqual((head[1], head[2], head[3], head[4]), ("gw1", "ostiary", "0.9f3a", each.kind))
        self.assertEqual(message, KINDS[each.kind].meaning)
        self.assertTrue(1 <= int(elements["meta"]["sequenceId"]) < 2**31)

    @settings(max_examples=100, deadline=None)
    @given(entries)
    def test_cef_is_read_back(self, each: Entry) -> None:
        """The named keys, and the whole event in the last one."""
        front, extension = read_cef(Shape("cef", False, WIDE)(each).decode())
        self.assertEqual((front[3], front[5]), (str(KINDS[each.kind].number), str(each.severity)))
        self.assertEqual((extension["externalId"], extension["cn3"]), (each.id, str(each.seq)))
        self.assertEqual(json.loads(extension["msg"]), json.loads(seen(json.dumps(flat(each), ensure_ascii=False))))
        user = flat(each).get("user")
        if isinstance(user, str) and user:
            shown = "".join(mark if mark in "\n\r" else printable(mark) for mark in user)
            self.assertEqual(extension["suser"].strip(" "), seen(shown).strip(" "))

    @settings(max_examples=100, deadline=None)
    @given(entries)
    def test_leef_is_read_back(self, each: Entry) -> None:
        """Each key; what separates attributes is written otherwise."""
        front, found = read_leef(Shape("leef", False, WIDE)(each).decode())
        self.assertEqual(front[3], each.kind)
        for key, value in flat(each).items():
            self.assertEqual(found[key], seen(printable(value)).replace("^", "\\u005e"))
        self.assertTrue(1 <= int(found["sev"]) <= 10)

    @settings(max_examples=100, deadline=None)
    @given(entries, st.sampled_from([("ecs", "ostiary"), ("ocsf", "unmapped")]))
    def test_json_is_read_back(self, each: Entry, where: tuple[str, str]) -> None:
        """The whole event stands under one key."""
        record = json.loads(Shape(where[0], False, WIDE)(each))
        self.assertEqual(record[where[1]], json.loads(seen(json.dumps(flat(each), ensure_ascii=False))))


class ContentTests(SynchronousTestCase):
    """What the named fields hold."""

    def test_every_message_carries_id_seq_number_and_severity(self) -> None:
        """In each format, for each kind; nothing that is withheld."""
        for name in FORMATS:
            for kind, known in KINDS.items():
                text = Shape(name, True, WIDE)(entry(kind, user="alice", hash="$scrypt$x", box="sealed")).decode()
                for part in ("gw1#0.9f3a/5", str(known.number), kind, "alice"):
                    self.assertIn(part, text, (name, kind))
                self.assertEqual("$scrypt$" in text, kind not in WITHHELD)

    def test_ocsf_knows_classes_and_activities(self) -> None:
        """The type is class and activity; severities are OCSF's."""
        record = json.loads(FORMATS["ocsf"](entry("session.started", user="alice", target="web1", source="10.0.0.1")))
        self.assertEqual((record["class_uid"], record["activity_id"], record["type_uid"]), (4007, 1, 400701))
        self.assertEqual((record["actor"]["user"]["name"], record["dst_endpoint"]["hostname"]), ("alice", "web1"))
        record = json.loads(FORMATS["ocsf"](entry("file.transferred", path="/a/b", direction="upload")))
        self.assertEqual((record["type_uid"], record["file"]["name"]), (600601, "b"))
        self.assertIn("finding_info", json.loads(FORMATS["ocsf"](entry("risk.threshold"))))
        self.assertEqual(json.loads(FORMATS["ocsf"](entry("node.started")))["type_uid"], 99)

    def test_ecs_has_the_schemas_fields(self) -> None:
        """An audited command is an alert about a process."""
        told = entry(user="alice", account="root", command="rm x", risk=70, reason="because")
        record = json.loads(FORMATS["ecs"](told))
        self.assertEqual(record["event"]["kind"], "alert")
        self.assertEqual((record["event"]["risk_score"], record["event"]["reason"]), (70, "because"))
        self.assertEqual(record["process"]["command_line"], "rm x")
        self.assertEqual(record["user"], {"name": "alice", "target": {"name": "root"}})


class LengthTests(SynchronousTestCase):
    """Nothing is cut that fits."""

    def test_what_fits_is_whole(self) -> None:
        """A command of 60 KiB goes through 64 KiB."""
        command = "a" * 60_000
        for name in ("rfc5424", "leef"):
            self.assertIn(command.encode(), Shape(name, True, 65536)(entry(command=command)))

    def test_what_does_not_fit_says_so_and_stays_well_formed(self) -> None:
        """In each format: within the length, with the event's name, marked."""
        many = {f"k{n}": "y" * 99 for n in range(99)}
        long = entry(command="漢\x1b" * 90_000, user="alice", extra=["\x1b" * 1000] * 99, **many)
        for name in FORMATS:
            for most in (65536, 8192, 2048):
                raw = Shape(name, True, most)(long)
                self.assertLessEqual(len(raw), most, name)
                self.assertIn(b"truncated", raw)
                self.assertIn(b"gw1#0.9f3a/5", raw)
                text = read_syslog(raw)[3]
                if name in ("ecs", "ocsf"):
                    json.loads(text)
                elif name == "cef":
                    json.loads(read_cef(text)[1]["msg"])


class SpeedTests(SynchronousTestCase):
    """The journal is never faster than its formats."""

    def test_formatting_is_not_slow(self) -> None:
        """A bound that a loaded machine keeps too; the measured figures are in the manual."""
        told = entry(session="01J9", user="alice", source="10.1.2.3", target="web1", account="root", command="rm -rf x")
        for name in FORMATS:
            shape, begun = Shape(name, True, 65536), time.process_time()
            for _ in range(1000):
                shape(told)
            self.assertLess(time.process_time() - begun, 0.5, name)
