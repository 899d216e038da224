"""Which audited rules a command line hits.

The rule: a line is read into simple commands (:mod:`gateway.domain.shell`); each is judged by every rule. What can not
be read makes the line *opaque*, and rules for that are hit; what is not known of a command's words makes a rule that
asks for those words *possibly* hit.

Known limits: an argument is compared as it was written, and as an absolute path without ``.``, ``..`` and doubled
slashes; where the command stands in the file system is not known. A pattern among the arguments may stand for what it
can match, but not for options.
"""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import attrs
import re2

from gateway.domain.entries import AuditedRule
from gateway.domain.shell import Shell, Simple, read
from gateway.domain.shell.unknown import ANY, beginning

STRENGTH = ("allow", "warn", "review", "deny", "lock", "interrupt", "deactivate")
"""Actions from the weakest to the strongest."""
_PATTERN = re.compile(r"[*?\[]")
_HOLE = re.compile("[\0\1*?\\[]")
_LONGEST_RANGE = 24
_FEWEST_LETTERS = 2
"""So many letters at the beginning of a regular expression name a program."""


@attrs.frozen
class Judged:
    """Say what a line consists of and which rules it hits, strongest action first."""

    commands: tuple[Simple, ...]
    doubts: tuple[str, ...]
    """Why the line could not be read for certain."""
    hits: tuple[tuple[Simple, AuditedRule], ...]
    possible: tuple[tuple[Simple, AuditedRule], ...] = ()
    """Rules that may be hit, as far as the words are known."""

    @property
    def opaque(self) -> bool:
        """Say whether something in the line may be what a rule is for."""
        return bool(self.doubts or self.possible)


@attrs.frozen
class Explanation:
    """Say what would happen to a line: for each command the rule that hits it and its action, then the line's own."""

    judged: Judged
    commands: tuple[tuple[Simple, AuditedRule | None], ...]
    action: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "commands": [_explained(command, rule) for command, rule in self.commands],
            "action": self.action,
            "opaque": list(self.judged.doubts),
            "possible": sorted({rule.name for _, rule in self.judged.possible}),
        }


@attrs.frozen
class _Words:
    """A command's words, sorted out: bundled letters, whole options, arguments."""

    letters: frozenset[str]
    options: frozenset[str]
    arguments: tuple[str, ...]


def judge(line: str, rules: tuple[AuditedRule, ...], shell: Shell | None = None, doubt: str = "") -> Judged:
    """Read a line, in a session's state where one is given, and match every rule against every command of it.

    A ``doubt`` is a reason of the caller's why the line can not be read for certain.
    """
    reading = read(line, shell)
    if doubt:
        reading.doubt(doubt)
    commands = tuple(reading.commands)
    named = [rule for rule in rules if not rule.opaque]
    hits = [(command, rule) for command in commands for rule in named if hit(rule, command)]
    if reading.opaque:
        hits += [(Simple((line,), line), rule) for rule in rules if rule.opaque]
    hits.sort(key=lambda pair: -STRENGTH.index(pair[1].action))
    unsure = [command for command in commands if command.unsure and not command.guessed]
    possible = [
        (command, rule) for command in unsure for rule in named if _might_hit(rule, command)
    ]
    return Judged(commands, tuple(reading.doubts), tuple(hits), tuple(possible))


def explain(line: str, rules: tuple[AuditedRule, ...], allow_only: bool = False) -> Explanation:
    """Say what rules make of a line that is a session's first; the action is the strongest that binds."""
    judged = judge(line, rules)
    hits = dict(reversed(judged.hits))
    binding = [rule.action for _, rule in judged.hits if rule.mode == "enforce"]
    action = max(binding, key=STRENGTH.index, default="none")
    if STRENGTH.index("review") > (STRENGTH.index(action) if binding else 0) and _refused(judged, rules, allow_only):
        action = "deny"
    shown = [(command, hits.get(command)) for command in judged.commands]
    shown += [(command, rule) for command, rule in judged.hits if rule.opaque]
    return Explanation(judged, tuple(shown), action)


def _refused(judged: Judged, rules: tuple[AuditedRule, ...], allow_only: bool) -> bool:
    return unsettled(judged, rules, allow_only) or (allow_only and (not judged.commands or bool(not_allowed(judged))))


def _explained(command: Simple, rule: AuditedRule | None) -> dict[str, Any]:
    return {
        "argv": [Simple((word,)).shown for word in command.argv],
        "rule": rule.name if rule else None,
        "action": rule.action if rule else "none",
        "score": rule.score if rule else 0,
    }


def unsettled(judged: Judged, rules: tuple[AuditedRule, ...], allow_only: bool) -> bool:
    """Say whether a line must be refused for what is not known of it."""
    enforced = [rule for rule in rules if rule.mode == "enforce"]
    if any(prohibits(rule) for _, rule in judged.possible if rule.mode == "enforce"):
        return True
    if not judged.doubts or any(rule.opaque for rule in enforced):
        return False
    return allow_only or any(prohibits(rule) for rule in enforced)


def not_allowed(judged: Judged) -> list[Simple]:
    """Return the commands that no rule allows; one that names a program says nothing of files written beside it."""
    allowed = {command for command, rule in judged.hits if _allows(rule, command)}
    return [command for command in judged.commands if command not in allowed and not command.guessed]


def _allows(rule: AuditedRule, command: Simple) -> bool:
    if rule.action != "allow" or rule.mode != "enforce":
        return False
    certain = not command.unsure or not (rule.regex or rule.options or rule.arguments)
    return certain and (bool(rule.regex) or not command.writes)


def prohibits(rule: AuditedRule) -> bool:
    """Say whether a rule stops what it hits, now or after some attempts."""
    return rule.action in PROHIBITING or (rule.attempts > 0 and rule.then in PROHIBITING)


PROHIBITING = frozenset({"review", "deny", "lock", "interrupt", "deactivate"})


def hit(rule: AuditedRule, command: Simple) -> bool:
    """Say whether one rule matches one simple command."""
    if rule.regex:
        return _compiled(rule.regex).search(_valid(command.text)) is not None
    if rule.command != command.argv[0]:
        return False
    words = _sorted_out(command.argv[1:])
    return _has_options(rule, words) and all(
        any(_matches(argument, wanted) for argument in words.arguments) for wanted in rule.arguments
    )


def _might_hit(rule: AuditedRule, command: Simple) -> bool:
    if hit(rule, command):
        return False
    if rule.regex:
        return _might_match(rule.regex, _valid(command.text))
    if rule.command != command.argv[0]:
        return False
    words = _sorted_out(command.argv[1:])
    unknown = any(ANY in word and word.startswith(("-", ANY)) for word in command.argv[1:])
    if not unknown and not _has_options(rule, words):
        return False
    return all(any(_may_be(argument, wanted) for argument in words.arguments) for wanted in rule.arguments)


def _has_options(rule: AuditedRule, words: _Words) -> bool:
    return all(any(_has(spelling, words) for spelling in wanted.split("|")) for wanted in rule.options)


def _has(spelling: str, words: _Words) -> bool:
    if len(spelling) == 1:
        return spelling in words.letters
    return any(spelling.startswith(each) for each in words.options)


@lru_cache(maxsize=64)
def _sorted_out(words: tuple[str, ...]) -> _Words:
    end = words.index("--") if "--" in words else len(words)
    options = [word for word in words[:end] if word.startswith("-") and word != "-"]
    arguments = [word for word in words[:end] if not word.startswith("-") or word == "-"]
    long = {word[2:].partition("=")[0] for word in options if word.startswith("--")}
    bundles = [word[1:] for word in options if not word.startswith("--")]
    return _Words(
        frozenset("".join(bundles)),
        frozenset(each for each in (*long, *(bundle for bundle in bundles if len(bundle) > 1)) if each),
        (*arguments, *words[end + 1 :]),
    )


def _matches(argument: str, wanted: str) -> bool:
    if fnmatchcase(argument, wanted):
        return True
    if not argument.startswith("/"):
        return False
    return fnmatchcase("/" + posixpath.normpath(argument).lstrip("/"), wanted)


def _may_be(argument: str, wanted: str) -> bool:
    """Say whether an argument with unknown places may be what is wanted."""
    if ANY in argument or _matches(argument, wanted):
        return True
    if not _HOLE.search(argument):
        return False
    if wanted.startswith("/") and _PATTERN.match(argument):
        return False
    before, behind = _ends(argument, _HOLE)
    wanted_before, wanted_behind = _ends(wanted, _PATTERN)
    starts = before.startswith(wanted_before) or wanted_before.startswith(before)
    return starts and (behind.endswith(wanted_behind) or wanted_behind.endswith(behind))


def _ends(text: str, hole: re.Pattern[str]) -> tuple[str, str]:
    """Return what is known of the beginning and of the end."""
    places = [found.start() for found in hole.finditer(text)]
    if not places:
        return text, text
    rest = text[places[-1] :]
    return text[: places[0]], rest.partition("]")[2] if rest.startswith("[") else rest[1:]


def _might_match(pattern: str, text: str) -> bool:
    """Say whether a regular expression may match a text with unknown places.

    One that begins with a program's name is compared with the names that are known; one that begins with anything
    may match whatever is not known at all.
    """
    least, most = _range(pattern)
    name = posixpath.commonprefix([least, most])
    named = len(name) >= _FEWEST_LETTERS and name[:1].isalnum()
    if not named and ANY in text and not pattern.startswith("^"):
        return True
    known = beginning(text)
    starts = [0] if pattern.startswith("^") else [0, *(found.end() for found in re.finditer(" ", known))]
    return any(_within(known[start:].encode(), least, most) for start in starts if start < len(known))


def _within(known: bytes, least: bytes, most: bytes) -> bool:
    """Say whether a text that begins with what is known may lie between two others."""
    return known <= most and known >= least[: len(known)]


@lru_cache(maxsize=1024)
def _range(pattern: str) -> tuple[bytes, bytes]:
    """Return the first and the last text that may begin a match."""
    found = b"", b"\xff"
    with suppress(re2.error):  # where the expression is too large to say
        found = _compiled(f"^(?:{pattern})").possiblematchrange(_LONGEST_RANGE)
    return found


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)
