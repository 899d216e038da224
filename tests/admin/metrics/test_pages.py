"""The three pages, and the files that are made for them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.metrics.figures import Figures
from gateway.admin.metrics.lag import Lag
from gateway.admin.metrics.pages import Pages
from gateway.admin.metrics.standing import Sources, Standing
from gateway.admin.web.asked import Ask
from gateway.admin.web.reply import Reply

ETC = Path(__file__).parents[3] / "etc"
OURS = re.compile(r"ostiary_[a-z_]+")


class PageTests(SynchronousTestCase):
    """Asked as a monitoring system asks."""

    def setUp(self) -> None:
        self.hindrances: list[dict[str, Any]] = []
        figures = Figures()
        Lag(None, figures.registry)  # type: ignore[arg-type]
        rows = [{"destination": "a", "state": "up", "lag": 0}]
        Standing(Sources("gw1", "0.1", list, list, lambda: 1.0, destinations=lambda: rows)).register(figures.registry)
        self.pages = Pages(figures.registry, lambda: self.hindrances)

    def get(self, path: str, **headers: str) -> Reply:
        return self.successResultOf(Deferred.fromCoroutine(self.pages(Ask(path=path, headers=headers))))

    def test_metrics_are_written_in_the_form_that_is_asked_for(self) -> None:
        """Prometheus' own text, or OpenMetrics."""
        plain, opened = self.get("/metrics"), self.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
        self.assertIn(b'ostiary_node_up{node="gw1"} 1.0', plain.body)
        self.assertTrue(opened.body.endswith(b"# EOF\n"))
        self.assertNotEqual(plain.kind, opened.kind)

    def test_who_is_alive_may_not_be_ready_and_says_why(self) -> None:
        """A load balancer looks at one, a supervisor at the other."""
        self.hindrances = [{"name": "admission", "detail": "the disk is nearly full"}]
        self.assertEqual(self.get("/healthz").code, 200)
        ready = self.get("/readyz")
        self.assertEqual(ready.code, 503)
        self.assertEqual(json.loads(ready.body)["failing"], self.hindrances)

    def test_dashboard_and_alerts_ask_for_what_there_is(self) -> None:
        """A figure that is renamed breaks a test, not a night."""
        text = self.get("/metrics").body.decode()
        there = {name.removesuffix("_bucket") for name in OURS.findall(text)}
        for path in (*ETC.glob("grafana/*.json"), *ETC.glob("prometheus/*.rules.yml")):
            asked = {name.removesuffix("_bucket") for name in OURS.findall(path.read_text())}
            self.assertEqual(asked - there, set(), path.name)
        dashboard = json.loads((ETC / "grafana/ostiary.json").read_text())
        ids = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
