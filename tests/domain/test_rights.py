"""What is not in a table is refused."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.rights import (
    LONGEST_VALUE,
    OPAQUE,
    RELAYED_REPORTS,
    RELAYED_REQUESTS,
    Denied,
    Kind,
    allows_forward,
    allows_variable,
    denied_kind,
    kind_of_command,
)
from tests.domain.policies import policy

SERVERS = {
    "scp -t .": Kind.SCP, "scp -r -p -d -v -t -- /x": Kind.SCP, "scp -pf x": Kind.SCP, "/usr/bin/scp -t x": Kind.SCP,
    "scp -f *.log": Kind.SCP, "scp\t-t 'a b'": Kind.SCP, "'scp' -t .": Kind.SCP,
    "rsync --server -vlogDtpre.iLsfxC . /x": Kind.RSYNC, "rsync --server --sender -e.L . x": Kind.RSYNC,
    "git-upload-pack 'x.git'": Kind.GIT, "git-receive-pack x": Kind.GIT, "git-upload-archive x": Kind.GIT,
    "/usr/lib/openssh/sftp-server": Kind.SFTP, "internal-sftp": Kind.SFTP,
    "/usr/libexec/sftp-server -l INFO": Kind.SFTP,
}  # fmt: skip
EXECS = (
    "ls", "", " ", "scp", "scp x y", "scp -oProxyCommand=id -oStrict=t x y:", "scp -S ./x -t y", "scp -- -t",
    "rsync -a x y",
    "rsync --daemon --server", "rsync --server --daemon", "rsync x --server", "scp -t .; id", "scp -t . && id",
    "scp -t .\nid",
    "id; scp -t .", "scp -t $(id)", "scp -t `id`", "scp -t . > x", "A=1 scp -t .", "sh -c 'scp -t .'", "scp -t 'x",
    "git-upload-pack x; cat /etc/shadow", "./scp -t .", "/tmp/scp -t .", "/usr/bin/../../tmp/scp -t .",
    "/home/a/sftp-server",
    "git-upload-pack x | id", "sftp-server & id", "/usr/bin/x/y/scp -t .", "s* -t .",
)  # fmt: skip


class KindTests(SynchronousTestCase):
    """What a command line is, and which right it needs."""

    def test_transfer_programs_are_known_in_their_servers_role(self) -> None:
        """As the clients start them."""
        for line, kind in SERVERS.items():
            self.assertIs(kind_of_command(line), kind, line)

    def test_whatever_else_a_line_does_makes_it_an_exec(self) -> None:
        """A right to transfer is never a right to run."""
        for line in EXECS:
            self.assertIs(kind_of_command(line), Kind.EXEC, line)

    @given(
        st.sampled_from(["scp -t x", "scp -f 'a b'", "rsync --server . x", "git-upload-pack x", "sftp-server"]),
        st.text(" \t\n", max_size=2),
        st.sampled_from(
            [";", "&", "&&", "|", "||", "\n", "|&", "$(", "`", "<(", ">", ">>", "&>", "\n\n", ";;", "<<", "(", "{"]
        ),
        st.text("abcxyz/-'\"\\ ", min_size=1, max_size=8),
    )
    def test_nothing_runs_beside_a_transfer(self, line: str, space: str, mark: str, more: str) -> None:
        """Whatever joins another command, or writes a file, makes an exec."""
        if more.strip(" \"'\\"):
            self.assertIs(kind_of_command(line + space + mark + space + more), Kind.EXEC)

    def test_each_kind_needs_its_own_right(self) -> None:
        """Nothing but the right of that name opens a kind."""
        names = {Kind.PTY: "shell", Kind.SHELL: "shell", Kind.GIT: "exec"}
        for kind in Kind:
            right = names.get(kind, kind.value)
            self.assertIsNone(denied_kind(policy(rights=(right,)), kind), kind)
            others = tuple({each.value for each in Kind} - {right, "pty"})
            denied = denied_kind(policy(rights=others), kind)
            assert isinstance(denied, Denied)
            self.assertEqual(denied.reason, "right_missing")
            self.assertEqual(denied.text, f"{right} is not allowed as root on web1")

    def test_transfers_that_must_be_evaluated_are_refused(self) -> None:
        """This version can not evaluate them, and says so, with the rule's name."""
        rules = (TransferRule("no-malware"),)
        rights = tuple(kind.value for kind in Kind)
        for kind in Kind:
            denied = denied_kind(policy(rights=rights, transfers=rules), kind) if kind is not Kind.PTY else None
            self.assertEqual(denied is not None, kind is Kind.RSYNC, kind)
            if denied:
                self.assertIn("no-malware", denied.text)
        self.assertIn(Kind.RSYNC, OPAQUE)
        observed = tuple(attrs.evolve(rule, mode="observe") for rule in rules)
        self.assertIsNone(denied_kind(policy(rights=rights, transfers=observed), Kind.RSYNC))

    def test_the_tables_of_requests_are_closed(self) -> None:
        """What could reach further than the policy is not in them."""
        for name in (
            "x11-req@x",
            "auth-agent-req",
            "tcpip-forward",
            "simple@putty.projects.tartarus.org",
            "exit-status",
        ):
            self.assertNotIn(name, RELAYED_REQUESTS)
        self.assertNotIn("exec", RELAYED_REPORTS)


class ForwardTests(SynchronousTestCase):
    """Where the target may dial for an operator."""

    def test_loopback_is_a_right_of_its_own(self) -> None:
        """By its three names, on any port; nothing else."""
        loopback = policy(rights=("forward:loopback",))
        for host in ("localhost", "127.0.0.1", "::1"):
            self.assertTrue(allows_forward(loopback, host, 80))
        for host in ("loopback", "127.0.0.2", "web1", "0.0.0.0", "localhost.evil", ""):
            self.assertFalse(allows_forward(loopback, host, 80), host)

    def test_places_are_matched_whole(self) -> None:
        """A name, a port, or globs of them."""
        some = policy(rights=("forward:db1:5432", "forward:*.int:443", "forward:[[]::2]:22"))
        self.assertTrue(allows_forward(some, "db1", 5432))
        self.assertTrue(allows_forward(some, "a.int", 443))
        for host, port in (
            ("db1", 54321),
            ("db1", 80),
            ("xdb1", 5432),
            ("a.int", 80),
            ("a.int.evil", 443),
            ("localhost", 443),
        ):
            self.assertFalse(allows_forward(some, host, port), host)

    @given(st.text(max_size=20), st.integers(0, 65535))
    def test_without_a_right_nothing_is_dialled(self, host: str, port: int) -> None:
        """Whatever the rights of other kinds are."""
        self.assertFalse(allows_forward(policy(rights=("shell", "exec", "forward", "forward:")), host, port))


class EnvironmentTests(SynchronousTestCase):
    """Which variables reach a target."""

    def test_the_usual_ones_pass_and_the_grants_own(self) -> None:
        """Language, terminal, zone, git's protocol."""
        plain, more = policy(), policy(env=("APP_*", "DEBUG"))
        for name in (b"LANG", b"LC_ALL", b"TERM", b"COLORTERM", b"TZ", b"GIT_PROTOCOL"):
            self.assertTrue(allows_variable(plain, name, b"x"), name)
        for name in (b"APP_A", b"DEBUG"):
            self.assertFalse(allows_variable(plain, name, b"x"), name)
            self.assertTrue(allows_variable(more, name, b"x"), name)
        self.assertFalse(allows_variable(more, b"XAPP_A", b"x"))

    def test_no_grant_relays_what_loads_code_or_speaks_to_the_gateway(self) -> None:
        """Not even one that names it, or everything."""
        for name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "ENV", "PROMPT_COMMAND", "PS4", "IFS", "SHELLOPTS",
                     "SSH_ASKPASS", "SUDO_ASKPASS", "GIT_ASKPASS", "PYTHONPATH", "PYTHONSTARTUP", "PERL5LIB",
                     "PERL5OPT", "PATH",
                     "OSTIARY_REASON", "OSTIARY_TICKET", "BASH_FUNC_ls", "GIT_SSH_COMMAND",
                     "NODE_OPTIONS"):  # fmt: skip
            self.assertFalse(allows_variable(policy(env=("*", name)), name.encode(), b"x"), name)

    def test_malformed_ones_are_refused(self) -> None:
        """Names that are none, values that are too long or hold a NUL."""
        everything = policy(env=("*",))
        for name in (b"", b"1A", b"A=B", b"A B", b"A\n", b"\xff", b"A" * 129, b"A\0", b"BASH_FUNC_x%%", b"()"):
            self.assertFalse(allows_variable(everything, name, b"x"), name)
        self.assertFalse(allows_variable(everything, b"A", b"x" * (LONGEST_VALUE + 1)))
        self.assertFalse(allows_variable(everything, b"A", b"x\0y"))
        self.assertTrue(allows_variable(everything, b"A", b"x" * LONGEST_VALUE))

    @given(st.binary(max_size=12), st.binary(max_size=12))
    def test_any_bytes_are_weighed(self, name: bytes, value: bytes) -> None:
        """Never an error, and nothing passes that is no name."""
        if allows_variable(policy(env=("*",)), name, value):
            self.assertTrue(name.decode().replace("_", "a").isalnum())
