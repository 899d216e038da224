"""A file that passed comes to its place whole, or in place where that is what keeps its meaning."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import Attributes, string
from tests.domain.sftp.server import FOLDER, LINK, OFFERED, REGULAR, Node, Server
from tests.domain.sftp.talk import RULE, Talk


class PlacingTests(SynchronousTestCase):
    """The last part of an upload."""

    def put(self, server: Server, path: bytes = b"/a", content: bytes = b"new") -> Talk:
        """Upload a file to a server and return what was said."""
        talk = Talk((RULE,), server=server).begin()
        answer = talk.put(path, content)
        self.assertEqual(answer.code, codec.OK, answer)
        self.assertEqual((talk.depot.left, talk.gate.table.undo), ([], {}))
        return talk

    def placed(self, server: Server, path: bytes = b"/a") -> str:
        """Return the way an upload went."""
        talk = self.put(server, path)
        self.assertFalse([name for name in server.nodes if b".ostiary-" in name])
        return str(talk.fact("file.transferred")["placed"])

    def test_a_new_name_comes_into_being_whole(self) -> None:
        """Beside it first, made by nobody else, 0600, synchronised, then renamed."""
        server = Server()
        talk = self.put(server, content=b"x" * 100_000)
        opened = next(each for each in talk.asked(codec.OPEN))
        self.assertTrue(opened.flags & codec.EXCLUSIVE)
        self.assertEqual(opened.attributes.mode, 0o600)
        self.assertRegex(opened.path, rb"^/\.ostiary-[0-9a-f]{32}$")
        kinds = [each.name for each in talk.asked(codec.EXTENDED)]
        self.assertEqual(kinds, [codec.FSYNC, codec.POSIX_RENAME])
        self.assertEqual((server.nodes[b"/a"].mode, len(server.nodes[b"/a"].content)), (REGULAR | 0o644, 100_000))

    def test_a_new_file_has_the_mode_the_target_would_have_given_it(self) -> None:
        """How much is taken away is found out once a channel; where it can not be, the usual is."""
        server = Server(umask=0o077)
        talk = self.put(server)
        self.assertEqual(server.nodes[b"/a"].mode, REGULAR | 0o600)
        talk.put(b"/b", b"x")
        self.assertEqual(len([name for name in server.names if b".ostiary-" in name]), 3)
        blind = Server(umask=0o077)
        blind.fails[codec.FSTAT] = codec.FAILURE
        self.put(blind)
        self.assertEqual(blind.nodes[b"/a"].mode, REGULAR | 0o644)

    def test_where_no_probe_can_be_made_the_usual_mode_is_taken(self) -> None:
        """The folder was closed in between."""
        talk = Talk((RULE,)).begin()
        handle = talk.open(b"/a", mode=0o666)
        talk.hold = True
        talk.close(handle)
        talk.server.most_made = 1
        talk.hold = False
        while talk.asks:
            talk.answer()
        self.assertEqual(talk.server.nodes[b"/a"].mode, REGULAR | 0o644)

    def test_a_file_of_the_same_owner_is_replaced_with_its_mode(self) -> None:
        """Whoever reads it meanwhile reads the old one to its end."""
        server = Server()
        server.nodes[b"/a"] = old = Node(b"old", mode=REGULAR | 0o755)
        self.assertEqual(self.placed(server), "renamed")
        self.assertIsNot(server.nodes[b"/a"], old)
        self.assertEqual(server.nodes[b"/a"].mode, REGULAR | 0o755)

    def test_what_a_rename_would_change_is_written_in_place(self) -> None:
        """A hard link, another owner, a symbolic link, a device, and a server that can not replace."""
        hard, foreign, device = Server(), Server(), Server()
        hard.nodes[b"/a"] = Node(b"old", links=2)
        foreign.nodes[b"/a"] = Node(b"old", owners=(7, 7))
        device.nodes[b"/a"] = Node(b"", mode=0o020666)
        plain = Server(offered=tuple(set(OFFERED) - {codec.POSIX_RENAME}))
        plain.nodes[b"/a"] = Node(b"old")
        for server in (hard, foreign, device, plain):
            node = server.nodes[b"/a"]
            self.assertEqual(self.placed(server), "in_place")
            self.assertIs(server.nodes[b"/a"], node)
            self.assertEqual(node.content, b"new")
        linked = Server()
        linked.nodes[b"/a"], linked.nodes[b"/b"] = Node(mode=LINK | 0o777, to=b"/b"), Node(b"old")
        self.assertEqual(self.placed(linked), "in_place")
        self.assertEqual((linked.nodes[b"/a"].to, linked.nodes[b"/b"].content), (b"/b", b"new"))

    def test_without_a_listing_a_file_is_written_in_place(self) -> None:
        """It may have hard links; also where the listing's lines say nothing, or the file is not found in it."""
        silent = ({codec.OPENDIR: 3}, {codec.READDIR: 3}, {}, {})
        for fails, line in zip(silent, (b"%d", b"%d", b"rw %d", b"rw x%d y"), strict=True):
            server = Server(fails=dict(fails), line=line)
            server.nodes[b"/a"] = Node(b"old")
            self.assertEqual(self.placed(server), "in_place")

    def test_a_listing_is_looked_through_to_a_bound(self) -> None:
        """A folder of very many names is none in which one is looked for."""
        for names, way in ((3, "renamed"), (40, "in_place")):
            server = Server(page=1)
            for at in range(names):
                server.nodes[b"/%d" % at] = Node(b"x")
            server.nodes[b"/a"] = Node(b"old")
            self.assertEqual(self.placed(server), way)

    def test_a_folder_one_may_not_write_to_is_written_into_its_files_only(self) -> None:
        """A new file fails with what the target said."""
        server = Server()
        server.nodes[b"/a"] = node = Node(b"old")
        server.closed_folders = True
        self.assertEqual(self.placed(server), "in_place")
        self.assertEqual(node.content, b"new")
        talk = Talk((RULE,), server=server).begin()
        self.assertEqual(talk.put(b"/b", b"x").text, "no")
        self.assertEqual(talk.depot.left, [])

    def test_every_step_that_fails_leaves_nothing_behind(self) -> None:
        """And is the answer to CLOSE."""
        for step in (codec.WRITE, codec.FSYNC, codec.FSETSTAT, codec.POSIX_RENAME, codec.CLOSE):
            server = Server(fails={step: codec.FAILURE})
            talk = Talk((RULE,), server=server).begin()
            self.assertEqual(talk.put(b"/a", b"x").code, codec.FAILURE, step)
            self.assertEqual(sorted(server.nodes), [b"/"], step)

    def test_a_server_of_few_words_is_enough(self) -> None:
        """No fsync, no renaming over what is there."""
        server = Server(offered=())
        self.assertEqual(self.placed(server), "renamed")
        self.assertEqual(server.nodes[b"/a"].content, b"new")

    def test_in_place_each_step_may_fail_too(self) -> None:
        """Opening, writing, setting, closing."""
        for step in (codec.OPEN, codec.WRITE, codec.FSETSTAT, codec.CLOSE):
            server = Server()
            server.nodes[b"/a"] = Node(b"old", links=2)
            talk = Talk((RULE,), server=server).begin()
            handle = talk.open(b"/a")
            talk.write(handle, 0, b"new")
            talk.ask(codec.FSETSTAT, string(handle) + Attributes(mode=0o600, owners=(1, 2)).sent())
            server.fails[step] = codec.DENIED
            self.assertEqual(talk.close(handle).code, codec.DENIED, step)
        del server.fails[step]
        handle = talk.open(b"/a")
        talk.ask(codec.FSETSTAT, string(handle) + Attributes(mode=0o600).sent())
        self.assertEqual(talk.close(handle).code, codec.OK)
        self.assertEqual(server.nodes[b"/a"].mode, REGULAR | 0o600)

    def test_what_the_gateway_lost_is_not_written_on(self) -> None:
        """It fails instead of waiting for ever."""
        talk = Talk((RULE,)).begin()
        handle = talk.open(b"/a")
        talk.write(handle, 0, b"x")
        talk.depot.lost = True
        self.assertEqual(talk.close(handle).text, "the gateway lost what it kept")

    def test_a_mode_that_was_set_is_the_files(self) -> None:
        """Whatever the target would have taken away."""
        talk = Talk((RULE,)).begin()
        handle = talk.open(b"/a", mode=0o640)
        talk.ask(codec.FSETSTAT, string(handle) + Attributes(mode=0o4777).sent())
        talk.close(handle)
        self.assertEqual(talk.server.nodes[b"/a"].mode, REGULAR | 0o4777)

    def test_as_much_goes_at_once_as_the_target_takes(self) -> None:
        """No more than is good for anybody; a target that does not say gets little."""
        for fails, longest in (({}, 255 * 1024), ({codec.LIMITS: codec.FAILURE}, 32 * 1024)):
            server = Server(fails=dict(fails), offered=(*OFFERED, codec.LIMITS))
            self.put(server, content=b"x" * 300_000)
            self.assertEqual(max(len(each) for each in server.heard if isinstance(each, bytes)), longest)

    def test_what_others_left_is_removed(self) -> None:
        """At the beginning, once; what is gone is forgotten."""
        talk = Talk((RULE,))
        talk.depot.left = [b"/.ostiary-1"]
        talk.begin()
        self.assertEqual(talk.depot.left, [])

    def test_more_is_on_its_way_than_is_answered(self) -> None:
        """Two megabytes, then it waits."""
        server = Server()
        self.put(server, content=b"x" * 3_000_000)
        self.assertEqual(len(server.nodes[b"/a"].content), 3_000_000)

    def test_relative_names_have_a_folder_too(self) -> None:
        """It is the one where the session began."""
        server = Server()
        server.nodes[b"/sub"] = Node(mode=FOLDER | 0o755)
        self.assertEqual(self.placed(server, b"/sub/a"), "renamed")
