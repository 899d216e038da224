"""Files that rules decide about, by the clients people use: what is denied is nowhere, what passes is whole."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import paramiko

from tests.real.harness import GRANT, Outcome, PlaceCase, Sshd, run, until

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
[inspector.path]
deny = ["*.key", "{folder}/host*"]
[[transfer]]
name = "small-only"
inspectors = ["size", "path"]
targets = ["files1"]
[[grant]]
name = "files"
users = ["alice"]
targets = ["files1"]
accounts = ["{account}"]
rights = ["shell", "exec", "sftp", "scp", "rsync"]
transfers = ["*"]
"""
)


class EvaluatedCase(PlaceCase):
    """A small file, and one that is too large."""

    access = EVALUATED

    def setUp(self) -> None:
        super().setUp()
        self.folder = self.place.folder / "files" / self.id().rpartition(".")[2]
        self.folder.mkdir(parents=True)
        self.small, self.large = self.folder / "small", self.folder / "large"
        self.small.write_bytes(os.urandom(300_000))
        self.large.write_bytes(os.urandom(3_000_000))
        self.login = self.place.to_web(target="files1")

    def sftp(self, *lines: str) -> Outcome:
        batch = "\n".join(lines).encode() + b"\n"
        return run(["sftp", "-q", "-b", "-", *self.place.options(port="-P"), f"{self.login}@127.0.0.1"], batch)

    def scp(self, *words: str) -> Outcome:
        return run(["scp", "-q", *self.place.options(port="-P"), *words])

    def there(self, path: Path) -> str:
        return f"{self.login}@127.0.0.1:{path}"

    def told(self, count: int = 1) -> list[dict[str, Any]]:
        """Return what is told of the newest session's files, once there are so many."""

        def found() -> list[dict[str, Any]]:
            shown = self.place.pamctl("session", "show", str(self.place.newest()["id"]))
            return [dict(each) for each in shown["transfers"]] if len(shown["transfers"]) >= count else []

        return list(until(found, f"{count} transfers are told"))

    def left(self) -> list[Path]:
        """Return what the gateway left beside the files."""
        return [path for path in self.folder.iterdir() if path.name.startswith(".ostiary-")]


class OpenSshTests(EvaluatedCase):
    """sftp, and scp in both modes."""

    def test_what_passes_arrives_whole_with_its_mode(self) -> None:
        """Both ways, in all three forms; beside it nothing is left."""
        self.small.chmod(0o640)
        for n, put in enumerate((lambda up: self.sftp(f"put {self.small} {up}"),
                                 lambda up: self.scp(str(self.small), self.there(up)),
                                 lambda up: self.scp("-O", str(self.small), self.there(up)))):  # fmt: skip
            up, down = self.folder / f"up{n}", self.folder / f"down{n}"
            done = put(up)
            self.assertEqual(done.code, 0, done)
            self.assertEqual(up.read_bytes(), self.small.read_bytes())
            self.assertEqual(stat.S_IMODE(up.stat().st_mode), 0o640)
            mode = ["-O"] if n == 2 else []
            got = self.sftp(f"get {up} {down}") if not n else self.scp(*mode, self.there(up), str(down))
            self.assertEqual((got.code, down.read_bytes()), (0, self.small.read_bytes()), got)
        self.assertEqual(self.left(), [])
        told = self.told()[0]
        self.assertEqual((told["direction"], told["protocol"], told["bytes"]), ("download", "scp", 300_000))

    def test_what_is_denied_is_never_there_and_the_reason_is_read(self) -> None:
        """One line, the client's own failure, one fact."""
        for n, put in enumerate((lambda up: self.sftp(f"put {self.large} {up}"),
                                 lambda up: self.scp(str(self.large), self.there(up)),
                                 lambda up: self.scp("-O", str(self.large), self.there(up)))):  # fmt: skip
            up = self.folder / f"up{n}"
            done = put(up)
            self.assertEqual((done.code, len(done.said)), (1, 1), done)
            self.assertIn("small-only", done.said[0])
            self.assertFalse(up.exists())
            (told,) = self.told()
            self.assertEqual((told["outcome"], told["direction"]), ("denied", "upload"))

    def test_a_denied_download_gives_no_byte(self) -> None:
        """The operator's file is not even made, or empty."""
        for n, get in enumerate((lambda down: self.sftp(f"get {self.large} {down}"),
                                 lambda down: self.scp(self.there(self.large), str(down)),
                                 lambda down: self.scp("-O", self.there(self.large), str(down)))):  # fmt: skip
            down = self.folder / f"down{n}"
            done = get(down)
            self.assertEqual((done.code, len(done.said)), (1, 1), done)
            self.assertEqual(down.read_bytes() if down.exists() else b"", b"")

    def test_names_are_judged_as_they_are_and_as_they_really_are(self) -> None:
        """A link hides nothing, and a rename gives nothing away."""
        link = self.folder / "innocent"
        link.symlink_to(self.place.folder / "host")
        done = self.sftp(f"get {link} {self.folder / 'down'}")
        self.assertEqual((done.code, len(done.said)), (1, 1), done)
        renamed = self.sftp(f"rename {self.small} {self.folder / 'x.key'}")
        self.assertEqual(renamed.code, 1, renamed)
        self.assertTrue(self.small.exists())
        linked = self.sftp(f"ln {self.place.folder / 'host'} {self.folder / 'hard'}")
        self.assertEqual(linked.code, 1, linked)
        self.assertFalse((self.folder / "hard").exists())

    def test_a_file_that_is_replaced_keeps_what_it_stands_for(self) -> None:
        """A link stays a link, a hard link stays one file, a mode stays a mode."""
        real, link, hard = self.folder / "real", self.folder / "link", self.folder / "hard"
        real.write_text("old")
        real.chmod(0o751)
        link.symlink_to(real)
        self.assertEqual(self.sftp(f"put {self.small} {link}").code, 0)
        self.assertTrue(link.is_symlink())
        self.assertEqual((real.read_bytes(), stat.S_IMODE(real.stat().st_mode)), (self.small.read_bytes(), 0o751))
        self.assertEqual(self.told()[0]["placed"], "in_place")
        hard.hardlink_to(real)
        real.write_text("old")
        self.assertEqual(self.sftp(f"put {self.small} {hard}").code, 0)
        self.assertEqual(real.read_bytes(), self.small.read_bytes())
        hard.unlink()
        self.assertEqual(self.sftp(f"put {self.small} {real}").code, 0)
        self.assertEqual(stat.S_IMODE(real.stat().st_mode), 0o751)
        self.assertEqual(self.told()[0]["placed"], "renamed")

    def test_resuming_evaluates_the_whole(self) -> None:
        """A part that is small enough does not make a whole that is."""
        up = self.folder / "large-up"
        up.write_bytes(self.large.read_bytes()[:2_900_000])
        done = self.sftp(f"reput {self.large} {up}")
        self.assertEqual(done.code, 1, done)
        self.assertEqual(up.stat().st_size, 2_900_000)
        up.write_bytes(self.small.read_bytes()[:100_000])
        self.assertEqual(self.sftp(f"reput {self.small} {up}").code, 0)
        self.assertEqual(up.read_bytes(), self.small.read_bytes())

    def test_files_without_a_size_are_read_to_their_end(self) -> None:
        """As those of /proc."""
        down = self.folder / "down"
        self.assertEqual(self.sftp(f"get /proc/version {down}").code, 0)
        self.assertEqual(down.read_bytes(), Path("/proc/version").read_bytes())

    def test_folders_go_both_ways(self) -> None:
        """One denied file does not stop the others, and the client says that not all went well."""
        tree = self.folder / "tree"
        (tree / "deep").mkdir(parents=True)
        (tree / "deep" / "a").write_text("a")
        (tree / "deep" / "big").write_bytes(self.large.read_bytes())
        (tree / "z").write_text("z")
        for n, mode in enumerate(([], ["-O"])):
            up = self.folder / f"up{n}"
            done = self.scp("-r", *mode, str(tree), self.there(up))
            self.assertEqual(done.code, 1, done)
            self.assertEqual(((up / "deep" / "a").read_text(), (up / "z").read_text()), ("a", "z"))
            self.assertFalse((up / "deep" / "big").exists())
            down = self.folder / f"down{n}"
            self.assertEqual(self.scp("-r", *mode, self.there(up), str(down)).code, 0)
            self.assertEqual((down / "deep" / "a").read_text(), "a")

    def test_a_client_that_dies_leaves_nothing(self) -> None:
        """No file, no part of one, nothing in the spool."""
        up = self.folder / "up"
        child = self.place.spawn(["sftp", "-q", *self.place.options(port="-P"), f"{self.login}@127.0.0.1"])
        assert child.stdin is not None
        child.stdin.write(f"put -f {self.small} {up}\n".encode() * 1)
        child.stdin.flush()
        spool = self.place.gateway.state / "spool"
        until(lambda: up.exists() or list(spool.glob("*.part")), "the upload began")
        child.kill()
        until(lambda: not list(spool.glob("*.part")), "the spool is empty")
        self.assertEqual(self.left(), [])


class OtherClientTests(EvaluatedCase):
    """lftp, curl, psftp and paramiko."""

    def test_paramiko_puts_gets_and_is_denied(self) -> None:
        """Its prefetch asks for everything at once."""
        up, down = self.folder / "up", self.folder / "down"
        key = paramiko.Ed25519Key.from_private_key_file(str(self.place.folder / "alice"))
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect("127.0.0.1", self.place.gateway.port, self.login, pkey=key, look_for_keys=False)
        try:
            with client.open_sftp() as sftp:
                sftp.put(str(self.small), str(up))
                sftp.get(str(up), str(down))
                self.assertRaises(OSError, sftp.put, str(self.large), str(self.folder / "no"))
                with sftp.open(str(up), "r+") as changed:
                    changed.seek(10)
                    changed.write(b"patched")
        finally:
            client.close()
        self.assertEqual(down.read_bytes(), self.small.read_bytes())
        patched = self.small.read_bytes()
        self.assertEqual(up.read_bytes(), patched[:10] + b"patched" + patched[17:])
        self.assertFalse((self.folder / "no").exists())

    def test_curl_lftp_and_psftp(self) -> None:
        """Each puts, gets, and is denied."""
        where = f"sftp://127.0.0.1:{self.place.gateway.port}"
        key = str(self.place.folder / "alice")
        pem = self.folder / "pem"
        pem.write_bytes(Path(key).read_bytes())
        pem.chmod(0o600)
        curl = ["curl", "-sS", "-k", "-u", f"{self.login}:", "--key", key, "--pubkey", key + ".pub"]
        known = subprocess.list2cmdline(["ssh", "-a", "-x", *self.place.options(port="-p")])
        lftp = ["lftp", "-u", f"{self.login},x", "-e"]
        for file, good in ((self.small, True), (self.large, False)):
            up = self.folder / f"c-{file.name}"
            done = run([*curl, "-T", str(file), f"{where}{up}"])
            # curl does not look at the answer to CLOSE.
            self.assertEqual((done.code, up.exists()), (0, good), done)
            up = up.with_name(up.name.replace("c-", "l-"))
            settings = f"set sftp:connect-program {known!r}; set net:max-retries 1; set cmd:fail-exit yes"
            done = run([*lftp, f"{settings}; put {file} -o {up}; bye", where])
            self.assertEqual((done.code == 0, up.exists()), (good, good), done)
        got = run([*curl, f"{where}{self.folder / 'c-small'}"])
        self.assertEqual((got.code, got.out), (0, self.small.read_bytes()))

    def test_psftp(self) -> None:
        """It puts and gets, and is denied in words."""
        key, shown = self.folder / "key.ppk", self.folder / "batch"
        run(["puttygen", str(self.place.folder / "alice"), "-O", "private", "-o", str(key)])
        scanned = run(["ssh-keyscan", "-t", "ed25519", "-p", str(self.place.gateway.port), "127.0.0.1"])
        line = self.folder / "host.pub"
        line.write_bytes(scanned.out.split(b" ", 1)[1])
        known = run(["ssh-keygen", "-lf", str(line)]).out.decode().split()[1]
        for file, good in ((self.small, True), (self.large, False)):
            up = self.folder / f"p-{file.name}"
            shown.write_text(f"put {file} {up}\nget {up} {up}-back\nquit\n")
            done = run(["psftp", "-batch", "-i", str(key), "-P", str(self.place.gateway.port), "-hostkey", known,
                        "-b", str(shown), f"{self.login}@127.0.0.1"], HOME=str(self.folder))  # fmt: skip
            self.assertEqual((done.code == 0, up.exists()), (good, good), done)
            if good:
                self.assertEqual(Path(f"{up}-back").read_bytes(), file.read_bytes())


class InternalServerTests(EvaluatedCase):
    """A target whose SFTP server is sshd itself."""

    def test_it_is_one_like_any(self) -> None:
        """What passes is whole, what is denied is not there."""
        daemon = Sshd(self.place.folder, sftp_server="internal-sftp")
        daemon.start()
        self.addCleanup(daemon.stop)
        self.place.pamctl("target", "add", "files1", "--address", f"127.0.0.1:{daemon.port}")
        self.addCleanup(
            self.place.pamctl, "target", "add", "files1", "--address", f"127.0.0.1:{self.place.sshd.port}"
        )
        for file, code in ((self.small, 0), (self.large, 1)):
            up = self.folder / f"up-{file.name}"
            self.assertEqual(self.sftp(f"put {file} {up}").code, code)
            self.assertEqual(up.exists(), not code)
        down = self.folder / "down"
        self.assertEqual(self.sftp(f"get {self.folder / 'up-small'} {down}").code, 0)
        self.assertEqual(down.read_bytes(), self.small.read_bytes())
        self.assertEqual(self.left(), [])
