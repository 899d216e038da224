"""Who may wait for a login, as sshd_config says it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.config import startups
from gateway.config.schema import Ssh
from gateway.config.startups import NO_PENALTIES, read_penalties, read_startups
from gateway.wire.admission import Limits, Parting, Penalties


class StartupsTests(SynchronousTestCase):
    """``begin:percent:full``."""

    def test_three_numbers_or_one(self) -> None:
        """One number lets so many wait, and draws no lots before."""
        self.assertEqual(read_startups("10:30:100"), (10, 30, 100))
        self.assertEqual(read_startups("10"), (10, 100, 10))

    def test_what_makes_no_sense_is_refused_in_words(self) -> None:
        """A beginning behind the end, no percentage, nothing at all."""
        for words in ("", "10:30", "a:b:c", "100:30:10", "10:0:100", "10:101:100", "0:30:100", "0", "10:30:1000000"):
            self.assertTrue(str(self.assertRaises(ValueError, read_startups, words)))

    def test_the_default_is_what_holds_without_a_file(self) -> None:
        """The schema's words and admission's own figures are the same."""
        limits, ssh = Limits(), Ssh()
        self.assertEqual(read_startups(ssh.max_startups), (limits.begin, limits.percent, limits.full))
        self.assertEqual(
            (ssh.per_source_max_startups, ssh.per_network_max_startups, ssh.proven_max_startups),
            (limits.per_source, limits.per_network, limits.proven),
        )
        self.assertEqual(read_penalties(ssh.per_source_penalties), Penalties())


class PenaltiesTests(SynchronousTestCase):
    """``authfail:5s noauth:1s``."""

    def test_what_is_named_changes_and_the_rest_stays(self) -> None:
        """Times as elsewhere in the file."""
        found = read_penalties("authfail:30s max:1h")
        self.assertEqual((found.failed, found.most, found.crash), (30, 3600, Penalties().crash))

    def test_no_is_no_penalty_for_anything(self) -> None:
        """Whatever somebody did."""
        self.assertIs(read_penalties("no"), NO_PENALTIES)
        self.assertEqual({NO_PENALTIES.of(parting) for parting in Parting}, {0})

    def test_what_is_no_penalty_is_refused_in_words(self) -> None:
        """Unknown offences, no time, times that are none, a least above the most."""
        for words in ("authfail", "late:5s", "authfail:", "authfail:5", "authfail:0s", "min:1h max:1m", "yes"):
            self.assertTrue(str(self.assertRaises(ValueError, read_penalties, words)), words)

    def test_the_kinds_take_text_alone(self) -> None:
        """Whatever TOML can say besides is refused as every other value is."""
        self.assertEqual(startups.startups("5:5:5"), "5:5:5")
        self.assertEqual(startups.penalties("no"), "no")
        for kind in (startups.startups, startups.penalties):
            for value in (5, None, ["5"], {}, True, 1.5):
                self.assertRaises(ValueError, kind, value)
