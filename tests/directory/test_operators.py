"""Who may log in."""

from __future__ import annotations

import time

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from gateway.directory.directory import at_once
from gateway.directory.operators import CODE_LIFE, Operators
from gateway.domain.entries import User
from gateway.domain.secret import Secret
from gateway.interfaces import DirectoryError, IFold, IOperatorSource
from tests.directory.making import SMALL, Made, result_of


class OperatorTests(SynchronousTestCase):
    """Passwords, codes, and who is switched off."""

    def setUp(self) -> None:
        self.made, self.now, self.off = Made(), 1000.0, set[str]()
        self.made.apply(SMALL)
        self.operators = self.another()

    def another(self) -> Operators:
        """Return operators folded from the same journal."""
        directory, journal = self.made.directory, self.made.journal
        operators = Operators(directory, journal, at_once, lambda: self.now, self.off.__contains__)
        journal.attach(operators)
        return operators

    def proves(self, name: str, password: str, operators: Operators | None = None) -> bool:
        """Try a password or code."""
        held = operators or self.operators
        fits: bool = result_of(held.check_password(held.find(name), Secret(password.encode())))
        return fits

    def test_it_is_an_operator_source_and_a_fold(self) -> None:
        """It provides both interfaces."""
        verifyObject(IOperatorSource, self.operators)
        verifyObject(IFold, self.operators)

    def test_a_password_proves_its_user_alone(self) -> None:
        """Until it is changed or taken away."""
        self.assertFalse(self.proves("alice", ""))
        result_of(self.operators.set_password("alice", Secret(b"hunter2"), by="bob"))
        self.assertTrue(self.proves("alice", "hunter2"))
        for name, password in (("alice", "hunter3"), ("bob", "hunter2"), ("nobody", "hunter2")):
            self.assertFalse(self.proves(name, password), name)
        result_of(self.operators.set_password("alice", None, by="bob"))
        self.assertFalse(self.proves("alice", "hunter2"))
        self.assertFalse(self.proves("alice", ""))

    def test_an_unknown_user_costs_the_same_time(self) -> None:
        """Names are not told by a clock."""
        result_of(self.operators.set_password("alice", Secret(b"hunter2"), by="bob"))

        def cost(name: str) -> float:
            start = time.perf_counter()
            self.proves(name, "wrong")
            return time.perf_counter() - start

        known, unknown, unset = (min(cost(name) for _ in range(3)) for name in ("alice", "nobody", "bob"))
        self.assertLess(max(known, unknown, unset), 3 * min(known, unknown, unset))

    def test_who_is_switched_off_proves_nothing(self) -> None:
        """By the directory or by an order."""
        result_of(self.operators.set_password("alice", Secret(b"hunter2"), by="bob"))
        self.assertTrue(self.operators.is_active("alice"))
        self.off.add("alice")
        self.assertFalse(self.operators.is_active("alice"))
        self.assertFalse(self.proves("alice", "hunter2"))
        self.off.clear()
        self.made.apply('[[user]]\nname = "alice"\nactive = false')
        self.assertFalse(self.operators.is_active("alice"))
        self.assertFalse(self.proves("alice", "hunter2"))
        self.assertFalse(self.operators.is_active("nobody"))

    def test_what_hinders_a_login_has_words(self) -> None:
        """A second factor is no hindrance to the first: it is asked for after it."""
        result_of(self.operators.set_password("alice", Secret(b"hunter2"), by="bob"))
        self.made.apply('[[user]]\nname = "alice"\nsecond_factor = "totp"')
        self.assertTrue(self.proves("alice", "hunter2"))
        self.assertIn("switched off", str(self.operators.hindrance(User("nobody"))))
        bob = self.operators.find("bob")
        assert bob is not None
        self.assertIsNone(self.operators.hindrance(bob))

    def test_a_service_has_no_password(self) -> None:
        """Keys or certificates only, whatever somebody issued."""
        self.made.apply('[[user]]\nname = "backup"\nkind = "service"')
        code = result_of(self.operators.issue_code("backup", by="bob"))
        self.assertFalse(self.proves("backup", code))

    def test_a_code_lets_in_once_also_after_a_restart(self) -> None:
        """It is spent on disk before it lets anybody in."""
        code = result_of(self.operators.issue_code("alice", by="init"))
        self.assertRegex(code, r"^[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}$")
        self.assertFalse(self.proves("bob", code))
        self.assertTrue(self.proves("alice", code, self.another()))
        self.assertFalse(self.proves("alice", code))
        self.assertFalse(self.proves("alice", code, self.another()))

    def test_a_code_ends_and_a_new_one_replaces_it(self) -> None:
        """After fifteen minutes, or at once."""
        first = result_of(self.operators.issue_code("alice", by="init"))
        second = result_of(self.operators.issue_code("alice", by="init"))
        self.assertFalse(self.proves("alice", first))
        self.now += CODE_LIFE
        self.assertFalse(self.proves("alice", second))
        self.now -= 1
        self.assertTrue(self.proves("alice", second))

    def test_a_code_that_can_not_be_spent_lets_nobody_in(self) -> None:
        """A full disk refuses, and the code is gone in this process."""
        code = result_of(self.operators.issue_code("alice", by="init"))
        self.made.journal.failure = OSError("full")
        self.assertRaises(OSError, self.proves, "alice", code)
        self.made.journal.failure = None
        self.assertFalse(self.proves("alice", code))

    def test_no_code_and_no_password_is_in_a_fact(self) -> None:
        """Only keyed hashes are."""
        code = result_of(self.operators.issue_code("alice", by="init"))
        result_of(self.operators.set_password("alice", Secret(b"hunter2"), by="bob"))
        told = str(self.made.bodies("user.password_set"))
        self.assertNotIn(code, told)
        self.assertNotIn("hunter2", told)
        self.assertNotIn(code, repr(self.operators))

    def test_nobody_unknown_gets_a_password_or_code(self) -> None:
        """In words."""
        for deferred in (self.operators.issue_code("eve", by="x"),
                         self.operators.set_password("eve", Secret(b"x"), by="x")):  # fmt: skip
            self.assertRaises(DirectoryError, result_of, deferred)
