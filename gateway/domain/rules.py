"""Which audited rules a command line hits.

The rule: a line is cut into simple commands (:mod:`gateway.domain.lines`); each is judged by every rule; a line that
can not be cut with certainty is *opaque*, and never judged harmless.

Known limits: an argument is compared as it was written, and as an absolute path without ``.``, ``..`` and doubled
slashes; where the command stands in the file system is not known. A pattern among the arguments makes a line opaque
where a rule might match what the pattern stands for; what it adds to options is not foreseen.
"""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import attrs
import re2

from gateway.domain.entries import AuditedRule
from gateway.domain.lines import WRAPPERS, Simple, simple_commands

STRENGTH = ("allow", "warn", "review", "deny", "lock", "interrupt", "deactivate")
"""Actions from the weakest to the strongest."""


@attrs.frozen
class Judged:
    """Say what a line consists of and which rules it hits, strongest action first."""

    commands: tuple[Simple, ...]
    opaque: bool
    hits: tuple[tuple[Simple, AuditedRule], ...]


@attrs.frozen
class _Words:
    """A command's words, sorted out: bundled letters, whole options, arguments."""

    letters: frozenset[str]
    options: frozenset[str]
    arguments: tuple[str, ...]


def judge(line: str, rules: tuple[AuditedRule, ...]) -> Judged:
    """Cut a line and match every rule against every simple command of it."""
    commands, opaque = simple_commands(line)
    hits = [(command, rule) for command in commands for rule in rules if hit(rule, command)]
    hits.sort(key=lambda pair: -STRENGTH.index(pair[1].action))
    return Judged(commands, opaque or _unforeseen(commands, rules), tuple(hits))


def _unforeseen(commands: tuple[Simple, ...], rules: tuple[AuditedRule, ...]) -> bool:
    wrapped = any(command.argv[0] in WRAPPERS for command in commands)
    return wrapped or any(_might_hit(rule, command) for command in commands if command.unsure for rule in rules)


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
    return rule.command == command.argv[0] and _has_options(rule, _sorted_out(command.argv[1:]))


def _has_options(rule: AuditedRule, words: _Words) -> bool:
    return all(any(_has(spelling, words) for spelling in wanted.split("|")) for wanted in rule.options)


def _has(spelling: str, words: _Words) -> bool:
    if len(spelling) == 1:
        return spelling in words.letters
    return any(spelling.startswith(each) for each in words.options)


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


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)
