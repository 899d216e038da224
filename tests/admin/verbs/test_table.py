"""The table of verbs: who may call what, and what every verb has."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.room import Caller
from gateway.admin.verbs import VERBS
from gateway.domain.entries import ENTRY_OF_TABLE
from tests.admin.node import MemoryNode

ROLES = ("operator", "auditor", "approver", "admin", "local")
ANY = frozenset(ROLES)
ADMIN = frozenset({"admin"})
READING = frozenset({"admin", "auditor"})

CONTRACT: dict[str, frozenset[str]] = {
    **{f"{table} {what}": ADMIN for table in ENTRY_OF_TABLE for what in ("add", "rm")},
    **{f"{table} {what}": READING for table in ENTRY_OF_TABLE for what in ("list", "show")},
    "apply": ADMIN,
    "dump": READING,
    "user passwd": ADMIN,
    "user totp": ADMIN,
    "user activate": ADMIN,
    "user deactivate": ADMIN,
    "target trust": ADMIN,
    "target test": ADMIN,
    "credential put": ADMIN,
    "credential test": ADMIN,
    "credential ca": READING,
    "access who": READING,
    "access what": READING,
    "access why": READING,
    "sessions": READING | {"operator"},
    "session show": READING,
    "policy show": READING,
    "rule test": READING,
    "rule backtest": READING,
    "requests": frozenset({"admin", "approver", "auditor"}),
    "approve": frozenset({"admin", "approver"}),
    "deny": frozenset({"admin", "approver"}),
    "watch": READING,
    "snapshot": READING,
    "lock": ADMIN,
    "unlock": ADMIN,
    "locks": READING,
    "kill": ADMIN,
    "mark": READING,
    "interrupt": ADMIN,
    "export": READING,
    "play": READING,
    "hold add": ADMIN,
    "hold list": READING,
    "hold rm": ADMIN,
    "search": READING,
    "verify": ANY - {"operator"},
    "events": READING,
    "quarantine list": ADMIN,
    "quarantine show": ADMIN,
    "quarantine release": ADMIN,
    "quarantine rm": ADMIN,
    "siem status": ADMIN,
    "siem test": ADMIN,
    "notify test": ADMIN,
    "init": frozenset({"local"}),
    "demo off": frozenset({"local"}),
    "recover-access": frozenset({"local"}),
    "status": ANY,
    "check": ANY,
    "whoami": ANY,
    "why": ANY,
    "help": ANY,
    "targets": ANY - {"local"},
    "token add": ANY - {"operator"},
    "token list": READING | {"approver"},
    "token rm": READING | {"approver"},
    "web-login": READING,
    "keys": ANY - {"local"},
    "keys add": ANY - {"local"},
    "keys rm": ANY - {"local"},
    "totp": ANY - {"local"},
    "totp confirm": ANY - {"local"},
    "ssh-config": ANY - {"local"},
}
"""The public contract: verb -> roles that may call it."""

MANUAL = Path(__file__).parents[3] / "docs" / "verbs.rst"


class TableTests(SynchronousTestCase):
    """What the contract says of all verbs."""

    def test_the_contract_and_the_table_name_the_same_verbs(self) -> None:
        """None is missing, none is beyond it."""
        self.assertEqual(set(VERBS), set(CONTRACT))

    def test_every_verb_is_permitted_to_the_contracts_roles_and_to_no_other(self) -> None:
        """Every verb by every role: 77 and a fact, or anything but 77 for want of a role."""
        node = MemoryNode()
        for name, allowed in CONTRACT.items():
            for role in ROLES:
                caller = Caller("somebody", "Some Body", frozenset({role}), "10.0.0.1", "ssh")
                said = node.say([*name.split(), "--json", "--help"], caller)
                if role in allowed:
                    self.assertEqual((said.code, said.err), (0, ""), f"{name} by {role}")
                    self.assertEqual(said.data["says"], VERBS[name].says)
                else:
                    self.assertEqual((said.code, said.error["kind"]), (77, "denied"), f"{name} by {role}")
                    self.assertEqual(node.kinds()[-1], "verb.refused")

    def test_whoever_has_no_role_may_call_nothing(self) -> None:
        """Not even what is for everybody: everybody has a role."""
        node = MemoryNode()
        for name in VERBS:
            said = node.say(name, Caller("x", "", frozenset(), "10.0.0.1", "ssh"))
            self.assertEqual(said.code, 77, name)

    def test_a_refusal_is_told_with_who_what_and_whence(self) -> None:
        """So that an auditor can see who tried."""
        node = MemoryNode()
        node.say("lock alice", "alice")
        entry = list(node.journal.entries(kinds=["verb.refused"]))[-1]
        self.assertEqual(
            dict(entry.body or {}),
            {
                "user": "alice",
                "source": "10.9.9.9",
                "door": "ssh",
                "verb": "lock",
                "reason": "admin",
                "outcome": "refused",
            },
        )

    def test_every_verb_takes_json_and_every_changing_one_a_reason(self) -> None:
        """And every list the two forms of lists."""
        for name, verb in VERBS.items():
            options = {option.name for option in verb.all_options}
            self.assertIn("--json", options, name)
            self.assertEqual("--reason" in options, verb.changes, name)
            self.assertEqual({"--ndjson", "--csv"} <= options, verb.lists, name)

    def test_what_changes_something_is_known_to_change_something(self) -> None:
        """By its name, so that none is forgotten."""
        changing = {"add", "rm", "apply", "passwd", "activate", "deactivate", "trust", "put", "lock", "unlock", "kill",
                    "interrupt", "init", "off", "recover-access", "totp", "confirm", "approve", "deny",
                    "mark", "release"}  # fmt: skip
        for name, verb in VERBS.items():
            self.assertEqual(name.split()[-1] in changing, verb.changes, name)

    def test_the_manual_documents_every_verb_and_only_those(self) -> None:
        """The first column of its table."""
        documented = re.findall(r"^ *\* - ``([^`]+)``$", MANUAL.read_text("utf-8"), re.MULTILINE)
        self.assertEqual(set(documented), set(VERBS))
