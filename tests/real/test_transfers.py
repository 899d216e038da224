"""File transfers by the clients people use: sftp, scp in both modes, rsync, git."""

from __future__ import annotations

import os
from pathlib import Path

from tests.real.harness import ACCOUNT, GRANT, Outcome, PlaceCase, run

DEBIAN = "Host *\n    SendEnv LANG LC_*\n    HashKnownHosts yes\n    GSSAPIAuthentication yes\n"
"""What /etc/ssh/ssh_config says on Debian."""

EVALUATED = (
    GRANT
    + """
[[target]]
name = "files1"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
[[credential]]
name = "files"
target = "files1"
account = "{account}"
kind = "key"
secret = "file:{folder}/credential"
[inspector.size]
max = "1MiB"
[[transfer]]
name = "small-only"
inspectors = ["size"]
targets = ["files1"]
[[grant]]
name = "files"
users = ["alice"]
targets = ["files1"]
accounts = ["{account}"]
rights = ["shell", "exec", "sftp", "scp", "rsync"]
transfers = ["*"]
[[grant]]
name = "only-exec"
users = ["bob"]
targets = ["only1"]
accounts = ["{account}"]
rights = ["exec"]
[[target]]
name = "only1"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
[[credential]]
name = "only"
target = "only1"
account = "{account}"
kind = "key"
secret = "file:{folder}/credential"
"""
)


class TransferCase(PlaceCase):
    """Files of a few megabytes with every byte in them."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = self.place.folder / "files" / self.id().rpartition(".")[2]
        self.folder.mkdir(parents=True)
        self.local = self.folder / "local"
        self.local.write_bytes(os.urandom(3_000_000) + bytes(range(256)))

    def sftp(self, *lines: str, config: str = "none", login: str = "") -> Outcome:
        batch = "\n".join(lines).encode() + b"\n"
        to = f"{login or self.place.to_web()}@127.0.0.1"
        return run(["sftp", "-q", "-b", "-", *self.place.options(config=config, port="-P"), to], batch, LANG="C.UTF-8")

    def scp(self, *words: str, config: str = "none") -> Outcome:
        return run(["scp", "-q", *self.place.options(config=config, port="-P"), *words], LANG="C.UTF-8")

    def there(self, path: Path, login: str = "") -> str:
        return f"{login or self.place.to_web()}@127.0.0.1:{path}"

    def same(self, *paths: Path) -> None:
        for path in paths:
            self.assertEqual(path.read_bytes(), self.local.read_bytes(), path)


class OpenSshTests(TransferCase):
    """sftp and scp, both modes, also with Debian's own settings."""

    def test_sftp_both_ways(self) -> None:
        """A file put and got again is the same file, and the folder lists it."""
        up, down = self.folder / "up", self.folder / "down"
        done = self.sftp(f"put {self.local} {up}", f"get {up} {down}", f"ls -1 {self.folder}", f"rm {up}")
        self.assertEqual(done.code, 0, done)
        self.same(down)
        self.assertIn(str(up), done.out.decode())
        self.assertFalse(up.exists())

    def test_sftp_says_the_targets_own_errors(self) -> None:
        """A file that is not there is reported in the server's words, with sftp's own code."""
        done = self.sftp("get /no/such/file /tmp/never")
        self.assertEqual(done.code, 1)
        self.assertIn("not found", done.err)

    def test_scp_both_modes_both_ways(self) -> None:
        """Over SFTP and by the old protocol."""
        for n, mode in enumerate(([], ["-O"])):
            up, down = self.folder / f"up{n}", self.folder / f"down{n}"
            self.assertEqual(self.scp(*mode, str(self.local), self.there(up)).code, 0)
            self.assertEqual(self.scp(*mode, self.there(up), str(down)).code, 0)
            self.same(up, down)

    def test_clients_with_debians_settings_end(self) -> None:
        """With SendEnv LANG LC_* ssh, sftp and scp end with code 0, and LANG arrives."""
        config = self.folder / "config"
        config.write_text(DEBIAN)
        up = self.folder / "up"
        echoed = self.place.ssh(self.place.to_web(), "echo $LANG", config=str(config), LANG="pt_PT.UTF-8")
        self.assertEqual((echoed.code, echoed.out), (0, b"pt_PT.UTF-8\n"))
        self.assertEqual(self.sftp(f"put {self.local} {up}", config=str(config)).code, 0)
        for mode in ([], ["-O"]):
            self.assertEqual(self.scp(*mode, str(self.local), self.there(up), config=str(config)).code, 0)
        self.same(up)


class ProgramTests(TransferCase):
    """rsync and git bring their own ssh command."""

    def shell(self) -> str:
        return " ".join(["ssh", *self.place.options()])

    def test_rsync_both_ways(self) -> None:
        """A tree goes up and comes down as it was."""
        tree = self.folder / "tree"
        (tree / "deep").mkdir(parents=True)
        (tree / "deep" / "file").write_bytes(self.local.read_bytes())
        up, down = self.folder / "up", self.folder / "down"
        for source, goal in ((f"{tree}/", self.there(up)), (self.there(up) + "/", str(down))):
            done = run(["rsync", "-a", "-e", self.shell(), source, goal])
            self.assertEqual(done.code, 0, done)
        self.same(down / "deep" / "file")

    def test_git_clone_and_push(self) -> None:
        """A repository on the target is cloned, changed and pushed to."""
        bare, clone = self.folder / "bare", self.folder / "clone"
        run(["git", "init", "-q", "--bare", str(bare)])
        known = {"GIT_SSH_COMMAND": self.shell()}
        done = run(["git", "clone", "-q", self.there(bare), str(clone)], **known)
        self.assertEqual(done.code, 0, done)
        author = ("-c", "user.email=a@example.org", "-c", "user.name=a", "-C", str(clone))
        (clone / "file").write_bytes(self.local.read_bytes())
        run(["git", *author, "add", "file"])
        run(["git", *author, "commit", "-qm", "x"])
        self.assertEqual(run(["git", *author, "push", "-q", "origin", "HEAD"], **known).code, 0)
        listed = run(["git", "-C", str(bare), "ls-tree", "--name-only", "-r", "--full-tree", "HEAD"])
        self.assertEqual(listed.out, b"file\n")


class RefusedTests(TransferCase):
    """What can not be evaluated is refused where a rule wants it evaluated, and each kind needs its right."""

    access = EVALUATED

    def test_rsync_is_refused_where_files_must_be_evaluated(self) -> None:
        """One line and code 77, and nothing arrives at the target's path."""
        login, up = self.place.to_web(target="files1"), self.folder / "up"
        self.assert_said(self.place.ssh(login, "--", f"rsync --server . {up}"), 77, "small-only", "use sftp or scp")
        self.assertFalse(up.exists())
        self.assert_said(self.place.ssh(login, "--", f"cat > {up}"), 77, "small-only", "use sftp or scp")
        self.assert_said(self.place.ssh(login, "--", f"tar c {self.folder}"), 77, "small-only")
        self.assertFalse(up.exists())
        self.assertEqual(self.place.ssh(login, "--", "echo yes").out, b"yes\n")

    def test_each_kind_of_transfer_needs_its_right(self) -> None:
        """Who may exec may not therefore sftp, scp or rsync."""
        login = f"bob={ACCOUNT}=only1"
        self.assertEqual(self.place.ssh(login, "echo yes", key="bob").out, b"yes\n")
        for right, words in (("sftp", ("-s", "--", "sftp")), ("scp", ("--", "scp -f /etc/hostname")),
                             ("rsync", ("--", "rsync --server --sender . /etc"))):  # fmt: skip
            self.assert_said(self.place.ssh(login, *words, key="bob"), 77, right)
