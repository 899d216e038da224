"""An interruption cuts every kind of channel, whichever door the session came through."""

from __future__ import annotations

import subprocess
from typing import Any

from tests.real.harness import ACCOUNT, PATIENCE, PlaceCase, until
from tests.real.terminals import Terminal


class InterruptTests(PlaceCase):
    """Kill by id and by user, in the middle of something."""

    def started(self) -> dict[str, subprocess.Popen[bytes]]:
        """Start a session of each kind; return its clients by the kind."""
        source = self.place.folder / "large"
        source.write_bytes(b"x" * 8_000_000)
        goal = f"{self.place.to_web()}@127.0.0.1:{self.place.folder / 'goal'}"
        web = self.place.to_web()
        outer = " ".join(["ssh", "-W", "%h:%p", *self.place.options(), "alice@127.0.0.1"])
        inner = self.place.folder / "inner"
        jump = ["ssh", "-F", "none", "-o", f"ProxyCommand={outer}", "-o", "StrictHostKeyChecking=no", "-o",
                f"UserKnownHostsFile={inner}", "-o", "LogLevel=ERROR", f"{ACCOUNT}@web1"]  # fmt: skip
        return {
            "jump": self.place.spawn([*jump, "echo up; cat"]),
            "exec": self.place.start(web, "echo up; cat"),
            "pty": self.place.start(web, "-tt", "--", "echo up; cat"),
            "sftp": self.place.start(web, "-s", "--", "sftp"),
            "scp": self.place.spawn(["scp", "-q", "-l", "4000", *self.place.options(port="-P"), str(source), goal]),
            "none": self.place.start(web, "-N", "--"),
        }

    def test_every_kind_is_cut_at_once(self) -> None:
        """All clients of the user end; the facts say who, why, when asked and when done, within 100 ms."""
        clients = self.started()
        self.place.live(len(clients))
        menu = Terminal.open(self.place, "alice", key="alice")
        self.addCleanup(menu.leave)
        menu.expect("Choose where to go")
        menu.type("\r")
        menu.expect(", recorded")
        count = len(clients) + 1
        self.place.live(count)
        done = self.place.ssh("carol", "kill", "--user", "alice", "--reason", "enough", key="carol")
        self.assertEqual(done.code, 0, done)
        codes = {kind: client.wait(PATIENCE) for kind, client in clients.items()}
        cut = ("jump", "exec", "pty", "sftp", "none")
        self.assertEqual({kind: codes[kind] for kind in cut}, dict.fromkeys(cut, 255))
        self.assertNotEqual(codes["scp"], 0)

        def told() -> list[dict[str, Any]]:
            found = [each for each in self.place.events("--kind", "session.interrupted") if each["reason"] == "enough"]
            return found if len(found) == count else []

        facts = until(told, "all are told")
        self.assertEqual({each["by"] for each in facts}, {"carol"})
        self.assertTrue(all(each["requested_at"] <= each["effective_at"] for each in facts), facts)
        until(lambda: not self.place.pamctl("sessions", "--live"), "none is left")

    def test_an_id_that_does_not_fit_cuts_nothing(self) -> None:
        """Unknown, ambiguous, over: words and a code, and who works goes on."""
        clients = [self.place.start(self.place.to_web(), "echo up; cat") for _ in range(2)]
        rows = self.place.live(2)
        for words, code in ((("kill", "S-ZZZZ"), 1), (("kill", "S"), 64), (("kill",), 64), (
            ("kill", "--user", "nobody"), 1), (("kill", rows[0]["id"], "--user", "alice"), 64)
        ):  # fmt: skip
            self.assertEqual(self.place.ssh("carol", *words, key="carol").code, code, words)
        self.assertEqual([client.poll() for client in clients], [None, None])
        self.assertEqual(self.place.ssh("carol", "kill", rows[0]["id"], key="carol").code, 0)
        self.assertEqual(len(self.place.live(1)), 1)
