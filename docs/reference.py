"""Write the generated pages of the manual: every kind of fact, every interface. ``make reference`` calls it.

The pages are kept in the tree, so that they can be read without building; a law fails when they are stale.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from zope.interface.interface import Attribute, InterfaceClass, Method

HERE = Path(__file__).resolve().parent

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


PAGES = {"facts.rst": facts, "interfaces.rst": interfaces}
"""The generated pages, and what writes them."""


def main() -> None:
    """Write every generated page anew."""
    for name, write in PAGES.items():
        (HERE / name).write_text(write(), "utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    main()
