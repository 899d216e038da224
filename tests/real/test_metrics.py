"""What a monitoring system reads of a gateway that serves."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from tests.real.harness import Place, PlaceCase, until


def get(place: Place, path: str, method: str = "GET") -> tuple[int, str, str]:
    """Ask the metrics' listener; return status, content type and body."""
    asked = urllib.request.Request(f"http://127.0.0.1:{place.gateway.metrics}{path}", method=method)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers["Content-Type"], refused.read().decode()


def figures(place: Place) -> dict[str, float]:
    """Return every sample by its name and labels."""
    lines = (line.rpartition(" ") for line in get(place, "/metrics")[2].splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


class MetricsTests(PlaceCase):
    """One gateway, asked while people work."""

    def test_a_session_is_counted_from_its_login_to_its_end(self) -> None:
        """Logins, the way to the target, channels and bytes, the session itself; no name of anybody in a label."""
        before = figures(self.place)
        self.assertEqual(self.place.ssh(self.place.to_web(), "echo here").code, 0)
        refused = self.place.ssh("alice=root=nowhere", "true")
        self.assertEqual(refused.code, 77)

        def grown(name: str) -> float:
            return figures(self.place).get(name, 0) - before.get(name, 0)

        until(lambda: grown('ostiary_sessions_total{protocol="exec",result="closed"}') >= 1
              or [name for name in figures(self.place) if name.startswith("ostiary_sessions_total")], "it is counted")
        until(lambda: grown('ostiary_auth_attempts_total{method="publickey",result="succeeded"}') == 2, "logins")
        until(lambda: grown('ostiary_sessions_total{protocol="",result="refused"}') == 1, "the refusal")
        until(lambda: grown("ostiary_session_duration_seconds_count") == 1, "the end")
        self.assertEqual(grown('ostiary_target_connect_seconds_count{result="ok"}'), 1)
        self.assertGreaterEqual(grown('ostiary_channel_bytes_total{direction="to_operator",kind="exec"}'), 5)
        self.assertGreaterEqual(grown('ostiary_connections_total{decision="admitted"}')
                                + grown('ostiary_connections_total{decision="admitted_on_credit"}'), 2)
        text = get(self.place, "/metrics")[2]
        for name in ("alice", "web1", "S-0"):
            self.assertNotIn(name, text)

    def test_alive_and_ready_are_told_apart_and_nothing_is_changed(self) -> None:
        """Both are well here; what is not there is said, and nothing but reading is allowed."""
        self.assertEqual(get(self.place, "/healthz")[0::2], (200, "ok\n"))
        code, kind, body = get(self.place, "/readyz")
        self.assertEqual((code, kind, json.loads(body)), (200, "application/json", {"ready": True, "failing": []}))
        self.assertEqual(get(self.place, "/secrets")[0], 404)
        self.assertEqual(get(self.place, "/metrics", "POST")[0], 405)
