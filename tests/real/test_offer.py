"""What operators' clients are offered, as real OpenSSH sees it."""

from __future__ import annotations

from typing import ClassVar

from tests.real.harness import PlaceCase


def agreed(words: str) -> dict[str, str]:
    """Return what ``ssh -v`` says was agreed on: the method, and the cipher towards us."""
    found = {}
    for line in words.splitlines():
        if line.startswith("debug1: kex: algorithm: "):
            found["exchange"] = line.split()[-1]
        elif line.startswith("debug1: kex: client->server cipher: "):
            found["cipher"] = line.split()[4]
    return found


class FixedOfferTests(PlaceCase):
    """With ``[ssh] ciphers`` and ``[ssh] nistp``."""

    settings: ClassVar[str] = 'ciphers = ["aes256-ctr", "aes128-ctr"]\nnistp = true\n'

    def test_the_configured_list_is_for_every_client(self) -> None:
        """Also for OpenSSH, which is offered GCM alone otherwise; what is not in the list is not agreed on."""
        done = self.place.ssh(self.place.to_web(), "-v", "-oLogLevel=DEBUG1", "--", "echo there")
        self.assertEqual((done.code, done.out), (0, b"there\n"), done)
        self.assertEqual(agreed(done.err)["cipher"], "aes128-ctr")
        refused = self.place.ssh(self.place.to_web(), "-oLogLevel=INFO", "-caes128-gcm@openssh.com", "--", "true")
        self.assertEqual(refused.code, 255)
        self.assertIn("no matching cipher", refused.err)

    def test_clients_without_a_newer_exchange_get_in_by_a_nist_curve(self) -> None:
        """Both curves, through a whole session and a change of keys."""
        for name in ("ecdh-sha2-nistp256", "ecdh-sha2-nistp384"):
            done = self.place.ssh(
                self.place.to_web(), "-v", f"-oKexAlgorithms={name}", "-oRekeyLimit=64K", "-oLogLevel=DEBUG1",
                "--", "head -c 300000 /dev/zero",
            )  # fmt: skip
            self.assertEqual((done.code, len(done.out)), (0, 300_000), done.err)
            self.assertEqual(agreed(done.err)["exchange"], name)
            self.assertIn("rekey", done.err)


class UsualOfferTests(PlaceCase):
    """Without either."""

    def test_no_nist_exchange_is_offered(self) -> None:
        """It stands behind its switch."""
        done = self.place.ssh(
            self.place.to_web(), "-oLogLevel=INFO", "-oKexAlgorithms=ecdh-sha2-nistp256", "--", "true"
        )
        self.assertEqual(done.code, 255)
        self.assertIn("no matching key exchange method", done.err)
