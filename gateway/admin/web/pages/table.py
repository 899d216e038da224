"""Every page behind the login, by method and path."""

from __future__ import annotations

from gateway.admin.web.console import Route
from gateway.admin.web.pages import directory, live, oversight, sessions

ROUTES = (
    Route("GET", "/", sessions.wall),
    Route("GET", "/sessions", sessions.sessions),
    Route("GET", "/s/*", sessions.session),
    Route("GET", "/s/*/policy", sessions.policy),
    Route("GET", "/s/*/cast", sessions.cast),
    Route("GET", "/s/*/evidence.html", sessions.evidence),
    Route("GET", "/s/*/tile.svg", live.tile),
    Route("GET", "/s/*/screen.txt", live.text),
    Route("GET", "/s/*/live", live.session),
    Route("GET", "/stream/wall", live.wall),
    Route("POST", "/s/*/order", sessions.order),
    Route("GET", "/search", oversight.search),
    Route("GET", "/locks", oversight.locks),
    Route("POST", "/locks", oversight.lock),
    Route("POST", "/locks/release", oversight.unlock),
    Route("GET", "/requests", oversight.requests),
    Route("POST", "/requests", oversight.answer),
    Route("GET", "/users", directory.users),
    Route("GET", "/users/*", directory.user),
    Route("POST", "/users/*", directory.switch),
    Route("GET", "/targets", directory.targets),
    Route("GET", "/targets/*", directory.target),
    Route("POST", "/targets/*", directory.trust),
    Route("GET", "/rules", directory.rules),
    Route("GET", "/nodes", oversight.nodes),
    Route("GET", "/events", oversight.events),
    Route("GET", "/verify", oversight.verify),
    Route("POST", "/verify", oversight.verified),
    Route("GET", "/account", directory.account),
    Route("POST", "/account/token", directory.drop_token),
    Route("POST", "/account/visit", directory.end_visit),
    Route("POST", "/logout", directory.logout),
)
