"""Answer a session's gates that ask who asks for a password: the proof, the secret, the fact, in this order.

The rule: the secret leaves the vault only for a prompt that is proven as well as the frozen policy requires; that it
will be typed is on disk before it is; then it is looked once more whether the same program still asks. One process is
answered once.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.elevation import LEVELS, Proven, Wanted, Withheld
from gateway.domain.elevation.question import AGAIN
from gateway.domain.elevation.seen import Unproven
from gateway.domain.facts import Fact
from gateway.domain.secret import Secret
from gateway.interfaces import ICredentialVault, VaultError
from gateway.runtime.run import Run
from gateway.ssh.probe import Probe, Proof
from gateway.ssh.procreader import Unreadable

log = Logger()

Answer = Proven | Withheld


@attrs.define(eq=False)
class Elevating:
    """Answer for one session."""

    run: Run
    vault: ICredentialVault
    probe: Probe
    terminals: Callable[[], list[object]]
    """The terminals that are open; each is known by what asks for it."""
    _answered: set[tuple[int, int]] = attrs.field(init=False, factory=set)

    def ask(self, terminal: object, wanted: Wanted) -> Deferred[Answer]:
        """Ask; cancelling takes the question back."""
        asked = _Asked(self, terminal, wanted)
        return Deferred.fromCoroutine(asked.answer()).addErrback(asked.failed)

    def once(self, process: tuple[int, int]) -> bool:
        """Say whether a process may be answered: for the first time."""
        return process not in self._answered

    def spend(self, process: tuple[int, int]) -> None:
        """Note that a process was answered."""
        self._answered.add(process)


@attrs.define(eq=False)
class _Asked:
    """One question."""

    by: Elevating
    terminal: object
    wanted: Wanted
    _committed: dict[str, object] | None = attrs.field(init=False, default=None)

    async def answer(self) -> Answer:
        """Prove, fetch, tell, look again."""
        run, clock = self.by.run, self.by.run.workings.clock
        begun = clock.seconds()
        try:
            proof = await self.by.probe.prove(self.terminal, self.by.terminals(), self.wanted.program)
        except Unproven as problem:
            return Withheld(problem.reason, problem.words)
        except Unreadable as problem:
            return Withheld("unreadable", f"who asks can not be known: {problem}")
        refused = self._insufficient(proof)
        if refused is not None:
            return refused
        try:
            secret = await self.by.vault.elevation(run.grant.policy.credential)
        except VaultError as problem:
            log.error("session {session}: {problem}", session=run.id, problem=str(problem))
            return Withheld("no_secret", "there is no secret for it; tell an administrator")
        if not secret.typeable():
            return Withheld("no_secret", "the secret for it can not be typed; tell an administrator")
        return await self._told(proof, secret, begun)

    def _insufficient(self, proof: Proof) -> Withheld | None:
        required = self.by.run.grant.policy.credential.elevation.require
        if not self.by.once(proof.asking.once):
            return Withheld(AGAIN)
        if LEVELS.index(proof.level) < LEVELS.index(required):
            words = proof.because or "no administrator has said that the target's SFTP is sshd's own"
            return Withheld("level", f"it is proven by {proof.level} only, {required} is required: {words}")
        return None

    async def _told(self, proof: Proof, secret: Secret, begun: float) -> Answer:
        run = self.by.run
        self.by.spend(proof.asking.once)
        body = {
            "program": self.wanted.program, "method": self.wanted.method, "proof": proof.level,
            "argv": list(proof.argv), "credential": run.grant.policy.credential.name,
            "duration": round(run.workings.clock.seconds() - begun, 4),
        }  # fmt: skip
        self._committed = body
        await run.commit(Fact("elevation.answered", body))
        try:
            still = await self.by.probe.still(proof)
        except Unreadable:
            still = False
        if not still:
            self._not_typed("moved")
            return Withheld("moved", "who asked is gone, or does something else")
        self._committed = None
        return Proven(proof.level, proof.argv, secret.as_line(), secret)

    def _not_typed(self, reason: str) -> None:
        """Tell that what was told was not typed after all."""
        body, self._committed = self._committed, None
        if body is not None:
            self.by.run.tell(Fact("elevation.failed", {**body, "reason": reason}))

    def failed(self, failure: Failure) -> Failure:
        """Tell that what was told will not be typed: the question was taken back, or the journal failed."""
        self._not_typed("withdrawn" if failure.check(CancelledError) else "fault")
        return failure
