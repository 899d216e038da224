"""Log in to a target: ssh-userauth as the client speaks it (RFC 4252, RFC 4256).

The rule: one credential, shown once, the proof first: no ``none`` to ask what is possible, no query whether a
key would do. Nobody is ever asked anything; a question this credential does not answer is a refusal. What the
target says is bounded and its texts are dropped. A secret is written by its owner straight into the packet.

    step          SUCCESS   FAILURE                          60                       BANNER
    SIGNING       breach    breach                           breach                   drop
    KEY           done      refused                          breach                   drop
    PASSWORD      done      interactive if only that, or     refused (expired)        drop
                            refused
    INTERACTIVE   done      refused                          answer, or refused       drop
    NONE          done      refused                          breach                   drop
    OVER          drop      drop                             drop                     drop
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import Final, assert_never

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gateway.wire import userauth_messages as messages
from gateway.wire.authority import IAuthTransport, IService
from gateway.wire.fields import Fields, MalformedField, boolean, string, uint32

CONNECTION_SERVICE: Final = b"ssh-connection"
MOST_BANNERS: Final = 16
MOST_ROUNDS: Final = 4
_PREFERRED_RSA: Final = b"rsa-sha2-512"
_CERTIFICATE_SUFFIX: Final = b"-cert-v01@openssh.com"
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}")

Sign = Callable[[bytes, bytes], "Deferred[bytes] | bytes"]
"""Called with a plain signature algorithm and the message; gives a whole signature blob (RFC 4253 §6.6)."""

WritePassword = Callable[[Callable[[bytes], None]], None]
"""Called with a place to write to; writes the password there, once, before it returns."""


@attrs.frozen
class KeyOffer:
    """Log in by signing; *algorithms* in order of preference."""

    public_blob: bytes = attrs.field(repr=False)
    algorithms: tuple[bytes, ...]
    sign: Sign = attrs.field(repr=False)


@attrs.frozen
class CertificateOffer:
    """Log in by signing under a certificate; *algorithms* are the plain names of its key."""

    blob: bytes = attrs.field(repr=False)
    algorithms: tuple[bytes, ...]
    sign: Sign = attrs.field(repr=False)


@attrs.frozen
class PasswordOffer:
    """Log in with a password that its owner writes into the packet."""

    write: WritePassword = attrs.field(repr=False)


@attrs.frozen
class NoneOffer:
    """Log in with nothing at all."""


Offer = KeyOffer | CertificateOffer | PasswordOffer | NoneOffer


class TargetLoginRefused(Exception):
    """The target does not accept the credential; *methods* are what it says would do."""

    def __init__(self, methods: tuple[str, ...], reason: str) -> None:
        super().__init__(reason)
        self.methods = methods
        self.reason = reason


class TargetLoginLost(Exception):
    """The login came to no answer: connection ended, time ran out, or the target broke the protocol."""


class Step(enum.Enum):
    """What the target was sent last."""

    SIGNING = "signing"
    KEY = "key"
    PASSWORD = "password"
    INTERACTIVE = "interactive"
    NONE = "none"
    OVER = "over"


@attrs.define(eq=False, repr=False)
class UserAuthClient:
    """Log in as *account* with *offer*, then install *next_service* and fire ``outcome`` with None.

    ``outcome`` fails with :exc:`TargetLoginRefused` or :exc:`TargetLoginLost`, or with what signing failed
    with; the caller then ends the connection. *patience* is in seconds.
    """

    account: bytes
    offer: Offer
    next_service: IService
    clock: IReactorTime
    patience: float = 30.0

    name = b"ssh-userauth"
    transport: IAuthTransport = attrs.field(init=False)
    outcome: Deferred[None] = attrs.field(factory=Deferred, init=False)

    _step: Step = attrs.field(default=Step.SIGNING, init=False)
    _timer: IDelayedCall | None = attrs.field(default=None, init=False)
    _signing: Deferred[bytes] | None = attrs.field(default=None, init=False)
    _banners: int = attrs.field(default=0, init=False)
    _rounds: int = attrs.field(default=0, init=False)
    _answered: bool = attrs.field(default=False, init=False)

    def serviceStarted(self) -> None:
        """Send the credential at once."""
        self._timer = self.clock.callLater(self.patience, self._too_slow)
        Deferred.fromCoroutine(self._send_offer()).addErrback(self._fail)

    def serviceStopped(self) -> None:
        """Give up if there is no result yet."""
        self._fail(TargetLoginLost("the target closed the connection during login"))

    def packetReceived(self, number: int, payload: bytes) -> None:
        """Take one message of the target; never raise, whatever it is."""
        if self._step is Step.OVER:
            return
        try:
            self._take(number, payload)
        except MalformedField as malformed:
            self._breach(str(malformed))

    def _take(self, number: int, payload: bytes) -> None:
        if number == messages.BANNER:
            self._drop_banner()
        elif self._step is Step.SIGNING:
            self._breach(f"message {number} before the login was asked for")
        elif number == messages.SUCCESS:
            self._succeed(payload)
        elif number == messages.FAILURE:
            self._refused(messages.read_failure(payload))
        elif number == messages.INFO_REQUEST and self._step is Step.INTERACTIVE:
            self._answer(messages.read_prompts(payload))
        elif number == messages.PASSWD_CHANGEREQ and self._step is Step.PASSWORD:
            self._fail(TargetLoginRefused((), "the password has expired; the target wants a new one set"))
        else:
            self._breach(f"unexpected message {number} during login")

    def _request(self, method: bytes, body: bytes) -> None:
        self.transport.sendPacket(messages.REQUEST, messages.request(self.account, CONNECTION_SERVICE, method, body))

    async def _send_offer(self) -> None:
        match self.offer:
            case KeyOffer() | CertificateOffer() as offer:
                await self._send_signed(offer)
            case PasswordOffer() as offer:
                self._step = Step.PASSWORD
                head = boolean(False)
                offer.write(lambda secret: self._request(b"password", head + string(secret)))
            case NoneOffer():
                self._step = Step.NONE
                self._request(b"none", b"")
            case _:
                assert_never(self.offer)

    async def _send_signed(self, offer: KeyOffer | CertificateOffer) -> None:
        plain = self._algorithm(offer.algorithms)
        if isinstance(offer, KeyOffer):
            algorithm, blob = plain, offer.public_blob
        else:
            algorithm, blob = certificate_algorithm(plain), offer.blob
        asked = messages.Request(self.account, CONNECTION_SERVICE, b"publickey", b"")
        message = messages.signed_message(self.transport.sessionID, asked, algorithm, blob)
        signed = offer.sign(plain, message)
        if isinstance(signed, Deferred):
            self._signing = signed
        signature = await signed if isinstance(signed, Deferred) else signed
        self._signing = None
        if self._step is not Step.OVER:
            self._step = Step.KEY
            body = boolean(True) + messages.key_ok(algorithm, blob) + string(signature)
            self._request(b"publickey", body)

    def _algorithm(self, algorithms: tuple[bytes, ...]) -> bytes:
        """Choose how to sign: for RSA, where there is a choice, as the target named (RFC 8308 §3.1)."""
        if not algorithms:
            raise TargetLoginRefused((), "the credential names no signature algorithm")
        named = self.transport.peer_sig_algs
        if len(algorithms) == 1 and not algorithms[0].startswith(b"rsa-"):
            return algorithms[0]
        if not named:
            return _PREFERRED_RSA if _PREFERRED_RSA in algorithms else algorithms[0]
        for algorithm in algorithms:
            if algorithm in named:
                return algorithm
        raise TargetLoginRefused((), "the target accepts no signature algorithm this key can sign with")

    def _succeed(self, payload: bytes) -> None:
        Fields(payload).end("success")
        self._close()
        self.transport.setService(self.next_service)
        self.outcome.callback(None)

    def _refused(self, failure: messages.Failure) -> None:
        instead = b"keyboard-interactive" in failure.methods and b"password" not in failure.methods
        if self._step is Step.PASSWORD and instead and not failure.partial:
            self._step = Step.INTERACTIVE
            self._request(b"keyboard-interactive", string(b"") + string(b""))
            return
        methods = tuple(_plain(method) for method in failure.methods[:16])
        if failure.partial:
            reason = "the target accepted the credential and wants another one besides"
        else:
            reason = "the target did not accept the credential"
        self._fail(TargetLoginRefused(methods, reason))

    def _answer(self, echoes: tuple[bool, ...]) -> None:
        """Answer one hidden prompt, once, with the password; a round without prompts is only acknowledged."""
        self._rounds += 1
        if self._rounds > MOST_ROUNDS:
            self._breach("too many rounds of prompts")
        elif not echoes:
            self.transport.sendPacket(messages.INFO_RESPONSE, uint32(0))
        elif echoes == (False,) and not self._answered and isinstance(self.offer, PasswordOffer):
            self._answered = True
            self.offer.write(self._send_answer)
        else:
            reason = "the target asks for more than a password"
            self._fail(TargetLoginRefused(("keyboard-interactive",), reason))

    def _send_answer(self, secret: bytes) -> None:
        self.transport.sendPacket(messages.INFO_RESPONSE, uint32(1) + string(secret))

    def _drop_banner(self) -> None:
        self._banners += 1
        if self._banners > MOST_BANNERS:
            self._breach("too many banners during login")

    def _too_slow(self) -> None:
        self._breach(f"no answer to the login within {self.patience:g} seconds")

    def _breach(self, text: str) -> None:
        self._fail(TargetLoginLost(text))
        self.transport.sendDisconnect(messages.DISCONNECT_PROTOCOL_ERROR, text.encode())

    def _fail(self, reason: BaseException | Failure) -> None:
        if self._step is not Step.OVER:
            self._close()
            self.outcome.errback(reason)

    def _close(self) -> None:
        self._step = Step.OVER
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._signing is not None:
            # Its CancelledError comes back through _fail, which has nothing left to do then.
            self._signing.cancel()


def certificate_algorithm(plain: bytes) -> bytes:
    """Return a certificate's name for *plain*, e.g. ``ssh-ed25519-cert-v01@openssh.com``."""
    return plain.removesuffix(b"@openssh.com") + _CERTIFICATE_SUFFIX


def _plain(method: bytes) -> str:
    """Return a target's word so that it can be shown."""
    text = method.decode("ascii", "replace")
    return text if _PLAIN_NAME.fullmatch(text) else "(unprintable)"
