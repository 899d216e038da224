"""Any change of any stored byte is found, with the public key alone, and never by an exception."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.archive import manifest
from gateway.archive.archive import Archive
from gateway.archive.format import canonical
from gateway.archive.verify import verify_path
from tests.archive.conformance import DIGEST
from tests.archive.fixtures import FACTS, POLICY, SESSION, at_once, node_keys, only_directory, text_of

PUBLIC = node_keys().public_key
ANYWHERE = st.floats(0, 1, exclude_max=True)
MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def record(root: str, seal: bool = True) -> str:
    """Make a recording of two tracks with three frames each; unsealed, each also has a tail."""
    archive = Archive(root, node_keys(), at_once)
    recording = archive.begin(SESSION, FACTS, POLICY, DIGEST)
    tracks = [recording.track(1, "pty", 0.0, {}), recording.track(2, "exec", 0.0, {})]
    for turn in range(3):
        for track in tracks:
            track.write(turn * 10 + 1.0, "o", b"turn %d\r\n" % turn)
            track.write(turn * 10 + 2.0, "i", b"ls\r")
        recording.checkpoint()
    for track in tracks:
        track.write(40.0, "o", b"last words\r\n")
    if seal:
        recording.seal(50.0, "operator left")
    return only_directory(root)


class SealedTests(SynchronousTestCase):
    """A sealed recording, changed."""

    def setUp(self) -> None:
        """Keep one untouched."""
        self.whole = record(self.mktemp())
        self.directory = self.mktemp() + "/" + SESSION

    def changed(self, name: str) -> Path:
        """Return one file of a fresh copy."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(self.whole, self.directory)
        return Path(self.directory, name)

    def verified(self, **expected: Any) -> dict[str, Any]:
        """Verify the copy."""
        report = verify_path(self.directory, [PUBLIC])
        self.assertEqual({key: report[key] for key in expected}, expected, report)
        return report

    def test_untouched_it_is_ok(self) -> None:
        """Off the node, with only the public key."""
        self.changed("001.pamrec")
        report = self.verified(result="OK", at=50.0, frames=8, events=14, id=SESSION, policy=DIGEST)
        self.assertEqual(report["signed_by"], node_keys().id)

    @MANY
    @given(st.sampled_from(["001.pamrec", "002.pamrec", "manifest.json"]), ANYWHERE, st.integers(0, 7))
    def test_any_flipped_bit_is_bad_with_a_place(self, name: str, place: float, bit: int) -> None:
        """In any stored file."""
        path = self.changed(name)
        stored = bytearray(path.read_bytes())
        stored[int(place * len(stored))] ^= 1 << bit
        path.write_bytes(stored)
        report = self.verified(result="BAD")
        self.assertIn(name.removesuffix(".pamrec"), report["detail"])
        self.assertLessEqual(report["at"], 50.0)

    @MANY
    @given(st.sampled_from(["001.pamrec", "manifest.json"]), ANYWHERE)
    def test_any_truncation_is_bad(self, name: str, place: float) -> None:
        """Sealed means whole."""
        path = self.changed(name)
        path.write_bytes(path.read_bytes()[: int(place * path.stat().st_size)])
        self.verified(result="BAD")

    def test_a_flipped_byte_is_named_by_frame_and_time(self) -> None:
        """A person wants to know what not to trust."""
        path = self.changed("001.pamrec")
        stored = path.read_bytes()
        second = stored.find(b"PRF1", stored.find(b"PRF1") + 1)
        path.write_bytes(stored[: second + 120] + bytes([stored[second + 120] ^ 1]) + stored[second + 121 :])
        report = self.verified(result="BAD", at=11.0, track="001", frame=1)
        self.assertIn("frame 1 of track 001", report["detail"])

    def test_what_was_added_removed_or_exchanged_is_bad(self) -> None:
        """Tracks, frames, openings."""
        path = self.changed("001.pamrec")
        path.write_bytes(path.read_bytes() + b"more")
        self.verified(result="BAD")
        self.changed("001.pamrec").unlink()
        self.assertIn("missing", self.verified(result="BAD")["detail"])
        path = self.changed("003.pamrec")
        shutil.copy(Path(self.directory, "001.pamrec"), path)
        self.assertIn("not in the manifest", self.verified(result="BAD")["detail"])
        one, two = self.changed("001.pamrec"), Path(self.directory, "002.pamrec")
        first = one.read_bytes()
        one.write_bytes(two.read_bytes())
        two.write_bytes(first)
        self.verified(result="BAD")

    def test_removing_the_manifest_does_not_make_it_ok(self) -> None:
        """Without manifest and opening it is no recording."""
        self.changed("manifest.json").unlink()
        self.verified(result="BAD")

    def test_another_key_is_not_trusted(self) -> None:
        """Nor a manifest that somebody else signed, though he names our key."""
        self.changed("manifest.json")
        stranger = node_keys(seed=b"\x07" * 32)
        report = verify_path(self.directory, [stranger.public_key])
        self.assertEqual(report["result"], "BAD")
        self.assertIn("not a key given", report["detail"])
        unsigned, signature = manifest.read_manifest(self.directory)
        unsigned["reason"] = "nothing happened"
        signature["value"] = stranger.sign(manifest.SIGNED_AS + canonical(unsigned)).hex()
        forged = canonical({"manifest": unsigned, "signature": signature}) + b"\n"
        self.changed("manifest.json").write_bytes(forged)
        self.assertIn("signature does not fit", self.verified(result="BAD")["detail"])

    def test_a_newer_format_is_refused_in_words(self) -> None:
        """Not called tampered with."""
        path = self.changed("manifest.json")
        path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":2'))
        self.assertIn("format version 2", self.verified(result="BAD")["detail"])

    def test_one_file_can_be_verified(self) -> None:
        """A track with the manifest beside it, alone, or none at all."""
        path = self.changed("001.pamrec")
        report = verify_path(str(path), [PUBLIC])
        self.assertEqual((report["result"], report["frames"]), ("OK", 4))
        self.assertEqual(verify_path(str(path.with_name("manifest.json")), [PUBLIC])["result"], "OK")
        self.changed("manifest.json").unlink()
        self.assertEqual(verify_path(str(path), [PUBLIC])["result"], "UNSEALED")
        self.assertIn("can not be read", verify_path(str(path) + "x", [PUBLIC])["detail"])

    def test_what_can_not_be_read_is_said(self) -> None:
        """A directory stands where a track should be."""
        path = self.changed("001.pamrec")
        path.unlink()
        path.mkdir()
        self.assertIn("can not be read", self.verified(result="BAD")["detail"])

    @MANY
    @given(st.binary(max_size=200), st.sampled_from(["001.pamrec", "001.tail", "manifest.json", "open.json"]))
    def test_hostile_files_never_raise(self, stored: bytes, name: str) -> None:
        """Any bytes, under any name."""
        self.changed(name).write_bytes(stored)
        Path(self.directory, "manifest.json").unlink()
        self.assertIn(verify_path(self.directory, [PUBLIC])["result"], ("BAD", "UNSEALED"))

    def test_a_damaged_frame_does_not_hide_the_others(self) -> None:
        """The export says where it is, and goes on behind it, also when the frame's head is gone."""
        root = self.mktemp()
        path = Path(record(root), "001.pamrec")
        stored = path.read_bytes()
        second = stored.find(b"PRF1", stored.find(b"PRF1") + 1)
        for offset in (20, 120):
            place = second + offset
            path.write_bytes(stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :])
            archive = Archive(root, node_keys(), at_once)
            texts = text_of(self.successResultOf(archive.export_cast(SESSION)))
            self.assertEqual(texts["o"], "turn 0\r\nturn 2\r\nlast words\r\n")
            self.assertIn("frame 1 is damaged and left out", texts["m"])


class UnsealedTests(SynchronousTestCase):
    """A recording that nobody sealed."""

    def setUp(self) -> None:
        """Keep one untouched."""
        self.whole = record(self.mktemp(), seal=False)
        self.directory = self.mktemp() + "/" + SESSION

    def changed(self, name: str) -> Path:
        """Return one file of a fresh copy."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(self.whole, self.directory)
        return Path(self.directory, name)

    def test_it_is_unbroken_up_to_its_last_event(self) -> None:
        """Frames and tails together."""
        report = verify_path(self.whole, [PUBLIC])
        self.assertEqual((report["result"], report["at"], report["frames"], report["events"]),
                         ("UNSEALED", 40.0, 6, 14), report)  # fmt: skip

    @MANY
    @given(st.sampled_from(["001.pamrec", "001.tail", "open.json"]), ANYWHERE, st.integers(0, 7))
    def test_any_flipped_bit_is_bad(self, name: str, place: float, bit: int) -> None:
        """Though nothing is signed yet, the chain holds."""
        path = self.changed(name)
        stored = bytearray(path.read_bytes())
        stored[int(place * len(stored))] ^= 1 << bit
        path.write_bytes(stored)
        self.assertEqual(verify_path(self.directory, [PUBLIC])["result"], "BAD")

    @MANY
    @given(st.sampled_from(["001.pamrec", "001.tail", "open.json"]), ANYWHERE)
    def test_any_truncation_is_never_ok(self, name: str, place: float) -> None:
        """Nor is it an exception, here or in recovery."""
        path = self.changed(name)
        path.write_bytes(path.read_bytes()[: int(place * path.stat().st_size)])
        self.assertIn(verify_path(self.directory, [PUBLIC])["result"], ("BAD", "UNSEALED"))
        root = self.mktemp()
        shutil.copytree(self.directory, f"{root}/2026/11/{SESSION}")
        archive = Archive(root, node_keys(), at_once)
        self.successResultOf(archive.recover())
        self.assertIn(self.successResultOf(archive.verify(SESSION))["result"], ("BAD", "UNSEALED"))
