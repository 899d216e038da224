"""Which host is the target: pinned, certified, waiting for trust, or another one."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import LEGACY, Target
from gateway.ssh.reach import (
    HOST_KEY,
    TargetFailed,
    ciphers,
    exchanges,
    host_algorithms,
    macs,
    readable_keys,
    recognise,
    split_address,
)
from gateway.wire.algorithms import EXCHANGES, GCM_FIRST, MACS_OFFERED, TARGET_CERTIFICATES, TARGET_KEYS
from gateway.wire.certificates import certified
from tests.wire.issuing import AUTHORITY, HOST, draft, options, public
from tests.wire.keys import TestKey, key_of

KEY, OTHER = key_of(b"ssh-ed25519", 1), key_of(b"ssh-ed25519", 2)
PLAIN, CERTIFIED = b"ssh-ed25519", certified(b"ssh-ed25519")
BARE = Target("web1", "10.0.0.11:22")
PINNED = attrs.evolve(BARE, host_keys=(public(KEY).line,))
VOUCHED = attrs.evolve(BARE, host_ca=(public(AUTHORITY).line,))
BOTH = attrs.evolve(VOUCHED, host_keys=PINNED.host_keys)
NOW = 1_800_000_000.0


def shown(key: TestKey = KEY, **fields: object) -> bytes:
    """Return a certificate of the host."""
    return draft(**{"key": key, "holder": HOST, "principals": (b"web1",), **fields})


class RecognitionTests(SynchronousTestCase):
    """What a host shows, against what is known of the target."""

    def refused(self, target: Target, algorithm: bytes, blob: bytes) -> TargetFailed:
        """Return the failure that recognition must end in."""
        failed = self.assertRaises(TargetFailed, recognise, target, algorithm, blob, NOW)
        self.assertEqual(failed.code, HOST_KEY)
        self.assertIn("tell an administrator", failed.text)
        return failed

    def test_a_pinned_key_is_the_target_and_another_is_not(self) -> None:
        """The line names the key that was shown."""
        self.assertTrue(recognise(PINNED, PLAIN, KEY.blob, NOW))
        failed = self.refused(PINNED, PLAIN, OTHER.blob)
        self.assertEqual(failed.reason, "host_key_changed")
        self.assertIn(public(OTHER).fingerprint, failed.text)

    def test_a_host_of_which_nothing_is_known_waits_for_trust(self) -> None:
        """No failure yet: the key is queued by the caller."""
        self.assertFalse(recognise(BARE, PLAIN, KEY.blob, NOW))

    def test_a_certified_host_is_the_target_under_its_name_or_address(self) -> None:
        """Whatever key it has, and whatever case the principal is in."""
        for principal in (b"web1", b"WEB1", b"10.0.0.11"):
            self.assertTrue(recognise(VOUCHED, CERTIFIED, shown(OTHER, principals=(principal,)), NOW))
        six = attrs.evolve(VOUCHED, address="[2001:db8::7]:2222")
        self.assertTrue(recognise(six, CERTIFIED, shown(principals=(b"2001:db8::7",)), NOW))

    def test_a_certificate_that_does_not_convince_is_refused_in_words(self) -> None:
        """Authority, time, name and holder, each with a reason for facts and a line for people."""
        for fields, reason, words in (
            ({"authority": OTHER}, "host_certificate_authority", "unknown authority"),
            ({"before": int(NOW)}, "host_certificate_expired", "expired"),
            ({"after": int(NOW) + 9}, "host_certificate_early", "not valid yet"),
            ({"principals": (b"web2",)}, "host_certificate_principal", "not for this host"),
            ({"principals": ()}, "host_certificate_principal", "not for this host"),
            ({"holder": 1}, "host_certificate_holder", "not one for a host"),
            ({"critical": options((b"x", b"y"))}, "host_certificate_option", "critical option"),
        ):
            failed = self.refused(VOUCHED, CERTIFIED, shown(**fields))
            self.assertEqual(failed.reason, reason)
            self.assertIn(words, failed.text)
            self.assertIn("web1 can not prove who it is", failed.text)
            self.assertIn(public(KEY).fingerprint, failed.detail)

    def test_a_plain_key_does_not_do_where_a_certificate_is_expected(self) -> None:
        """Not queued for trust either: there is an authority, and it did not vouch."""
        self.assertEqual(self.refused(VOUCHED, PLAIN, KEY.blob).reason, "host_certificate_missing")

    def test_with_both_either_will_do(self) -> None:
        """A pinned key is good plain, and in a certificate of no worth; a certified one needs no pin."""
        self.assertTrue(recognise(BOTH, PLAIN, KEY.blob, NOW))
        self.assertTrue(recognise(BOTH, CERTIFIED, shown(OTHER), NOW))
        self.assertTrue(recognise(BOTH, CERTIFIED, shown(KEY, before=1), NOW))
        self.refused(BOTH, CERTIFIED, shown(OTHER, before=1))
        self.refused(BOTH, PLAIN, OTHER.blob)

    def test_a_line_that_can_not_be_read_vouches_for_nothing(self) -> None:
        """And the other lines still count."""
        self.assertEqual(readable_keys(("nonsense", public(KEY).line)), (public(KEY),))
        damaged = attrs.evolve(VOUCHED, host_ca=("nonsense",))
        self.refused(damaged, CERTIFIED, shown())

    @settings(max_examples=100, deadline=None)
    @given(st.text(max_size=20), st.integers(1, 65535))
    def test_an_address_is_split_at_its_port(self, host: str, port: int) -> None:
        """IPv6 in brackets, names without."""
        self.assertEqual(split_address(f"[2001:db8::7]:{port}"), ("2001:db8::7", port))
        if host and not host.startswith("["):
            self.assertEqual(split_address(f"{host}:{port}"), (host, port))


class OfferTests(SynchronousTestCase):
    """Which host key algorithms a target is offered."""

    def test_what_is_known_of_the_target_decides(self) -> None:
        """Certificates first where there is an authority; the kinds of pinned keys; else all plain ones."""
        self.assertEqual(host_algorithms(BARE), TARGET_KEYS)
        self.assertEqual(host_algorithms(PINNED), (PLAIN,))
        self.assertEqual(host_algorithms(VOUCHED), TARGET_CERTIFICATES + TARGET_KEYS)
        self.assertEqual(host_algorithms(BOTH), (*TARGET_CERTIFICATES, PLAIN))
        for kind in (b"ecdsa-sha2-nistp384", b"ecdsa-sha2-nistp521"):
            pinned = attrs.evolve(BARE, host_keys=(public(key_of(kind)).line,))
            self.assertEqual(host_algorithms(pinned), (kind,))
        old = attrs.evolve(BARE, legacy=("ssh-rsa", "ecdh-sha2-nistp384"))
        self.assertEqual(host_algorithms(old), (*TARGET_KEYS, b"ssh-rsa"))
        self.assertEqual(host_algorithms(attrs.evolve(PINNED, legacy=("ssh-rsa",))), (PLAIN,))
        self.assertEqual((exchanges(BARE), exchanges(old)), (EXCHANGES, (*EXCHANGES, b"ecdh-sha2-nistp384")))
        everything = attrs.evolve(BARE, legacy=LEGACY)
        used = {*host_algorithms(everything), *exchanges(everything), *ciphers(everything), *macs(everything)}
        used -= {*TARGET_KEYS, *EXCHANGES, *GCM_FIRST, *MACS_OFFERED}
        self.assertEqual({name.decode() for name in used}, set(LEGACY))
        self.assertEqual((ciphers(BARE), macs(BARE)), (GCM_FIRST, MACS_OFFERED))
        self.assertEqual(ciphers(attrs.evolve(BARE, legacy=("3des-cbc",))), (*GCM_FIRST, b"3des-cbc"))
        self.assertEqual(macs(attrs.evolve(BARE, legacy=("hmac-sha1",))), (*MACS_OFFERED, b"hmac-sha1"))
        rsa = attrs.evolve(BARE, host_keys=(public(key_of(b"ssh-rsa")).line,))
        self.assertEqual(host_algorithms(rsa), (b"rsa-sha2-512", b"rsa-sha2-256"))
