"""What every archive promises: called by the tests of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from gateway.interfaces.archive import IArchive, IRecording, ITrack
from tests.archive.fixtures import FACTS, POLICY, SESSION, text_of

DIGEST = hashlib.sha256(POLICY).hexdigest()


def check_interfaces(case: SynchronousTestCase, archive: Any) -> None:
    """Archive, recording and track provide what they say."""
    recording = archive.begin(SESSION, FACTS, POLICY, DIGEST)
    verifyObject(IArchive, archive)
    verifyObject(IRecording, recording)
    verifyObject(ITrack, recording.track(1, "pty", 0.0, {}))


def check_life(case: SynchronousTestCase, archive: Any) -> None:
    """Begin, write, seal, verify, export, list: in this order, everything comes back."""
    recording = archive.begin(SESSION, FACTS, POLICY, DIGEST)
    recording.track(1, "exec", 0.1, {"command": "id \udcff"}).write(0.2, "o", b"uid=0\n")
    track = recording.track(2, "pty", 0.5, {"term": "xterm"})
    for at, code, chunk in (
        (1.0, "r", b"100x30"), (1.0, "o", b"a\xe2\x82"), (1.1, "i", b"\xe2"), (1.2, "o", b"\xac\xff"),
        (1.2, "o", b""),
        (0.9, "i", b"\x82\xac"), (2.0, "m", "größe".encode()), (2.5, "x", b"0"), (2.6, "o", b"\xe2"),
    ):  # fmt: skip
        track.write(at, code, chunk)
    case.assertEqual(track.written, 6 + 3 + 1 + 2 + 2 + 7 + 1 + 1)
    case.assertEqual([row["state"] for row in archive.recordings()], ["open"])
    case.assertEqual(resolved(case, archive.verify(SESSION))["result"], "UNSEALED")
    case.assertEqual(sorted(recording.checkpoint()), ["1", "2"])
    track.end(3.0)
    track.end(3.0)
    case.assertRaises(ValueError, track.write, 3.1, "o", b"late")
    summary = resolved(case, recording.seal(4.0, "operator left"))
    case.assertEqual((summary["events"], summary["bytes"], summary["tracks"]), (8, 6 + 23, 2))
    case.assertGreater(recording.written, 0)
    _check_afterwards(case, archive)


def _check_afterwards(case: SynchronousTestCase, archive: Any) -> None:
    cast = resolved(case, archive.export_cast(SESSION))
    header = json.loads(cast.splitlines()[0])
    case.assertEqual((header["width"], header["height"], header["timestamp"]), (100, 30, 1795348800))
    case.assertEqual(text_of(cast), {"o": "a€\udcff\udce2", "i": "€", "r": "100x30", "m": "größe", "x": "0"})
    case.assertEqual([json.loads(line)[0] for line in cast.splitlines()[1:]], [0.9, 1.0, 1.0, 1.2, 2.0, 2.5, 3.0])
    case.assertEqual(text_of(resolved(case, archive.export_cast(SESSION, 1)))["o"], "uid=0\n")
    [row] = archive.recordings()
    case.assertEqual(
        {key: row[key] for key in ("session", "started", "ended", "state", "tracks")},
        {
            "session": SESSION,
            "started": FACTS["started"],
            "ended": "2026-11-22T12:00:04.000Z",
            "state": "sealed",
            "tracks": 2,
        },
    )
    report = resolved(case, archive.verify(SESSION))
    case.assertEqual((report["result"], report["at"], report["policy"]), ("OK", 4.0, DIGEST), report)


def check_refusals(case: SynchronousTestCase, archive: Any) -> None:
    """What may not be done is refused in words, and changes nothing."""
    for session in ("", "S-", "../S-1", "S-1/..", "S-" + "1" * 65):
        case.assertRaises(ValueError, archive.begin, session, FACTS, POLICY, DIGEST)
        case.failureResultOf(archive.verify(session), KeyError)
    case.assertRaises(ValueError, archive.begin, SESSION, {"started": "yesterday"}, POLICY, DIGEST)
    recording = archive.begin(SESSION, FACTS, POLICY, DIGEST)
    case.assertRaises(OSError, archive.begin, SESSION, FACTS, POLICY, DIGEST)
    case.failureResultOf(archive.export_cast(SESSION), KeyError)
    track = recording.track(1, "pty", 0.0, {})
    case.assertRaises(ValueError, recording.track, 1, "pty", 0.0, {})
    case.assertRaises(ValueError, track.write, 0.0, "q", b"")
    case.failureResultOf(archive.export_cast(SESSION, 7), KeyError)
    case.failureResultOf(archive.export_cast("S-UNKNOWN"), KeyError)
    resolved(case, recording.seal(1.0, "done"))
    case.assertRaises(ValueError, recording.seal, 1.0, "again")
    case.assertRaises(ValueError, recording.track, 2, "pty", 0.0, {})
    case.assertEqual(list(resolved(case, archive.recover())), [])
    case.assertGreater(archive.free_space(), 0)


def check_stream(case: SynchronousTestCase, archive: Any, chunks: list[tuple[str, bytes]]) -> None:
    """Any events, cut anyhow, come out as they went in."""
    recording = archive.begin(SESSION, FACTS, POLICY, DIGEST)
    track = recording.track(1, "pty", 0.0, {})
    whole = {"o": b"", "i": b""}
    for number, (code, chunk) in enumerate(chunks):
        track.write(number * 0.7, code, chunk)
        whole[code] += chunk
        if number % 11 == 7:
            recording.checkpoint()
    resolved(case, recording.seal(len(chunks) * 1.0, "done"))
    texts = text_of(resolved(case, archive.export_cast(SESSION)))
    for code, stream in whole.items():
        # Where 10 s pass inside a character it is not waited for: compare bytes.
        case.assertEqual(texts[code].encode("utf-8", "surrogateescape"), stream)
    case.assertEqual(resolved(case, archive.verify(SESSION))["result"], "OK")


CHECKS: Mapping[str, Callable[[SynchronousTestCase, Any], None]] = {
    "interfaces": check_interfaces,
    "life": check_life,
    "refusals": check_refusals,
}


def resolved(case: SynchronousTestCase, deferred: Any) -> Any:
    """Return what a Deferred has fired with."""
    return case.successResultOf(deferred)
