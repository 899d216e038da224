"""How things stand, asked when somebody asks."""

from __future__ import annotations

import attrs
from prometheus_client import CollectorRegistry, generate_latest
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.metrics.standing import Sources, Standing


class StandingTests(SynchronousTestCase):
    """Numbers of others."""

    sources = Sources("gw1", "0.1", lambda: [{"protocol": "pty"}, {"protocol": "pty"}], lambda: [{}], lambda: 0.25)

    def registry(self, **more: object) -> CollectorRegistry:
        registry = CollectorRegistry()
        Standing(attrs.evolve(self.sources, **more)).register(registry)
        return registry

    def test_each_number_is_asked_of_whom_it_belongs_to(self) -> None:
        """Sessions by protocol, locks, the disk, destinations, arrivals."""
        registry = self.registry(
            destinations=lambda: [{"destination": "tls:a:1", "state": "up", "lag": 3}],
            admission=lambda: {"admitted": 4}, violations=lambda: {"crash": 1}, waiting=lambda: 2,
        )  # fmt: skip
        expected = {
            ("sessions_active", "protocol", "pty"): 2, ("siem_queue_length", "sink", "tls:a:1"): 3,
            ("siem_up", "sink", "tls:a:1"): 1, ("connections_total", "decision", "admitted"): 4,
            ("protocol_violations_total", "name", "crash"): 1, ("build_info", "version", "0.1"): 1,
        }  # fmt: skip
        for (name, label, value), number in expected.items():
            self.assertEqual(registry.get_sample_value(f"ostiary_{name}", {label: value}), number, name)
        plain = {"locks_active": 1, "recording_disk_free_ratio": 0.25, "logins_waiting": 2, "live_viewers": 0}
        for name, number in plain.items():
            self.assertEqual(registry.get_sample_value(f"ostiary_{name}"), number, name)

    def test_what_can_not_be_told_is_left_out(self) -> None:
        """A disk that does not answer is not a full one."""
        self.assertNotIn(b"disk_free", generate_latest(self.registry(disk=lambda: None)))

    def test_no_sessions_are_none_and_not_nothing(self) -> None:
        """A graph of them does not break off."""
        registry = self.registry(sessions=list)
        self.assertEqual(registry.get_sample_value("ostiary_sessions_active", {"protocol": ""}), 0)
