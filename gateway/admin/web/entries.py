"""Two ways into the console that need no password: a link made over ssh, and a code confirmed over ssh.

The rule: either proves an ssh login of this minute. A link is good once, for 60 seconds, in the first browser that
opens it. A code stands for one browser for five minutes, and whoever confirms it has seen its address and agent. Words
are kept as hashes; who guesses pays like for a failed login.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

import attrs

from gateway.admin.refusal import Refusal, missing
from gateway.domain.session import crockford

LINK_LIFE, CODE_LIFE = 60.0, 300.0
MOST = 1000
"""Links, and waiting browsers, that are kept; the oldest goes first."""


@attrs.define
class Link:
    """A link: whose, until when, and in which browser it was opened first."""

    name: str
    ends: float
    browser: str = ""


@attrs.define
class Waiting:
    """A browser that waits for its code to be confirmed."""

    code: str
    source: str
    agent: str
    ends: float
    name: str = ""
    """Who confirmed it, empty so long as nobody has."""


@attrs.define(eq=False, repr=False)
class Entries:
    """Keep links and waiting browsers; ``now`` gives seconds since the epoch."""

    now: Callable[[], float]
    _links: dict[bytes, Link] = attrs.field(init=False, factory=dict)
    _waiting: dict[str, Waiting] = attrs.field(init=False, factory=dict)

    def link(self, name: str) -> str:
        """Make a link's word for somebody."""
        self._clean()
        word = secrets.token_urlsafe(24)
        self._links[_key(word)] = Link(name, self.now() + LINK_LIFE)
        return word

    def opened(self, word: str, browser: str) -> str | None:
        """Bind a link to the browser that opens it; return whose it is, None where it is not for this browser."""
        self._clean()
        link = self._links.get(_key(word))
        if link is None or link.browser not in ("", browser) or not browser:
            return None
        link.browser = browser
        return link.name

    def redeemed(self, word: str, browser: str) -> str | None:
        """Spend a link; return whose it was, None where it is not for this browser."""
        name = self.opened(word, browser)
        if name is not None:
            del self._links[_key(word)]
        return name

    def wait(self, browser: str, source: str, agent: str) -> Waiting:
        """Let a browser wait under a code, the same until it ends."""
        self._clean()
        waiting = self._waiting.get(browser)
        if waiting is None:
            text = crockford(secrets.randbits(40), 8)
            waiting = Waiting(f"{text[:4]}-{text[4:]}", source, agent, self.now() + CODE_LIFE)
            self._waiting[browser] = waiting
        return waiting

    def waiting(self, code: str) -> Waiting:
        """Return who waits under a code. Raises :exc:`Refusal`."""
        self._clean()
        asked = "".join(sign for sign in code.upper() if sign.isalnum())
        for waiting in self._waiting.values():
            if secrets.compare_digest(waiting.code.replace("-", "").encode(), asked.encode()):
                return waiting
        raise missing(f"no browser waits under the code {code!r}: use the one that the console's login page shows")

    def confirm(self, code: str, name: str) -> None:
        """Let the browser in as somebody. Raises :exc:`Refusal`."""
        waiting = self.waiting(code)
        if waiting.name:
            raise Refusal(1, "used", "that code was confirmed before")
        waiting.name = name

    def confirmed(self, browser: str) -> str | None:
        """Return as whom a browser was let in, once; None so long as nobody confirmed."""
        self._clean()
        waiting = self._waiting.get(browser)
        if waiting is None or not waiting.name:
            return None
        del self._waiting[browser]
        return waiting.name

    def is_confirmed(self, browser: str) -> bool:
        """Say whether a browser's code was confirmed, without spending it."""
        waiting = self._waiting.get(browser)
        return waiting is not None and bool(waiting.name) and self.now() < waiting.ends

    def _clean(self) -> None:
        now = self.now()
        self._links = dict([(key, each) for key, each in self._links.items() if now < each.ends][-MOST:])
        self._waiting = dict([(key, each) for key, each in self._waiting.items() if now < each.ends][-MOST:])


def _key(word: str) -> bytes:
    return hashlib.sha256(word.encode("utf-8", "replace")).digest()
