"""Strict readers of the formats, written from their documents and not from our writers."""

from __future__ import annotations

import re

SYSLOG = re.compile(
    r"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
)
PARAM = re.compile(r' ([!#-<>-\\^-~]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"')


def read_syslog(raw: bytes) -> tuple[int, tuple[str, ...], dict[str, dict[str, str]], str]:
    """Return priority, header words, elements by SD-ID, and the message; raise ValueError."""
    text = raw.decode("utf-8")
    head = SYSLOG.match(text)
    if head is None:
        raise ValueError(f"no header: {text[:80]!r}")
    at, elements = head.end(), {}
    if text[at] == "-":
        at += 1
    while text[at : at + 1] == "[":
        name = re.compile(r"\[([!#-<>-\\^-~]{1,32})").match(text, at)
        assert name is not None
        at, params = name.end(), {}
        while (pair := PARAM.match(text, at)) is not None:
            params[pair[1]] = re.sub(r"\\([\"\\\]])", r"\1", pair[2])
            at = pair.end()
        if text[at] != "]":
            raise ValueError(f"an element does not end at {at}: {text[at : at + 40]!r}")
        at, elements[name[1]] = at + 1, params
    if text[at] != " ":
        raise ValueError("no space before the message")
    return int(head[1]), head.groups()[1:], elements, text[at + 1 :]


def read_cef(text: str) -> tuple[list[str], dict[str, str]]:
    """Return the seven fields of a header and the extension; raise ValueError."""
    found = re.fullmatch(r"CEF:0((?:\|(?:[^|\\]|\\[|\\])*){6})\|(.*)", text)
    if found is None:
        raise ValueError(f"no CEF: {text[:80]!r}")
    front = [re.sub(r"\\(.)", r"\1", each) for each in re.findall(r"\|((?:[^|\\]|\\[|\\])*)", found[1])]
    places = list(re.finditer(r"(?:^| )([A-Za-z0-9]+)=", found[2]))
    ends = [*(place.start() for place in places[1:]), len(found[2])]
    extension = {}
    for place, end in zip(places, ends, strict=True):
        extension[place[1]] = re.sub(r"\\(.)", _cef_escape, found[2][place.end() : end])
    return front, extension


def _cef_escape(found: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r", "\\": "\\", "=": "="}[found[1]]


def read_leef(text: str) -> tuple[list[str], dict[str, str]]:
    """Return the fields of a header and the attributes; raise ValueError."""
    version, vendor, product, release, event, between, rest = text.split("|", 6)
    if version != "LEEF:2.0" or len(between) != 1:
        raise ValueError(f"no LEEF: {text[:80]!r}")
    pairs = [each.partition("=") for each in rest.split(between)]
    if not all(name and equals for name, equals, _ in pairs) or len({name for name, _, _ in pairs}) != len(pairs):
        raise ValueError("an attribute without a name, or twice")
    return [vendor, product, release, event], {name: value for name, _, value in pairs}
