"""``target test`` and ``credential test`` with a real sshd: the way of a session, without one."""

from __future__ import annotations

from tests.real.harness import GRANT, PlaceCase

MORE = (
    GRANT
    + """
[[target]]
name = "behind"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
jump = "{account}=web1"
[[target]]
name = "web2"
address = "127.0.0.1:{down}"
host_keys = ["{host}"]
[[target]]
name = "web3"
address = "127.0.0.1:{port}"
[[credential]]
name = "wrong"
target = "web1"
account = "daemon"
kind = "key"
secret = "file:{folder}/other"
"""
)


class TrialTests(PlaceCase):
    """What an admin learns before an operator does."""

    access = MORE

    def refused(self, code: int, words: str, *verb: str) -> None:
        """Check a refusal."""
        done = self.place.gateway.pamctl(*verb)
        self.assertEqual(done.code, code, done)
        self.assertIn(words, done.err)

    def test_a_target_is_reached_and_recognised(self) -> None:
        """Also behind another; no session is made of it."""
        for name in ("web1", "behind"):
            found = self.place.pamctl("target", "test", name)
            self.assertEqual(found["target"], name)
            self.assertIn("OpenSSH", found["version"])
            self.assertTrue(found["host_key"].startswith("SHA256:"))
        self.place.told("target.tested", 3)
        self.assertEqual(self.place.pamctl("sessions"), [])

    def test_what_stands_in_the_way_is_said(self) -> None:
        """Nothing listens; the host is not known, and its key waits for trust from then on."""
        self.refused(69, "cannot reach web2", "target", "test", "web2")
        self.refused(76, "pamctl target trust web3", "target", "test", "web3")
        self.assertEqual(self.place.gateway.pamctl("target", "trust", "web3").code, 0)
        self.assertEqual(self.place.pamctl("target", "test", "web3")["target"], "web3")
        self.refused(1, "no target", "target", "test", "nowhere")

    def test_a_credential_logs_in_and_leaves(self) -> None:
        """It is told before and after who tried; one that does not fit is named."""
        self.assertEqual(self.place.pamctl("credential", "test", "web", "--target", "web1")["target"], "web1")
        self.refused(64, "say which one with --target", "credential", "test", "web")
        self.refused(69, "refused the gateway's login", "credential", "test", "wrong")
        told = [each["outcome"] for each in self.place.told("target.tested", 2, credential="wrong")]
        self.assertEqual(told, ["begun", "login_refused"])
