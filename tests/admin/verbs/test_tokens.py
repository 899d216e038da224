"""token add, list and rm; web-login."""

from __future__ import annotations

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.perform import perform
from gateway.admin.room import Caller
from gateway.admin.streams import Stdin, Streams
from gateway.admin.verbs import VERBS
from gateway.domain.secret import Secret
from tests.admin.node import LOCAL
from tests.admin.web.browsing import Served


class TokenVerbTests(SynchronousTestCase):
    """An admin, an auditor, an operator, and who stands at the machine."""

    def setUp(self) -> None:
        self.served = Served()

    def say(
        self, line: str, who: str | Caller = "root", door: str = "ssh", typed: str | None = None
    ) -> tuple[int, str]:
        if isinstance(who, str):
            room = self.served.room(who, "10.1.1.1", door, None)
        else:
            room = attrs.evolve(self.served.node.room(who), tokens=self.served.tokens)
        out, codes = bytearray(), list[int]()
        source = Stdin()
        source.eof()
        prompt = None if typed is None else (lambda words: succeed(Secret(typed.encode())))
        streams = Streams(source, out.extend, out.extend, prompt=prompt)
        Deferred.fromCoroutine(perform(VERBS, room, line.split(), streams)).addCallback(codes.append)
        return codes[0], out.decode()

    def test_a_token_is_shown_once_and_listed_without_it(self) -> None:
        """Its owner and an admin see it, another auditor does not."""
        code, said = self.say("token add ci --ttl 30d --origin 10.0.0.0/8", "ann")
        self.assertEqual(code, 0)
        text = said.split()[0]
        self.assertIsNotNone(self.served.tokens.known(text, "10.1.1.1"))
        for who in ("ann", "root"):
            self.assertIn("ci", self.say("token list", who)[1])
            self.assertNotIn(text.rpartition("_")[2], self.say("token list --json", who)[1])
        self.say("token add mine", "root")
        self.assertNotIn("mine", self.say("token list", "ann")[1])

    def test_a_token_is_taken_back_by_its_owner_or_an_admin(self) -> None:
        """And by nobody else."""
        self.say("token add one", "ann")
        self.say("token add two", "root")
        one, two = (token.id for token in self.served.tokens.of())
        self.assertEqual(self.say(f"token rm {two}", "ann")[0], 1)
        self.assertEqual(self.say(f"token rm {one.lower()}", "root")[0], 0)
        self.assertEqual(self.say(f"token rm {two}", "root")[0], 0)
        self.assertEqual(self.served.tokens.of(), ())

    def test_who_has_no_role_makes_none_and_nobody_makes_one_for_another(self) -> None:
        """On the node's own machine the user is named."""
        self.assertEqual(self.say("token add x", "alice")[0], 77)
        self.assertEqual(self.say("token add x --user ann", "root")[0], 77)
        self.assertEqual(self.say("token add x --role admin", "ann")[0], 77)
        self.assertEqual(self.say("token add x", LOCAL)[0], 64)
        self.assertEqual(self.say("token add x --user nobody", LOCAL)[0], 1)
        self.assertEqual(self.say("token add x --user ann", LOCAL)[0], 0)
        self.assertEqual(self.say("token add x --origin nowhere", "ann")[0], 64)

    def test_a_link_to_the_console_is_made_over_ssh_alone(self) -> None:
        """For who calls, by the word that is in it."""
        code, said = self.say("web-login")
        self.assertEqual(code, 0)
        self.assertEqual(self.served.entries.opened(said.split()[0].rpartition("/")[2], "browser"), "root")
        self.assertEqual(self.say("web-login", door="api")[0], 77)
        self.assertEqual(self.say("web-login", "alice")[0], 77)

    def test_a_code_wants_a_person_who_reads_and_says_yes(self) -> None:
        """At a terminal, having seen the browser's address and agent, cleaned."""
        waiting = self.served.entries.wait("browser", "10.7.7.7", "Firefox\x1b[31m\n on fire")
        line = f"web-login {waiting.code}"
        self.assertEqual(self.say(line)[0], 64)
        self.assertEqual(self.say(line, typed="no")[0], 77)
        self.assertIsNone(self.served.entries.confirmed("browser"))
        code, said = self.say(line, typed="yes")
        self.assertEqual(code, 0)
        self.assertIn("10.7.7.7", said)
        self.assertNotIn("\x1b", said)
        self.assertEqual(self.served.entries.confirmed("browser"), "root")
        self.assertEqual(self.say("web-login AAAA-BBBB", typed="yes")[0], 1)
