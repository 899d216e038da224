"""What programs write, where it follows from their words and their input alone.

The rule: a result is exact or it is a hole. Only what people use to build commands is worked out.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gateway.domain.shell.call import Call
from gateway.domain.shell.filters import FILTERS
from gateway.domain.shell.options import options
from gateway.domain.shell.quoting import unescaped
from gateway.domain.shell.unknown import ANY, SOME, is_known

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk

LONGEST = 64 * 1024
_SPEC = re.compile(r"%(?P<flags>[-+ #0]*)(?P<width>\d{0,3})(?:\.(?P<precision>\d{0,3}))?(?P<kind>[a-zA-Z%])")
_OCTAL = re.compile(r"\\0([0-7]{1,3})")


def echo(args: Sequence[str]) -> str:
    """Return what ``echo`` writes."""
    words = list(args)
    flags = ""
    while words and re.fullmatch(r"-[neE]+", words[0]):
        flags += words.pop(0)[1:]
    text = " ".join(words)
    if "e" in flags:
        text = _escaped(text)
    return text if "n" in flags else text + "\n"


def _escaped(text: str) -> str:
    known = text.replace("\\c", "\0END").partition("\0END")[0] if is_known(text) else text
    return unescaped(_OCTAL.sub(lambda found: "\\" + found[1], known)) if is_known(known) else known


def printf(form: str, args: Sequence[str]) -> str:
    """Return what ``printf`` writes."""
    if not is_known(form):
        return ANY
    form, rest, written = _form(form), list(args), []
    while True:
        before = len(rest)
        written.append(_SPEC.sub(lambda found: _spec(found, rest), form))
        if not rest or len(rest) == before or sum(map(len, written)) > LONGEST:
            return "".join(written)


def _form(form: str) -> str:
    """Return a format with its escapes done."""
    return unescaped(_OCTAL.sub(lambda found: "\\" + found[1], form)) if "\\" in form else form


def _spec(found: re.Match[str], rest: list[str]) -> str:
    if found["kind"] == "%":
        return "%"
    word = rest.pop(0) if rest else ""
    if not is_known(word):
        return word if found["kind"] in "sb" else ANY
    match found["kind"]:
        case "s" | "b" | "q":
            text = _escaped(word) if found["kind"] == "b" else word
            text = text[: int(found["precision"] or 0)] if found["precision"] is not None else text
            width = int(found["width"] or 0)
            return text.ljust(width) if "-" in found["flags"] else text.rjust(width)
        case "c":
            return word[:1]
        case "d" | "i" | "u" | "x" | "X" | "o":
            return _number(found, word)
        case _:
            return ANY


def _number(found: re.Match[str], word: str) -> str:
    try:
        number = ord(word[1]) if word[:1] in ("'", '"') and len(word) > 1 else int(word or "0", 0)
    except ValueError:
        return ANY
    kind = "d" if found["kind"] in "iu" else found["kind"]
    return format(number, f"{'0' if '0' in found['flags'] else ''}{found['width']}{kind}")


def _echo(walk: Walk, call: Call) -> str:
    return echo(call.args)


def _input(walk: Walk, call: Call, names: Sequence[str]) -> str:
    """Return what a filter reads: the files named, or its input."""
    if not names:
        return call.text
    read = []
    for name in names:
        content = call.text if name in ("-", "/dev/stdin") else walk.shell.read(name)
        read.append(ANY if content is None else content)
    return "".join(read)


def _cat(walk: Walk, call: Call) -> str:
    return _input(walk, call, options(call.args, permutes=True).words)


def _filter(walk: Walk, call: Call) -> str:
    """Run a filter on what it reads; what it can not do, or what is not known, is a hole."""
    letters, long, change, named = FILTERS[call.name]
    found = options(call.args, letters, long, permutes=True)
    words = list(found.words)
    own = [words.pop(0) for _ in range(named) if words]
    if named < 0:
        own, words = words, []
    text = _input(walk, call, words)
    if not is_known(text) or not all(map(is_known, own)):
        return ANY
    changed = change(found, own, text)
    return ANY if changed is None or len(changed) > LONGEST else changed


def _decoder(decode: Callable[[bytes], bytes]) -> Callable[[Walk, Call], str]:
    def decoded(walk: Walk, call: Call) -> str:
        found = options(call.args, "wi", ("wrap",), permutes=True)
        text = _input(walk, call, found.words)
        if not is_known(text):
            return ANY
        if not found.has(("d", "D", "decode")):
            return ANY
        try:
            return decode(re.sub(r"\s", "", text).encode("ascii")).decode("utf-8", "surrogateescape")
        except (ValueError, binascii.Error):
            return ANY

    return decoded


def _xxd(walk: Walk, call: Call) -> str:
    found = options(call.args, "clsgo", permutes=True)
    text = _input(walk, call, found.words)
    if not found.has("r") or not is_known(text):
        return ANY
    if not found.has("p"):
        text = "".join(re.sub(r"^[0-9a-fA-F]+:\s*|\s{2,}.*$", "", line) for line in text.splitlines())
    digits = re.sub(r"[^0-9a-fA-F]", "", text.replace("0x", ""))
    return bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "surrogateescape")


def _openssl(walk: Walk, call: Call) -> str:
    words = list(call.args)
    if (
        words[:1] in (["base64"], ["enc"])
        and ("-d" in words)
        and ("-base64" in words or "-a" in words or words[0] == "base64")
    ):
        files = [words[words.index("-in") + 1]] if "-in" in words[:-1] else []
        text = _input(walk, call, files)
        try:
            plain = base64.b64decode(re.sub(r"\s", "", text)) if is_known(text) else None
        except (ValueError, binascii.Error):
            plain = None
        return plain.decode("utf-8", "surrogateescape") if plain is not None else ANY
    return ANY


def _date(walk: Walk, call: Call) -> str:
    form = next((word[1:] for word in call.args if word.startswith("+")), None)
    return SOME if form is None or not is_known(form) else re.sub(r"%.", SOME, form) + "\n"


def _basename(walk: Walk, call: Call) -> str:
    if not call.args or not is_known(call.args[0]):
        return ANY
    base = call.args[0].rstrip("/").rpartition("/")[2]
    return base.removesuffix(call.args[1] if len(call.args) > 1 else "") + "\n"


def _dirname(walk: Walk, call: Call) -> str:
    if not call.args or not is_known(call.args[0]):
        return ANY
    return (call.args[0].rstrip("/").rpartition("/")[0] or ".") + "\n"


def _some(walk: Walk, call: Call) -> str:
    return SOME


def _seq(walk: Walk, call: Call) -> str:
    return SOME if len(call.args) < 2 or all(word.isdigit() for word in call.args) else ANY


OUTPUTS: dict[str, Callable[[Walk, Call], str]] = {
    "echo": _echo,
    "cat": _cat,
    "base64": _decoder(base64.b64decode),
    "base32": _decoder(base64.b32decode),
    "xxd": _xxd,
    "openssl": _openssl,
    "date": _date,
    "basename": _basename,
    "dirname": _dirname,
    **dict.fromkeys(FILTERS, _filter),
    **dict.fromkeys(
        (
            "whoami",
            "hostname",
            "pwd",
            "nproc",
            "arch",
            "uname",
            "id",
            "tty",
            "logname",
            "mktemp",
            "wc",
            "stat",
            "getconf",
        ),
        _some,
    ),
    "seq": _seq,
}
"""Outputs by program."""
