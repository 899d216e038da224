"""What a node is made of, and what keeps it from starting."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.config import parse
from gateway.config.schema import Config
from gateway.directory.directory import Directory
from gateway.domain.facts import Fact
from gateway.domain.restraint import Standing
from gateway.journal.memory import MemoryJournal
from gateway.node.rooms import add_destinations, approvers, standing
from gateway.siem.outlets import Outlets
from tests.ssh.sessions import World

PLUGIN = """
from gateway.testing import MemorySinkFactory
acme = MemorySinkFactory("acme-for-tests")
"""
PEOPLE = "".join(
    f'[[user]]\nname = "{name}"\nkind = "{kind}"\nroles = ["{role}"]\n'
    for name, kind, role in (("ann", "person", "admin"), ("ben", "person", "admin"), ("app", "person", "approver"),
                             ("bot", "service", "operator"))
)  # fmt: skip


class DestinationTests(SynchronousTestCase):
    """Configured destinations, among them plugins."""

    def made(self, text: str) -> Outlets:
        config: Config = parse(text)
        outlets = Outlets(MemoryJournal(), None, lambda: 0.0, Path(self.mktemp()))
        add_destinations(config, outlets)
        return outlets

    def test_a_plugin_is_found_by_its_name_and_set_up(self) -> None:
        """Any distribution may drop it into twisted.plugins; its own schema reads its settings."""
        folder = Path(self.mktemp()).resolve()
        (folder / "twisted" / "plugins").mkdir(parents=True)
        (folder / "twisted" / "plugins" / "acme_for_tests.py").write_text(PLUGIN)
        import twisted.plugins

        self.patch(twisted.plugins, "__path__", [*twisted.plugins.__path__, str(folder / "twisted" / "plugins")])
        self.addCleanup(sys.modules.pop, "twisted.plugins.acme_for_tests", None)
        made = self.made('[[siem]]\ntransport = "plugin:acme-for-tests"\nsettings = { label = "x" }\n')
        self.assertEqual([row["destination"] for row in made.status()], ["plugin:acme-for-tests"])
        with self.assertRaisesRegex(ValueError, "unknown key 'lable'; did you mean 'label'"):
            self.made('[[siem]]\ntransport = "plugin:acme-for-tests"\nsettings = { lable = "x" }\n')

    def test_what_is_missing_or_lacks_something_stops_the_node(self) -> None:
        """In words."""
        for text, words in (
            ('[[siem]]\ntransport = "plugin:none"\n', "no installed plugin is the sink of facts 'none'"),
            ('[[siem]]\ntransport = "tcp:h:1"\nsettings = { a = 1 }\n', "are for plugins"),
            ('[[notify]]\ntransport = "smtp://h"\nto = ["a@b"]\nlogin = "x"\n', "go together"),
            ('[[notify]]\ntransport = "https://h"\n', "signs its notices"),
            ('[[notify]]\ntransport = "smtp://h"\n', "who is to get"),
        ):
            with self.assertRaisesRegex(ValueError, words):
                self.made(text)


class PeopleTests(SynchronousTestCase):
    """Who may answer, and who is spared."""

    def setUp(self) -> None:
        self.world = World()
        self.directory: Any = Directory(self.world.journal)
        self.world.journal.attach(self.directory)
        self.directory.commit(self.directory.plan(PEOPLE), by="test")

    def test_approvers_go_before_admins_and_only_who_can_act(self) -> None:
        """Nobody who is locked or switched off."""
        orders = self.world.orders
        self.assertEqual(approvers(self.directory, orders), [("app", ""), ("ann", ""), ("ben", "")])
        self.successResultOf(orders.deactivate("app", by="x", by_name="", reason="", door=""))
        self.successResultOf(
            orders.lock("user", "ann", by="x", by_name="", reason="", ttl=None, only=False, door="")
        )
        self.assertEqual(approvers(self.directory, orders), [("ben", "")])

    def test_the_last_admin_is_the_one_who_can_still_act(self) -> None:
        """A service is one by its kind; an unknown name is nobody."""
        orders = self.world.orders
        self.assertEqual([standing(self.directory, orders, name) for name in ("ann", "bot", "none")],
                         [Standing(), Standing(service=True), Standing()])  # fmt: skip
        self.world.journal.tell(Fact("user.deactivated", {"order": "D-1", "user": "ben", "door": "test"}))
        self.assertEqual(standing(self.directory, orders, "ann"), Standing(last_admin=True))
