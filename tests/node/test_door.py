"""What ``[ssh]`` says becomes what the door does."""

from __future__ import annotations

from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint, serverFromString
from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from gateway.config import parse
from gateway.config.schema import Ssh
from gateway.node.door import BACKLOG, admission, offered, with_backlog
from gateway.wire.admission import LOOPBACK, Limits, Parting, Penalties
from gateway.wire.algorithms import EXCHANGES, NIST_EXCHANGES, Offered


class DoorTests(SynchronousTestCase):
    """One value each."""

    def settings(self, text: str) -> Ssh:
        return parse(f"[ssh]\n{text}").ssh

    def test_without_settings_it_is_what_the_rooms_say(self) -> None:
        """No figure is kept twice without a test."""
        made = admission(Ssh(), lambda: 0.0)
        self.assertEqual((made.limits, made.penalties, made.exempt), (Limits(), Penalties(), LOOPBACK))
        self.assertEqual(offered(Ssh()), Offered())

    def test_every_figure_of_admission_is_a_key(self) -> None:
        """As in sshd_config, where it has the word."""
        made = admission(
            self.settings(
                'max_startups = "3:50:9"\nper_source_max_startups = 2\nper_network_max_startups = 4\n'
                'proven_max_startups = 7\nper_source_penalties = "authfail:1m"\n'
                'per_source_penalty_exempt = ["192.0.2.0/24"]\n'
            ),
            lambda: 0.0,
        )
        limits = made.limits
        self.assertEqual((limits.begin, limits.percent, limits.full), (3, 50, 9))
        self.assertEqual((limits.per_source, limits.per_network, limits.proven), (2, 4, 7))
        for _ in range(2):
            for source in ("127.0.0.1", "192.0.2.1"):
                waiting = made.arrive(source)
                if waiting is not None:
                    made.part(waiting, Parting.FAILED)
        self.assertEqual((made.serves("127.0.0.1"), made.serves("192.0.2.1")), (True, False))

    def test_algorithms_are_offered_as_configured(self) -> None:
        """One list of ciphers, and the curves behind the rest."""
        found = offered(self.settings('ciphers = ["aes256-ctr"]\nnistp = true\n'))
        self.assertEqual(found, Offered((b"aes256-ctr",), EXCHANGES + NIST_EXCHANGES))

    def test_a_port_of_ours_has_a_backlog(self) -> None:
        """Twisted's own is 50; who names one, or has systemd listen, is left alone."""
        for text, kind in (
            ("tcp:0:interface=127.0.0.1", TCP4ServerEndpoint),
            (r"tcp6:0:interface=\:\:1", TCP6ServerEndpoint),
        ):
            reactor = MemoryReactor()
            endpoint = serverFromString(reactor, with_backlog(text))
            self.assertIsInstance(endpoint, kind)
            self.assertEqual(endpoint._backlog, BACKLOG)
        for text in ("tcp:22:backlog=9", "systemd:domain=INET:index=0"):
            self.assertEqual(with_backlog(text), text)
