"""Who it is: the same way for known and unknown names, and nothing is accepted that can not be checked."""

from __future__ import annotations

from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import User
from gateway.domain.login import Reading
from gateway.domain.secret import Secret, SecretMisuse
from gateway.ssh.login import Attempt, Authority, Login
from gateway.wire.authority import Outcome, Prompts, Refused
from gateway.wire.keyblobs import PublicKey, parse_line


def key_line() -> str:
    """Return a new public key as an OpenSSH line."""
    public = Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


LINE, OTHER = key_line(), key_line()
ALICE = User("alice", keys=("junk", LINE))


@attrs.define(slots=False)
class Operators:
    """Know some users; every password is right that says so."""

    users: dict[str, User] = attrs.field(factory=lambda: {"alice": ALICE})
    switched_off: set[str] = attrs.field(factory=set)
    asked: list[User | None] = attrs.field(factory=list)
    fault: Exception | None = None

    def find(self, name: str) -> User | None:
        return self.users.get(name)

    def check_password(self, user: User | None, password: Secret) -> Deferred[bool]:
        self.asked.append(user)
        if self.fault is not None:
            return fail(self.fault)
        return succeed(password.same_as(Secret(b"right")) and user is not None)

    def is_active(self, name: str) -> bool:
        return name in self.users and name not in self.switched_off


@attrs.frozen
class Codes:
    """Everybody is enrolled, and has one code."""

    def enrolled(self, user: str) -> bool:
        return True

    def check(self, user: str, code: Secret) -> Deferred[bool]:
        return succeed(user == "alice" and code.same_as(Secret(b"123456")))


class LoginTests(SynchronousTestCase):
    """One attempt after another."""

    def setUp(self) -> None:
        self.operators = Operators()
        self.opened: list[Login] = []
        self.authority = Authority(self.operators, self._open, "Recorded.")  # type: ignore[arg-type]

    def _open(self, login: Login) -> Any:
        self.opened.append(login)
        return "the door"

    def begin(self, name: bytes = b"alice=root=web1", source: str = "192.0.2.7") -> Attempt:
        """Begin an attempt."""
        attempt = self.authority.begin(name, source)
        assert isinstance(attempt, Attempt)
        return attempt

    def by_key(self, line: str = LINE, **more: Any) -> Outcome:
        """Log in with a key that signed."""
        key = parse_line(line)
        assert isinstance(key, PublicKey)
        done = self.begin(**more).key_verified(key)
        failures: list[Any] = []
        done.addErrback(lambda failure: failures.append(failure.trap(Refused)) or Outcome.REFUSED)
        return self.successResultOf(done)

    def by_password(self, word: bytes, **more: Any) -> Outcome:
        """Log in with a password."""
        secret = Secret(word)
        outcome = self.successResultOf(self.begin(**more).password(secret))
        self.assertRaises(SecretMisuse, secret.same_as, secret)
        return outcome

    def test_a_key_opens_the_door_with_every_reading(self) -> None:
        """Who, how, from where, and what he asked for; a junk line among his keys is no hindrance."""
        attempt = self.begin(b"alice@root@web1")
        self.assertTrue(self.successResultOf(attempt.key_acceptable(parse_line(LINE))))
        self.assertIs(self.successResultOf(attempt.key_verified(parse_line(LINE))), Outcome.ACCEPTED)
        self.assertEqual(attempt.finish(), "the door")
        (login,) = self.opened
        self.assertEqual((login.user, login.source, login.method), (ALICE, "192.0.2.7", "publickey"))
        self.assertIn(Reading("alice", "web1", "root"), login.readings)
        self.assertTrue(login.fingerprint.startswith("SHA256:"))

    def test_an_offered_key_that_may_log_in_is_told_of(self) -> None:
        """It proves nothing, but its owner may be about to come; another's key, or one that will not do, is not."""
        told: list[tuple[User, tuple[Reading, ...], str]] = []
        self.authority = attrs.evolve(self.authority, may_come=lambda *words: told.append(words))
        self.assertTrue(self.successResultOf(self.begin().key_acceptable(parse_line(LINE))))
        self.assertEqual(told, [(ALICE, (Reading("alice", "web1", "root"),), "192.0.2.7")])
        self.failureResultOf(self.begin().key_acceptable(parse_line(OTHER)), Refused)
        for hindrance in ({"second_factor": "totp"}, {"origin": ("10.0.0.0/8",)}):
            self.operators.users["alice"] = attrs.evolve(ALICE, **hindrance)
            self.assertTrue(self.successResultOf(self.begin().key_acceptable(parse_line(LINE))))
        self.operators.switched_off.add("alice")
        self.failureResultOf(self.begin().key_acceptable(parse_line(LINE)), Refused)
        self.assertEqual(len(told), 1)

    def test_another_key_does_not(self) -> None:
        """Nor the right one for another name, an inactive user, or a name that can not be read."""
        self.assertIs(self.by_key(OTHER), Outcome.REFUSED)
        for name in (b"bob=root=web1", b"=", b"\xff", b"a" * 5000, b"alice=root=web1=0"):
            self.assertIs(self.by_key(name=name), Outcome.REFUSED)
        self.operators.switched_off.add("alice")
        self.assertIs(self.by_key(), Outcome.REFUSED)
        self.assertEqual(self.opened, [])

    def test_a_password_takes_the_same_way_for_everybody(self) -> None:
        """The source is asked in any case, and the secret is wiped in any case."""
        self.assertIs(self.by_password(b"right"), Outcome.ACCEPTED)
        self.assertIs(self.by_password(b"wrong"), Outcome.REFUSED)
        self.assertIs(self.by_password(b"right", name=b"bob"), Outcome.REFUSED)
        self.assertIs(self.by_password(b"right", name=b"\xff"), Outcome.REFUSED)
        self.assertEqual(self.operators.asked, [ALICE, ALICE, None, None])
        self.operators.fault = RuntimeError("off")
        secret = Secret(b"right")
        self.failureResultOf(self.begin().password(secret), RuntimeError)
        self.assertRaises(SecretMisuse, secret.same_as, secret)

    def test_services_have_no_passwords(self) -> None:
        """Keys or certificates only."""
        self.operators.users["alice"] = attrs.evolve(ALICE, kind="service")
        self.assertIs(self.by_password(b"right"), Outcome.REFUSED)
        self.assertIs(self.by_key(), Outcome.ACCEPTED)

    def test_who_has_no_authenticator_does_not_get_past_needing_one(self) -> None:
        """A second factor is never skipped, by no method; nothing is interactive before the first."""
        self.operators.users["alice"] = attrs.evolve(ALICE, second_factor="totp")
        self.assertIs(self.by_key(), Outcome.REFUSED)
        self.assertIs(self.by_password(b"right"), Outcome.REFUSED)
        attempt = self.begin()
        self.assertIs(self.successResultOf(attempt.interactive()), Outcome.REFUSED)
        self.assertIs(self.successResultOf(attempt.answers((Secret(b"123456"),))), Outcome.REFUSED)
        self.assertEqual(attempt.methods(), self.begin(b"nobody").methods())

    def second(self) -> Attempt:
        """Prove the first of two factors."""
        self.authority = attrs.evolve(self.authority, factors=Codes())
        self.operators.users["alice"] = attrs.evolve(ALICE, second_factor="totp")
        attempt = self.begin()
        self.assertIs(self.successResultOf(attempt.key_verified(parse_line(LINE))), Outcome.PARTIAL)
        self.assertEqual(attempt.methods(), (b"keyboard-interactive",))
        return attempt

    def answer(self, attempt: Attempt, code: bytes) -> Any:
        """Answer the one question; the answer is wiped whatever it was."""
        prompts = self.successResultOf(attempt.interactive())
        self.assertEqual(prompts, Prompts("", "", (("One-time code: ", False),)))
        secret = Secret(code)
        outcome = self.successResultOf(attempt.answers((secret,)))
        self.assertRaises(SecretMisuse, secret.same_as, secret)
        return outcome

    def test_the_second_factor_is_asked_after_the_first(self) -> None:
        """On the same attempt; a wrong code may be followed by a right one."""
        attempt = self.second()
        self.assertIs(self.answer(attempt, b"000000"), Outcome.REFUSED)
        self.assertIs(self.successResultOf(attempt.answers(())), Outcome.REFUSED)
        self.assertIs(self.answer(attempt, b"123456"), Outcome.ACCEPTED)
        attempt.finish()
        (login,) = self.opened
        self.assertEqual((login.method, login.second_factor), ("publickey+totp", True))

    def test_who_is_switched_off_between_the_factors_stays_out(self) -> None:
        """The answer is weighed against what holds then."""
        attempt = self.second()
        self.operators.switched_off.add("alice")
        self.assertIs(self.answer(attempt, b"123456"), Outcome.REFUSED)

    def test_a_user_bound_to_origins_comes_from_nowhere_else(self) -> None:
        """Also for doors that need no target."""
        self.operators.users["alice"] = attrs.evolve(ALICE, origin=("10.0.0.0/8",))
        self.assertIs(self.by_key(name=b"alice"), Outcome.REFUSED)
        self.assertIs(self.by_key(name=b"alice", source="::ffff:10.1.2.3"), Outcome.ACCEPTED)
        self.assertIs(self.by_password(b"right", source="10.1.2.3"), Outcome.ACCEPTED)

    def test_a_user_switched_off_while_his_password_is_checked_stays_out(self) -> None:
        """The answer is weighed against what holds then."""
        waiting: Deferred[bool] = Deferred()
        self.operators.check_password = lambda user, password: waiting  # type: ignore[method-assign]
        outcome = self.begin().password(Secret(b"right"))
        self.operators.switched_off.add("alice")
        waiting.callback(True)
        self.assertIs(self.successResultOf(outcome), Outcome.REFUSED)

    def test_the_banner_is_one_text_for_all(self) -> None:
        """Empty where there is none."""
        self.assertEqual(self.authority.banner(), b"Recorded.\n")
        self.assertEqual(Authority(self.operators, self._open, "").banner(), b"")  # type: ignore[arg-type]
