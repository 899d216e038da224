"""Which lines on a screen ask for the secret that the gateway holds.

The rule: the last line shown has to *be* the prompt, to the last blank, and to name the expected account where the
prompt names one. A match proves nothing about who asks: it only says when to look.

Known limits: a prompt that sudoers (``passprompt``) or ``SUDO_PROMPT`` words otherwise is not known and is passed
through; a prompt behind other text on its line is not one.
"""

from __future__ import annotations

import re

import attrs

from gateway.domain.elevation.translations import PASSWORD, SUDO

LONGEST_LINE = 512
"""Bytes of an unfinished line that are looked at; a longer one is no prompt."""

_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")
_OTP = "One-time password (OATH) for `%p': "


@attrs.frozen
class Prompts:
    """Know the prompts of one program for one account: ``sudo | doas | su``, method ``password | otp``."""

    program: str
    method: str
    account: str

    def match(self, line: str) -> bool:
        """Say whether a line is one of them."""
        if self.method == "otp":
            return line == _OTP.replace("%p", self.account)
        match self.program:
            case "sudo":
                return any(line == form.replace("%p", self.account) for form in SUDO)
            case "su":
                return line in PASSWORD
            case _:
                form = rf"doas \({re.escape(self.account)}@[^()\s]{{1,255}}\) password: "
                return re.fullmatch(form, line) is not None


@attrs.define
class LastLine:
    """Keep the last line of a stream, however it is cut."""

    _tail: bytes = attrs.field(init=False, default=b"", repr=False)

    def feed(self, chunk: bytes) -> None:
        """Take what is shown."""
        self._tail = (self._tail + chunk).rpartition(b"\n")[2][-LONGEST_LINE:]

    def clear(self) -> None:
        """Forget it."""
        self._tail = b""

    def text(self) -> str:
        """Return it without what paints and moves nothing; what stands before a carriage return is painted over."""
        line = _CONTROLS.sub("", self._tail.decode("utf-8", "replace"))
        return line.rpartition("\r")[2]
