"""ssh-audit's verdict on the operators' door, and our own policy for it: a gate, not a report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, ClassVar

from tests.real.harness import ROOT, Outcome, PlaceCase, run
from tests.real.relays import Relay, named

POLICY = ROOT / "etc" / "ssh-audit.policy"
FAILED_POLICY, FAILURES = 3, 3
"""ssh-audit's exit codes."""


class AuditCase(PlaceCase):
    """A gateway that ssh-audit looks at."""

    def audit(self, *words: str, port: int = 0) -> Outcome:
        """Run ssh-audit; how fast connections come is no matter of algorithms and has tests of its own."""
        where = ("-p", str(port or self.place.gateway.port), "127.0.0.1")
        return run([sys.executable, "-m", "ssh_audit", "-n", "--skip-rate-test", *words, *where])

    def found(self, port: int = 0) -> dict[str, Any]:
        """Return the standard audit."""
        done = self.audit("-j", port=port)
        self.assertIn(done.code, (0, 2, FAILURES), done)
        return dict(json.loads(done.out))

    def policed(self, policy: Path = POLICY) -> tuple[int, bool]:
        """Audit against a policy; return the exit code, and whether it passed."""
        done = self.audit("-j", "-P", str(policy))
        return done.code, bool(json.loads(done.out)["passed"])


def failures(found: dict[str, Any]) -> list[str]:
    """Return the names of what an audit calls a failure, and known weaknesses."""
    rows = [row for what in ("kex", "key", "enc", "mac") for row in found[what]]
    return [row["algorithm"] for row in rows if "fail" in row["notes"]] + found["cves"]


def names(found: dict[str, Any], what: str) -> list[str]:
    """Return what is offered of a kind."""
    return [row["algorithm"] for row in found[what]]


class DefaultTests(AuditCase):
    """Nothing configured."""

    def test_the_default_has_no_failure_and_is_what_the_policy_says(self) -> None:
        """To a client that calls itself OpenSSH, as ssh-audit does."""
        self.assertEqual(failures(self.found()), [])
        self.assertEqual(self.policed(), (0, True))

    def test_what_other_clients_are_offered_has_no_failure_either(self) -> None:
        """They get more ciphers, none of them weak, and the same of everything else."""
        relay = Relay(self.place.gateway.port, named(b"SSH-2.0-PuTTY_Release_0.83"))
        self.addCleanup(relay.close)
        usual, found = self.found(), self.found(relay.port)
        self.assertEqual(failures(found), [])
        self.assertEqual(
            names(found, "enc"),
            ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr",
             "aes256-ctr"],
        )  # fmt: skip
        for what in ("kex", "key", "mac"):
            self.assertEqual(names(found, what), names(usual, what))

    def test_a_policy_that_asks_for_more_does_not_pass(self) -> None:
        """Every line of it counts: the gate is not open by itself."""
        for line, other in (
            ("ciphers = aes128-gcm@openssh.com, aes256-gcm@openssh.com", "ciphers = aes256-gcm@openssh.com"),
            (", hmac-sha2-256\n", "\n"),
            (", kex-strict-s-v00@openssh.com", ""),
            ("host keys = ssh-ed25519", "host keys = rsa-sha2-512"),
            ("compressions = none", "compressions = zlib@openssh.com"),
        ):
            changed = self.place.folder / "changed.policy"
            text = POLICY.read_text()
            self.assertIn(line, text)
            changed.write_text(text.replace(line, other))
            self.assertEqual(self.policed(changed), (FAILED_POLICY, False), line)


class WorseTests(AuditCase):
    """Curves and ciphers that somebody asked for."""

    settings: ClassVar[str] = 'nistp = true\nciphers = ["aes256-ctr", "aes256-gcm@openssh.com"]\n'

    def test_a_worse_configuration_is_caught(self) -> None:
        """By the audit, which names the curves, and by the policy."""
        self.assertEqual(failures(self.found()), ["ecdh-sha2-nistp256", "ecdh-sha2-nistp384"])
        self.assertEqual(self.policed(), (FAILED_POLICY, False))
