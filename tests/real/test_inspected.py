"""Files that are evaluated on their way: a real clamd, real clients, a real target; and plugins of third parties."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any, ClassVar

from tests.plugins.wheels import install_example
from tests.real.harness import ACCOUNT, GRANT, Outcome, PlaceCase, run, until
from tests.real.scanners import MARKER, THREAT, Scanners

RULES = """
[inspector.clamd]
address = "{socket}"
quarantine = true
score = 30
[inspector.archive]
max_total = "20MiB"
[inspector.type]
deny = ["elf", "key"]
[inspector.path]
deny = ["*.forbidden"]
[inspector.sleepy]
kind = "command"
argv = ["/bin/sh", "-c", "sleep 60"]
timeout = "1s"
unconfined = true
[inspector.yara]
rules = "file:{rules}"
[[transfer]]
name = "no-malware"
inspectors = ["path", "clamd", "archive", "type"]
targets = ["web1"]
[[transfer]]
name = "sleepy"
inspectors = ["sleepy"]
targets = ["web2"]
[[transfer]]
name = "by-yara"
inspectors = ["yara"]
targets = ["web3"]
"""
TARGET = """
[[target]]
name = "{name}"
address = "127.0.0.1:{{port}}"
host_keys = ["{{host}}"]
"""
YARA = 'rule Named { strings: $a = "named by yara" condition: $a }\n'


def bomb() -> bytes:
    """Return a zip of 60 MB of zeros."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(60_000_000))
    return out.getvalue()


BAD = {
    "infected": (b"x" * 300_000 + MARKER, THREAT), "bomb.zip": (bomb(), "unpacks to more"),
    "program": (b"\x7fELF" + bytes(999), "elf"), "a.forbidden": (b"x", "*.forbidden"),
}  # fmt: skip
"""Name, content, and a word of the reason."""


class InspectedCase(PlaceCase):
    """A gateway with rules that name inspectors, and a clamd of its own."""

    scanners: ClassVar[Scanners]
    rules: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        """Start clamd, then say where it is."""
        cls.scanners = Scanners()
        cls.scanners.start()
        cls.rules = Path(tempfile.mkdtemp()) / "rules.yar"
        cls.rules.write_text(YARA)
        targets = "".join(TARGET.format(name=name) for name in ("web2", "web3"))
        cls.access = GRANT + targets + RULES.format(socket=cls.scanners.socket, rules=cls.rules)

    @classmethod
    def tearDownClass(cls) -> None:
        """End both."""
        super().tearDownClass()
        cls.scanners.stop()

    def setUp(self) -> None:
        super().setUp()
        self.folder = self.place.folder / "inspected" / self.id().rpartition(".")[2]
        self.here, self.there = self.folder / "here", self.folder / "there"
        for each in (self.here, self.there):
            each.mkdir(parents=True)

    def sftp(self, *lines: str, target: str = "web1") -> Outcome:
        """Run a batch; it goes on after an error."""
        batch = "".join(f"-{line}\n" for line in lines).encode()
        login = f"{self.place.to_web(target=target)}@127.0.0.1"
        return run(["sftp", "-q", "-b", "-", *self.place.options(port="-P"), login], batch)

    def scp(self, source: Path | str, to: Path | str, *words: str) -> Outcome:
        """Copy; the remote side begins with a colon."""
        login = f"{self.place.to_web()}@127.0.0.1"
        paths = [f"{login}{each}" if str(each).startswith(":") else str(each) for each in (source, to)]
        return run(["scp", "-q", *words, *self.place.options(port="-P"), *paths])

    def told_of(self, path: Path, least: int = 1) -> list[dict[str, Any]]:
        """Return what was told of a path, once there is something."""

        def rows() -> list[dict[str, Any]]:
            kinds = ("file.denied", "file.quarantined", "file.transferred")
            return [row for row in self.place.events() if row["kind"] in kinds and row.get("path") == str(path)]

        return list(until(lambda: found if len(found := rows()) >= least else [], f"{least} facts of {path}"))


class InspectedTests(InspectedCase):
    """Files that go to the target, files that come from it, and what a session's start freezes."""

    def test_clean_files_arrive(self) -> None:
        """By sftp and both modes of scp."""
        (self.here / "clean").write_bytes(content := os.urandom(700_000))
        self.assertEqual(self.sftp(f"put {self.here}/clean {self.there}/one").code, 0)
        for name, words in (("two", ()), ("three", ("-O",))):
            done = self.scp(self.here / "clean", f":{self.there}/{name}", *words)
            self.assertEqual((done.code, done.err), (0, ""))
        self.assertEqual([(self.there / name).read_bytes() for name in ("one", "two", "three")], [content] * 3)

    def test_a_bad_file_never_exists_at_its_path(self) -> None:
        """Whatever finds it, whatever carries it; nothing is left beside it, and the operator is told why."""
        for name, (content, reason) in BAD.items():
            (self.here / name).write_bytes(content)
            to = self.there / name
            for done in (
                self.sftp(f"put {self.here / name} {to}"), self.scp(self.here / name, f":{to}"),
                self.scp(self.here / name, f":{to}", "-O"),
            ):  # fmt: skip
                self.assertIn(reason, " ".join(done.said), (name, done))
                self.assertEqual(os.listdir(self.there), [], name)

    def test_a_bad_file_leaves_the_one_that_was_there(self) -> None:
        """Overwriting it is denied like making it."""
        (self.here / "bad").write_bytes(MARKER)
        (self.there / "kept").write_bytes(b"as it was")
        self.sftp(f"put {self.here}/bad {self.there}/kept")
        self.assertEqual((self.there / "kept").read_bytes(), b"as it was")

    def test_what_was_found_is_told_scored_and_held(self) -> None:
        """One event with digest, size and verdicts; an admin finds the file in quarantine, and takes it out."""
        (self.here / "bad").write_bytes(content := MARKER + os.urandom(8))
        self.sftp(f"put {self.here}/bad {self.there}/bad")
        fact = self.told_of(self.there / "bad")[0]
        self.assertEqual((fact["kind"], fact["rule"], fact["bytes"]), ("file.quarantined", "no-malware", len(content)))
        self.assertIn("clamd:quarantine:infected", fact["verdicts"])
        self.assertEqual(self.place.newest()["risk"], 30)
        row = next(row for row in self.place.pamctl("quarantine", "list") if row["sha256"] == fact["sha256"])
        known = fact["quarantine"], "alice", str(self.there / "bad")
        self.assertEqual((row["id"], row["operator"], row["path"]), known)
        held = self.place.gateway.pamctl("quarantine", "release", row["id"][:12], "--reason", "to look at it")
        self.assertEqual((held.code, held.out), (0, content))
        self.place.told("quarantine.released", sha256=fact["sha256"], reason="to look at it")
        self.place.pamctl("quarantine", "rm", row["id"])
        self.assertNotIn(row["id"], [each["id"] for each in self.place.pamctl("quarantine", "list")])

    def test_an_inspector_that_hangs_denies(self) -> None:
        """After its time-out; the session goes on."""
        (self.here / "any").write_bytes(b"any")
        done = self.sftp(f"put {self.here}/any {self.there}/any", "pwd", target="web2")
        self.assertIn("timed out", " ".join(done.said))
        self.assertIn(b"Remote working directory", done.out)
        self.assertEqual(os.listdir(self.there), [])

    def test_rules_of_yara_are_those_of_the_sessions_start(self) -> None:
        """A file that a rule names is denied."""
        (self.here / "any").write_bytes(b"this is named by yara")
        self.assertIn("matches Named", " ".join(self.sftp(f"put {self.here}/any {self.there}/any", target="web3").said))
        self.assertEqual(os.listdir(self.there), [])

    def test_clean_files_come(self) -> None:
        """By sftp and both modes of scp."""
        (self.there / "clean").write_bytes(content := os.urandom(700_000))
        self.assertEqual(self.sftp(f"get {self.there}/clean {self.here}/one").code, 0)
        for name, words in (("two", ()), ("three", ("-O",))):
            done = self.scp(f":{self.there}/clean", self.here / name, *words)
            self.assertEqual((done.code, done.err), (0, ""))
        self.assertEqual([(self.here / name).read_bytes() for name in ("one", "two", "three")], [content] * 3)

    def test_a_bad_file_delivers_no_byte(self) -> None:
        """Whatever finds it; the operator is told why."""
        for name, (content, reason) in BAD.items():
            (self.there / name).write_bytes(content)
            for done in (
                self.sftp(f"get {self.there / name} {self.here}/got"),
                self.scp(f":{self.there / name}", self.here / "got"),
                self.scp(f":{self.there / name}", self.here / "got", "-O"),
            ):  # fmt: skip
                self.assertIn(reason, " ".join(done.said), (name, done))
                got = self.here / "got"
                self.assertEqual(got.stat().st_size if got.exists() else 0, 0, name)
                got.unlink(missing_ok=True)

    def test_what_was_found_is_told(self) -> None:
        """With the direction."""
        (self.there / "bad").write_bytes(MARKER)
        self.sftp(f"get {self.there}/bad {self.here}/bad")
        self.assertEqual(self.told_of(self.there / "bad")[0]["direction"], "download")

    def test_a_change_reaches_the_next_session_only(self) -> None:
        """New rules in a file that an inspector names: the running session has the old ones."""
        (self.here / "any").write_bytes(b"harmless at first")
        login = f"{self.place.to_web(target='web3')}@127.0.0.1"
        argv = ["sftp", "-q", "-b", "-", *self.place.options(port="-P"), login]
        child = self.place.spawn(argv)
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(b"pwd\n")
        child.stdin.flush()
        while b"Remote working directory" not in child.stdout.readline():
            pass
        self.addCleanup(self.rules.write_text, YARA)
        self.rules.write_text(YARA + 'rule New { strings: $a = "harmless at first" condition: $a }\n')
        out, err = child.communicate(f"put {self.here}/any {self.there}/old\n".encode(), timeout=30)
        self.assertEqual((child.returncode, os.listdir(self.there)), (0, ["old"]), (out, err))
        said = self.sftp(f"put {self.here}/any {self.there}/new", target="web3").said
        self.assertIn("matches New", " ".join(said))
        self.assertEqual(os.listdir(self.there), ["old"])


class PluginTests(PlaceCase):
    """The manual's example, installed as any package, beside a real gateway."""

    alone = True
    WORDS = '[inspector.words]\nkind = "acme"\nword = "secret"\n[[transfer]]\nname = "words"\ninspectors = ["words"]\n'

    def test_it_is_named_used_and_missed(self) -> None:
        """Refused while it is not installed; then it judges; when it is gone, the node says so and does not start."""
        gateway, folder = self.place.gateway, self.place.folder
        (folder / "words.toml").write_text(self.WORDS)
        refused = gateway.pamctl("apply", str(folder / "words.toml"))
        self.assertEqual(refused.code, 78, refused)
        self.assertIn("writable by" if os.geteuid() else "no installed plugin provides the kind 'acme'", refused.err)
        if os.geteuid():
            return  # the checkout's own plugin folder is this user's: no plugin can be trusted here
        site = install_example(Path(tempfile.mkdtemp()))
        site.parent.chmod(0o755)
        gateway.site = str(site)
        gateway.restart()
        self.place.pamctl("apply", str(folder / "words.toml"))
        self.assertEqual(self.put(b"plain"), [])
        self.assertIn("a word stands in it", " ".join(self.put(b"a secret word")))
        session = self.place.newest()
        frozen = json.loads(self.place.gateway.pamctl("policy", "show", session["id"], "--json").out)["data"]["frozen"]
        self.assertIn("acme-inspector 1.0", json.dumps(frozen))
        gateway.site = ""
        gateway.stop()
        with self.assertRaisesRegex(AssertionError, "can not start: inspector words"):
            gateway.start()
        self.assertEqual(gateway.pamctl("transfer", "rm", "words").code, 0)
        self.assertEqual(gateway.pamctl("inspector", "rm", "words").code, 0)
        gateway.start()

    def put(self, content: bytes) -> list[str]:
        """Upload a file; return what the gateway said."""
        local = self.place.folder / "local"
        local.write_bytes(content)
        login = f"alice={ACCOUNT}=web1@127.0.0.1"
        argv = ["sftp", "-q", "-b", "-", *self.place.options(port="-P"), login]
        return run(argv, f"-put {local} {self.place.folder}/remote\n".encode()).said
