"""Write the generated pages of the manual: facts, interfaces, keys, verbs. ``make reference`` calls it.

The pages are kept in the tree, so that they can be read without building; a law fails when they are stale.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
from zope.interface.interface import Attribute, InterfaceClass, Method

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

FACTS_HEAD = """\
.. Written by ``make reference`` from gateway/domain/facts/catalogue.py: change it there.

Kinds of facts
==============

A fact is something that happened, told after the decision and kept in the journal. Number and name are
stable. *Severity* goes from 0 to 10. A *home* fact quotes a session's content: between nodes only its
envelope travels while the session lives. The effect of a *before* fact waits until the fact is on disk.

.. list-table::
   :header-rows: 1
   :widths: 24 8 8 8 8 44

   * - Kind
     - Number
     - Severity
     - Reach
     - Moment
     - Meaning
"""

INTERFACES_HEAD = """\
.. Written by ``make reference`` from gateway/interfaces/: change it there.

Interfaces
==========

Every seam between rooms. ``gateway.interfaces`` re-exports all names.
"""


CONFIG_HEAD = """\
.. Written by ``make reference`` from gateway/config/schema.py: change it there.

Configuration: pam.toml
=======================

Every key is optional; ``etc/pam.toml`` shows each with its default. A key that is unknown is an error with
line, column and the nearest key. Secrets are references (``file:``, ``env:``), never inline. Durations are
written ``30m``, ``12h``, ``365d``; sizes ``64KiB``, ``2GiB``. ``check`` names what is set and has no effect
yet.
"""

KEYS_HEAD = """
.. list-table::
   :header-rows: 1
   :widths: 30 70

   * - Key
     - Meaning
"""

VERBS_HEAD = """\
.. Written by ``make reference`` from gateway/admin/verbs/: change it there.

Verbs
=====

The same verbs by ``pamctl VERB …``, ``ssh USER@gateway VERB …`` and :doc:`web-api`. Each takes ``--json``: one object
``{"schema": "pam/1", "data": …}`` on stdout and nothing else; an error is ``{"schema": "pam/1", "error":
{"code", "kind", "message"}}``. Times in JSON are RFC 3339 in UTC. Ids may be shortened as long as they are
unique.

Exit status: 0 ok · 64 usage · 69 unreachable · 75 try later · 77 denied by policy or role · 78 configuration;
1, 2 and 3 as the verb says.

.. list-table::
   :header-rows: 1
   :widths: 20 60 20

   * - Verb
     - Does
     - Roles
"""


def facts() -> str:
    """Return the page of the facts' catalogue."""
    from gateway.domain.facts import KINDS

    rows = (
        f"   * - ``{name}``\n     - {kind.number}\n     - {kind.severity}\n     - {kind.reach.value}\n"
        f"     - {kind.moment.value}\n     - {kind.meaning}\n"
        for name, kind in sorted(KINDS.items(), key=lambda row: row[1].number)
    )
    return FACTS_HEAD + "".join(rows)


def all_interfaces() -> Iterator[InterfaceClass]:
    """Yield every interface of ``gateway.interfaces``, by module and then in the order of the source."""
    import gateway.interfaces as room

    for found in sorted(pkgutil.iter_modules(room.__path__, f"{room.__name__}."), key=lambda m: m.name):
        module = importlib.import_module(found.name)
        for kind in vars(module).values():
            if isinstance(kind, InterfaceClass) and kind.__module__ == module.__name__:
                yield kind


def interfaces() -> str:
    """Return the page of the interfaces."""
    return INTERFACES_HEAD + "".join(map(_interface, all_interfaces()))


def _interface(kind: InterfaceClass) -> str:
    name = kind.__name__
    head = f"\n{name}\n{'-' * len(name)}\n\n{inspect.cleandoc(kind.__doc__)}\n"
    return head + "".join(_member(f"{name}.{member}", kind[member]) for member in kind.names())


def _member(name: str, member: Attribute) -> str:
    signature = member.getSignatureString() if isinstance(member, Method) else ""
    words = inspect.cleandoc(member.__doc__ or "").splitlines()
    return f"\n``{name}``{signature and f' ``{signature}``'}\n" + "".join(
        f"    {line}".rstrip() + "\n" for line in words
    )


def config() -> str:
    """Return the page of the keys of ``pam.toml``."""
    from gateway.config.schema import TABLES

    return CONFIG_HEAD + "".join(_table(name, kind) for name, kind in TABLES.items())


def _table(name: str, kind: type[Any]) -> str:
    rows = (
        f"   * - ``{name}.{field.name}``\n     - {field.metadata['words']}".rstrip() + "\n"
        for field in attrs.fields(kind)
    )
    says = inspect.cleandoc(kind.__doc__ or "")
    return f"\n{name}\n{'-' * len(name)}\n\n{says}\n{KEYS_HEAD}{''.join(rows)}"


def verbs() -> str:
    """Return the page of the verbs."""
    from gateway.admin.verbs import VERBS

    return VERBS_HEAD + "".join(
        f"   * - ``{verb.name}``\n     - {verb.says}\n\n       ``{verb.synopsis}``\n"
        f"     - {', '.join(sorted(verb.callers)) or 'any'}\n"
        for verb in VERBS.values()
    )


def _pages() -> dict[str, Callable[[], str]]:
    rooms = {"gateway.config": ("config.rst", config), "gateway.admin.verbs": ("verbs.rst", verbs)}
    there = (page for room, page in rooms.items() if importlib.util.find_spec(room) is not None)
    return {"facts.rst": facts, "interfaces.rst": interfaces, **dict(there)}


PAGES = _pages()
"""The pages whose catalogue is there, and what writes them."""


def main() -> None:
    """Write every generated page anew."""
    for name, write in PAGES.items():
        (HERE / name).write_text(write(), "utf-8")


if __name__ == "__main__":
    main()
