"""Certificates: read to the last byte, trusted for one holder, name and moment."""

from __future__ import annotations

import base64
import subprocess
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.certificates import (
    MOST_OPTIONS,
    MOST_PRINCIPALS,
    PLAIN,
    Certificate,
    Holder,
    Untrusted,
    certified,
    holder_key,
    parse_certificate,
    trust,
    trust_host,
    trust_operator,
)
from gateway.wire.fields import string
from gateway.wire.keyblobs import LONGEST_BLOB, BadKey, parse_blob, parse_line
from tests.wire.issuing import AUTHORITY, HOST, blob_in, certify, draft, key_file, keygen, options, public
from tests.wire.keys import KINDS, key_of

AUTHORITIES = (public(AUTHORITY),)
NOW = 1_800_000_000.0
NAMES = ("web1", "10.0.0.11")


def host(**fields: object) -> Certificate:
    """Return a host's certificate for web1 with some fields changed."""
    return parse_certificate(draft(**{"holder": HOST, "principals": (b"web1",), **fields}))


class ReadTests(SynchronousTestCase):
    """What parses, and what does not."""

    def test_every_kind_of_key_can_be_certified_by_every_kind(self) -> None:
        """Security keys too, on either side; the key inside is the one outside, and the signature holds."""
        for kind in KINDS:
            for other in KINDS:
                certificate = parse_certificate(draft(key=key_of(kind), authority=key_of(other)))
                self.assertEqual(certificate.key, public(key_of(kind)))
                self.assertEqual(certificate.fingerprint, public(key_of(kind)).fingerprint)
                self.assertEqual(certificate.authority, public(key_of(other)))
                self.assertTrue(certificate.is_signed(), (kind, other))

    def test_the_names_of_algorithms_are_openssh_s(self) -> None:
        """They are literal in the protocol, and an RSA key has two of them."""
        self.assertEqual(
            host(key=key_of(b"ssh-rsa")).algorithms,
            (b"rsa-sha2-512-cert-v01@openssh.com", b"rsa-sha2-256-cert-v01@openssh.com"),
        )
        asked = ["/usr/bin/ssh", "-Q", "HostKeyAlgorithms"]
        known = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
        self.assertEqual({name.decode() for name in PLAIN} - set(known), set())

    def test_an_authority_s_signature_with_sha1_or_another_algorithm_does_not_hold(self) -> None:
        """``ssh-rsa`` is what old authorities sign with."""
        rsa = key_of(b"ssh-rsa")
        self.assertFalse(parse_certificate(draft(authority=rsa, algorithm=b"ssh-rsa")).is_signed())
        self.assertTrue(parse_certificate(draft(authority=rsa, algorithm=b"rsa-sha2-256")).is_signed())
        blob = draft()
        cut = len(blob) - len(string(AUTHORITY.sign(b"")))
        for signature in (b"", b"\0\0\0\x0bssh-ed25519", string(b"ssh-ed25519") + string(bytes(64))):
            self.assertFalse(parse_certificate(blob[:cut] + string(signature)).is_signed())

    def test_more_than_enough_is_refused(self) -> None:
        """Principals, options and bytes are counted before anything else is made of them."""
        many = tuple(b"p%d" % number for number in range(MOST_PRINCIPALS + 1))
        self.assertEqual(len(parse_certificate(draft(principals=many[1:])).principals), MOST_PRINCIPALS)
        crowd = options(*((b"o%d" % number, b"") for number in range(MOST_OPTIONS + 1)))
        for fields in ({"principals": many}, {"critical": crowd}, {"extensions": crowd}, {"holder": 3}):
            self.assertRaises(BadKey, parse_certificate, draft(**fields))
        self.assertRaises(BadKey, parse_certificate, bytes(LONGEST_BLOB + 1))
        self.assertRaises(BadKey, parse_certificate, draft(extensions=options((b"a", b""), (b"a", b""))))
        self.assertRaises(BadKey, parse_certificate, draft(critical=b"\0"))

    def test_plain_keys_are_no_certificates_and_certificates_no_keys(self) -> None:
        """Which of the two is read is decided by the algorithm that was agreed on."""
        key = key_of(b"ssh-ed25519", 1)
        self.assertRaises(BadKey, parse_certificate, key.blob)
        self.assertRaises(BadKey, parse_blob, draft())
        self.assertEqual(holder_key(certified(b"ssh-ed25519"), draft()).blob, key.blob)
        self.assertEqual(holder_key(b"ssh-ed25519", key.blob).blob, key.blob)
        self.assertRaises(BadKey, holder_key, b"ssh-ed25519", draft())

    def test_a_certificate_does_not_certify_another_one(self) -> None:
        """There are no chains: an authority is a plain key."""
        blob = draft()
        self.assertRaises(BadKey, parse_certificate, blob.replace(string(AUTHORITY.blob), string(blob)))

    def test_a_key_id_is_shown_as_one_short_line(self) -> None:
        """Whoever wrote it may have had anything in mind."""
        shown = parse_certificate(draft(key_id="a\n\x1b[31m\u202e".encode() + b"\xff" * 400)).title
        self.assertTrue(shown.isprintable())
        self.assertLessEqual(len(shown), 128)

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=300))
    def test_arbitrary_bytes_are_bad_keys(self, blob: bytes) -> None:
        """Nothing else is raised, nothing is accepted; behind a right beginning too."""
        for tried in (blob, string(certified(b"ssh-ed25519")) + string(b"n") + blob, draft()[:-80] + blob):
            try:
                self.assertFalse(parse_certificate(tried).is_signed())
            except BadKey:
                pass

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(KINDS), st.data())
    def test_one_changed_bit_is_found(self, kind: bytes, choose: st.DataObject) -> None:
        """In the fields or in the signature: it does not parse, or it is not signed."""
        blob = bytearray(draft(key=key_of(kind), critical=options((b"source-address", b"10.0.0.0/8"))))
        place = choose.draw(st.integers(0, len(blob) * 8 - 1))
        blob[place // 8] ^= 1 << place % 8
        try:
            self.assertFalse(parse_certificate(bytes(blob)).is_signed())
        except BadKey:
            pass

    @settings(max_examples=100, deadline=None)
    @given(
        st.binary(max_size=40),
        st.lists(st.binary(min_size=1, max_size=10), max_size=5).map(tuple),
        st.integers(0, 2**64 - 1),
        st.dictionaries(st.binary(min_size=1, max_size=9), st.binary(max_size=9), max_size=4),
        st.sampled_from([kind for kind in KINDS if not kind.startswith(b"sk-")]),
    )
    def test_cryptography_reads_the_same(
        self, key_id: bytes, principals: tuple[bytes, ...], serial: int, extra: dict[bytes, bytes], kind: bytes
    ) -> None:
        """A second reader of the format agrees on every field."""
        pairs = sorted(extra.items())
        blob = draft(
            key=key_of(kind), key_id=key_id, principals=principals, serial=serial, before=serial,
            critical=options(*pairs), extensions=options(*pairs),
        )  # fmt: skip
        ours = parse_certificate(blob)
        other = load_ssh_public_identity(certified(kind) + b" " + base64.b64encode(blob))
        assert isinstance(other, SSHCertificate)
        other.verify_cert_signature()
        self.assertEqual(
            (ours.key_id, list(ours.principals), ours.serial, ours.valid_before),
            (other.key_id, other.valid_principals, other.serial, other.valid_before),
        )
        self.assertEqual([name for name, _ in ours.critical], list(other.critical_options))
        self.assertTrue(ours.is_signed())


class TrustTests(SynchronousTestCase):
    """Whom a certificate convinces, of what and when."""

    def reason(self, certificate: Certificate, *, now: float = NOW) -> str:
        """Return why a host's certificate is not trusted, empty when it is."""
        try:
            trust_host(certificate, AUTHORITIES, NAMES, now)
        except Untrusted as fault:
            return fault.reason
        return ""

    def test_a_host_is_trusted_by_its_name_or_address(self) -> None:
        """In any case of letters, among other principals."""
        for principals in ((b"web1",), (b"WEB1",), (b"other", b"10.0.0.11")):
            self.assertEqual(self.reason(host(principals=principals)), "")

    def test_each_thing_that_is_wrong_has_its_reason(self) -> None:
        """Nobody's, another's and a pattern of principals; holder, authority, signature, time and options."""
        forged = draft(holder=HOST, principals=(b"web1",))
        for certificate, reason in (
            (host(principals=()), "principal"),
            (host(principals=(b"web2",)), "principal"),
            (host(principals=(b"*",)), "principal"),
            (host(principals=(b"",)), "principal"),
            (host(holder=1), "holder"),
            (host(authority=key_of(b"ssh-ed25519", 5)), "authority"),
            (parse_certificate(forged[:-1] + bytes([forged[-1] ^ 1])), "signature"),
            (host(after=int(NOW) + 1), "early"),
            (host(before=int(NOW)), "expired"),
            (host(critical=options((b"force-command", b"true"))), "option"),
        ):
            self.assertEqual(self.reason(certificate), f"certificate_{reason}")

    def test_validity_begins_with_its_first_second_and_ends_before_its_last(self) -> None:
        """As OpenSSH counts."""
        certificate = host(after=int(NOW), before=int(NOW) + 1)
        self.assertEqual(self.reason(certificate), "")
        self.assertEqual(self.reason(certificate, now=NOW + 1), "certificate_expired")
        self.assertEqual(self.reason(certificate, now=NOW - 1), "certificate_early")

    def test_a_name_that_is_empty_matches_nothing(self) -> None:
        """A target without a host in its address must not match an empty principal."""
        with self.assertRaises(Untrusted):
            trust_host(host(principals=(b"",)), AUTHORITIES, ("",), NOW)

    def test_no_authorities_trust_nobody(self) -> None:
        """Not even those who signed rightly."""
        self.assertRaises(Untrusted, trust, host(), Holder.HOST, (), NOW)


class OperatorTests(SynchronousTestCase):
    """What lets an operator in."""

    def reason(self, source: str = "10.1.2.3", name: str = "alice", now: float = NOW, **fields: object) -> str:
        """Return why a certificate with some fields changed does not let alice in, empty when it does."""
        try:
            trust_operator(parse_certificate(draft(**fields)), AUTHORITIES, name, source, now)
        except Untrusted as fault:
            return fault.reason
        return ""

    def test_the_login_name_must_stand_among_the_principals(self) -> None:
        """Exactly, in its case; nobody's certificate is nobody's."""
        self.assertEqual(self.reason(principals=(b"bob", b"alice")), "")
        for principals in ((), (b"Alice",), (b"alic",), (b"*",), (b"alice\0",), (b"",)):
            self.assertEqual(self.reason(principals=principals), "certificate_principal")
        self.assertEqual(self.reason(name="", principals=(b"bob",)), "certificate_principal")

    def test_holder_authority_and_time_are_weighed(self) -> None:
        """A host's certificate lets nobody in."""
        self.assertEqual(self.reason(holder=HOST), "certificate_holder")
        self.assertEqual(self.reason(authority=key_of(b"ssh-ed25519", 5)), "certificate_authority")
        self.assertEqual(self.reason(before=int(NOW)), "certificate_expired")
        self.assertEqual(self.reason(after=int(NOW) + 1), "certificate_early")

    def test_source_addresses_are_enforced(self) -> None:
        """IPv4-mapped IPv6 counts as IPv4; a list with a flaw has nobody in it."""
        for listed, source, good in (
            (b"10.0.0.0/8", "10.1.2.3", True), (b"192.0.2.1,10.1.2.3", "10.1.2.3", True),
            (b"10.0.0.0/8", "::ffff:10.1.2.3", True), (b"2001:db8::/32", "2001:db8::1", True),
            (b"10.0.0.0/8", "192.0.2.1", False), (b"10.0.0.0/8", "local", False), (b"", "10.1.2.3", False),
            (b"10.0.0.1/8", "10.1.2.3", False), (b"10.0.0.0/8,nonsense", "10.1.2.3", False),
            (b"!10.9.9.9,10.0.0.0/8", "10.1.2.3", False), (b"*", "10.1.2.3", False), (b"\xff", "10.1.2.3", False),
        ):  # fmt: skip
            reason = self.reason(source=source, critical=options((b"source-address", listed)))
            self.assertEqual(reason, "" if good else "certificate_source", (listed, source))
        unpacked = string(b"source-address") + string(b"10.0.0.0/8")
        self.assertEqual(self.reason(critical=unpacked), "certificate_source")

    def test_other_critical_options_refuse(self) -> None:
        """One command only, and what nobody here knows; also beside one that is met."""
        self.assertEqual(self.reason(critical=options((b"force-command", b"true"))), "certificate_command")
        self.assertEqual(self.reason(critical=options((b"new@example", b""))), "certificate_option")
        both = options((b"source-address", b"10.0.0.0/8"), (b"zzz", b""))
        self.assertEqual(self.reason(critical=both), "certificate_option")
        self.assertEqual(self.reason(extensions=options((b"permit-pty", b""), (b"new@example", b"x"))), "")

    def test_verification_is_asked_of_security_keys_only(self) -> None:
        """Each signature must then carry the flag; a plain key can not."""
        option = options((b"verify-required", b""))
        self.assertEqual(self.reason(critical=option), "certificate_option")
        for kind in (b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"):
            key, algorithm = key_of(kind), certified(kind)
            self.assertEqual(self.reason(critical=option, key=key), "")
            asked, unasked = (parse_certificate(draft(key=key, critical=each)) for each in (option, b""))
            for flags, touched, verified in ((0, False, False), (1, True, False), (4, False, False), (5, True, True)):
                signature = key.sign(b"login", flags=flags)
                self.assertEqual(unasked.verify(algorithm, signature, b"login"), touched)
                self.assertEqual(asked.verify(algorithm, signature, b"login"), verified)

    def test_a_certified_key_signs_under_the_certificate_s_algorithm(self) -> None:
        """And under no other, least of all the plain one's name."""
        key = key_of(b"ssh-rsa")
        certificate = parse_certificate(draft(key=key))
        signature = key.sign(b"login", b"rsa-sha2-256")
        self.assertTrue(certificate.verify(certified(b"rsa-sha2-256"), signature, b"login"))
        for algorithm in (certified(b"rsa-sha2-512"), certified(b"ssh-rsa"), b"rsa-sha2-256", b"", b"nonsense"):
            self.assertFalse(certificate.verify(algorithm, signature, b"login"))


class KeygenTests(SynchronousTestCase):
    """Certificates that ssh-keygen made."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="certificates-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_every_kind_that_ssh_keygen_certifies_is_read_and_trusted(self) -> None:
        """Its own fields come back; ``ssh-keygen -L`` shows the same serial, id and principals."""
        for ca_kind, *ca_options in (("ed25519",), ("rsa", "-b", "2048"), ("ecdsa", "-b", "384")):
            authority = key_file(self.folder, f"ca-{ca_kind}", ca_kind, *ca_options)
            trusted = (parse_line(Path(f"{authority}.pub").read_text()),)
            for kind in KINDS:
                name = f"{ca_kind}-{kind.decode()}"
                path = self.folder / name
                Path(f"{path}.pub").write_text(public(key_of(kind)).line)
                made = certify(authority, path, "-h", "-n", "web1,other", "-z", "4711", "-V", "-1d:+1d")
                certificate = parse_certificate(blob_in(made))
                trust_host(certificate, trusted, NAMES, made.stat().st_mtime)
                self.assertEqual((certificate.serial, certificate.title), (4711, name))
                self.assertEqual(certificate.key, public(key_of(kind)))
                self.assertIn(certificate.fingerprint, keygen("-L", "-f", made).stdout)

    def test_ssh_keygen_agrees_on_certificates_that_were_changed(self) -> None:
        """What one refuses to read, or finds not signed, the other one does too."""
        made = certify(key_file(self.folder, "ca"), key_file(self.folder, "host"), "-h", "-n", "web1")
        kind, blob = made.read_text().split()[0], blob_in(made)
        tried = self.folder / "tried-cert.pub"
        for place in range(0, len(blob) * 8, 97):
            changed = bytearray(blob)
            changed[place // 8] ^= 1 << place % 8
            tried.write_text(f"{kind} {base64.b64encode(changed).decode()}\n")
            theirs = keygen("-L", "-f", tried, check=False).returncode == 0
            self.assertEqual(self.signed(bytes(changed)), theirs, place)
        tried.write_text(f"{kind} {base64.b64encode(blob).decode()}\n")
        self.assertEqual((self.signed(blob), keygen("-L", "-f", tried).returncode), (True, 0))

    def signed(self, blob: bytes) -> bool:
        """Say whether we read a certificate and find it signed."""
        try:
            return parse_certificate(blob).is_signed()
        except BadKey:
            return False
