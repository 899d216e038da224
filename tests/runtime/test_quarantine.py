"""Tests of gateway/runtime/quarantine.py."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.journal.memory import MemoryJournal
from gateway.runtime.quarantine import Quarantine
from tests.inspectors.files import Kept, kept, transfer
from tests.runtime.test_evaluate import at_once

BAD = b"this is bad"
DAY = 86_400.0


class QuarantineCase(SynchronousTestCase):
    """A quarantine of 1000 bytes for ten days."""

    def setUp(self) -> None:
        """Make it."""
        self.now = 1_795_000_000.0
        self.journal = MemoryJournal("gw1", wall=lambda: self.now)
        self.folder = Path(self.mktemp())
        self.spool = Path(self.mktemp())
        self.spool.mkdir()
        self.quarantine = Quarantine(self.folder, 1000, 10 * DAY, at_once, self.journal, lambda: self.now)

    def kept(self, content: bytes) -> Kept:
        """Spool content."""
        return kept(content, str(self.spool))

    def keep(self, content: bytes = BAD, **more: Any) -> str:
        """Keep a file."""
        verdicts = [{"inspector": "clamd", "decision": "deny", "code": "infected"}]
        return self.successResultOf(self.quarantine.keep(transfer(**more), self.kept(content), verdicts, "no-malware"))

    def rows(self) -> list[Any]:
        """Return what is held."""
        return list(self.successResultOf(self.quarantine.items()))

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the bodies of facts of a kind."""
        return [dict(entry.body or {}) for entry in self.journal.entries(kinds=[kind])]


class KeepTests(QuarantineCase):
    """Files come in."""

    def test_a_file_is_kept_by_its_digest_with_where_it_came_from(self) -> None:
        """Both files are the gateway's alone."""
        name = self.keep()
        self.assertEqual((self.folder / name).read_bytes(), BAD)
        self.assertEqual({path.stat().st_mode & 0o777 for path in self.folder.iterdir()}, {0o600})
        row = self.rows()[0]
        self.assertEqual((row["sha256"], row["size"], row["operator"], row["rule"], row["seen"]),
                         (name, len(BAD), "alice", "no-malware", 1))  # fmt: skip

    def test_the_same_file_again_is_one_file_seen_twice(self) -> None:
        """Each occurrence is listed."""
        name = self.keep()
        self.keep(operator="bob", path="/tmp/\x1b[31mother\nname", real="/tmp/o")
        found = self.successResultOf(self.quarantine.show(name[:8]))
        self.assertEqual((found["seen"], [each["operator"] for each in found["occurrences"]]), (2, ["alice", "bob"]))
        self.assertNotIn("\x1b", found["occurrences"][1]["path"])
        self.assertEqual(len(os.listdir(self.folder)), 2)

    def test_a_spooled_file_that_goes_leaves_the_held_one(self) -> None:
        """It has a name of its own."""
        file = self.kept(BAD)
        self.successResultOf(self.quarantine.keep(transfer(), file, [], "r"))
        os.unlink(file.path)
        self.assertEqual((self.folder / file.sha256).read_bytes(), BAD)

    def test_what_does_not_fit_is_not_kept_and_told(self) -> None:
        """An operator's share is a quarter, all together the whole; `status` says so until one fits again."""
        self.assertEqual(self.keep(b"x" * 251), "")
        self.assertEqual(self.quarantine.faults()[0]["name"], "quarantine_failed")
        for number in range(4):
            self.assertNotEqual(self.keep(bytes([number]) * 250, operator=f"user{number}"), "")
        self.assertEqual(self.quarantine.faults(), [])
        self.assertEqual(self.keep(b"y", operator="eve"), "")
        self.assertEqual([body["bytes"] for body in self.told("quarantine.failed")], [251, 1])

    def test_a_folder_that_can_not_be_written_is_told(self) -> None:
        """The transfer stays denied; the id is empty."""
        self.folder.write_bytes(b"no folder")
        self.assertEqual(self.keep(), "")
        self.assertEqual(len(self.told("quarantine.failed")), 1)

    def test_a_sidecar_that_is_broken_hides_its_file_only(self) -> None:
        """The others are listed."""
        name = self.keep()
        self.keep(b"other")
        (self.folder / f"{name}.json").write_text("{")
        self.assertEqual(len(self.rows()), 1)


class LeaveTests(QuarantineCase):
    """Files go out."""

    def release(self, prefix: str, to: str = "") -> Deferred[Any]:
        """Release a file."""
        return self.quarantine.release(prefix, to, by="root", reason="a false alarm", door="ssh")

    def test_a_file_is_given_out_after_it_was_told(self) -> None:
        """With who and why."""
        name = self.keep()
        self.assertEqual(self.successResultOf(self.release(f"sha256:{name.upper()[:10]}"))["content"], BAD)
        body = self.told("quarantine.released")[0]
        self.assertEqual((body["sha256"], body["by"], body["reason"]), (name, "root", "a false alarm"))

    def test_a_file_is_written_to_a_new_file_only(self) -> None:
        """Readable by the gateway's user; what is there stays."""
        name, to = self.keep(), self.mktemp()
        self.assertNotIn("content", self.successResultOf(self.release(name, to)))
        self.assertEqual((Path(to).read_bytes(), os.stat(to).st_mode & 0o777), (BAD, 0o600))
        self.failureResultOf(self.release(name, to), FileExistsError)

    def test_a_file_that_has_changed_is_not_given_out(self) -> None:
        """Nothing is told either."""
        name = self.keep()
        (self.folder / name).write_bytes(b"changed")
        self.failureResultOf(self.release(name), ValueError)
        self.assertEqual(self.told("quarantine.released"), [])

    def test_a_prefix_must_fit_one(self) -> None:
        """None, and several."""
        self.failureResultOf(self.release("00"), KeyError)
        names = [self.keep(str(number).encode()) for number in range(17)]
        twice = next(name[0] for name in names if sum(each[0] == name[0] for each in names) > 1)
        self.failureResultOf(self.release(twice), ValueError)

    def test_a_file_is_removed(self) -> None:
        """With its sidecar, and told."""
        name = self.keep()
        self.successResultOf(self.quarantine.remove(name, by="root", reason="", door="ssh"))
        self.assertEqual((os.listdir(self.folder), len(self.told("quarantine.removed"))), ([], 1))

    def test_what_is_too_old_is_removed(self) -> None:
        """And what is not yet, stays."""
        self.keep(b"old")
        self.now += 9 * DAY
        young = self.keep(b"young")
        self.now += DAY
        self.successResultOf(Deferred.fromCoroutine(self.quarantine.expire()))
        self.assertEqual(([row["id"] for row in self.rows()], len(self.told("quarantine.expired"))), ([young], 1))

    def test_rows_are_json(self) -> None:
        """All of them."""
        name = self.keep(path="/tmp/\udcff", real="/tmp/x")
        json.dumps(self.rows()).encode()
        json.dumps(self.successResultOf(self.quarantine.show(name))).encode()
