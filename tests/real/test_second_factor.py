"""A second factor with a real ssh: asked after the first, on the same connection, good once."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from gateway.domain.secret import Secret
from gateway.vault.codes import STEP, code_at
from tests.real.harness import GRANT, Outcome, PlaceCase, run, until

STEPPED = GRANT + """
[[grant]]
name = "step-up"
groups = ["ops"]
targets = ["web1"]
accounts = ["{account}"]
rights = ["exec"]
second_factor = "required"
"""


class SecondFactorTests(PlaceCase):
    """Alice enrols, and is asked from then on."""

    access = STEPPED

    def answering(self, code: str, *command: str, login: str = "") -> Outcome:
        """Log in with the key, and answer the one question with a code."""
        script = Path(self.place.folder) / "askpass"
        script.write_text(f'#!/bin/sh\necho "$1" >> {script}.asked\necho {code}\n')
        script.chmod(0o700)
        argv = self.place.argv(login or self.place.to_web(), *command)
        argv[1:1] = ["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1"]
        return run(argv, SSH_ASKPASS=str(script), SSH_ASKPASS_REQUIRE="force", DISPLAY=":0",
                   HOME=os.environ.get("HOME", "/"))  # fmt: skip

    def test_it_is_asked_after_the_key_and_good_once(self) -> None:
        """A grant that requires it lets in who has proven both, and says to others what to do."""
        self.assert_said(self.place.ssh(self.place.to_web(), "true"), 77, "second factor", "totp")
        said = self.place.ssh("alice", "totp").out.decode()
        (address,) = (line for line in said.splitlines() if line.startswith("otpauth:"))
        seed = Secret(base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0]))

        def shown(steps: int = 0) -> str:
            return code_at(seed, int(time.time() // STEP) + steps).reveal().decode()

        self.assertEqual(self.place.ssh("alice", "totp", "confirm", shown()).code, 0)
        self.assertEqual(self.place.ssh(self.place.to_web(), "true").code, 255, "a key alone is not enough any more")
        code = shown(1)  # the present step is spent; a clock may be wrong by one
        done = self.answering(code, "echo in")
        self.assertEqual((done.code, done.out), (0, b"in\n"), done)
        asked = (Path(self.place.folder) / "askpass.asked").read_text()
        self.assertIn("One-time code: ", asked)
        self.assertEqual(self.answering(code, "echo in").code, 255, "the same code again")
        fact = until(
            lambda: [each for each in self.place.events("--kind", "auth.succeeded") if "totp" in each["method"]],
            "the login is told",
        )[-1]
        self.assertEqual(fact["method"], "publickey+totp")
        self.assertEqual(self.place.pamctl("user", "totp", "alice", "--off")["done"], "off")
        self.assert_said(self.place.ssh(self.place.to_web(), "true"), 77, "second factor")
