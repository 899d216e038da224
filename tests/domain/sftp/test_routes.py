"""Each request has its way: to the target, to a job, or an answer here."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import Attributes, string
from gateway.domain.sftp.handles import MOST_OPEN
from tests.domain.sftp.server import FOLDER, Node
from tests.domain.sftp.talk import RULE, Talk

BOTH = codec.FOR_READING | codec.FOR_WRITING


def talk(*rules: TransferRule) -> Talk:
    """Begin, with a file and a folder there."""
    begun = Talk(rules).begin()
    begun.server.nodes[b"/a"], begun.server.nodes[b"/d"] = Node(b"0123"), Node(mode=FOLDER | 0o755)
    return begun


class RouteTests(SynchronousTestCase):
    """The table."""

    def test_a_name_with_a_nul_goes_nowhere(self) -> None:
        """Other bytes are a name like any: newlines, what is not UTF-8, dots."""
        begun = talk()
        self.assertEqual(begun.paths(codec.REMOVE, b"/a\0b").code, codec.BAD_MESSAGE)
        self.assertEqual(begun.server.heard, [])
        for path in (b"/x\ny", b"/\xff\xfe", b"/../../etc/x"):
            begun.ask(codec.MKDIR, string(path) + Attributes().sent())
        self.assertEqual([each.path for each in begun.asked(codec.MKDIR)], [b"/x\ny", b"/\xff\xfe", b"/../../etc/x"])
        self.assertEqual(begun.facts[0].body["path"], "/x\N{REPLACEMENT CHARACTER}y")

    def test_a_handle_that_is_not_open_is_answered_here(self) -> None:
        """Also for extensions that take one."""
        begun = talk()
        for answer in (begun.close(b"x"), begun.read(b"x"), begun.ask(codec.FSTAT, string(b"x")),
                       begun.ask(codec.READDIR, string(b"x")), begun.extended(codec.FSYNC, string(b"x"))):  # fmt: skip
            self.assertEqual(answer.code, codec.FAILURE)
        self.assertEqual(begun.server.heard, [])

    def test_requests_about_open_files_pass(self) -> None:
        """Where nobody decides, and after the close no more."""
        begun = talk()
        handle = begun.open(b"/a", BOTH)
        self.assertEqual(begun.read(handle), b"0123")
        self.assertEqual(begun.extended(codec.FSYNC, string(handle)).code, codec.OK)
        self.assertEqual(begun.close(handle).code, codec.OK)
        self.assertEqual(begun.close(handle).code, codec.FAILURE)
        self.assertEqual(begun.get(b"/a"), b"0123")

    def test_so_many_may_be_open_and_no_more(self) -> None:
        """Handles that are never closed bind nothing beyond."""
        begun = talk()
        for _ in range(MOST_OPEN):
            self.assertIsInstance(begun.open(b"/a", codec.FOR_READING), bytes)
        self.assertEqual(begun.open(b"/a", codec.FOR_READING).text, "too many open files")
        self.assertEqual(begun.paths(codec.OPENDIR, b"/").text, "too many open files")

    def test_what_was_not_opened_for_reading_is_not_read(self) -> None:
        """Nor what would be read unevaluated: a file opened for both, where only downloads are decided about."""
        begun = talk()
        self.assertEqual(begun.read(begun.open(b"/a", codec.FOR_WRITING)).code, codec.DENIED)
        begun = talk(TransferRule("down", "download", ("clamd",)))
        self.assertEqual(begun.read(begun.open(b"/a", BOTH)).code, codec.DENIED)
        begun = talk(RULE)
        self.assertEqual(begun.read(begun.open(b"/b")).code, codec.DENIED)

    def test_a_folder_is_listed(self) -> None:
        """By its own requests."""
        begun = talk(RULE)
        folder = begun.paths(codec.OPENDIR, b"/").handle
        self.assertEqual(begun.ask(codec.READDIR, string(folder)).names[1][0], b"a")
        self.assertEqual(begun.close(folder).code, codec.OK)
        self.assertEqual(begun.facts, [])

    def test_a_path_that_is_being_uploaded_is_left_alone(self) -> None:
        """Until the file is closed nobody opens, removes, renames or links it."""
        begun = talk(RULE)
        handle = begun.open(b"/b")
        for answer in (
            begun.open(b"/b"), begun.paths(codec.REMOVE, b"/b"), begun.paths(codec.RMDIR, b"/b"),
            begun.paths(codec.RENAME, b"/b", b"/c"), begun.paths(codec.RENAME, b"/a", b"/b"),
            begun.extended(codec.HARDLINK, string(b"/b"), string(b"/c")),
        ):  # fmt: skip
            self.assertEqual((answer.code, answer.text), (codec.FAILURE, "it is being uploaded"))
        begun.close(handle)
        self.assertEqual(begun.paths(codec.RENAME, b"/b", b"/c").code, codec.OK)
        self.assertEqual(begun.paths(codec.REMOVE, b"/c").code, codec.OK)

    def test_sizes_are_not_set_behind_a_rules_back(self) -> None:
        """Truncating changes what a file is; other attributes pass."""
        begun = talk(RULE)
        self.assertEqual(begun.ask(codec.SETSTAT, string(b"/a") + Attributes(1).sent()).code, codec.DENIED)
        self.assertEqual(begun.ask(codec.SETSTAT, string(b"/a") + Attributes(mode=0o600).sent()).code, codec.OK)
        free = talk()
        self.assertEqual(free.ask(codec.SETSTAT, string(b"/a") + Attributes(1).sent()).code, codec.OK)
        self.assertEqual(free.paths(codec.RENAME, b"/a", b"/b").code, codec.OK)

    def test_what_is_kept_answers_what_it_can(self) -> None:
        """Nothing of it goes to the target."""
        begun = talk(RULE)
        incoming, served = begun.open(b"/b"), begun.open(b"/a", codec.FOR_READING)
        before = len(begun.server.heard)
        self.assertEqual(begun.extended(codec.FSYNC, string(incoming)).code, codec.OK)
        self.assertEqual(begun.ask(codec.FSETSTAT, string(incoming) + Attributes(mode=0o600).sent()).code, codec.OK)
        for answer in (begun.extended(b"fstatvfs@openssh.com", string(incoming)),
                       begun.ask(codec.FSETSTAT, string(served) + Attributes(1).sent())):  # fmt: skip
            self.assertEqual(answer.code, codec.UNSUPPORTED)
        self.assertEqual(begun.ask(codec.FSTAT, string(served)).attributes.size, 4)
        self.assertEqual(begun.read(served), b"0123")
        self.assertEqual(begun.close(served).code, codec.OK)
        self.assertEqual(len(begun.server.heard), before)

    def test_copies_pass_where_nobody_decides(self) -> None:
        """Between open handles; otherwise a job looks at both."""
        for rules, code, unknown in (((), codec.OK, codec.FAILURE), ((RULE,), codec.UNSUPPORTED, codec.UNSUPPORTED)):
            begun = talk(*rules)
            one, other = begun.open(b"/a", codec.FOR_READING), begun.open(b"/d/x")
            for source, goal, wanted in ((other, one, code), (b"x", other, unknown)):
                fields = string(source) + bytes(16) + string(goal) + bytes(8)
                self.assertEqual(begun.extended(codec.COPY, fields).code, wanted)

    def test_a_path_of_a_kept_file_is_spoken_for(self) -> None:
        """Looked at and set by path; other paths are the target's."""
        begun = talk(RULE)
        begun.open(b"/b")
        self.assertEqual(begun.paths(codec.STAT, b"/b").attributes.size, 0)
        self.assertEqual(begun.ask(codec.SETSTAT, string(b"/b") + Attributes(mode=0o600).sent()).code, codec.OK)
        self.assertEqual(begun.paths(codec.STAT, b"/a").attributes.size, 4)
