"""Who asks on a session's terminal, as the target's ``/proc`` says.

The rule: the proof is what :mod:`gateway.domain.elevation.seen` accepts, and no more than this level: *certain* where
an administrator says that the target's SFTP is sshd's own (``internal_sftp``) and it looks so; *strong* otherwise;
*text* where a shell stands between sshd and the SFTP server, where other programs of the account run on the target, or
for ``su``, which may read what it asks for from elsewhere. With several terminals it is known whose is whose only as
long as each was seen alone.

Known limits: an SFTP server that is started through the account's shell may be any program of the account; between the
last look and the typing there is the time of one way to the target.
"""

from __future__ import annotations

import attrs

from gateway.domain.elevation.seen import (
    Asking,
    Process,
    Unproven,
    asking,
    check_argv,
    check_status,
    leaders,
    read_argv,
    read_stat,
    read_status,
    strangers,
)
from gateway.ssh.procreader import Reader, Unreadable
from gateway.wire.connection import Connection
from gateway.wire.fields import MalformedField

MOST_PROCESSES = 4096
KERNEL_THREADS = 2
MOST_SHELLS = 4
"""How many steps above the SFTP server its sshd is looked for."""


@attrs.frozen
class Proof:
    """Who asks, what it was told, at which level that is proven, and why it is not a higher one."""

    asking: Asking
    argv: tuple[str, ...]
    level: str
    because: str = ""


@attrs.frozen
class Look:
    """What one look at ``/proc`` showed: the SFTP server itself, all processes, and whose they are."""

    own: Process
    processes: dict[int, Process]
    uids: dict[int, tuple[str, ...]]

    @property
    def sshd(self) -> Process:
        """The sshd that the SFTP server descends from; raise :exc:`Unproven` where none is shown."""
        each: Process | None = self.own
        for _ in range(MOST_SHELLS):
            each = self.processes.get(each.parent) if each is not None else None
            if each is not None and each.comm.startswith("sshd"):
                return each
        raise Unproven("sshd", "the target does not show its sshd as the SFTP server's parent")


@attrs.define(eq=False)
class Probe:
    """Look at the target of one session; the channel is opened with the first look and kept."""

    connection: Connection
    internal: bool = False
    _reader: Reader | None = attrs.field(init=False, default=None)
    _leaders: dict[object, tuple[int, int]] = attrs.field(init=False, factory=dict)
    """Which leader is whose terminal's, as far as that is known: process number and time of its start."""

    async def prove(self, terminal: object, terminals: list[object], program: str) -> Proof:
        """Say who asks on a terminal of all that are open; raise :exc:`Unproven`, :exc:`Unreadable`."""
        try:
            return await self._prove(terminal, terminals, program)
        except MalformedField as fault:
            raise Unreadable(f"the target's SFTP is not understood: {fault}") from fault

    async def _prove(self, terminal: object, terminals: list[object], program: str) -> Proof:
        look = await self.look()
        leader = self._leader(look, terminal, terminals)
        found = asking(leader, look.processes, program)
        folder = f"/proc/{found.process.pid}"
        files = await (await self._opened()).files((f"{folder}/status", f"{folder}/cmdline"))
        if len(files) < 2:
            raise Unproven("hidden", f"what asks is not shown in /proc of the target, {program} can not be known")
        uid = look.uids[look.own.pid][0]
        check_status(read_status(files[f"{folder}/status"]), uid)
        argv = read_argv(files[f"{folder}/cmdline"])
        check_argv(program, argv)
        level, because = self._level(look, found, uid, program)
        return Proof(found, argv, level, because)

    async def still(self, proof: Proof) -> bool:
        """Say whether the same program still asks there, alone in the foreground."""
        pids = proof.asking.leader.pid, proof.asking.process.pid
        files = await (await self._opened()).files(f"/proc/{pid}/stat" for pid in pids)
        now = [read_stat(files.get(f"/proc/{pid}/stat", b"")) for pid in pids]
        return now == [proof.asking.leader, proof.asking.process]

    async def look(self) -> Look:
        """Read the target's processes; raise :exc:`Unreadable`."""
        reader = await self._opened()
        pids = [name for name in await reader.names("/proc") if name.isdecimal()]
        if not pids or len(pids) > MOST_PROCESSES:
            raise Unreadable("the target shows no /proc, or too many processes")
        files = await reader.files(("/proc/self/stat", *(f"/proc/{pid}/stat" for pid in pids)))
        own = read_stat(files.pop("/proc/self/stat", b""))
        read = (read_stat(content) for content in files.values())
        processes = {each.pid: each for each in read if each is not None}
        if own is None or own.pid not in processes:
            raise Unreadable("the target's /proc does not show the SFTP server itself")
        asked = [pid for pid, each in processes.items() if KERNEL_THREADS not in (pid, each.parent)]
        statuses = await reader.files(f"/proc/{pid}/status" for pid in asked)
        uids = {pid: read_status(statuses.get(f"/proc/{pid}/status", b"")).get("Uid", ()) for pid in asked}
        if not uids.get(own.pid):
            raise Unreadable("the target's /proc does not say whose the SFTP server is")
        return Look(own, processes, uids)

    async def _opened(self) -> Reader:
        if self._reader is None or self._reader.over:
            self._reader = Reader()
            await self._reader.begin(self.connection)
        return self._reader

    def _leader(self, look: Look, terminal: object, terminals: list[object]) -> Process:
        """Return the leader of a terminal: the only one that is nobody else's."""
        started = leaders(look.sshd.pid, look.processes.values())
        found = {(each.pid, each.started): each for each in started}
        self._leaders = {
            whose: leader for whose, leader in self._leaders.items() if whose in terminals and leader in found
        }
        known = self._leaders.get(terminal)
        if known is None:
            free = found.keys() - set(self._leaders.values())
            if len(free) != 1 or len(terminals) - len(self._leaders) != 1:
                words = "it is not known which of several terminals this is; use one terminal for each connection"
                raise Unproven("terminals", words)
            known = self._leaders[terminal] = free.pop()
        return found[known]

    def _level(self, look: Look, found: Asking, uid: str, program: str) -> tuple[str, str]:
        if look.sshd.pid != look.own.parent:
            return "text", "the target's SFTP server is started by a shell that stays"
        own = found.own | {look.own.pid, look.sshd.pid}
        others = strangers(uid, own, look.processes, look.uids)
        if others:
            return "text", f"other programs of this account run on the target ({others[0].comm})"
        if program == "su":
            return "text", "su may read what it asks for from elsewhere"
        return ("certain", "") if self.internal and look.own.comm.startswith("sshd") else ("strong", "")
