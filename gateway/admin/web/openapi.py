"""The API in OpenAPI 3.1, made of the verbs' own arguments.

The rule: nothing is written down here that a verb says of itself: a verb that is added is described.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.admin.arguments import CSV, HELP, JSON, NDJSON
from gateway.admin.verb import Verb

STDIN = {
    "stdin": "what the verb reads on stdin, as text",
    "stdin_base64": "the same in base64, for what is no text",
}
GENERAL = frozenset({JSON.key, NDJSON.key, CSV.key, HELP.key})
NOT_HERE = frozenset({"web-login", "token add", "init", "recover-access", "demo off", "watch", "play", "menu"})
"""Verbs of other doors alone."""
ACTS = frozenset({"siem test", "notify test", "target test", "credential test", "apply"})
"""Verbs that do something beyond telling, though they change no entry by themselves."""


def reads(verb: Verb) -> bool:
    """Say whether a verb only tells."""
    return not verb.changes and verb.name not in ACTS


def fields(verb: Verb) -> dict[str, dict[str, Any]]:
    """Return the fields of a verb's request, each with its JSON schema."""
    found: dict[str, dict[str, Any]] = {}
    for argument in verb.arguments:
        found[argument.key] = _schema("string", argument.many, argument.says)
    for option in verb.all_options:
        if option.key not in GENERAL:
            found[option.key] = _schema("string" if option.word else "boolean", option.many, option.says)
    return found


def _schema(kind: str, many: bool, says: str) -> dict[str, Any]:
    if many:
        return {"type": "array", "items": {"type": kind}, "description": says}
    return {"type": kind, "description": says}


def document(verbs: Mapping[str, Verb], version: str) -> dict[str, Any]:
    """Return the whole description."""
    named = {f"/{name.replace(' ', '/')}": _path(verb) for name, verb in sorted(verbs.items()) if name not in NOT_HERE}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ostiary", "version": version, "license": {"name": "MIT", "identifier": "MIT"},
                 "description": "The verbs of the gateway: the same as `ssh ADMIN@gateway VERB` and `pamctl VERB`."},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": {**named, "/live/{id}": {"get": _live()}},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "ost_…"}},
            "schemas": {"Answer": _answer(), "Error": _error()},
        },
    }  # fmt: skip


def _path(verb: Verb) -> dict[str, Any]:
    post = {**_operation(verb, "post"), "requestBody": {"content": {"application/json": {"schema": _body(verb)}}}}
    if not reads(verb):
        return {"post": post}
    required = {argument.key for argument in verb.arguments if argument.required}
    parameters = [
        {"name": key, "in": "query", "required": key in required, "description": schema.pop("description"),
         "schema": schema}
        for key, schema in fields(verb).items()
    ]  # fmt: skip
    return {"get": {**_operation(verb, "get"), "parameters": parameters}, "post": post}


def _operation(verb: Verb, method: str) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}
    if verb.lists:
        content |= {"application/x-ndjson": {}, "text/csv": {}}
    if "follow" in fields(verb):
        content["text/event-stream"] = {}
    return {
        "operationId": f"{method}-{verb.name.replace(' ', '-')}",
        "summary": verb.says,
        "description": f"`{verb.synopsis}` · for {', '.join(sorted(verb.callers))}",
        "tags": [verb.name.split()[0]],
        "responses": {
            "200": {"description": "What the verb found.", "content": content},
            "default": {
                "description": "A refusal; `Ostiary-Exit` is the exit code.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }


def _live() -> dict[str, Any]:
    where = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    channel = {"name": "channel", "in": "query", "schema": {"type": "integer"}}
    says = "event screen: {cols, rows, init} paints a fresh terminal, {o} changes it; event over: {words} ends it"
    return {
        "operationId": "live",
        "summary": "a session's present screen, and what becomes of it, as server-sent events",
        "tags": ["watch"],
        "parameters": [where, channel],
        "responses": {"200": {"description": says, "content": {"text/event-stream": {}}}},
    }


def _body(verb: Verb) -> dict[str, Any]:
    properties = {**fields(verb), **{key: {"type": "string", "description": says} for key, says in STDIN.items()}}
    required = [argument.key for argument in verb.arguments if argument.required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _answer() -> dict[str, Any]:
    return {"type": "object", "required": ["schema", "data"], "properties": {"schema": {"const": "pam/1"}, "data": {}}}


def _error() -> dict[str, Any]:
    error = {
        "type": "object",
        "required": ["code", "kind", "message"],
        "properties": {"code": {"type": "integer"}, "kind": {"type": "string"}, "message": {"type": "string"}},
    }
    return {"type": "object", "required": ["schema", "error"],
            "properties": {"schema": {"const": "pam/1"}, "error": error}}  # fmt: skip
