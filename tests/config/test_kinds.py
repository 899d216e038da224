"""What a value of pam.toml may be."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.config import kinds, startups

EVERY = (
    kinds.text, kinds.truth, kinds.name, kinds.severity, kinds.duration, kinds.path, kinds.file_reference,
    kinds.one_of("a", "b"), kinds.list_of(kinds.endpoint), kinds.public_key, kinds.endpoint, kinds.redis,
    kinds.siem_transport, kinds.notify_transport, kinds.fact_kind, kinds.cipher,
    kinds.network, kinds.count, kinds.volume, startups.startups, startups.penalties,
)  # fmt: skip
TOML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
SHAPED = st.from_regex(r"\A(tcp|tcp6|systemd|unix|udp|tls|file|rediss|https)[:/=\\\[\]a-z0-9.]{0,30}\Z")


class KindTests(SynchronousTestCase):
    """Each kind takes what it should and says in words why it does not take the rest."""

    def takes(self, kind: kinds.Kind, value: Any, kept: Any = None) -> None:
        """Check that a value is taken, as itself or as what is kept of it."""
        self.assertEqual(kind(value), value if kept is None else kept)

    def refuses(self, kind: kinds.Kind, *values: Any) -> None:
        """Check that each value is refused with words."""
        for value in values:
            failure = self.assertRaises(ValueError, kind, value)
            self.assertTrue(str(failure))

    def test_a_network_is_an_address_or_one_with_its_bits(self) -> None:
        """No host bits beside the mask: which hosts were meant is not guessed."""
        for value in ("10.0.0.1", "10.0.0.0/24", "2001:db8::1", "2001:db8::/32"):
            self.takes(kinds.network, value)
        self.refuses(kinds.network, "", "10.0.0.1/24", "host", "10.0.0", 7, [], "fe80::1%eth0%x")

    def test_a_cipher_is_one_that_we_have(self) -> None:
        """A typing error is answered with the nearest name, an old cipher with those that there are."""
        self.takes(kinds.cipher, "aes256-gcm@openssh.com")
        self.refuses(kinds.cipher, "", "aes128-cbc", "3des-cbc", 7, ["aes128-ctr"])
        failure = self.assertRaises(ValueError, kinds.cipher, "aes256-gcm@opensh.com")
        self.assertIn("did you mean 'aes256-gcm@openssh.com'?", str(failure))

    def test_text_is_one_line_without_control_characters(self) -> None:
        """A terminal can be painted with what stands in a configuration file otherwise."""
        self.takes(kinds.text, "Grüße")
        self.refuses(kinds.text, 1, "a\nb", "\x1b[2J", "\x7f")

    def test_truth_is_not_a_number(self) -> None:
        """1 is not true."""
        self.takes(kinds.truth, True)
        self.refuses(kinds.truth, 1, "true")

    def test_durations_are_seconds(self) -> None:
        """Units in falling order, at least one of them."""
        self.takes(kinds.duration, "1h30m", 5400)
        self.takes(kinds.duration, "365d", 365 * 86400)
        self.refuses(kinds.duration, "", "30", "m", "30m1h", 30, "-1h", "1.5h")

    def test_endpoints_are_judged_by_their_form(self) -> None:
        """TCP of both families and systemd sockets; nothing else, and no misspelt argument."""
        for good in (
            "tcp:2222",
            "tcp:0:interface=127.0.0.1",
            r"tcp6:22:interface=\:\:1",
            "tcp:port=22:backlog=5",
            "systemd:domain=INET:index=0",
            "systemd:domain=INET6:name=ssh",
            "",
        ):
            self.takes(kinds.endpoint, good)
        self.refuses(
            kinds.endpoint, "2222", "tcp:", "tcp:x", "tcp:70000", "tcp:22:interface=localhost", "tcp:22:iface=::1",
            "unix:/run/x", "systemd:index=0", "systemd:domain=INET", "systemd:domain=INET:index=0:name=x", "tcp:1:2",
        )  # fmt: skip

    def test_only_an_address_of_this_machine_alone_is_loopback(self) -> None:
        """No interface means all of them; a socket of systemd may be anywhere."""
        self.assertTrue(kinds.is_loopback("tcp:22:interface=127.0.0.9"))
        self.assertTrue(kinds.is_loopback(r"tcp6:22:interface=\:\:1"))
        for elsewhere in ("tcp:22", "tcp:22:interface=10.0.0.1", "systemd:domain=INET:index=0"):
            self.assertFalse(kinds.is_loopback(elsewhere))

    def test_a_password_has_no_place_in_an_address(self) -> None:
        """Secrets are references."""
        self.takes(kinds.redis, "rediss://redis.example:6379/0")
        self.refuses(kinds.redis, "rediss://:hunter2@redis.example", "http://x", "rediss://")

    def test_destinations_name_a_host_and_a_port_or_a_file(self) -> None:
        """The form alone is judged."""
        for good in ("tls:siem.example:6514", "udp:[2001:db8::1]:514", "file:/var/log/x"):
            self.takes(kinds.siem_transport, good)
        self.refuses(kinds.siem_transport, "tls:siem", "tls::1", "tls:h:0", "file:x", "smtp:h:25", "")
        self.takes(kinds.notify_transport, "https://hook.example/x")
        self.refuses(kinds.notify_transport, "http://x", "smtp:", "")

    def test_the_other_forms(self) -> None:
        """Names, paths, references, words, keys, severities and kinds of events."""
        self.takes(kinds.name, "gw-1.a_b")
        self.refuses(kinds.name, "", "a b", "x" * 65)
        self.takes(kinds.path, "~/state")
        self.refuses(kinds.path, "state", 3)
        self.takes(kinds.file_reference, "file:/etc/x")
        self.refuses(kinds.file_reference, "/etc/x", "file:x")
        self.takes(kinds.one_of("a"), "a")
        self.refuses(kinds.one_of("a"), "b", ["a"], 1)
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEiQFAROtQIGE2EdHvsLhmhZ7YdkOEttsI5rWgrgQ2S6"
        self.takes(kinds.public_key, f"{key} me")
        self.refuses(kinds.public_key, "ssh-ed25519", "ssh-ed25519 AAAA… me", key[:-4], "ssh-ed25519 " + "A" * 68)
        self.takes(kinds.severity, 10)
        self.refuses(kinds.severity, 11, -1, True, "1")
        self.takes(kinds.count, 200)
        self.refuses(kinds.count, 0, -1, 65536, True, "200", 1.5)
        self.takes(kinds.volume, "512MiB", 512 << 20)
        self.refuses(kinds.volume, "512", "1023KiB", 512, "much", "")
        self.takes(kinds.fact_kind, "session.*")
        self.refuses(kinds.fact_kind, "sesion.*", "")

    @settings(max_examples=150, deadline=None)
    @given(TOML | SHAPED)
    def test_every_kind_is_total(self, value: Any) -> None:
        """Whatever TOML can say is taken, or refused by a ValueError."""
        for kind in EVERY:
            try:
                kind(value)
            except ValueError as failure:
                self.assertTrue(str(failure))
