"""What ``sudo``, ``su`` and ``doas`` were told, as far as it decides where they read a secret from.

The rule: a word that is not understood, or may be short for one that has the secret read elsewhere, is unfit.
"""

from __future__ import annotations

SUDO_FLAGS = frozenset("bBEeHiKklNPsVv")
SUDO_TAKING = frozenset("aCcDghRrtTUu")
SUDO_ELSEWHERE = ("stdin", "askpass", "prompt", "non-interactive")
SUDO_LONG_TAKING = (
    "auth-type", "close-from", "login-class", "chdir", "group", "host", "chroot", "role", "type", "command-timeout",
    "other-user", "user",
)  # fmt: skip
SUDO_LONG_FLAGS = frozenset({
    "background", "bell", "preserve-env", "edit", "set-home", "login", "remove-timestamp", "reset-timestamp", "list",
    "no-update", "preserve-groups", "shell", "version", "validate",
})  # fmt: skip
SU_FORMS = (("-",), ("-l",), ("--login",), ("root",), ("-", "root"), ("-l", "root"), ("--login", "root"), ())


def unfit(program: str, argv: tuple[str, ...]) -> str:
    """Say in words why a program told this is not answered; empty where it is."""
    match program:
        case "sudo":
            return _sudo(list(argv[1:]))
        case "su":
            words = argv[1:-2] if argv[-2:-1] == ("-c",) else argv[1:]
            return "" if words in SU_FORMS else "su is answered for root alone, and without other options"
        case _:
            return _doas(list(argv[1:]))


def _sudo(words: list[str]) -> str:
    while words:
        word = words.pop(0)
        if "=" in word and not word.startswith("-"):
            continue
        if word == "--" or not word.startswith("-") or word == "-":
            return ""
        refused = _sudo_long(word[2:], words) if word.startswith("--") else _sudo_short(word[1:], words)
        if refused:
            return refused
    return ""


def _sudo_long(option: str, words: list[str]) -> str:
    name, given, _ = option.partition("=")
    if name in SUDO_LONG_FLAGS:
        return ""
    if any(each.startswith(name) for each in SUDO_ELSEWHERE):
        return f"sudo was told --{name}"
    if any(each.startswith(name) for each in SUDO_LONG_TAKING):
        if not given:
            del words[:1]
        return ""
    return "" if any(each.startswith(name) for each in SUDO_LONG_FLAGS) else f"sudo was told --{name}"


def _sudo_short(letters: str, words: list[str]) -> str:
    for place, letter in enumerate(letters):
        if letter in SUDO_TAKING:
            if place == len(letters) - 1:
                del words[:1]
            return ""
        if letter not in SUDO_FLAGS:
            return f"sudo was told -{letter}"
    return ""


def _doas(words: list[str]) -> str:
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word == "-u":
            del words[:1]
        elif word == "--":
            return ""
        elif word != "-s" and not (word.startswith("-u") and len(word) > 2):
            return f"doas was told {word}"
    return ""
