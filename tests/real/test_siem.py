"""Events arrive at Debian's rsyslog, whatever happens to it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.real.harness import PlaceCase, clean, free_port, listens, stop, until

RSYSLOGD = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin")

RULES = """
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imtcp")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="whole" type="string" string="%rawmsg%\\n")
action(type="omfile" file="{folder}/all.log" template="whole" flushOnTXEnd="on")
"""


class Receiver:
    """An rsyslogd on loopback that writes what it gets, as it gets it, to a file."""

    def __init__(self) -> None:
        self.folder = Path()
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert RSYSLOGD is not None, "apt-get install rsyslog"
        if self.folder == Path():
            self.folder = Path(tempfile.mkdtemp(prefix="ostiary-siem-"))
        rules = self.folder / "rsyslog.conf"
        rules.write_text(RULES.format(folder=self.folder, port=self.port))
        argv = [RSYSLOGD, "-n", "-f", str(rules), "-i", str(self.folder / "pid")]
        self.process = subprocess.Popen(argv, env=clean(), stdin=subprocess.DEVNULL)
        until(lambda: listens(self.port), "rsyslogd listens")

    @property
    def log(self) -> Path:
        return self.folder / "all.log"

    def kill(self) -> None:
        assert self.process is not None
        stop(self.process, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def events(self) -> list[dict[str, Any]]:
        """Return the events of whole lines; a line that a kill cut off is none."""
        found = []
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        for line in lines:
            try:
                found.append(json.loads(line.partition(" - {")[2].join(("{", ""))))
            except ValueError:
                continue
        return [each["ostiary"] for each in found]


RECEIVER = Receiver()


class RsyslogTests(PlaceCase):
    """Nothing is lost, and the receiver's death is no concern of a session."""

    settings = f'[[siem]]\ntransport = "tcp:127.0.0.1:{RECEIVER.port}"\nformat = "ecs"\n'

    def setUp(self) -> None:
        RECEIVER.start()
        self.addCleanup(RECEIVER.close)
        super().setUp()

    def ids(self) -> set[str]:
        return {each["id"] for each in RECEIVER.events()}

    def status(self) -> tuple[str, int]:
        row = self.place.pamctl("siem", "status")[0]
        return row["state"], row["lag"]

    def load(self, count: int) -> None:
        """Make events: each change is one."""
        text = "".join(f'[[user]]\nname = "u{n}"\nroles = ["operator"]\n' for n in range(count))
        done = self.place.gateway.pamctl("apply", "-", stdin=text.encode())
        assert done.code == 0, done

    def test_a_receiver_killed_under_load_gets_every_event(self) -> None:
        """Sessions go on meanwhile; a test event is delivered in the end, and each id of the journal is there."""
        until(lambda: self.ids(), "first events arrive")
        for turn in range(6):
            if turn in (1, 3):
                RECEIVER.kill()
            outcome = self.place.ssh(self.place.to_web(), "--", "echo 'x]\"|=' 漢")
            self.assertEqual(outcome.code, 0, outcome)
            if turn in (2, 4):
                RECEIVER.start()
            self.load(20 * (turn + 1))
        until(lambda: self.place.gateway.pamctl("siem", "test").code == 0, "the test event is delivered")
        told = {row["id"] for row in self.place.events()}
        until(lambda: not told - self.ids(), "every event id arrives")
        until(lambda: "siem.tested" in {each["kind"] for each in RECEIVER.events()}, "the test event arrives")
        until(lambda: self.status() == ("connected", 0), "all is delivered")
