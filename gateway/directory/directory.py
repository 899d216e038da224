"""The directory: settings folded from the journal's facts, changed by telling new ones.

The rule: what is true is what the journal says; a change is told first and seen when its facts are on disk. A change
of many entries is told in one transaction and becomes visible at once, with its last fact.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredLock, succeed
from zope.interface import implementer

from gateway.directory.document import document, entry_of
from gateway.directory.gaps import gaps_of
from gateway.directory.plan import Present, Trial, no_trial, plan_entry, plan_texts
from gateway.directory.pubkeys import fingerprint, read_host_key, same_key
from gateway.directory.write import dump
from gateway.domain.difference import Change, Plan, Problem
from gateway.domain.facts import Entry, Fact
from gateway.domain.snapshot import Snapshot
from gateway.interfaces.directory import DirectoryError, IDirectory
from gateway.interfaces.facts import IFacts, IFold

LARGEST_BODY = 256 * 1024
"""Characters of JSON after which a change is split over several facts."""
MOST_QUEUED = 4
"""Host keys that wait for trust for one target; the newest are kept."""

InThread = Callable[[Callable[[], Any]], Deferred[Any]]
"""Run a function off the reactor: ``functools.partial(deferToThreadPool, reactor, pool)``."""


def at_once(work: Callable[[], Any]) -> Deferred[Any]:
    """Run a function here and now: where no reactor runs."""
    return succeed(work())


@implementer(IDirectory, IFold)
@attrs.define(eq=False)
class Directory:
    """Hold the present snapshot; attach it to the journal before use."""

    _facts: IFacts
    _in_thread: InThread = at_once
    trial: Trial = no_trial
    """Makes an inspector as a trial before it is taken in."""
    _snapshot: Snapshot = attrs.field(factory=Snapshot)
    _switched_off: set[str] = attrs.field(factory=set)
    _seen: dict[str, int] = attrs.field(factory=dict)
    """origin -> seq of its last entry: the same entry twice changes nothing."""
    _queued: dict[str, list[str]] = attrs.field(factory=dict)
    _unseen: dict[str, list[Mapping[str, Any]]] = attrs.field(factory=dict)
    _planned: dict[str, Plan] = attrs.field(factory=dict)
    _one_at_a_time: DeferredLock = attrs.field(factory=DeferredLock)

    def snapshot(self) -> Snapshot:
        """Return the present state."""
        return self._snapshot

    def plan(self, text: str | Mapping[str, str], *, prune: bool = False, origin: str = "") -> Plan:
        """Work out what texts would change."""
        texts = {origin: text} if isinstance(text, str) else text
        return plan_texts(self._present(), texts, prune=prune)

    def commit(self, plan: Plan, *, by: str, reason: str = "") -> Deferred[int]:
        """Make a plan true."""
        return Deferred.fromCoroutine(self._alone(lambda: self._commit(plan, by, reason)))

    def change(
        self, table: str, name: str, values: Mapping[str, Any] | None, *, by: str, reason: str = ""
    ) -> Deferred[None]:
        """Add, change or remove one entry."""

        async def change() -> None:
            present = self._present()
            plan = await self._in_thread(lambda: plan_entry(present, table, name, values))
            await self._commit(plan, by, reason)

        return Deferred.fromCoroutine(self._alone(change))

    def dump(self) -> str:
        """Return the whole directory as ``apply`` TOML; call it from a thread."""
        return dump(self._snapshot)

    def gaps(self) -> tuple[str, ...]:
        """Name what can not be enforced yet."""
        return gaps_of(self._snapshot)

    def queued_keys(self, target: str) -> tuple[str, ...]:
        """Return the host keys that wait to be trusted."""
        return tuple(self._queued.get(target, ()))

    def trust(self, target: str, key: str, *, by: str, reason: str = "") -> Deferred[None]:
        """Pin a host key, given as an OpenSSH line or as the fingerprint of a queued one."""
        known = self._snapshot.target.get(target)
        if known is None:
            return _failed(f"there is no target {target!r:.80}")
        line = next((line for line in self._queued.get(target, ()) if fingerprint(line) == key), key)
        if line.startswith("SHA256:"):
            return _failed(f"target {target} has shown no key {line:.80}; `target show {target}` lists the keys")
        try:
            line = read_host_key(line)
        except ValueError as problem:
            return _failed(f"host key of {target}: {problem}")
        kept = [old for old in known.host_keys if not same_key(old, line)]
        return self.change("target", target, {"host_keys": [*kept, line]}, by=by, reason=reason)

    def apply(self, entry: Entry) -> None:
        """Take one fact into account."""
        body = entry.body
        if body is None or entry.seq <= self._seen.get(entry.origin, 0):
            return
        self._seen[entry.origin] = entry.seq
        match entry.kind:
            case "directory.changed":
                self._take(body)
            case "user.password_set" if "hash" in body:
                self._set_user(body["user"], password=body["hash"] or None)
            case "user.activated":
                self._switched_off.discard(body.get("user", ""))
                self._set_user(body.get("user", ""), active=True)
            case "target.key_queued":
                self._queue(body["target"], body["key"])
            case _:
                pass

    def _present(self) -> Present:
        return Present(self._snapshot, frozenset(self._switched_off), self.trial)

    async def _alone(self, work: Callable[[], Any]) -> Any:
        await self._one_at_a_time.acquire()
        try:
            return await work()
        finally:
            self._one_at_a_time.release()

    async def _commit(self, plan: Plan, by: str, reason: str) -> int:
        if plan.base is not self._snapshot:
            raise DirectoryError([Problem("the directory has changed since the difference was worked out; try again")])
        if not plan.changes:
            return 0
        token = secrets.token_hex(8)
        told = await self._in_thread(lambda: list(facts_of(plan, token, by, reason)))
        if plan.base is not self._snapshot:
            raise DirectoryError([Problem("the directory has changed meanwhile; try again")])
        self._planned[token] = plan
        try:
            await self._facts.tell_all(told)
        finally:
            self._planned.pop(token, None)
        return len(plan.changes)

    def _take(self, body: Mapping[str, Any]) -> None:
        parts = self._unseen.setdefault(body["change"], [])
        if body["part"] == len(parts) + 1:
            parts.append(body)
        if len(parts) < body["parts"]:
            return
        del self._unseen[body["change"]]
        plan = self._planned.get(body["change"])
        if plan is not None and plan.base is self._snapshot:
            self._adopt(plan.after)
        else:
            self._adopt(_folded(self._snapshot, parts))

    def _adopt(self, after: Snapshot) -> None:
        before, self._snapshot = self._snapshot, after
        if after.user is not before.user:
            self._switched_off.update(name for name, user in after.user.items() if not user.active)
        if after.target is not before.target and self._queued:
            self._queued = dict(_still_queued(self._queued, after))

    def _set_user(self, name: str, **fields: Any) -> None:
        user = self._snapshot.user.get(name)
        if user is not None and any(getattr(user, field) != value for field, value in fields.items()):
            users = {**self._snapshot.user, name: attrs.evolve(user, **fields)}
            self._snapshot = self._snapshot.changed(user=users)

    def _queue(self, target: str, key: str) -> None:
        known = self._snapshot.target.get(target)
        waiting = self._queued.get(target, [])
        if known is None or any(same_key(key, line) for line in (*known.host_keys, *waiting)):
            return
        self._queued[target] = [*waiting, key][-MOST_QUEUED:]


def facts_of(plan: Plan, token: str, by: str, reason: str) -> Iterator[Fact]:
    """Return the facts that tell a plan, each with a body of bounded size; passwords in facts of their own.

    An entry is JSON as text: thousands of them are then one value each for the journal's canonical form.
    """
    parts = list(_parts(plan.changes))
    for number, changes in enumerate(parts, 1):
        yield Fact("directory.changed", {
            "change": token, "part": number, "parts": len(parts), "by": by, "reason": reason, "changes": changes,
        })  # fmt: skip
    for change in plan.named("user"):
        password = change.after.password if change.after else None
        if password is not None and (change.before is None or change.before.password != password):
            yield Fact("user.password_set", {"user": change.name, "hash": password, "by": by, "reason": reason})


def _parts(changes: tuple[Change, ...]) -> Iterator[list[dict[str, str]]]:
    part: list[dict[str, str]] = []
    size = 0
    for change in changes:
        told = {
            "table": change.table,
            "name": change.name,
            "kind": change.kind,
            "entry": "" if change.after is None else json.dumps(document(change.after), ensure_ascii=False),
        }
        size += 200 + len(told["entry"])
        if part and size > LARGEST_BODY:
            yield part
            part, size = [], 0
        part.append(told)
    yield part


def _folded(snapshot: Snapshot, parts: list[Mapping[str, Any]]) -> Snapshot:
    tables: dict[str, dict[str, Any]] = {}
    for told in (told for part in parts for told in part["changes"]):
        table, name = told["table"], told["name"]
        touched = tables.setdefault(table, dict(getattr(snapshot, table)))
        if not told["entry"]:
            touched.pop(name, None)
        else:
            touched[name] = _kept_password(table, touched.get(name), entry_of(table, json.loads(told["entry"])))
    return snapshot.changed(**tables)


def _kept_password(table: str, before: Any, after: Any) -> Any:
    if table == "user" and before is not None:
        return attrs.evolve(after, password=before.password)
    return after


def _still_queued(queued: Mapping[str, list[str]], after: Snapshot) -> Iterator[tuple[str, list[str]]]:
    for name, lines in queued.items():
        target = after.target.get(name)
        waiting = [] if target is None else [
            line for line in lines if not any(same_key(line, known) for known in target.host_keys)
        ]
        if waiting:
            yield name, waiting


def _failed(words: str) -> Deferred[None]:
    async def fail() -> None:
        raise DirectoryError([Problem(words)])

    return Deferred.fromCoroutine(fail())
