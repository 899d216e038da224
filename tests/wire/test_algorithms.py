"""Two offers becoming one agreement."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire import algorithms
from gateway.wire.algorithms import GCM_FIRST, GCM_ONLY, Proposal, agree, parse_proposal, propose
from gateway.wire.certificates import PLAIN
from gateway.wire.ciphers import CIPHERS, MACS
from gateway.wire.kex import METHODS
from gateway.wire.phases import Role
from gateway.wire.violation import Violation

SERVER = propose(Role.OPERATOR, algorithms.HOST_KEYS, GCM_FIRST, first=True)
CLIENT = propose(Role.TARGET, algorithms.HOST_KEYS, GCM_FIRST, first=True)


class ProposalTests(SynchronousTestCase):
    """KEXINIT as bytes."""

    def test_what_is_encoded_reads_the_same(self) -> None:
        """The peer sees what we meant; the cookie differs each time."""
        self.assertEqual(parse_proposal(SERVER.encode()[1:]), SERVER)
        self.assertNotEqual(SERVER.encode(), SERVER.encode())

    def test_only_the_first_offer_carries_the_markers(self) -> None:
        """RFC 8308 §2.1 and PROTOCOL §1.10 give them meaning in the first exchange alone."""
        later = propose(Role.OPERATOR, algorithms.HOST_KEYS, GCM_FIRST, first=False)
        markers = set(SERVER.exchanges) - set(later.exchanges)
        self.assertEqual(markers, {b"ext-info-s", b"kex-strict-s-v00@openssh.com"})
        self.assertLessEqual({b"ext-info-c", b"kex-strict-c-v00@openssh.com"}, set(CLIENT.exchanges))

    @settings(max_examples=150, deadline=None)
    @given(st.binary(max_size=400))
    def test_arbitrary_bytes_are_an_offer_or_a_violation(self, payload: bytes) -> None:
        """Nothing else is raised."""
        try:
            parse_proposal(payload)
        except Violation as violation:
            self.assertEqual(violation.name, "kexinit")

    def test_every_cut_of_an_offer_is_refused(self) -> None:
        """No field is believed without its bytes."""
        payload = SERVER.encode()[1:]
        for end in range(len(payload)):
            self.assertRaises(Violation, parse_proposal, payload[:end])
        self.assertRaises(Violation, parse_proposal, payload + b"\0")
        self.assertRaises(Violation, parse_proposal, payload + bytes(40_000))

    def test_everything_offered_exists(self) -> None:
        """No name is offered that nobody implements, and none that is old."""
        offer = propose(Role.OPERATOR, algorithms.HOST_KEYS, GCM_FIRST, first=False)
        self.assertLessEqual(set(offer.exchanges), set(METHODS))
        self.assertLessEqual(set(offer.ciphers_up), set(CIPHERS))
        self.assertLessEqual(set(offer.macs_up), set(MACS))
        self.assertEqual(offer.compressions_up, (b"none",))
        hosts = algorithms.TARGET_CERTIFICATES + algorithms.TARGET_KEYS
        self.assertLessEqual(set(algorithms.TARGET_CERTIFICATES), set(PLAIN))
        self.assertLessEqual(set(algorithms.USER_CERTIFICATES), set(PLAIN))
        for name in (*attrs.astuple(offer)[:2], *algorithms.USER_SIGNATURES, *hosts):
            for old in (b"diffie", b"ssh-rsa", b"dss", b"sha1"):
                self.assertNotIn(old, name)


class AgreementTests(SynchronousTestCase):
    """What comes of two offers."""

    def test_the_clients_order_decides(self) -> None:
        """RFC 4253 §7.1."""
        client = attrs.evolve(CLIENT, ciphers_up=(b"aes256-ctr", b"aes128-gcm@openssh.com"))
        agreement = agree(client, SERVER)
        self.assertEqual(agreement.cipher_up, b"aes256-ctr")
        self.assertEqual(agreement.mac_up, b"hmac-sha2-256-etm@openssh.com")
        self.assertEqual((agreement.cipher_down, agreement.mac_down), (b"aes128-gcm@openssh.com", b""))

    def test_a_cipher_with_its_own_tag_needs_no_common_mac(self) -> None:
        """OpenSSH does not look at the MAC lists then; neither do we."""
        client = attrs.evolve(CLIENT, ciphers_up=GCM_ONLY, macs_up=(b"hmac-md5",))
        self.assertEqual(agree(client, SERVER).mac_up, b"")
        client = attrs.evolve(CLIENT, ciphers_up=(b"aes128-ctr",), macs_up=(b"hmac-md5",))
        self.assertRaises(Violation, agree, client, SERVER)

    def test_a_marker_is_never_agreed_on(self) -> None:
        """RFC 8308 §2.2: that would be no key exchange at all."""
        for marker in (b"ext-info-s", b"ext-info-c", b"kex-strict-s-v00@openssh.com"):
            both = attrs.evolve(CLIENT, exchanges=(marker,))
            self.assertRaises(Violation, agree, both, attrs.evolve(SERVER, exchanges=(marker,)))

    def test_nothing_in_common_is_said_by_kind_and_without_the_peers_words(self) -> None:
        """The text goes to the peer and into diagnostics."""
        for change, what in (
            ({"exchanges": (b"x",)}, "no key exchange method in common"),
            ({"host_keys": (b"x",)}, "no host key algorithm in common"),
            ({"ciphers_down": (b"x",)}, "no cipher in common"),
            ({"compressions_up": (b"zlib",)}, "no compression in common"),
        ):
            with self.assertRaises(Violation) as refused:
                agree(attrs.evolve(CLIENT, **change), SERVER)
            self.assertEqual((refused.exception.name, refused.exception.text), ("no-agreement", what))

    def test_openssh_clients_are_offered_gcm_alone(self) -> None:
        """They would take chacha20 or CTR first, at several times the cost."""
        self.assertEqual(algorithms.ciphers_for(b"SSH-2.0-OpenSSH_9.2p1 Debian-2"), GCM_ONLY)
        for other in (b"SSH-2.0-dropbear_2022.83", b"SSH-2.0-libssh2_1.10.0", b"SSH-2.0-xOpenSSH"):
            self.assertEqual(algorithms.ciphers_for(other), GCM_FIRST)

    def test_a_guess_is_right_when_both_first_names_agree(self) -> None:
        """RFC 4253 §7: else the guessed packet is dropped."""
        server: Proposal = SERVER
        self.assertTrue(algorithms.guessed_right(CLIENT, server))
        self.assertFalse(
            algorithms.guessed_right(attrs.evolve(CLIENT, exchanges=CLIENT.exchanges[1:]), server)
        )
        self.assertFalse(algorithms.guessed_right(attrs.evolve(CLIENT, host_keys=(b"x",)), server))
