"""The messages of RFC 4252 and RFC 4256 as values.

The rule: every reader is total, takes all bytes or raises :exc:`~gateway.wire.fields.MalformedField`, and
caps each field before it is copied. Secrets never stand in a repr.
"""

from __future__ import annotations

from typing import Final

import attrs

from gateway.domain.secret import Secret
from gateway.wire.authority import Prompts
from gateway.wire.fields import Fields, MalformedField, boolean, string, uint32
from gateway.wire.keyblobs import LONGEST_BLOB
from gateway.wire.signatures import LONGEST_SIGNATURE

REQUEST: Final = 50
FAILURE: Final = 51
SUCCESS: Final = 52
BANNER: Final = 53
PK_OK: Final = 60
PASSWD_CHANGEREQ: Final = 60
INFO_REQUEST: Final = 60
INFO_RESPONSE: Final = 61

DISCONNECT_PROTOCOL_ERROR: Final = 2
DISCONNECT_SERVICE_NOT_AVAILABLE: Final = 7
DISCONNECT_BY_APPLICATION: Final = 11
DISCONNECT_NO_MORE_AUTH_METHODS: Final = 14

LONGEST_PAYLOAD: Final = 32 * 1024
LONGEST_NAME: Final = 1024
LONGEST_ANSWER: Final = 1024
LONGEST_LIST: Final = 4096
LONGEST_BANNER: Final = 8 * 1024
MOST_ANSWERS: Final = 16


@attrs.frozen
class Request:
    """A USERAUTH_REQUEST up to its method; *body* is what the method defines."""

    username: bytes
    service: bytes
    method: bytes
    body: bytes = attrs.field(repr=False)


@attrs.frozen
class KeyRequest:
    """The body of ``publickey``; *signature* is None when the client only asks whether the key would do."""

    algorithm: bytes
    blob: bytes = attrs.field(repr=False)
    signature: bytes | None = attrs.field(repr=False)


@attrs.frozen
class PasswordRequest:
    """The body of ``password``; *change* when the client wants to set a new one."""

    secret: Secret
    change: bool
    too_long: bool


@attrs.frozen
class Failure:
    """A USERAUTH_FAILURE: what may continue, and whether this step succeeded."""

    methods: tuple[bytes, ...]
    partial: bool


def read_request(payload: bytes) -> Request:
    """Read a USERAUTH_REQUEST."""
    if len(payload) > LONGEST_PAYLOAD:
        raise MalformedField(f"the request is longer than {LONGEST_PAYLOAD} bytes")
    fields = Fields(payload)
    username = fields.string("user name", LONGEST_NAME)
    service = fields.string("service name", 64)
    method = fields.string("method name", 64)
    return Request(username, service, method, fields.rest())


def read_nothing(body: bytes) -> None:
    """Read the empty body of ``none``."""
    Fields(body).end("none request")


def read_key_request(body: bytes) -> KeyRequest:
    """Read the body of ``publickey``."""
    fields = Fields(body)
    signed = fields.boolean("signature flag")
    algorithm = fields.string("key algorithm", 64)
    blob = fields.string("key", LONGEST_BLOB)
    signature = fields.string("signature", LONGEST_SIGNATURE) if signed else None
    fields.end("publickey request")
    return KeyRequest(algorithm, blob, signature)


def read_password_request(body: bytes) -> PasswordRequest:
    """Read the body of ``password``; the new password of a change request is not kept."""
    fields = Fields(body)
    change = fields.boolean("change flag")
    password = fields.string("password", LONGEST_PAYLOAD)
    if change:
        fields.string("new password", LONGEST_PAYLOAD)
    fields.end("password request")
    too_long = len(password) > LONGEST_ANSWER
    return PasswordRequest(Secret(b"" if too_long else password), change, too_long)


def read_interactive_request(body: bytes) -> None:
    """Read the body of ``keyboard-interactive``: language and submethods, both of no consequence."""
    fields = Fields(body)
    fields.string("language", LONGEST_NAME)
    fields.string("submethods", LONGEST_NAME)
    fields.end("keyboard-interactive request")


def read_answers(payload: bytes) -> tuple[Secret, ...] | None:
    """Read a USERAUTH_INFO_RESPONSE; None when an answer is too long to be weighed."""
    if len(payload) > LONGEST_PAYLOAD:
        raise MalformedField(f"the answer is longer than {LONGEST_PAYLOAD} bytes")
    fields = Fields(payload)
    count = fields.uint32("number of answers")
    if count > MOST_ANSWERS:
        raise MalformedField(f"more than {MOST_ANSWERS} answers")
    answers = [fields.string("answer", LONGEST_PAYLOAD) for _ in range(count)]
    fields.end("answers")
    if any(len(answer) > LONGEST_ANSWER for answer in answers):
        return None
    return tuple(Secret(answer) for answer in answers)


def read_prompts(payload: bytes) -> tuple[bool, ...]:
    """Read a USERAUTH_INFO_REQUEST; return whether each prompt's answer may be seen. No text is kept."""
    fields = Fields(payload)
    fields.string("name", LONGEST_BANNER)
    fields.string("instruction", LONGEST_BANNER)
    fields.string("language", LONGEST_NAME)
    count = fields.uint32("number of prompts")
    if count > MOST_ANSWERS:
        raise MalformedField(f"more than {MOST_ANSWERS} prompts")
    echoes = []
    for _ in range(count):
        fields.string("prompt", LONGEST_BANNER)
        echoes.append(fields.boolean("echo flag"))
    fields.end("prompts")
    return tuple(echoes)


def read_failure(payload: bytes) -> Failure:
    """Read a USERAUTH_FAILURE."""
    fields = Fields(payload)
    methods = fields.string("methods", LONGEST_LIST)
    partial = fields.boolean("partial success flag")
    fields.end("failure")
    return Failure(tuple(method for method in methods.split(b",") if method), partial)


def request(username: bytes, service: bytes, method: bytes, body: bytes = b"") -> bytes:
    """Return the payload of a USERAUTH_REQUEST."""
    return string(username) + string(service) + string(method) + body


def failure(methods: tuple[bytes, ...], partial: bool) -> bytes:
    """Return the payload of a USERAUTH_FAILURE."""
    return string(b",".join(methods)) + boolean(partial)


def key_ok(algorithm: bytes, blob: bytes) -> bytes:
    """Return the payload of a USERAUTH_PK_OK."""
    return string(algorithm) + string(blob)


def banner(text: bytes) -> bytes:
    """Return the payload of a USERAUTH_BANNER."""
    return string(text) + string(b"")


def prompts(round_: Prompts) -> bytes:
    """Return the payload of a USERAUTH_INFO_REQUEST."""
    head = (
        string(round_.name.encode("utf-8", "replace"))
        + string(round_.instruction.encode("utf-8", "replace"))
        + string(b"")
    )
    asked = (string(text.encode()) + boolean(echo) for text, echo in round_.prompts)
    return head + uint32(len(round_.prompts)) + b"".join(asked)


def signed_message(session_id: bytes, asked: Request, algorithm: bytes, blob: bytes) -> bytes:
    """Return what a ``publickey`` signature covers (RFC 4252 §7)."""
    unsigned = request(asked.username, asked.service, b"publickey", boolean(True) + key_ok(algorithm, blob))
    return string(session_id) + bytes([REQUEST]) + unsigned
