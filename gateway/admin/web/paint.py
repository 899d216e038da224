"""Pages made of templates, and the files that pages load.

The rule: everything is escaped; what came from a session or a name is cleaned of controls and of what turns the
direction of text before it is escaped. A file's address carries its hash, so that browsers keep it for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import tzinfo
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.admin.cleaning import clean, clean_lines
from gateway.admin.render import plain_text
from gateway.admin.times import epoch, local, spell, utc
from gateway.admin.web.reply import FOR_EVER, HTML, Reply, text_reply

STATIC = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "session.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "vendor/asciinema-player.min.js": "text/javascript; charset=utf-8",
    "vendor/asciinema-player.css": "text/css; charset=utf-8",
    "vendor/asciinema-player.LICENSE": "text/plain; charset=utf-8",
}
"""Every file that a page may load, and its kind."""


@cache
def held(name: str) -> bytes:
    """Return a file's bytes."""
    return files("gateway.admin.web").joinpath("static", *name.split("/")).read_bytes()


@cache
def address(name: str) -> str:
    """Return where a file is served."""
    return f"/static/{hashlib.sha256(held(name)).hexdigest()[:16]}/{name}"


def static(path: str) -> Reply:
    """Answer with a file; an address with another hash is none."""
    name = path.removeprefix("/static/").partition("/")[2]
    if name not in STATIC or path != address(name):
        return text_reply("there is no such file\n", 404)
    return Reply(200, held(name), STATIC[name], (FOR_EVER,))


def shown(value: Any) -> str:
    """Return any JSON value as one clean line."""
    return "" if value is None else clean(plain_text(value))


def pretty(value: Any) -> str:
    """Return a document as clean, indented text."""
    return clean_lines(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str))


def when_utc(value: Any) -> str:
    """Return a time as RFC 3339 in UTC, empty where there is none."""
    seconds = epoch(value)
    return "" if seconds is None else utc(seconds)


def clock(seconds: Any) -> str:
    """Return seconds into a recording as minutes and seconds: ``1:07``, ``1:02:07``."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return ""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: Any) -> str:
    """Return a number of bytes for people."""
    if not isinstance(count, int | float):
        return ""
    amount, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:
        amount, units = amount / 1024, units[1:]
    return f"{amount:.0f} {units[0]}" if amount >= 10 or units[0] == "B" else f"{amount:.1f} {units[0]}"


class Painter:
    """Make pages; ``zone`` is that of the people (None: the machine's), ``known`` what every page may name."""

    def __init__(self, zone: tzinfo | None = None, **known: Any) -> None:
        self._known = known
        self._templates = Environment(
            loader=PackageLoader("gateway.admin.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters |= {
            "shown": shown, "pretty": pretty, "utc": when_utc, "clock": clock, "size": size, "spell": spell,
            "local": lambda value: local(value, zone), "lines": lambda text: clean_lines(str(text)),
        }  # fmt: skip
        self._templates.globals |= {"file": address, "epoch": epoch}

    def page(self, template: str, code: int = 200, **values: Any) -> Reply:
        """Return a page."""
        return Reply(code, self.made(template, values), HTML)

    def made(self, template: str, values: Mapping[str, Any]) -> bytes:
        """Return what a template says; any thread may ask."""
        text = self._templates.get_template(template).render({**self._known, **values})
        return text.encode("utf-8", "replace")
