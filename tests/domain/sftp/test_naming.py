"""A name is judged as it was asked for and as what it really is; another name hides nothing."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.evaluation import Decision, Verdict
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import string
from gateway.domain.sftp.naming import DEEPEST
from tests.domain.sftp.server import FOLDER, LINK, Node
from tests.domain.sftp.talk import RULE, Talk


class NamingTests(SynchronousTestCase):
    """Real paths, and renaming."""

    def setUp(self) -> None:
        self.talk = Talk((RULE,)).begin()
        self.nodes = self.talk.server.nodes
        self.nodes[b"/d"], self.nodes[b"/a"] = Node(mode=FOLDER | 0o755), Node(b"x")
        self.nodes[b"/link"] = Node(mode=LINK | 0o777, to=b"/d")

    def real(self, path: bytes) -> str:
        """Return what a path is judged as."""
        self.talk.open(path)
        return self.talk.depot.considered[-1].transfer.real

    def test_the_deepest_parent_that_is_there_is_resolved(self) -> None:
        """What follows it is taken as it is; relative names begin where the session did."""
        self.assertEqual(self.real(b"/link/new"), "/d/new")
        self.assertEqual(self.real(b"/link/none/such/file"), "/d/none/such/file")
        self.assertEqual(self.real(b"no/such"), "/no/such")
        self.assertEqual(self.real(b""), "/")

    def test_where_nothing_can_be_resolved_the_path_is_judged_as_asked(self) -> None:
        """A target that answers no such question, a path that is deeper than anybody needs."""
        self.talk.server.fails[codec.REALPATH] = codec.FAILURE
        for path in (b"/x/y", b"x", b"x/" * (DEEPEST + 9)):
            self.assertEqual(self.real(path), path.decode())

    def test_both_names_of_a_rename_are_judged(self) -> None:
        """As a download of the one and an upload of the other; links as well."""
        for answer in (
            self.talk.paths(codec.RENAME, b"/a", b"/b"),
            self.talk.extended(codec.POSIX_RENAME, string(b"/b"), string(b"/a")),
            self.talk.extended(codec.HARDLINK, string(b"/a"), string(b"/c")),
            self.talk.paths(codec.SYMLINK, b"/a", b"/s"),
        ):
            self.assertEqual(answer.code, codec.OK)
        self.assertEqual(len(self.talk.depot.considered), 8)
        told = [(fact.body["operation"], fact.body["outcome"]) for fact in self.talk.facts]
        self.assertEqual(told, [(each, "done") for each in ("rename", "rename", "link", "symlink")])

    def test_a_name_that_is_denied_is_not_given_away_or_taken(self) -> None:
        """The target hears nothing of it."""
        self.talk.depot.naming = Verdict(Decision.DENY, reason="keys stay here")
        answer = self.talk.extended(codec.HARDLINK, string(b"/a"), string(b"/c"))
        self.assertEqual((answer.code, answer.text), (codec.DENIED, "keys stay here"))
        self.assertNotIn(codec.HARDLINK, [each.name for each in self.talk.asked(codec.EXTENDED)])
        self.assertEqual(self.talk.fact("file.denied")["direction"], "download")

    def test_a_rule_about_one_direction_judges_one_name(self) -> None:
        """Whichever it is about."""
        for direction, path in (("upload", "/b"), ("download", "/a")):
            talk = Talk((TransferRule("one", direction, ("path",)),)).begin()
            talk.server.nodes[b"/a"] = Node(b"x")
            talk.paths(codec.RENAME, b"/a", b"/b")
            self.assertEqual([each.transfer.path for each in talk.depot.considered], [path])
