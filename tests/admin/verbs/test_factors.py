"""A person's authenticator: enrolled, handed over, taken away."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.secret import Secret
from gateway.vault.codes import STEP, code_at
from tests.admin.node import NOW, MemoryNode, Said


def code_of(said: Said, steps: int = 0) -> str:
    """Return what an authenticator shows that was enrolled with an answer."""
    (address,) = (line for line in said.out.splitlines() if line.startswith("otpauth:"))
    seed = base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0])
    return code_at(Secret(seed), int(NOW // STEP) + steps).reveal().decode()


class FactorTests(SynchronousTestCase):
    """Who may do what to whose second factor."""

    def setUp(self) -> None:
        self.node = MemoryNode()

    def kind_of(self, name: str) -> str:
        """Return a user's second factor."""
        return self.node.directory.snapshot().user[name].second_factor

    def test_an_operator_enrols_himself_and_confirms(self) -> None:
        """It counts from the confirmation on, not before."""
        said = self.node.say("totp", "alice")
        self.assertIn("totp confirm CODE", said.out)
        self.assertEqual(self.node.say("totp confirm 000", "alice").code, 64)
        self.assertEqual(self.kind_of("alice"), "none")
        code = code_of(said)
        self.assertEqual(self.node.say(["totp", "confirm", f"{code[:3]} {code[3:]}"], "alice").code, 0)
        self.assertEqual(self.kind_of("alice"), "totp")
        again = self.node.say("totp", "alice")
        self.assertEqual(self.node.say(f"totp confirm {code_of(again, 1)}", "alice").code, 0)

    def test_an_admin_hands_one_over_and_takes_it_away(self) -> None:
        """It counts at once."""
        self.assertIn("Hand it to alice", self.node.say("user totp alice", "root").out)
        self.assertEqual((self.kind_of("alice"), self.node.factors.enrolled("alice")), ("totp", True))
        self.assertEqual(self.node.say("user totp alice", "root").code, 0)
        self.assertEqual(self.node.say("user totp alice --off", "root").code, 0)
        self.assertEqual((self.kind_of("alice"), self.node.factors.enrolled("alice")), ("none", False))

    def test_nobody_takes_his_own_away_and_only_admins_hand_over(self) -> None:
        """77 either way."""
        self.assertEqual(self.node.say("user totp root --off", "root").code, 77)
        self.assertEqual(self.node.say("user totp root", "root").code, 77)
        self.assertEqual(self.node.say("user totp ann", "alice").code, 77)

    def test_services_have_none(self) -> None:
        """Keys only."""
        self.node.say("user add bot --kind service", "root")
        self.assertEqual(self.node.say("user totp bot", "root").code, 64)
        self.assertEqual(self.node.say("totp", "bot").code, 77)

    def test_the_json_has_the_address_once(self) -> None:
        """For programs that make their own picture."""
        shown = self.node.say("user totp alice --json", "root").data
        self.assertTrue(shown["address"].startswith("otpauth://totp/"))
