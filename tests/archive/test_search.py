"""Searching recordings: what is found, what the index holds, and what is left of a recording that is gone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.archive.archive import Archive
from gateway.archive.search import Search
from gateway.archive.words import Keyed, excerpt, phrases, words_of
from gateway.interfaces.archive import ArchiveError
from tests.archive.conformance import DIGEST
from tests.archive.fixtures import FACTS, POLICY, at_once, node_keys

ONE, TWO, OLD = "S-01JD6ZK8Q4M71", "S-01JD6ZK8Q4M72", "S-01AD6ZK8Q4M73"


class SearchTests(SynchronousTestCase):
    """An index beside an archive."""

    def setUp(self) -> None:
        self.root, self.folder = self.mktemp(), self.mktemp()
        self.archive = Archive(self.root, node_keys(), at_once)
        self.archive.recordings()
        self.ran: dict[str, list[tuple[float, str]]] = {}
        self.search = self.index()

    def index(self, keys: Any = None) -> Search:
        found = Search(self.folder, self.archive.directory, self.archive.about, keys or node_keys(), at_once,
                       lambda session: self.ran.get(session, []))  # fmt: skip
        self.addCleanup(found.close)
        return found

    def record(self, session: str, *shown: tuple[float, str], kind: str = "pty", **facts: str) -> None:
        """Record a session and index it."""
        about = {**FACTS, **facts}
        recording = self.archive.begin(session, about, POLICY, DIGEST)
        track = recording.track(1, kind, 0.0, {"cols": 40, "rows": 6, "command": ""})
        for at, text in shown:
            track.write(at, "o", text.encode())
        self.successResultOf(recording.seal(shown[-1][0] + 1, "done"))
        self.successResultOf(self.search.add(session, about["started"]))

    def found(self, wanted: str, most: int = 10, **wished: str) -> list[tuple[str, float, str]]:
        hits = self.successResultOf(
            self.search.find(wanted, most, lambda row: all(row[key] == value for key, value in wished.items()))
        )
        return [(hit["id"], hit["t"], hit["snippet"]) for hit in hits]

    def test_what_was_shown_is_found_with_its_time(self) -> None:
        """As rendered, not as sent: colours and edits are no words; later frames too."""
        self.record(ONE, (1.0, "$ cat x\x08\x1b[Ksyslog\r\n"), (30.0, "\x1b[31mnginx\x1b[m.service restarted\r\n"))
        self.assertEqual(self.found("NGINX"), [(ONE, 30.0, "[nginx].service restarted")])
        self.assertEqual(self.found("syslog"), [(ONE, 1.0, "$ cat [syslog]")])
        self.assertEqual(self.found("31mnginx"), [])
        self.assertEqual(self.found('"service restarted"'), [(ONE, 30.0, "nginx.[service restarted]")])
        self.assertEqual(self.found('"restarted service"'), [])
        self.assertEqual(self.found("nginx absent"), [])
        self.assertEqual(self.found("!!!"), [])

    def test_the_newest_come_first_and_filters_hold(self) -> None:
        """By session; at most so many; by operator and target."""
        self.record(OLD, (1.0, "common word\r\n"), started="2025-01-05T12:00:00Z", operator="bob")
        self.record(ONE, (1.0, "common word\r\n"))
        self.record(TWO, (1.0, "common word\r\n"), kind="exec", target="db1")
        self.assertEqual([hit[0] for hit in self.found("common")], [TWO, ONE, OLD])
        self.assertEqual([hit[0] for hit in self.found("common", 1)], [TWO])
        self.assertEqual([hit[0] for hit in self.found("common", operator="bob")], [OLD])
        self.assertEqual([hit[0] for hit in self.found("common", target="db1")], [TWO])
        months = sorted(each.name for each in Path(self.folder).glob("*.sqlite"))
        self.assertEqual(months, ["2025-01.sqlite", "2026-11.sqlite"])

    def test_commands_are_found_though_nothing_was_shown(self) -> None:
        """With the time they ran at."""
        self.ran[ONE] = [(7.5, "shred -u /tmp/secret")]
        self.record(ONE, (1.0, "nothing\r\n"))
        self.assertEqual(self.found("shred"), [(ONE, 7.5, "[shred] -u /tmp/secret")])

    def test_the_index_holds_no_word(self) -> None:
        """No file of it has the text, nor its words, and the key stands in it only wrapped."""
        self.record(ONE, (1.0, "extraordinary passphrase hunter2\r\n"))
        self.search.close()
        stored = b"".join(path.read_bytes() for path in Path(self.folder).iterdir())
        for word in (b"extraordinary", b"passphrase", b"hunter2", b"PASSPHRASE"):
            self.assertNotIn(word, stored)
        stranger = self.index(node_keys(wrapping=b"\x03" * 32))
        self.failureResultOf(stranger.find("hunter2", 9, lambda row: True), ArchiveError)

    def test_a_recording_that_is_gone_shows_nothing(self) -> None:
        """Its words may still be in the month's file; with the last one of the month the file goes."""
        self.record(ONE, (1.0, "gone soon\r\n"))
        self.record(TWO, (1.0, "gone later\r\n"))
        self.assertEqual(len(self.found("gone")), 2)
        shutil.rmtree(self.archive.directory(ONE) or "")
        self.assertEqual([hit[0] for hit in self.found("gone")], [TWO])
        for session in (ONE, TWO):
            self.successResultOf(self.search.forget(session))
        self.assertEqual((self.found("gone"), list(Path(self.folder).glob("*.sqlite"))), ([], []))

    def test_it_is_incremental_and_survives_restarts(self) -> None:
        """What is in is not put in again; what is missing is known."""
        self.record(ONE, (1.0, "once\r\n"))
        self.assertEqual(self.successResultOf(self.search.add(ONE, FACTS["started"])), 0)
        self.search.close()
        self.search = self.index()
        self.assertEqual(len(self.found("once")), 1)
        rows = [{"session": TWO, "started": FACTS["started"], "state": "sealed"},
                {"session": ONE, "started": FACTS["started"], "state": "sealed"},
                {"session": OLD, "started": FACTS["started"], "state": "open"}]  # fmt: skip
        self.assertEqual(self.successResultOf(self.search.missing(rows)), [(TWO, FACTS["started"])])
        self.assertEqual(self.successResultOf(self.search.add(OLD, FACTS["started"])), 0)

    def test_damage_hides_only_itself(self) -> None:
        """A recording cut or garbled after it was indexed gives no hit, and no failure."""
        for session in (ONE, TWO):
            self.record(session, (1.0, "whole and sound\r\n"))
        path = Path(self.archive.directory(TWO) or "", "001.pamrec")
        stored = path.read_bytes()
        for damaged in (stored[:-9], stored[:300], b"", b"\xff" * 400, stored[:-3] + b"abc"):
            path.write_bytes(damaged)
            self.assertEqual([hit[0] for hit in self.found("sound")], [ONE])
        path.unlink()
        self.assertEqual([hit[0] for hit in self.found("sound")], [ONE])

    def test_a_newer_index_is_refused(self) -> None:
        """In words; the older program does not guess."""
        self.record(ONE, (1.0, "one\r\n"))
        self.search._month("2026-11.sqlite").execute("PRAGMA user_version = 9")
        self.search.close()
        failure = self.failureResultOf(self.search.find("one", 1, lambda row: True), ArchiveError)
        self.assertIn("newer version", str(failure.value))


class WordTests(SynchronousTestCase):
    """Words, phrases and excerpts."""

    @settings(max_examples=200)
    @given(st.text(max_size=200), st.text(max_size=40))
    def test_any_query_is_a_query_and_any_text_has_its_excerpt(self, text: str, wanted: str) -> None:
        """Nothing of it can be syntax of the index; a phrase of the text is found in it."""
        keyed = Keyed(b"k" * 32)
        self.assertRegex(keyed.query(wanted), r'\A(|"[a-z2-7 ]+"( AND "[a-z2-7 ]+")*)\Z')
        found = excerpt(text, phrases(wanted))
        if found is not None:
            self.assertIn("[", found)

    def test_words_are_compared_in_one_case_and_form(self) -> None:
        """Scripts without blanks are taken character by character; an excerpt keeps what is around."""
        words = ["strasse", "var", "log", "file", "日", "本", "x_y"]
        self.assertEqual(words_of("Stra\u00dfe /var/log \ufb01le 日本 x_y"), words)
        self.assertEqual(excerpt("in /VAR/log now", ["var/log"]), "in /[VAR/log] now")
        self.assertEqual(excerpt("日本語", ["本語"]), "日[本語]")
        self.assertIsNone(excerpt("nothing", ["var"]))
        self.assertEqual(phrases('a "b c" -- "" d.e'), ["a", "b c", "d.e"])
