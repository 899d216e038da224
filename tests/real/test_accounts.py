"""An account that logs in by password, on a target that separates privileges: a temporary user of this machine."""

from __future__ import annotations

import asyncio
import os
import secrets

import asyncssh
from twisted.trial.unittest import SkipTest

from tests.real.harness import GRANT, PlaceCase, Sshd, all_files, run, until

PASSWORD = f"Canary-{secrets.token_hex(8)}"


class PasswordTests(PlaceCase):
    """The operator reaches it with his own key and never learns the password."""

    access = GRANT

    def setUp(self) -> None:
        if os.geteuid() != 0:
            raise SkipTest("making a temporary user needs root")
        super().setUp()
        self.account = f"ost{secrets.token_hex(4)}"
        made = run(["useradd", "-M", "-d", "/", "-s", "/bin/sh", self.account])
        self.assertEqual(made.code, 0, made)
        self.addCleanup(self._remove)
        run(["chpasswd"], f"{self.account}:{PASSWORD}\n".encode())
        self.sshd = Sshd(self.place.folder, password=True)
        self.sshd.start()
        self.addCleanup(self.sshd.stop)
        self.place.pamctl("target", "add", "pw1", "--address", f"127.0.0.1:{self.sshd.port}", "--host-keys",
                          self.sshd.host_key)  # fmt: skip
        self.place.pamctl("credential", "add", "pw", "--target", "pw1", "--account", self.account, "--kind", "password",
                          "--secret", "store")  # fmt: skip
        self.place.pamctl("grant", "add", "pw", "--users", "alice", "--targets", "pw1", "--accounts", self.account,
                          "--rights", "exec,shell")  # fmt: skip

    def _remove(self) -> None:
        """Remove the user, as soon as nothing runs as him any more."""
        until(lambda: run(["userdel", self.account]).code == 0, f"{self.account} is removed")

    def put(self, password: str) -> None:
        self.place.pamctl("credential", "put", "pw", stdin=password.encode() + b"\n")

    def test_a_password_from_the_vault_logs_in(self) -> None:
        """The command runs as that account; the password is in no file of the state directory and in no log."""
        self.put(PASSWORD)
        done = self.place.ssh(f"alice={self.account}=pw1", "id -un")
        self.assertEqual(done.out.decode().strip(), self.account, done)
        self.place.sealed()
        held = [path for path in all_files(self.place.gateway.state) if PASSWORD.encode() in path.read_bytes()]
        self.assertEqual(held, [])
        self.assertNotIn(PASSWORD, self.place.gateway.words())
        self.assertNotIn(PASSWORD.encode(), self.place.gateway.pamctl("dump").out)

    def test_a_rotated_password_is_fetched_anew(self) -> None:
        """A wrong one is 69 with a line that does not quote it; put right, the next session works."""
        self.put("not-the-password")
        done = self.place.ssh(f"alice={self.account}=pw1", "true")
        self.assert_said(done, 69, "pw1 refused the gateway's login")
        self.assertNotIn("not-the-password", done.err)
        self.put(PASSWORD)
        self.assertEqual(self.place.ssh(f"alice={self.account}=pw1", "true").code, 0)

    def test_a_signal_that_is_sent_arrives(self) -> None:
        """The client's signal request reaches the command, whose answer and code come back."""
        self.put(PASSWORD)
        script = "trap 'echo got; exit 4' USR1; echo up; while :; do sleep 0.05; done"

        async def talk() -> tuple[object, object]:
            async with asyncssh.connect(
                "127.0.0.1", self.place.gateway.port, username=f"alice={self.account}=pw1", known_hosts=None,
                config=None, agent_path=None, client_keys=[str(self.place.folder / "alice")],
            ) as connection:  # fmt: skip
                process = await connection.create_process(script)
                self.assertEqual(await process.stdout.readline(), "up\n")
                process.send_signal("USR1")
                done = await process.wait()
                return done.stdout, done.exit_status

        self.assertEqual(asyncio.run(asyncio.wait_for(talk(), 30)), ("got\n", 4))
