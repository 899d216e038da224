"""Command lines for verbs, made of what a form or an address says.

The rule: a value never becomes an option: it stands behind ``=`` or behind ``--``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def line(verb: str, *placed: str, flags: Iterable[str] = (), **options: str | None) -> list[str]:
    """Return a verb's words; options without a value are left out."""
    given = [f"--{key.replace('_', '-')}={value}" for key, value in options.items() if value]
    return [*verb.split(), *given, *(f"--{flag}" for flag in flags), "--", *placed]


def chosen(form: Mapping[str, str], *keys: str) -> dict[str, str]:
    """Return some fields of a form or query, without blanks around them."""
    return {key: form.get(key, "").strip() for key in keys}
