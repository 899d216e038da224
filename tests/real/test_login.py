"""Who one is and where to: the login grammar with real ssh, and what is said when it can not be."""

from __future__ import annotations

import socket

from tests.real.harness import ACCOUNT, GRANT, PlaceCase, until

MORE = (
    GRANT
    + """
[[target]]
name = "two1"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
[[credential]]
name = "two-own"
target = "two1"
account = "{account}"
kind = "key"
secret = "file:{folder}/credential"
[[credential]]
name = "two-other"
target = "two1"
account = "other"
kind = "key"
secret = "file:{folder}/credential"
[[grant]]
name = "two"
groups = ["ops"]
targets = ["two1"]
accounts = ["{account}", "other"]
rights = ["exec"]
[[user]]
name = "dora"
roles = ["operator", "admin"]
keys = ["{other}"]
"""
)


class GrammarTests(PlaceCase):
    """Every form of a login name reaches the same session."""

    access = MORE

    def test_the_login_string_and_its_aliases(self) -> None:
        """All forms of the contract run the command as that account on that target."""
        port = self.place.sshd.port
        forms = [
            f"alice={ACCOUNT}=web1", "alice=web1", f"alice={ACCOUNT}=web1={port}", f"alice@{ACCOUNT}@web1",
            "alice:web1", "alice#web1", f"alice%{ACCOUNT}%web1", f"alice+{ACCOUNT}+web1", f"alice {ACCOUNT} web1",
            f"alice[{ACCOUNT}@web1]",
        ]  # fmt: skip
        for form in forms:
            done = self.place.ssh(form, "id -un")
            self.assertEqual((done.code, done.out.decode().strip()), (0, ACCOUNT), (form, done))

    def test_an_ambiguous_name_lists_the_allowed_readings(self) -> None:
        """With two accounts allowed and none named: 64, and both are listed."""
        self.assert_said(self.place.ssh("alice=two1", "true"), 64, f"alice={ACCOUNT}=two1", "alice=other=two1")

    def test_no_such_target_and_not_allowed_read_the_same(self) -> None:
        """Both are 77 in the same words, with a reference; a near allowed name is suggested."""
        unknown = self.place.ssh(f"alice={ACCOUNT}=nowhere", "true")
        forbidden = self.place.ssh("alice=daemon=web1", "true")
        self.assert_said(unknown, 77, "no such target, or not allowed")
        self.assert_said(forbidden, 77, "no such target, or not allowed")
        self.assert_said(self.place.ssh(f"alice={ACCOUNT}=wbe1", "true"), 77, "Did you mean web1?")

    def test_the_reference_of_a_refusal_explains_it_to_the_admin(self) -> None:
        """``why REF`` tells what stood in the way."""
        said = self.place.ssh("alice=daemon=web1", "true").said[0]
        reference = said.partition("(")[2].partition(")")[0]
        until(lambda: self.place.gateway.pamctl("why", reference).code == 0, f"why {reference} answers")

    def test_an_admin_without_target_gets_the_verbs(self) -> None:
        """``ssh carol@gw sessions`` and ``whoami`` answer; the role decides which."""
        self.assertEqual(self.place.ssh("carol", "sessions", "--json", key="carol").code, 0)
        self.assertIn(b"carol", self.place.ssh("carol", "whoami", key="carol").out)
        self.assertEqual(self.place.ssh("carol", "no-such-verb", key="carol").code, 64)

    def test_an_operator_without_target_is_told_how(self) -> None:
        """Without a terminal: 64 and one line; his own verbs answer, an admin's are refused."""
        done = self.place.ssh("alice", "-T", "--")
        self.assert_said(done, 64)
        self.assertEqual(self.place.ssh("alice", "targets").code, 0)
        self.assertEqual(self.place.ssh("alice", "locks").code, 77)

    def test_who_is_admin_and_operator_gets_the_verbs(self) -> None:
        """Both roles, no target: verbs."""
        self.assertEqual(self.place.ssh("dora", "status", key="other").code, 0)


class WrongTests(PlaceCase):
    """Whoever is not who he says gets nothing, not even an answer to whether such a name exists."""

    def test_a_wrong_key_and_an_unknown_name_are_refused_alike(self) -> None:
        """Both end in ssh's own 255 and the same words; each is one fact."""
        wrong = self.place.ssh(self.place.to_web(), "true", key="other")
        unknown = self.place.ssh(f"mallory={ACCOUNT}=web1", "true", key="other")
        self.assertEqual((wrong.code, unknown.code), (255, 255))
        self.assertEqual(wrong.err.replace("alice", "X"), unknown.err.replace("mallory", "X"))
        self.place.fence()
        for login in (self.place.to_web(), f"mallory={ACCOUNT}=web1"):
            self.assertEqual(len(self.place.told("auth.failed", user=login)), 1)

    def test_junk_names_are_refused(self) -> None:
        """Names with too many parts, bad ports, odd characters or no sense."""
        for name in ("alice=a=b=c=d", "alice=a=web1=99999", "=", "alice==", "a" * 600, "alice=r;t=web1", "\u202ealice"):
            done = self.place.ssh(name, "true")
            self.assertEqual((done.code, done.out), (255, b""), name)

    def test_an_inactive_user_is_refused_like_an_unknown_one(self) -> None:
        """Switched off, he can not log in; switched on again by an admin, he can."""
        self.place.pamctl("user", "deactivate", "bob", "--reason", "test")
        self.assertEqual(self.place.ssh(self.place.to_web("bob"), "true", key="bob").code, 255)
        self.place.pamctl("user", "activate", "bob")
        self.assertEqual(self.place.ssh(self.place.to_web("bob"), "true", key="bob").code, 0)

    def test_a_password_set_by_the_admin_lets_one_in(self) -> None:
        """``user passwd`` from stdin, then ssh with a password; a wrong one is refused."""
        self.place.pamctl("user", "passwd", "bob", stdin=b"correct horse battery\n")
        asked = self.place.folder / "askpass"
        for word, code in (("correct horse battery", 0), ("wrong", 255)):
            asked.write_text(f"#!/bin/sh\necho '{word}'\n")
            asked.chmod(0o700)
            done = self.place.ssh(
                self.place.to_web("bob"), "-o", "PubkeyAuthentication=no", "--", "true",
                SSH_ASKPASS=str(asked), SSH_ASKPASS_REQUIRE="force",
            )  # fmt: skip
            self.assertEqual(done.code, code, done)


class JunkTests(PlaceCase):
    """The door to strangers."""

    def test_junk_on_the_port_ends_the_connection_and_nothing_else(self) -> None:
        """Noise, a too long banner, an oversized first packet: each is cut, and a login still works."""
        banner = b"SSH-2.0-junk\r\n"
        for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 4096, b"A" * 100_000, banner + b"\xff" * 64,
                     banner + (35000).to_bytes(4, "big") + b"\4" * 64,
                     banner + b"\0\0\0\5\1\2\3\4\5\6\7\x08" * 8):  # fmt: skip
            with socket.create_connection(("127.0.0.1", self.place.gateway.port), 10) as connected:
                connected.settimeout(20)
                try:
                    connected.sendall(junk)
                    while connected.recv(65536):
                        pass
                except ConnectionError:
                    pass
        self.assertEqual(self.place.ssh(self.place.to_web(), "echo here").out, b"here\n")
