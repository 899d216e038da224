"""The API: the same verbs as over ssh, by HTTP.

    GET or POST /api/v1/VERB/WORDS     Authorization: Bearer ost_…
    GET         /api/v1/live/ID        the session's screen as server-sent events

The rule: a request becomes a verb's words and goes the one way that every door goes; what comes back is what ``--json``
writes, the exit code as an HTTP status and, exactly, in ``Ostiary-Exit``. Arguments and options are fields of the query
or of a JSON object, by the names that OpenAPI tells. Only tokens prove anything here: a cookie is not looked at.
"""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.admin.perform import PREFIX, perform, permit
from gateway.admin.refusal import Exit, Refusal, denied, missing, usage
from gateway.admin.room import Room
from gateway.admin.tokens import Token, Tokens, bearer
from gateway.admin.verb import Verb
from gateway.admin.verbs.sessions import session_id
from gateway.admin.vigil import STANDING
from gateway.admin.web.asked import Ask
from gateway.admin.web.brake import Brake
from gateway.admin.web.following import Watching
from gateway.admin.web.openapi import STDIN, document, fields, reads
from gateway.admin.web.reply import FORGET, JSON, Pipe, Reply, json_reply, refused, status_of
from gateway.admin.web.spool import Spool
from gateway.admin.web.sse import HEADERS, KIND, RETRY, Newest
from gateway.domain.facts import Entry, Fact
from gateway.interfaces import IFacts
from gateway.interfaces.facts import IFold
from gateway.runtime.telling import tell

log = Logger()

PLACE, LIVE = "/api/v1/", "live"
NDJSON, CSV, EVENTS = "application/x-ndjson", "text/csv", "text/event-stream"
SEEN_AGAIN = 3600.0
"""Seconds after which a token that is used is told of anew."""
CHALLENGE = ("WWW-Authenticate", 'Bearer realm="ostiary"')
MOST_STREAMS = 100
"""Streams of all tokens together."""

RoomOf = Callable[[str, str, str, frozenset[str] | None], Room]


@implementer(IFold)
@attrs.define(eq=False, repr=False)
class Api:
    """Answer what is asked below ``/api/v1/``; attach it to the journal behind the folds of who stands how."""

    verbs: Mapping[str, Verb]
    tokens: Tokens
    room_of: RoomOf
    brake: Brake
    facts: IFacts
    version: str
    _told: dict[tuple[str, str], float] = attrs.field(init=False, factory=dict)
    _open: dict[Deferred[Any], tuple[str, str]] = attrs.field(init=False, factory=dict)
    """Running verbs, by token and address."""

    async def __call__(self, ask: Ask) -> Reply:
        """Answer one request."""
        if ask.path == f"{PLACE}openapi.json":
            return json_reply(document(self.verbs, self.version))
        try:
            token = self._token(ask)
            room = self._room(token, ask.source)
            self.brake.ask(f"token {token.id}")
            self._tell(token, ask.source)
            return await self._perform(ask, room, token)
        except Refusal as refusal:
            reply = refused(refusal).also(("Ostiary-Exit", str(int(refusal.code))))
            return reply.also(CHALLENGE) if reply.code == HTTPStatus.UNAUTHORIZED else reply

    def apply(self, entry: Entry) -> None:
        """End what runs for a token that is gone, or whose owner stands otherwise now."""
        if entry.kind != "token.removed" and entry.kind not in STANDING:
            return
        for running, (identity, source) in tuple(self._open.items()):
            token = next((each for each in self.tokens.of() if each.id == identity), None)
            try:
                if token is None:
                    raise denied("the token is gone")
                self._room(token, source)
            except Refusal as refusal:
                log.info("what ran for token {token} was ended: {why}", token=identity, why=refusal.message)
                running.cancel()

    @property
    def streams(self) -> int:
        """How many verbs run."""
        return len(self._open)

    def _token(self, ask: Ask) -> Token:
        self.brake.may_try(ask.source)
        text = bearer(ask.header("authorization"))
        token = self.tokens.known(text, ask.source) if text else None
        if token is None:
            if text:
                self.brake.failed(ask.source)
                body = {"user": "", "source": ask.source, "method": "token", "door": "api", "reason": "unknown token"}
                tell(self.facts, Fact("auth.failed", body))
            words = "send a token: Authorization: Bearer ost_…; `token add` makes one"
            raise Refusal(Exit.DENIED, "unauthorized", words)
        return token

    def _room(self, token: Token, source: str) -> Room:
        room = self.room_of(token.user, source, "api", token.roles)
        if token.roles - room.caller.roles:
            raise denied(f"{token.user} has lost a role that this token carries")
        return room

    def _tell(self, token: Token, source: str) -> None:
        now, key = self.tokens.wall(), (token.id, source)
        if now - self._told.get(key, 0.0) < SEEN_AGAIN:
            return
        self._told = {known: at for known, at in self._told.items() if now - at < SEEN_AGAIN} | {key: now}
        body = {"user": token.user, "source": source, "method": "token", "door": "api", "token": token.id}
        tell(self.facts, Fact("auth.succeeded", body))

    async def _perform(self, ask: Ask, room: Room, token: Token) -> Reply:
        name = ask.path.removeprefix(PLACE).strip("/").replace("/", " ")
        if name.startswith(f"{LIVE} ") and LIVE not in self.verbs:
            return await self._follow(ask, room, token, name.removeprefix(f"{LIVE} "))
        verb = self.verbs.get(name)
        if verb is None:
            near = difflib.get_close_matches(name, self.verbs, 1)
            raise missing(f"there is no verb {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        if ask.method not in ("GET", "HEAD", "POST") or (ask.method != "POST" and not reads(verb)):
            raise Refusal(Exit.USAGE, "method", f"{verb.name} is asked for with POST")
        given = {**_query(ask), **(ask.document if ask.method == "POST" else {})}
        form, eager = _form(verb, ask.header("accept"), given)
        words, stdin = words_of(verb, given)
        if len(self._open) >= MOST_STREAMS:
            raise Refusal(Exit.LATER, "too_many", "too many requests run at this moment: try again")
        spool = Spool(stdin, eager)
        line = [*name.split(), f"--{form}", *words]
        running = Deferred.fromCoroutine(perform(self.verbs, room, line, spool.streams()))
        self._open[running] = token.id, ask.source
        return await self._answer(spool, running, form, ask)

    async def _follow(self, ask: Ask, room: Room, token: Token, prefix: str) -> Reply:
        """Follow a session's screen as ``watch`` does, for whom that verb is permitted."""
        await permit(self.verbs["watch"], room)
        session, asked = session_id(room, prefix), ask.asked("channel")
        channel = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else None
        stream = Newest(room.clock)
        watching = Watching(stream)
        running: Deferred[Any] = Deferred(lambda _: stream.end())
        running.addErrback(lambda _: None)

        def begun() -> None:
            self._open[running] = token.id, ask.source
            watching.begin(room, session, channel)

        def ended() -> None:
            self._open.pop(running, None)
            watching.leave()

        return stream.reply(begun, ended)

    async def _answer(self, spool: Spool, running: Deferred[int], form: str, ask: Ask) -> Reply:
        codes: list[int] = []
        failures: list[Failure] = []
        running.addCallbacks(codes.append, failures.append)
        running.addBoth(lambda _: self._ended(spool, running))
        handed = False
        try:
            await spool.begun
            sse = EVENTS in ask.header("accept")
            if failures:
                failures[0].raiseException()
            if codes:
                return _whole(spool, codes[0], form)
            handed = True
            kind = KIND if sse else {"json": JSON, "ndjson": NDJSON, "csv": CSV}[form]
            return Reply(200, RETRY if sse else b"", kind, HEADERS if sse else (FORGET,), _flowing(spool, running, sse))
        finally:
            if not handed:
                running.cancel()

    def _ended(self, spool: Spool, running: Deferred[int]) -> None:
        self._open.pop(running, None)
        spool.done()


def _flowing(spool: Spool, running: Deferred[int], sse: bool) -> Callable[[Pipe], Any]:
    async def flow(pipe: Pipe) -> None:
        try:
            while chunk := await spool.more():
                await pipe.send(b"".join(b"data: " + line + b"\n\n" for line in chunk.splitlines()) if sse else chunk)
        finally:
            running.cancel()

    return flow


def _whole(spool: Spool, code: int, form: str) -> Reply:
    """Return an answer that is all there; a refusal as JSON, whatever form was asked for."""
    body, said = spool.take(), bytes(spool.err).decode("utf-8", "replace").strip()
    headers = (FORGET, ("Ostiary-Exit", str(code)))
    if body.startswith(b'{"schema": "pam/1", "error"'):
        kind = body.partition(b'"kind": "')[2].partition(b'"')[0].decode()
        return Reply(status_of(code, kind), body, JSON, headers)
    if code and not body:
        refusal = Refusal(code, "refused", said.removeprefix(PREFIX) or "refused")
        return attrs.evolve(refused(refusal), headers=headers)
    return Reply(HTTPStatus.OK, body, {"json": JSON, "ndjson": NDJSON, "csv": CSV}[form], headers)


def _query(ask: Ask) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in ask.query:
        before = found.get(key)
        found[key] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return found


def _form(verb: Verb, accept: str, given: dict[str, Any]) -> tuple[str, bool]:
    """Return the form that is asked for, and whether the answer begins before it is whole."""
    follows = str(given.get("follow", "")).lower() in ("true", "1", "yes") or given.get("follow") is True
    if EVENTS in accept:
        if "follow" not in fields(verb):
            raise usage(f"{verb.name} has no end to wait for: it is no stream of events")
        given["follow"] = True
        return "ndjson", True
    if verb.lists and (NDJSON in accept or follows):
        return "ndjson", follows
    if verb.lists and CSV in accept:
        return "csv", False
    return "json", False


def words_of(verb: Verb, given: Mapping[str, Any]) -> tuple[list[str], bytes]:
    """Turn fields into a verb's words and stdin. Raises :exc:`Refusal`."""
    known = fields(verb)
    for key in given:
        if key not in known and key not in STDIN:
            near = difflib.get_close_matches(key, [*known, *STDIN], 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it takes {', '.join(known) or 'nothing'}"
            raise usage(f"{verb.name} has no field {key!r}{hint}")
    options: list[str] = []
    for option in verb.options + verb.all_options:
        if option.key in given and option.key in known and not any(o.startswith(f"{option.name}=") for o in options):
            options += _option(option.name, bool(option.word), option.many, given[option.key])
    placed: list[str] = []
    for argument in verb.arguments:
        values = _texts(argument.key, given.get(argument.key), argument.many)
        placed += values
    return [*options, "--", *placed], _stdin(given)


def _option(name: str, takes: bool, many: bool, value: Any) -> list[str]:
    if not takes:
        if value in (False, None, "false", "0", "no", ""):
            return []
        if value in (True, "true", "1", "yes"):
            return [name]
        raise usage(f"{name.lstrip('-')}: expected true or false")
    return [f"{name}={text}" for text in _texts(name.lstrip("-"), value, many)]


def _texts(key: str, value: Any, many: bool) -> list[str]:
    if value is None:
        return []
    values = value if isinstance(value, list) else [value]
    if len(values) > 1 and not many:
        raise usage(f"{key} is given twice")
    if not all(isinstance(each, str | int | float) for each in values):
        raise usage(f"{key}: expected text or a number")
    return [str(each) for each in values]


def _stdin(given: Mapping[str, Any]) -> bytes:
    text, encoded = given.get("stdin"), given.get("stdin_base64")
    if encoded is not None:
        try:
            return base64.b64decode(str(encoded), validate=True)
        except (binascii.Error, ValueError):
            raise usage("stdin_base64 is not base64") from None
    return text.encode() if isinstance(text, str) else b""
