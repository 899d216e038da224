"""/metrics, /healthz and /readyz.

The rule: they change nothing and need no login, so they are for a listener that only the monitoring reaches. Alive is
who answers; ready is who would take a session now, and what hinders him is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import attrs
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from gateway.admin.web.asked import Ask
from gateway.admin.web.reply import FORGET, TEXT, Reply, json_reply, text_reply


@attrs.frozen
class Pages:
    """Answer the monitoring; ``hindrances`` are the checks that fail now, each ``{name, detail}``."""

    registry: CollectorRegistry
    hindrances: Callable[[], Sequence[Mapping[str, Any]]]

    async def __call__(self, ask: Ask) -> Reply:
        """Answer one request."""
        if ask.method not in ("GET", "HEAD"):
            return text_reply("read only\n", HTTPStatus.METHOD_NOT_ALLOWED).also(("Allow", "GET, HEAD"))
        match ask.path:
            case "/metrics":
                encoder, kind = choose_encoder(ask.header("accept"))
                return Reply(HTTPStatus.OK, encoder(self.registry), kind, (FORGET,))
            case "/healthz":
                return text_reply("ok\n")
            case "/readyz":
                return self._ready()
            case "/":
                return Reply(HTTPStatus.OK, b"/metrics\n/healthz\n/readyz\n", TEXT, (FORGET,))
            case _:
                return text_reply("there are /metrics, /healthz and /readyz\n", HTTPStatus.NOT_FOUND)

    def _ready(self) -> Reply:
        failing = [{"name": str(each["name"]), "detail": str(each["detail"])} for each in self.hindrances()]
        code = HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK
        return json_reply({"ready": not failing, "failing": failing}, code)
