"""The pages before a login: by ssh, by a link, by password.

The rule: looking at a page lets nobody in, posting does; every form here carries a word made of the browser's own, so
that another site can not log somebody in as somebody else. What was wrong is told as a fact and in the same words,
whatever it was.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from http import HTTPStatus
from typing import Any

from gateway.admin.cleaning import clean
from gateway.admin.refusal import Refusal, denied
from gateway.admin.web.asked import Ask
from gateway.admin.web.console import BROWSER, COOKIE, ROLES, Console
from gateway.admin.web.reply import Reply, json_reply, see_other
from gateway.domain.facts import Fact
from gateway.domain.secret import Secret
from gateway.runtime.telling import tell

BROWSER_LIFE = 3600


async def outside(console: Console, ask: Ask) -> Reply | None:
    """Answer what needs no login; None for what does."""
    if ask.path == "/login":
        return await _by_password(console, ask) if ask.writes else _first(console, ask)
    if ask.path == "/login/ssh":
        return _by_code(console, ask)
    if ask.path == "/login/ssh/state":
        return _state(console, ask)
    if ask.path.startswith("/login/link/"):
        return _by_link(console, ask, ask.path.removeprefix("/login/link/"))
    if ask.path == "/robots.txt":
        return Reply(HTTPStatus.OK, b"User-agent: *\nDisallow: /\n", "text/plain")
    return None


def place_in(path: str) -> str:
    """Return a path of ours to go to behind the login; the first page for anything else."""
    fits = path.startswith("/") and not path.startswith(("//", "/login")) and "\\" not in path and path.isprintable()
    return path if fits else "/"


def _first(console: Console, ask: Ask, words: str = "", code: int = HTTPStatus.OK) -> Reply:
    browser = _browser(console, ask)
    to = place_in(ask.asked("to"))
    values: dict[str, Any] = {"forms": _forms(console, browser), "words": words, "to": to, "ssh": console.ssh}
    reply = console.painter.page("login.html", code, title="Log in", **values)
    return _bound(console, ask, browser, reply)


def _browser(console: Console, ask: Ask) -> str:
    known = console.word_of(ask, BROWSER)
    return known if len(known) == 43 and known.isascii() else secrets.token_urlsafe(32)


def _bound(console: Console, ask: Ask, browser: str, reply: Reply) -> Reply:
    if console.word_of(ask, BROWSER) == browser:
        return reply
    return reply.also(console.set_cookie(BROWSER, browser, BROWSER_LIFE))


def _forms(console: Console, browser: str) -> str:
    return hmac.digest(console.key, browser.encode(), hashlib.sha256).hex()


def _checked(console: Console, ask: Ask) -> tuple[str, dict[str, str]]:
    """Return the browser's word and the form, which must be its own. Raises :exc:`Refusal`."""
    console.brake.may_try(ask.source)
    browser, form = console.word_of(ask, BROWSER), ask.form
    if not browser or not hmac.compare_digest(form.get("forms", "").encode(), _forms(console, browser).encode()):
        raise denied("the form is not of this browser: reload the login page and try again")
    return browser, form


async def _by_password(console: Console, ask: Ask) -> Reply:
    _, form = _checked(console, ask)
    name, password = form.get("name", "")[:128], Secret(form.get("password", "").encode())
    second = Secret(form.get("second", "").replace(" ", "").encode())
    console.brake.begin_check()
    try:
        fits = await console.check_password(name, ask.source, password, second)
    finally:
        console.brake.end_check()
        password.wipe()
        second.wipe()
    if not fits:
        _failed(console, ask, name, "password")
        words = "That name and password do not fit, or the account may not log in here."
        return _first(console, ask, words, HTTPStatus.FORBIDDEN)
    return _let_in(console, ask, name, "password", form.get("to", "/"))


def _by_code(console: Console, ask: Ask) -> Reply:
    browser = _browser(console, ask)
    if ask.writes:
        browser, form = _checked(console, ask)
        name = console.entries.confirmed(browser)
        if name is not None:
            return _let_in(console, ask, name, "web-code", form.get("to", "/"))
        words = "Nobody has confirmed the code yet."
    else:
        words = ""
    waiting = console.entries.wait(browser, ask.source, ask.agent)
    line = f"{console.ssh} web-login {waiting.code}".replace("ssh ", "ssh -t ", 1)
    reply = console.painter.page(
        "ssh.html", title="Log in with ssh", code_shown=waiting.code, line=line, words=words,
        forms=_forms(console, browser), to=place_in(ask.asked("to")),
    )  # fmt: skip
    return _bound(console, ask, browser, reply)


def _state(console: Console, ask: Ask) -> Reply:
    """Say whether this browser's code was confirmed, so that a script may press the button."""
    browser = console.word_of(ask, BROWSER)
    return json_reply({"confirmed": bool(browser) and console.entries.is_confirmed(browser)})


def _by_link(console: Console, ask: Ask, word: str) -> Reply:
    console.brake.may_try(ask.source)
    if ask.writes:
        browser, _ = _checked(console, ask)
        name = console.entries.redeemed(word, browser)
        if name is not None:
            return _let_in(console, ask, name, "web-link", "/")
    else:
        browser = _browser(console, ask)
        name = console.entries.opened(word, browser)
        if name is not None:
            reply = console.painter.page("link.html", title="Log in", name=name, forms=_forms(console, browser))
            return _bound(console, ask, browser, reply)
    _failed(console, ask, "", "web-link")
    raise denied("this link is not good any more: it is good once, for 60 seconds, in the first browser that opens it")


def _let_in(console: Console, ask: Ask, name: str, method: str, to: str) -> Reply:
    try:
        word, visit = console.visits.begin(name, ask.source, method, ask.agent)
    except Refusal as refusal:
        _failed(console, ask, name, method)
        raise denied(f"not logged in: {refusal.message}") from None
    if not visit.roles & ROLES:
        console.visits.end(visit)
        _failed(console, ask, name, method)
        raise denied(f"the console is for admins and auditors; {name} has neither role: use ssh")
    body = {"user": name, "source": ask.source, "method": method, "door": "web", "agent": clean(ask.agent)}
    tell(console.facts, Fact("auth.succeeded", body))
    return see_other(place_in(to), console.set_cookie(COOKIE, word), console.set_cookie(BROWSER, "", 0))


def _failed(console: Console, ask: Ask, name: str, method: str) -> None:
    console.brake.failed(ask.source)
    body = {"user": clean(name), "source": ask.source, "method": method, "door": "web", "reason": "refused"}
    tell(console.facts, Fact("auth.failed", body))
