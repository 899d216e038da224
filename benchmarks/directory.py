"""Measure the directory at its promised size: 5,000 targets, 20,000 credentials, 2,000 users, 200 grants, 300 rules.

Run ``python benchmarks/directory.py``; budgets: apply 5 s, freeze 2 ms, ``access who`` 100 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from gateway.directory.access import Access
from gateway.directory.directory import Directory
from gateway.directory.source import PolicySource
from gateway.domain.grant import Grant
from gateway.journal.memory import MemoryJournal

USERS, TARGETS, ACCOUNTS, GRANTS, RULES, GROUPS = 2000, 5000, 4, 200, 300, 50


def big_directory() -> str:
    """Return the TOML of a large directory."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    for number in range(USERS):
        groups = f'["g{number % GROUPS}", "g{number * 7 % GROUPS}", "all"]'
        yield f'[[user]]\nname = "user{number}"\nfull_name = "User {number}"\nroles = ["operator"]\ngroups = {groups}'
    for number in range(TARGETS):
        env = ("prod", "test", "dev")[number % 3]
        address = f"10.{number >> 8}.{number & 255}.1:22"
        yield f'[[target]]\nname = "web{number}"\naddress = "{address}"\nlabels = {{ env = "{env}" }}'
        for account in range(ACCOUNTS):
            yield (
                f'[[credential]]\nname = "web{number}-a{account}"\ntarget = "web{number}"\n'
                f'account = "a{account}"\nkind = "key"\nsecret = "store"'
            )
    for number in range(RULES):
        yield (
            f'[[audited]]\nname = "rule{number}"\nmatch = {{ command = "c{number}", options = ["r|R", "f"] }}\n'
            f'score = {number}\naction = "warn"'
        )
    for number in range(GRANTS):
        group = f"g{number % GROUPS}" if number % 20 else "all"
        yield (
            f'[[grant]]\nname = "grant{number}"\ngroups = ["{group}"]\ntargets = ["web{number}*"]\n'
            f'labels = {{ env = "dev" }}\naccounts = ["a{number % ACCOUNTS}", "a1"]\nrights = ["shell", "exec"]\n'
            f'hours = "Mon-Sun 00:00-24:00 Europe/Lisbon"\nidle_timeout = "30m"'
        )


def measure() -> Iterator[str]:
    """Measure every promised figure and say it in a line."""
    journal = MemoryJournal()
    directory = Directory(journal)
    journal.attach(directory)
    text = big_directory()
    start = time.perf_counter()
    plan = directory.plan(text)
    planned = time.perf_counter()
    directory.commit(plan, by="bench")
    committed = time.perf_counter()
    yield f"apply: plan {planned - start:.2f} s, commit {committed - planned:.2f} s, {len(plan.changes)} changes"
    again = directory.plan(text)
    yield f"apply of the same: {time.perf_counter() - committed:.2f} s, {len(again.changes)} changes"
    source = PolicySource(directory.snapshot, time.time)
    yield from _freezes(directory, source)
    access = Access(directory.snapshot(), time.time(), lambda name: False, source.reach())
    yield _timed("access who, first", lambda: access.who("web17"))
    yield _timed("access who", lambda: access.who("web18"))
    yield _timed("access what", lambda: access.what("user7"))
    user = directory.snapshot().user["user7"]
    yield _timed("reachable, first", lambda: source.reachable(user, "10.0.0.1"))
    yield _timed("reachable", lambda: source.reachable(user, "10.0.0.1"))
    yield _timed("dump", directory.dump)
    values = {"kind": "password"}
    yield _timed("change one", lambda: directory.change("credential", "web1-a1", values, by="bench"))
    replayed = Directory(journal)
    yield _timed("replay", lambda: journal.attach(replayed))


def _freezes(directory: Directory, source: PolicySource) -> Iterator[str]:
    user, took, digests = directory.snapshot().user["user7"], [], []
    for number in range(200):
        start = time.perf_counter()
        grant = source.grant(user, f"web{number * 3 + 2}", "a1", "10.0.0.1")
        took.append(time.perf_counter() - start)
        if not isinstance(grant, Grant):
            raise SystemExit(str(grant))
        start = time.perf_counter()
        grant.policy.digest.encode()
        digests.append(time.perf_counter() - start)
    yield f"freeze: median {_median(took):.3f} ms, worst {max(took) * 1000:.3f} ms"
    yield f"digest: median {_median(digests):.3f} ms, worst {max(digests) * 1000:.3f} ms"


def _median(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2] * 1000


def _timed(what: str, work: Callable[[], Any]) -> str:
    start = time.perf_counter()
    answer = work()
    count = f", {len(answer)} long" if hasattr(answer, "__len__") else ""
    return f"{what}: {(time.perf_counter() - start) * 1000:.1f} ms{count}"


if __name__ == "__main__":
    for line in measure():
        print(line, flush=True)
