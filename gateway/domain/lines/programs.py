"""What reads the terminal: told by the last command, as long as nothing says otherwise.

The rule: whatever is not known here counts as a shell, and its lines are judged as a shell's.

Known limits: a program of a known name that is something else (an alias of the account's start-up files, a file of
that name) is taken for what its name says, except where the session itself made it so.
"""

from __future__ import annotations

import enum
import re

import attrs

from gateway.domain.shell import Simple


class Reads(enum.Enum):
    """Say how a program takes what is typed."""

    SHELL = "shell"
    """As commands, or nobody knows."""
    APPLICATION = "application"
    """As keys, on a screen of its own."""
    PROMPT = "prompt"
    """As statements of another language."""
    DATA = "data"
    """As text, to its end."""
    SECRET = "secret"
    """It may ask for a password and then be a shell."""


APPLICATIONS = frozenset({
    "vi", "vim", "vim.basic", "vim.tiny", "nvim", "view", "vimdiff", "rvim", "less", "more", "most", "man", "top",
    "htop", "atop", "iotop", "nano", "pico", "joe", "mcedit", "info", "watch", "w3m", "lynx", "tig", "ncdu", "dialog",
    "whiptail", "visudo", "vipw", "crontab", "journalctl", "systemctl", "git", "btop", "glances", "nmtui", "emacs",
})  # fmt: skip
"""Programs with a screen of their own; some show it through a pager."""
PROMPTS = {
    "python": r">>> |\.\.\. ",
    "ipython": r"In \[\d+\]: |\s*\.\.\.: ", "bpython": r">>> |\.\.\. ", "node": r"> |\.\.\. ",
    "irb": r"irb.*[>*\"'] ",
    "mysql": r"(?:mysql|MariaDB \[.*\])> |    [-'\"`/]> ", "mariadb": r"MariaDB \[.*\]> |    -> ",
    "psql": r"\S+[=\-('\"*^!$][>#] ", "sqlite": r"sqlite> |   \.\.\.> ", "ftp": r"ftp> ", "sftp": r"sftp> ",
    "lua": r">>? ", "php": r"php > ", "gdb": r"\(gdb\) ", "bc": r"", "redis-cli": r"\S+> ", "mongosh": r"\S*> ",
    "psftp": r"psftp> ", "lftp": r"lftp .*> ", "R": r"[>+] ", "ed": r"", "tclsh": r"% ",
}  # fmt: skip
"""Programs that read statements, with their prompts."""
DATA = frozenset({"cat", "tee", "sort", "wc", "tac", "nl", "od", "xxd", "base64", "md5sum", "sha256sum", "uniq", "tr"})
SECRETS = frozenset({"sudo", "su", "ssh", "doas", "passwd", "login", "kinit", "pkexec", "scp", "sftp", "rsync", "gpg"})
MULTIPLEXERS = frozenset({"tmux", "screen", "byobu", "zellij"})
SHELLS = frozenset({
    "sh", "dash", "ash", "bash", "rbash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "busybox", "toybox", "sudo",
    "su", "ssh", "doas", "docker", "podman", "kubectl", "nsenter", "chroot", "lxc", "machinectl", "script", "telnet",
    "login", "newgrp", "sg", "runuser", "unshare", "mosh", "pkexec", "setpriv", "systemd-run", *MULTIPLEXERS,
})  # fmt: skip
"""Programs that are shells or lead to one: what is typed into them is told as commands."""
_VERSION = re.compile(r"[\d.]+$")
_WITH_CODE = frozenset({"-c", "-e", "-m", "--eval", "--execute", "--command", "-f", "--file", "-r"})
_BANG = re.compile(r"^:?[^!]{0,64}!(?P<code>.*)$", re.S)
_CALLED = re.compile(r"\bsystem(?:list)?\((['\"])(?P<code>.*)\1\)")
_TERMINAL = re.compile(r"^:\s*(?:\w+\s+)*(?:term|terminal)\b!?\s*(?P<code>.*)$")
_ASKED = re.compile(r"^(?:Command to execute[^:]*|Async shell command|Shell command[^:]*): (?P<code>.*)$")
_CODED = {
    "python": "python3 -c", "ipython": "python3 -c", "bpython": "python3 -c", "node": "node -e", "irb": "ruby -e",
    "lua": "lua -e", "php": "php -r",
}  # fmt: skip
"""How a program would be given a statement on a command line."""
_ESCAPES = re.compile(r"^\s*(?:\\!|!|\.shell\b|\.system\b|shell\b|system\b(?!\s*\())\s*(?P<code>.*)$", re.S)


@attrs.frozen
class Program:
    """What reads now, and the name of it."""

    reads: Reads = Reads.SHELL
    name: str = ""
    mux: bool = False
    """Whether it has several terminals in one, with a key of its own to go from one to the other."""

    def expects(self, prompt: str) -> bool:
        """Say whether a row ends in a prompt of this program."""
        pattern = PROMPTS.get(self.name, "")
        return bool(pattern) and re.fullmatch(pattern, prompt.lstrip("\r")) is not None


SHELL = Program()


def program_of(commands: tuple[Simple, ...]) -> Program:
    """Return what reads the terminal while the last of these commands runs."""
    if not commands:
        return SHELL
    last = commands[-1]
    name, args = last.argv[0], last.argv[1:]
    plain = _VERSION.sub("", name) or name
    operands = [word for word in args if not word.startswith("-")]
    if name in APPLICATIONS:
        return Program(Reads.APPLICATION, name)
    if plain in PROMPTS and not operands_run(plain, args, operands):
        return Program(Reads.PROMPT, plain)
    if name in DATA and (not operands or name in ("tee", "tr")):
        return Program(Reads.DATA, name)
    mux = any(command.argv[0] in MULTIPLEXERS for command in commands)
    if any(command.argv[0] in SECRETS for command in commands):
        return Program(Reads.SECRET, name, mux)
    return Program(Reads.SHELL, name, mux)


def operands_run(name: str, args: tuple[str, ...], operands: list[str]) -> bool:
    """Say whether an interpreter was given what it runs, so that it reads no statements."""
    if any(word in _WITH_CODE for word in args) and "-i" not in args:
        return True
    return bool(operands) and name in ("python", "node", "lua", "php", "irb", "tclsh", "R") and "-i" not in args


def application_code(row: str) -> str:
    """Return the shell code that Enter would run from a program's own command row; nothing where it runs none."""
    for pattern in (_ASKED, _TERMINAL, _CALLED, _BANG):
        found = pattern.search(row.rstrip()) if row[:1] in ":!|" or pattern is _ASKED else None
        if found is not None:
            return found["code"].strip() or ("" if pattern is not _TERMINAL else "sh")
    return row[2:].strip() if row[:1] == "|" else ""


def statement_code(name: str, text: str) -> str:
    """Return shell code that does what a statement would do, as far as it starts programs."""
    found = _ESCAPES.match(text)
    if found is not None:
        return found["code"].strip()
    coded = _CODED.get(name, "")
    return f"{coded} {_quoted(text)}" if coded and text.strip() else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
