"""Real clients log in through the login queue, and the login client logs in to real servers."""

from __future__ import annotations

import base64
import getpass
import os
import socket
import sys
import tempfile
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.wire.hostkeys import HostKey, load_host_key
from gateway.wire.pacing import FailurePace
from gateway.wire.target_transport import TargetTransport
from gateway.wire.transport import OperatorFactory, OperatorTransport
from gateway.wire.userauth import Ending, Limits, UserAuthServer
from gateway.wire.userauth_client import KeyOffer, Offer, PasswordOffer, TargetLoginRefused, UserAuthClient
from tests.real.test_transport import ED25519, Daemon, Run, run
from tests.wire.authorities import ListedAttempt, OneAttemptAuthority
from tests.wire.minimal import Answering
from tests.wire.recording import RecordingService

EVERYTHING = (b"publickey", b"password", b"keyboard-interactive")
ACCEPTED = (7, b"you said hello\n")

ASYNCSSH_SERVER = """
import asyncio, sys, asyncssh
class Server(asyncssh.SSHServer):
    def password_auth_supported(self): return sys.argv[1] == "password"
    def validate_password(self, user, password): return password == "open sesame"
    def kbdint_auth_supported(self): return sys.argv[1] == "interactive"
    def get_kbdint_challenge(self, user, lang, submethods): return "", "", "", [("Password: ", False)]
    def validate_kbdint_response(self, user, answers): return answers == ["open sesame"]
async def main():
    key = asyncssh.generate_private_key("ssh-ed25519")
    listener = await asyncssh.create_server(Server, "127.0.0.1", 0, server_host_keys=[key])
    sys.stderr.write(f"listening on {listener.get_port()}\\n")
    await asyncio.Event().wait()
asyncio.run(main())
"""

PARAMIKO_CLIENT = """
import sys, paramiko
transport = paramiko.Transport(("127.0.0.1", int(sys.argv[1])))
transport.start_client(timeout=10)
if sys.argv[2] == "interactive":
    left = transport.auth_interactive("alice", lambda title, text, prompts: ["123456" for _ in prompts])
elif sys.argv[2] == "password":
    left = transport.auth_password("alice", "open sesame", fallback=False)
else:
    left = transport.auth_publickey("alice", paramiko.PKey.from_path(sys.argv[2]))
print(left, transport.is_authenticated())
transport.close()
"""


class DoorCase(TestCase):
    """What both sides need: a server of ours with the real transport, and key files."""

    timeout = 60

    def setUp(self) -> None:
        # Not mktemp(): under pytest that is a folder in the checkout, and key files would be left in it.
        folder = tempfile.TemporaryDirectory(prefix="login-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.logins: list[UserAuthServer] = []

    async def key_file(self, kind: str, *options: str) -> Path:
        path = self.folder / kind
        await run("/usr/bin/ssh-keygen", "-q", "-t", kind, *options, "-N", "", "-f", str(path))
        return path

    def listen(self, attempt: ListedAttempt, banner: bytes = b"", limits: Limits | None = None) -> int:
        def userauth(transport: OperatorTransport) -> UserAuthServer:
            authority = OneAttemptAuthority(lambda: attempt, banner)
            login = UserAuthServer(authority, reactor, FailurePace(os.urandom(32)), limits=limits or Limits())
            attempt.service = Answering
            self.logins.append(login)
            return login

        factory = OperatorFactory(clock=reactor, host_keys=(ED25519,), make_userauth=userauth)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return port.getHost().port

    def spawn(self, *argv: str, **environment: str) -> Deferred[tuple[int, bytes, str]]:
        process = Run()
        reactor.spawnProcess(process, argv[0], argv, {**os.environ, "LC_ALL": "C", **environment})

        def kill() -> None:
            if process.transport is not None and process.transport.pid:
                process.transport.signalProcess("KILL")

        self.addCleanup(kill)
        return process.done

    def ssh(self, port: int, *options: str, answer: str = "", after: int = 0) -> Deferred[tuple[int, bytes, str]]:
        """Run ssh as alice; every question is answered with *answer*, *after* seconds."""
        askpass = self.folder / "askpass"
        askpass.write_text(f"#!/bin/sh\nsleep {after}\necho '{answer}'\n")
        askpass.chmod(0o700)
        flags = ("-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
        keys = ("-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none")
        argv = ("/usr/bin/ssh", *flags, *keys, *options, "-p", str(port), "alice@127.0.0.1", "hello")
        return self.spawn(*argv, SSH_ASKPASS=str(askpass), SSH_ASKPASS_REQUIRE="force")


def blob_of(path: Path) -> bytes:
    """Return the public blob beside a private key file."""
    return base64.b64decode(path.with_suffix(".pub").read_bytes().split()[1])


class OperatorsLoginTests(DoorCase):
    """OpenSSH, PuTTY and paramiko against our server."""

    async def test_openssh_logs_in_with_every_kind_of_key(self) -> None:
        """Ed25519, each curve, RSA with SHA-2: none, query, signature, and no failure is counted."""
        kinds = (
            ("ed25519",),
            ("rsa", "-b", "3072"),
            *(("ecdsa", "-b", bits) for bits in ("256", "384", "521")),
        )
        for kind, *options in kinds:
            for old in self.folder.glob(f"{kind}*"):
                old.unlink()
            key = await self.key_file(kind, *options)
            port = self.listen(ListedAttempt([EVERYTHING], frozenset({blob_of(key)})))
            status, out, err = await self.ssh(port, "-i", str(key))
            self.assertEqual((status, out), ACCEPTED, err)
            self.assertEqual((self.logins[-1].ending, self.logins[-1].failures), (Ending.ACCEPTED, 0))

    async def test_openssh_is_refused_with_an_unknown_key(self) -> None:
        """It hears which methods there are, and the client does not sign at all."""
        key = await self.key_file("ed25519")
        port = self.listen(ListedAttempt([(b"publickey",)]))
        status, _, err = await self.ssh(port, "-v", "-i", str(key))
        self.assertEqual(status, 255)
        self.assertIn("Permission denied (publickey)", err)
        self.assertNotIn("Server accepts key", err)

    async def test_openssh_sees_the_banner_and_logs_in_with_a_password(self) -> None:
        """The banner once, the password right."""
        port = self.listen(ListedAttempt([EVERYTHING]), banner=b"you are watched\n")
        status, out, err = await self.ssh(port, "-o", "PreferredAuthentications=password", answer="open sesame")
        self.assertEqual((status, out), ACCEPTED, err)
        self.assertEqual(err.count("you are watched"), 1)

    async def test_openssh_logs_in_in_two_steps(self) -> None:
        """A key, then the code by keyboard-interactive."""
        key = await self.key_file("ed25519")
        attempt = ListedAttempt([(b"publickey",), (b"keyboard-interactive",)], frozenset({blob_of(key)}))
        port = self.listen(attempt)
        status, out, err = await self.ssh(port, "-v", "-i", str(key), answer="123456")
        self.assertEqual((status, out), ACCEPTED, err)
        self.assertIn('using "publickey" with partial success', err)

    async def test_openssh_is_cut_off_after_six_failures(self) -> None:
        """It shows the reason."""
        port = self.listen(ListedAttempt([EVERYTHING]))
        status, _, err = await self.ssh(
            port,
            *("-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=9"),
            answer="wrong",
        )
        self.assertEqual((status, self.logins[0].failures), (255, 6))
        self.assertIn("too many authentication failures", err)

    async def test_a_silent_client_is_cut_off_by_the_grace_time(self) -> None:
        """The login queue's own timer, over a real connection."""
        port = self.listen(ListedAttempt([EVERYTHING]), limits=Limits(grace=0.5))
        status, _, err = await self.ssh(port, "-o", "PreferredAuthentications=password", answer="open sesame", after=2)
        self.assertEqual((status, self.logins[0].ending), (255, Ending.GRACE))
        self.assertIn("login took too long", err)

    async def test_plink_logs_in_with_a_password(self) -> None:
        """PuTTY's code; it would give the password to keyboard-interactive first, were that listed."""
        port = self.listen(ListedAttempt([(b"publickey", b"password")]))
        flags = ("-batch", "-hostkey", ED25519.fingerprint, "-P", str(port), "-pw", "open sesame")
        status, out, err = await self.spawn("/usr/bin/plink", *flags, "alice@127.0.0.1", "hello")
        self.assertEqual((status, out), ACCEPTED, err)

    async def test_paramiko_logs_in(self) -> None:
        """With an RSA key, a password and prompts."""
        key = await self.key_file("rsa", "-b", "2048")
        for how in (str(key), "password", "interactive"):
            port = self.listen(ListedAttempt([EVERYTHING], frozenset({blob_of(key)})))
            status, out, err = await self.spawn(sys.executable, "-c", PARAMIKO_CLIENT, str(port), how)
            self.assertEqual((status, out), (0, b"[] True\n"), err)


class TargetLoginTests(DoorCase):
    """Our client against sshd and asyncssh."""

    async def login(self, port: int, account: str, offer: Offer, *, pipelined: bool = True) -> None:
        """Log in, without waiting for SERVICE_ACCEPT where *pipelined*; raise what the login fails with."""
        transport = TargetTransport(clock=reactor, verify_host_key=lambda *_: succeed(None))
        await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), transport)
        await transport.secured
        accepted = transport.request_service(b"ssh-userauth")
        if not pipelined:
            await accepted
        client = UserAuthClient(account.encode(), offer, RecordingService(), reactor)
        transport.setService(client)
        try:
            await client.outcome
            self.assertIsInstance(transport.carrier.service, RecordingService)
        finally:
            accepted.addErrback(lambda failure: None)
            transport.lose()
            await transport.closed

    async def sshd(self, keys: Path) -> int:
        host = await self.key_file("ed25519")
        flags = ("-D", "-e", "-f", "/dev/null", "-h", str(host), "-o", "PidFile=none")
        options = (
            *("-o", f"AuthorizedKeysFile={keys}", "-o", "StrictModes=no", "-o", "PermitRootLogin=yes"),
            *("-o", "PasswordAuthentication=no", "-o", "KbdInteractiveAuthentication=no"),
        )
        return await self.serve("/usr/sbin/sshd", *flags, *options)

    async def serve(self, *argv: str) -> int:
        """Start a daemon that says ``listening on``; return its port."""
        if argv[0] == "/usr/sbin/sshd":
            if os.getuid() == 0:
                os.makedirs("/run/sshd", 0o755, exist_ok=True)
            with socket.socket() as holder:
                holder.bind(("127.0.0.1", 0))
                port: int = holder.getsockname()[1]
            argv = (*argv, "-o", "ListenAddress=127.0.0.1", "-p", str(port))
        daemon = Daemon()
        reactor.spawnProcess(daemon, argv[0], argv, os.environ)
        self.addCleanup(daemon.stop)
        await daemon.listening
        if argv[0] != "/usr/sbin/sshd":
            port = int(daemon.err.split(b"listening on", 1)[1].split()[0])
        return port

    def key_offer(self, path: Path) -> KeyOffer:
        key: HostKey = load_host_key(path)
        return KeyOffer(key.blob, key.algorithms, key.sign)

    async def test_keys_log_in_to_sshd(self) -> None:
        """RSA with SHA-2, which stock Conch cannot; and Ed25519, with and without waiting for the service."""
        authorized = self.folder / "authorized"
        port = await self.sshd(authorized)
        for kind in ("rsa", "ecdsa"):
            key = await self.key_file(kind)
            authorized.write_bytes(key.with_suffix(".pub").read_bytes())
            for pipelined in (True, False):
                await self.login(port, getpass.getuser(), self.key_offer(key), pipelined=pipelined)

    async def test_sshd_refuses_an_unknown_key_and_says_what_would_do(self) -> None:
        """One request, one refusal."""
        port = await self.sshd(self.folder / "nobody")
        offer = self.key_offer(await self.key_file("ecdsa"))
        refused = await self.assertFailure(
            Deferred.fromCoroutine(self.login(port, getpass.getuser(), offer)), TargetLoginRefused
        )
        self.assertEqual(refused.methods, ("publickey",))

    async def test_passwords_log_in_by_either_method(self) -> None:
        """Where only keyboard-interactive is offered the hidden prompt is answered."""
        for method in ("password", "interactive"):
            port = await self.serve(sys.executable, "-c", ASYNCSSH_SERVER, method)
            await self.login(port, "deploy", PasswordOffer(lambda write: write(b"open sesame")))
            wrong = PasswordOffer(lambda write: write(b"wrong"))
            await self.assertFailure(Deferred.fromCoroutine(self.login(port, "deploy", wrong)), TargetLoginRefused)

    async def test_our_own_server_lets_our_own_client_in(self) -> None:
        """Both ends of this room, over TCP; a turn later nothing of the login is left."""
        port = self.listen(ListedAttempt([EVERYTHING]))
        await self.login(port, "alice", PasswordOffer(lambda write: write(b"open sesame")))
        await deferLater(reactor, 0.05, lambda: None)
        self.assertIs(self.logins[0].ending, Ending.ACCEPTED)
