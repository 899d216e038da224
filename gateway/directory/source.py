"""Where a session's Grant comes from: hours and files resolved, then frozen.

The rule: everything that needs a clock, a time zone or a file is resolved here, before :func:`freeze`; what can not
be resolved is a refusal. A file is known by the SHA-256 of its content and read again when its stat changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import attrs
from zope.interface import implementer

from gateway.directory.hours import read_hours, window
from gateway.domain.entries import GrantRule, Inspector, Names, User
from gateway.domain.grant import Grant, Question, Refused, Window, freeze, within
from gateway.domain.policy import SessionSettings
from gateway.domain.snapshot import Snapshot, matches_any
from gateway.interfaces.directory import IPolicySource

LARGEST_FILE = 4 * 1024**2
"""Bytes of a referenced file: more would hold up the reactor."""
MOST_REMEMBERED = 256
MOST_CONTENTS = 16
"""Contents kept of files, for the sessions that start now."""

Reachable = tuple[tuple[str, tuple[str, ...]], ...]


@attrs.define
class Files:
    """Know files by the hash of their content, and keep the contents that were last asked for."""

    _known: dict[str, tuple[tuple[int, ...], str]] = attrs.field(factory=dict)
    _contents: OrderedDict[str, bytes] = attrs.field(factory=OrderedDict)

    def digest(self, path: str) -> str:
        """Return a file's SHA-256 in hex; raise OSError where it can not be read, is no file or is too large."""
        found = os.stat(path)
        mark = (found.st_mtime_ns, found.st_size, found.st_ino)
        if path in self._known and self._known[path][0] == mark:
            return self._known[path][1]
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE:
            raise OSError(f"{path} is no file of at most {LARGEST_FILE} bytes")
        with open(path, "rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
        digest = hashlib.sha256(content).hexdigest()
        self._known[path] = (mark, digest)
        self._contents[digest] = content
        while len(self._contents) > MOST_CONTENTS:
            self._contents.popitem(last=False)
        return digest

    def content(self, path: str, digest: str) -> bytes:
        """Return the content that had a digest, also when the file has changed since; empty: as it is now.

        Raises ValueError in words where it is gone or can not be read.
        """
        try:
            present = self.digest(path)
        except OSError as problem:
            if digest not in self._contents:
                raise ValueError(f"{path} can not be read: {problem.strerror or problem}") from None
            present = digest
        kept = self._contents.get(digest or present)
        if kept is None and digest in ("", present):
            self._known.pop(path)
            kept = self._contents.get(self.digest(path))
        if kept is None:
            raise ValueError(f"{path} has changed since it was frozen")
        return kept


@attrs.define
class Reach:
    """What sets of grants reach in one snapshot, remembered."""

    snapshot: Snapshot
    _answers: dict[Names, Reachable] = attrs.field(factory=dict)
    _accounts: dict[tuple[frozenset[str], Names], Names] = attrs.field(factory=dict)
    _addresses: dict[str, str] = attrs.field(factory=dict)

    def reachable(self, grants: Sequence[GrantRule]) -> Reachable:
        """Return what several grants together reach: (target, accounts), sorted."""
        names = tuple(grant.name for grant in grants)
        if names not in self._answers:
            if len(self._answers) >= MOST_REMEMBERED:
                self._answers.clear()
            self._answers[names] = self._united(grants)
        return self._answers[names]

    def accounts(self, target: str, patterns: Names) -> Names:
        """Return the accounts of a target that have a credential and match a pattern, sorted."""
        there = self.snapshot.accounts_at(target)
        asked = (there, patterns)
        if asked not in self._accounts:
            self._accounts[asked] = tuple(sorted(each for each in there if matches_any(patterns, each)))
        return self._accounts[asked]

    def target_at_address(self, address: str) -> str | None:
        """Return the first target, by name, that has an address."""
        if not self._addresses:
            for name in sorted(self.snapshot.target, reverse=True):
                self._addresses[self.snapshot.target[name].address] = name
        return self._addresses.get(address)

    def fits(self, snapshot: Snapshot) -> bool:
        """Say whether what is remembered is true of another snapshot too."""
        ours = self.snapshot
        return all(getattr(ours, table) is getattr(snapshot, table) for table in ("target", "credential", "grant"))

    def _united(self, grants: Sequence[GrantRule]) -> Reachable:
        patterns: dict[str, dict[str, None]] = {}
        for grant in grants:
            for target in self.snapshot.targets_of(grant):
                patterns.setdefault(target, {}).update(dict.fromkeys(grant.accounts))
        found = ((target, self.accounts(target, tuple(patterns[target]))) for target in sorted(patterns))
        return tuple((target, accounts) for target, accounts in found if accounts)


@implementer(IPolicySource)
@attrs.define(eq=False)
class PolicySource:
    """Freeze policies from the present snapshot; ``now`` gives seconds since the epoch."""

    _snapshot: Callable[[], Snapshot]
    _now: Callable[[], float]
    _settings: SessionSettings = SessionSettings()
    files: Files = attrs.field(factory=Files)
    version: Callable[[str], str | None] = lambda kind: ""
    """Returns the version of the plugin behind a kind of inspector; None where there is none."""
    _reach: Reach = attrs.field(factory=lambda: Reach(Snapshot()))

    def reachable(self, user: User, source: str) -> Sequence[tuple[str, tuple[str, ...]]]:
        """Return what the user may reach now."""
        if not user.active or (user.origin and not within(source, user.origin)):
            return ()
        now, snapshot = self._now(), self._snapshot()
        return self.reach().reachable([
            grant for grant in snapshot.grants_of(user) if self._is_open(grant, source, now)
        ])

    def target_at(self, host: str, port: int) -> str | None:
        """Return the target of a name, or of an address; a name goes before an address, the first by name wins."""
        snapshot = self._snapshot()
        if host in snapshot.target:
            return host
        return self.reach().target_at_address(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    def grant(self, user: User, target: str, account: str, source: str) -> Grant | Refused:
        """Freeze a policy for one session."""
        snapshot, now = self._snapshot(), self._now()
        try:
            inspectors = self._resolved(snapshot)
        except OSError as problem:
            return Refused("inspector_file", f"a file that an inspector names can not be read: {problem}")
        question = Question(
            user=user, target=target, account=account, source=source, now=now,
            windows=windows(snapshot.grants_of(user), now), inspectors=inspectors, settings=self._settings,
        )  # fmt: skip
        return freeze(snapshot, question)

    def reach(self) -> Reach:
        """Return the reach of the present snapshot."""
        snapshot = self._snapshot()
        if not self._reach.fits(snapshot):
            self._reach = Reach(snapshot)
        return self._reach

    def _is_open(self, grant: GrantRule, source: str, now: float) -> bool:
        if grant.origin and not within(source, grant.origin):
            return False
        return (grant.until is None or now < grant.until) and window_at(grant.hours, now).open

    def _resolved(self, snapshot: Snapshot) -> Mapping[str, Inspector]:
        found = {}
        for name, inspector in snapshot.inspector.items():
            settings = inspector.settings
            if '"file:' in settings:
                settings = self._with_digests(settings)
            version = self.version(inspector.kind)
            found[name] = attrs.evolve(inspector, settings=settings, version="" if version is None else version)
        return found

    def _with_digests(self, settings: str) -> str:
        return json.dumps(self._digested(json.loads(settings)), sort_keys=True, ensure_ascii=False)

    def _digested(self, value: Any) -> Any:
        match value:
            case dict():
                return {key: self._digested(each) for key, each in value.items()}
            case list():
                return [self._digested(each) for each in value]
            case str() if value.startswith("file:"):
                return {"file": value.removeprefix("file:"), "sha256": self.files.digest(value.removeprefix("file:"))}
            case _:
                return value


def windows(grants: Sequence[GrantRule], now: float) -> dict[str, Window]:
    """Return grant name -> window for the grants that have hours."""
    return {grant.name: window_at(grant.hours, now) for grant in grants if grant.hours}


def window_at(hours: str, now: float) -> Window:
    """Return the window of a grant's hours; hours change on whole minutes, so an answer holds for one."""
    return _window_in(hours, int(now // 60))


@lru_cache(maxsize=4096)
def _window_in(hours: str, minute: int) -> Window:
    return window(read_hours(hours), minute * 60.0)
