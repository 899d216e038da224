"""A file that is rotated and torn, and datagrams."""

from __future__ import annotations

import json
import os
import socket
import time

from gateway.domain.facts import Fact
from gateway.siem.cursor import Place, cursor_of
from gateway.siem.destinations import Destination
from gateway.siem.feed import Feed, Filter
from tests.siem.test_outlets import OutletCase, until


class FileTests(OutletCase):
    """Every line whole, every event there."""

    async def test_a_rotated_file_is_opened_anew(self) -> None:
        """What was moved away keeps what it has; 0600; the cursor is at the end."""
        path = self.folder / "all.log"
        path.write_bytes(b"a line that a crash cut")
        outlets = self.outlets(Destination(f"file:{path}", "ocsf"))
        self.told(300)
        await until(lambda: outlets.outlets[0].lag() == 0)
        os.rename(path, self.folder / "old.log")
        self.told(300)
        await until(lambda: outlets.outlets[0].lag() == 0)
        await outlets.stop()
        lines = (self.folder / "old.log").read_text().splitlines()[1:] + path.read_text().splitlines()
        self.assertEqual([json.loads(line)["unmapped"]["id"] for line in lines], [e.id for e in self.journal.entries()])
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        kept = cursor_of(self.folder / "siem", f"file:{path}").read()
        self.assertEqual(kept, Place(self.journal.origin, self.journal.head()[0]))

    async def test_what_is_no_file_is_refused_in_words(self) -> None:
        """A pipe would hold a thread for ever."""
        os.mkfifo(self.folder / "pipe")
        outlets = self.outlets(Destination(f"file:{self.folder / 'pipe'}"))
        await until(lambda: outlets.outlets[0].state == "waiting")
        self.assertIn("is not a regular file", outlets.outlets[0].detail)

    async def test_the_loss_of_a_body_is_told_once(self) -> None:
        """A gap names the first and the last event; their envelopes are sent."""
        self.told(5)
        await self.journal.prune(time.time() + 9, ["command.audited"])
        path = self.folder / "all.log"
        outlets = self.outlets(Destination(f"file:{path}", "ecs"))
        await until(lambda: path.exists() and "siem.gap" in path.read_text())
        self.assertEqual(outlets.outlets[0].sent, 7)
        (gap,) = self.journal.entries(kinds=["siem.gap"])
        self.assertEqual((gap.body["count"], gap.body["first"]), (5, f"{self.journal.origin}/2"))

    async def test_a_test_event_is_told_and_its_fate(self) -> None:
        """Delivered to one, not to another; the other is a fault after a while."""
        path = self.folder / "all.log"
        outlets = self.outlets(Destination(f"file:{path}", min_severity=10), Destination(f"file:{self.folder}"))
        rows = await outlets.test("ann", f"file:{path}")
        self.assertEqual([(row["destination"], row["delivered"]) for row in rows], [(f"file:{path}", True)])
        self.assertIn('by="ann"', path.read_text())
        await until(lambda: outlets.outlets[1].state == "waiting")
        outlets.outlets[1].since -= 100
        self.assertIn(str(self.folder), outlets.faults()[0]["detail"])
        with self.assertRaisesRegex(ValueError, "twice"):
            outlets.add(Destination(f"file:{path}"))


class DatagramTests(OutletCase):
    """One message each."""

    async def test_datagrams_arrive_and_are_short(self) -> None:
        """2048 bytes at most, marked where they were cut."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(10)
            self.journal.tell(Fact("command.audited", {"command": "x" * 9000}))
            outlets = self.outlets(Destination(f"udp:127.0.0.1:{receiver.getsockname()[1]}", "cef"))
            await until(lambda: outlets.outlets[0].lag() == 0)
            received = [receiver.recv(65536) for _ in range(2)]
        self.assertTrue(all(len(each) <= 2048 for each in received))
        self.assertIn(b"truncated", received[1])


class FeedTests(OutletCase):
    """Where reading goes on."""

    def test_a_cursor_of_another_store_begins_anew(self) -> None:
        """So does one that runs ahead of the journal, and a file that is no cursor."""
        self.told(3)
        feed = Feed(self.journal, Filter(), lambda entry: entry.id.encode())
        for place in (Place("gone#0.1", 7), Place(self.journal.origin, 99), None):
            feed.rewind(place)
            self.assertEqual(len(feed.read().messages), 4)
            self.assertIsNone(feed.read().place)
        cursor = cursor_of(self.folder, "tls:a/../b:1")
        self.assertEqual(cursor.path.parent, self.folder)
        self.assertIsNone(cursor.read())
        for wrong in (b"", b"[", b'{"origin": 1, "seq": 2}', b"\xff", b"[" * 4096):
            cursor.path.write_bytes(wrong)
            self.assertIsNone(cursor.read())
        cursor.write(Place("a#0.1", 5))
        self.assertEqual(cursor.read(), Place("a#0.1", 5))
