"""Facts become figures."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.metrics.figures import ACTIONS, Figures
from gateway.domain.facts import KINDS, Entry


def entry(kind: str, **body: Any) -> Entry:
    """Return a committed fact."""
    return Entry("gw1#0.1", 1, kind, 0.0, 1, body)


class FigureTests(SynchronousTestCase):
    """One fact, one count."""

    def setUp(self) -> None:
        self.figures = Figures()

    def value(self, name: str, **labels: str) -> float | None:
        return self.figures.registry.get_sample_value(f"ostiary_{name}", labels)

    def test_a_session_is_counted_when_it_ends(self) -> None:
        """With its duration and risk; a refused one has no protocol."""
        self.figures.count(entry("session.ended", protocol="pty", reason="idle", duration=12.5, risk=60, session="S"))
        self.figures.count(entry("session.refused", reason="right_missing"))
        self.assertEqual(self.value("sessions_total", protocol="pty", result="idle"), 1)
        self.assertEqual(self.value("sessions_total", protocol="", result="refused"), 1)
        self.assertEqual(self.value("session_duration_seconds_sum"), 12.5)
        self.assertEqual(self.value("session_risk_bucket", le="80.0"), 1)
        self.assertEqual(self.value("session_risk_bucket", le="50.0"), 0)

    def test_a_method_that_nobody_knows_is_another(self) -> None:
        """Its name comes from a stranger and would make a label of his choice."""
        self.figures.count(entry("auth.failed", method="x" * 100))
        self.figures.count(entry("auth.succeeded", method="publickey"))
        self.assertEqual(self.value("auth_attempts_total", method="other", result="failed"), 1)
        self.assertEqual(self.value("auth_attempts_total", method="publickey", result="succeeded"), 1)

    def test_bytes_are_counted_by_the_kind_of_their_channel(self) -> None:
        """Which was told when it was opened; the end of the session forgets what was never closed."""
        self.figures.count(entry("channel.opened", session="S", channel=1, channel_kind="pty"))
        self.figures.count(entry("channel.opened", session="S", channel=2, channel_kind="exec"))
        self.figures.count(entry("channel.closed", session="S", channel=1, bytes_in=3, bytes_out=50))
        self.assertEqual(self.value("channel_bytes_total", direction="to_target", kind="pty"), 3)
        self.assertEqual(self.value("channel_bytes_total", direction="to_operator", kind="pty"), 50)
        self.figures.count(entry("session.ended", session="S"))
        self.figures.count(entry("channel.closed", session="S", channel=2, bytes_in=1))
        self.assertEqual(self.value("channel_bytes_total", direction="to_target", kind="other"), 1)

    def test_rules_files_elevations_recordings_and_targets_have_their_figures(self) -> None:
        """One of each."""
        self.figures.count(entry("command.audited", rule="rm", action="deny"))
        self.figures.count(entry("file.denied", direction="upload"))
        self.figures.count(entry("file.transferred", direction="sideways"))
        self.figures.count(entry("elevation.answered"))
        self.figures.count(entry("recording.sealed", bytes=100))
        self.figures.count(entry("recording.failed"))
        self.figures.connected(0.2, "ok")
        self.figures.disproved()
        self.assertEqual(self.value("audited_commands_total", rule="rm", action="deny"), 1)
        self.assertEqual(self.value("transfers_total", direction="upload", verdict="denied"), 1)
        self.assertEqual(self.value("transfers_total", direction="other", verdict="transferred"), 1)
        self.assertEqual(self.value("sudo_injections_total", result="answered"), 1)
        self.assertEqual(self.value("recording_bytes_total", stage="sealed"), 100)
        self.assertEqual(self.value("recording_write_failures_total"), 1)
        self.assertEqual(self.value("target_connect_seconds_count", result="ok"), 1)
        self.assertEqual(self.value("verify_failures_total"), 1)

    def test_what_admins_do_is_counted(self) -> None:
        """Each kind of act by its word, and every such kind is in the catalogue."""
        for kind, action in ACTIONS.items():
            self.assertIn(kind, KINDS)
            self.figures.count(entry(kind))
            self.assertEqual(self.value("admin_actions_total", action=action), 1)

    @settings(max_examples=150)
    @given(
        st.sampled_from(sorted(KINDS)),
        st.dictionaries(
            st.sampled_from(["session", "risk", "bytes", "bytes_in", "duration", "method", "rule", "direction"]),
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        ),
    )
    def test_any_body_is_counted_or_left(self, kind: str, body: dict[str, Any]) -> None:
        """Nothing that a fact may say stops the counting."""
        Figures().count(entry(kind, **{"channel": 1, **body}))

    def test_a_body_that_is_gone_is_counted_as_a_fact_alone(self) -> None:
        """It was pruned, or has not left its home."""
        self.figures.count(Entry("gw1#0.1", 1, "session.ended", 0.0, 1, None))
        self.assertEqual(self.value("facts_total", kind="session.ended"), 1)
        self.assertEqual(self.value("session_duration_seconds_count"), 0)
