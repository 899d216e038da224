"""A reader written from ``docs/pamrec.rst`` alone, with nothing of the gateway, reads what the gateway writes."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from twisted.trial.unittest import SynchronousTestCase

from gateway.archive.archive import Archive
from tests.archive.conformance import DIGEST
from tests.archive.fixtures import FACTS, POLICY, SESSION, at_once, node_keys, only_directory


def cipher(key: bytes, purpose: str) -> AESGCM:
    """Derive as the page says."""
    return AESGCM(hmac.digest(key, b"pamrec/1 " + purpose.encode(), hashlib.sha256))


def frames(path: Path, key: bytes) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    """Return a track's header, its documents, and its root."""
    line, _, rest = path.read_bytes().partition(b"\n")
    chain = hashlib.sha256(line + b"\n").digest()
    documents = []
    while rest:
        head = rest[:84]
        _, _, _, _, _, _, length, nonce, prev = struct.unpack(">4sIIIQQI12s32s", head[:80])
        assert head[:4] == b"PRF1" and zlib.crc32(head[:80]) == struct.unpack(">I", head[80:])[0] and prev == chain
        plain = cipher(key, "frame").decrypt(nonce, rest[84 : 84 + length], head)
        documents.append(json.loads(zstandard.ZstdDecompressor().decompress(plain)))
        chain = hashlib.sha256(rest[: 84 + length]).digest()
        rest = rest[84 + length :]
    return json.loads(line), documents, chain.hex()


class SpecificationTests(SynchronousTestCase):
    """The page is the format."""

    def test_a_foreign_reader_reads_a_sealed_recording(self) -> None:
        """Header, facts, frames, carry, chain and signature."""
        root, keys = self.mktemp(), node_keys()
        recording = Archive(root, keys, at_once).begin(SESSION, FACTS, POLICY, DIGEST)
        track = recording.track(1, "pty", 0.25, {"command": "top"})
        track.write(1.0, "o", b"a\xe2\x82")
        recording.checkpoint()
        track.write(2.0, "o", b"\xac")
        self.successResultOf(recording.seal(3.0, "done"))
        directory = Path(only_directory(root))
        header = json.loads((directory / "001.pamrec").read_bytes().partition(b"\n")[0])
        key = keys.unwrap(header["recipients"])
        assert key is not None
        _, documents, link = frames(directory / "001.pamrec", key)
        self.assertEqual(
            documents,
            [
                {"snapshot": None, "events": [[1.0, "o", "a"]], "carry": {"o": "e282"}},
                {"snapshot": None, "events": [[2.0, "o", "€"]]},
            ],
        )
        facts = cipher(key, "facts").decrypt(struct.pack(">IQ", 1, 0), bytes.fromhex(header["facts"]), None)
        self.assertEqual((json.loads(facts), header["at"]), ({"command": "top"}, 0.25))
        stored = (directory / "manifest.json").read_bytes()
        document = json.loads(stored)
        [row] = document["manifest"]["tracks"]
        self.assertEqual((row["root"], row["frames"]), (link, 2))
        signed = stored[len(b'{"manifest":') : stored.index(b',"signature":')]
        signature = bytes.fromhex(document["signature"]["value"])
        public = Ed25519PublicKey.from_public_bytes(keys.public_key)
        public.verify(signature, b"ostiary pamrec manifest 1\n" + signed)

    def test_a_foreign_reader_reads_a_tail(self) -> None:
        """Records, seals and digests."""
        root, keys = self.mktemp(), node_keys()
        recording = Archive(root, keys, at_once).begin(SESSION, FACTS, POLICY, DIGEST)
        track = recording.track(1, "pty", 0.0, {})
        for at, code, chunk in ((1.0, "o", b"a\xe2"), (1.5, "i", b"ls")):
            track.write(at, code, chunk)
        line = Path(only_directory(root), "001.pamrec").read_bytes()
        key = keys.unwrap(json.loads(line)["recipients"])
        assert key is not None
        rest, chain, events = Path(only_directory(root), "001.tail").read_bytes(), hashlib.sha256(line).digest(), []
        while rest:
            magic, n, seq, at, code, length = struct.unpack(">4sIQQcI", rest[:29])
            sealed = rest[33 : 33 + length]
            chunk = cipher(key, "tail").decrypt(struct.pack(">IQ", 1, seq), sealed, rest[:33])
            chain = hashlib.sha256(chain + rest[: 33 + length]).digest()
            self.assertEqual((magic, rest[33 + length : 65 + length]), (b"PRT1", chain))
            events.append((n, seq, at, code, chunk))
            rest = rest[65 + length :]
        self.assertEqual(events, [(0, 0, 1_000_000, b"o", b"a\xe2"), (0, 1, 1_500_000, b"i", b"ls")])
