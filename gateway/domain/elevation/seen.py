"""What ``/proc`` of a target says about who asks: processes read, judged, or found wanting.

The rule: the secret is for one process alone: the only one in the foreground of our terminal, of the expected name, run
by the account with the rights of root, traced by nobody, told nothing that has it read elsewhere, with nobody else on
the terminal. Whatever is missing or reads strangely is a refusal.

Known limits: ``comm`` is the name somebody gave the program: a link called ``sudo`` to another set-uid program passes
(it gets the secret, the operator does not). A thief in another login that hides what it has open is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from gateway.domain.elevation.arguments import unfit

MOST_ANCESTORS = 64
DEAD = frozenset("ZX")
"""States of processes that read nothing any more."""
UNIX98_MAJOR, UNIX98_MAJORS = 136, 8


class Unproven(Exception):
    """Nothing proves who asks; the reason is a stable word, the words are for people."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason, self.words = reason, words


@attrs.frozen
class Process:
    """One process as ``/proc/PID/stat`` shows it; ``started`` tells it from a later one of the same number."""

    pid: int
    comm: str
    state: str
    parent: int
    group: int
    session: int
    tty: int
    foreground: int
    started: int


@attrs.frozen
class Asking:
    """Who asks: the leader of our terminal's session, the process in the foreground, and those between them."""

    leader: Process
    process: Process
    between: frozenset[int]

    @property
    def own(self) -> frozenset[int]:
        """The processes that belong to it."""
        return self.between | {self.leader.pid, self.process.pid}

    @property
    def once(self) -> tuple[int, int]:
        """What tells this asking process from every other."""
        return self.process.pid, self.process.started


def read_stat(raw: bytes) -> Process | None:
    """Read ``/proc/PID/stat`` (proc(5)); None for what is not one."""
    head, _, rest = raw.partition(b" (")
    comm, closed, rest = rest.rpartition(b") ")
    fields = rest.split()
    if not closed or len(fields) < 20:
        return None
    try:
        name, state = comm.decode("utf-8", "replace"), fields[0].decode("ascii", "replace")
        parent, group, session, tty, foreground = (int(field) for field in fields[1:6])
        return Process(int(head), name, state, parent, group, session, tty, foreground, int(fields[19]))
    except ValueError:
        return None


def read_status(raw: bytes) -> dict[str, tuple[str, ...]]:
    """Read ``/proc/PID/status`` into its keys and words."""
    rows = (line.partition(":") for line in raw.decode("utf-8", "replace").splitlines())
    return {name: tuple(rest.split()) for name, _, rest in rows}


def read_argv(raw: bytes) -> tuple[str, ...]:
    """Read ``/proc/PID/cmdline``."""
    words = raw.decode("utf-8", "replace").split("\0")
    return tuple(words[:-1] if words and not words[-1] else words)


def check_terminal(tty: int) -> None:
    """Raise :exc:`Unproven` for a device number that is no pseudo-terminal's."""
    if not UNIX98_MAJOR <= tty >> 8 & 0xFFF < UNIX98_MAJOR + UNIX98_MAJORS:
        raise Unproven("terminal", "what asks is not on a terminal of this session")


def leaders(sshd: int, processes: Iterable[Process]) -> list[Process]:
    """Return the leaders of terminals that our own connection's sshd has started."""
    return [each for each in processes if each.parent == sshd and each.tty and each.pid == each.session]


def asking(leader: Process, processes: Mapping[int, Process], program: str) -> Asking:
    """Return who asks on a terminal, alone on it; raise :exc:`Unproven` otherwise."""
    on_it = {pid: each for pid, each in processes.items() if each.tty == leader.tty}
    front = [each for each in on_it.values() if each.group == leader.foreground]
    if len(front) != 1:
        raise Unproven("not_alone", f"{len(front)} programs are in the foreground, not {program} alone")
    process = front[0]
    if process.comm != program:
        raise Unproven("not_it", f"what asks is not {program}")
    if process.state != "S":
        raise Unproven("not_waiting", f"{program} does not wait for anything typed")
    between = _ancestors(process, leader, processes)
    found = Asking(leader, process, between)
    if on_it.keys() - found.own:
        raise Unproven("company", "other programs run on this terminal")
    check_terminal(leader.tty)
    return found


def _ancestors(process: Process, leader: Process, processes: Mapping[int, Process]) -> frozenset[int]:
    found: set[int] = set()
    each: Process | None = process
    for _ in range(MOST_ANCESTORS):
        if each is None or each.pid == leader.pid:
            break
        found.add(each.pid)
        each = processes.get(each.parent)
    if each is None or each.pid != leader.pid:
        raise Unproven("not_ours", "what asks was not started from this terminal")
    return frozenset(found - {process.pid})


def check_status(status: Mapping[str, tuple[str, ...]], uid: str) -> None:
    """Raise :exc:`Unproven` unless a process has the rights of root, was run by *uid*, and nobody traces it."""
    uids = status.get("Uid", ())
    if len(uids) != 4 or uids[:2] != (uid, "0"):
        raise Unproven("not_root", "what asks does not have the rights of root, or another user runs it")
    if status.get("TracerPid") != ("0",):
        raise Unproven("traced", "what asks is being traced")


def check_argv(program: str, argv: tuple[str, ...]) -> None:
    """Raise :exc:`Unproven` where what it was told has the secret read elsewhere, or is for somebody else."""
    words = unfit(program, argv)
    if words:
        raise Unproven("options", words)


def strangers(
    uid: str, own: Iterable[int], processes: Mapping[int, Process], uids: Mapping[int, Iterable[str]]
) -> list[Process]:
    """Return the account's living processes that are not this session's own, but for the account's systemd."""
    known = set(own)
    found = [
        each for pid, each in processes.items()
        if pid not in known and each.state not in DEAD and uid in uids.get(pid, ())
    ]  # fmt: skip
    managers = {each.pid for each in found if each.parent == 1 and each.comm == "systemd"}
    return [
        each for each in found
        if each.pid not in managers and not (each.comm == "(sd-pam)" and each.parent in managers)
    ]  # fmt: skip
