"""Why a session is wanted: the reason and the ticket that a grant asks for.

The rule: a ticket has to match every pattern of the grants that apply (RE2, linear time), from its first character to
its last where the pattern says so; a reason has to say something. What is given is one line of printable characters,
and is taken before anything of the target is touched.

Known limit: whether the ticket exists is not looked up anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import re2

from gateway.domain.policy import Restrictions

REASON, TICKET = "OSTIARY_REASON", "OSTIARY_TICKET"
"""The variables of the client's environment that carry them; they are never relayed."""
LONGEST = 200
FEWEST_LETTERS = 3
ASKED = {REASON: "reason", TICKET: "ticket"}


@attrs.define
class Purpose:
    """Collect what a session's grants want to know."""

    wants_reason: bool
    patterns: tuple[str, ...]
    given: dict[str, str] = attrs.field(init=False, factory=dict)

    @classmethod
    def of(cls, restrictions: Restrictions) -> Purpose:
        """Return what these restrictions ask for."""
        return cls(restrictions.reason == "required", restrictions.tickets)

    @property
    def reason(self) -> str:
        """The reason, as far as it was given."""
        return self.given.get(REASON, "")

    @property
    def ticket(self) -> str:
        """The ticket, as far as it was given."""
        return self.given.get(TICKET, "")

    @property
    def lacking(self) -> str:
        """Name the variable that is wanted next; empty where nothing is."""
        if self.patterns and not self.ticket:
            return TICKET
        return REASON if self.wants_reason and not self.reason else ""

    def take(self, name: str, text: str) -> bool:
        """Take a reason or ticket; say whether it will do. What will not do is not kept."""
        said = "".join(each if each.isprintable() else " " for each in text).strip()
        if not said or len(said) > LONGEST or not self._fits(name, said):
            return False
        self.given[name] = said
        return True

    def take_all(self, environment: Mapping[str, str]) -> None:
        """Take what stands in a client's environment."""
        for name in ASKED:
            if name in environment:
                self.take(name, environment[name])

    def words(self) -> str:
        """Say what is lacking and how to give it."""
        name = self.lacking
        hint = f"ssh -o SetEnv={name}=…" if name == TICKET else f"ssh -o SetEnv='{name}=\"…\"'"
        shape = f" that matches {' and '.join(self.patterns)}" if name == TICKET else ""
        return f"this session needs a {ASKED[name]}{shape}: {hint}"

    @property
    def text(self) -> str:
        """Both in one line, for approvers."""
        return ": ".join(each for each in (self.ticket, self.reason) if each)

    def body(self) -> dict[str, str]:
        """Return what facts say of it."""
        return {ASKED[name]: said for name, said in self.given.items()}

    def _fits(self, name: str, said: str) -> bool:
        if name == TICKET:
            return all(re2.search(pattern, said) for pattern in self.patterns)
        return sum(each.isalnum() for each in said) >= FEWEST_LETTERS
