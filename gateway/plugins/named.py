"""Find the plugin that a configuration names.

The rule: any installed distribution may drop a module into the package ``twisted.plugins``; of what is found there only
what is named is used, by the interface it provides and the name it declares. Missing, ambiguous or badly set up is a
ValueError in words, and the node does not start.

Known limit: ``twisted.plugin`` imports every module of that package to look for plugins, and logs those that can not
be imported; so the folder must not be writable by the gateway's user.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.plugin import getPlugins
from zope.interface.interface import InterfaceClass

Schema = Mapping[str, Callable[[Any], Any]]


def named(interface: InterfaceClass, name: str, what: str, found: Iterable[Any] | None = None) -> Any:
    """Return the plugin of that name; *what* says in words what it is, *found* are the candidates instead of all."""
    plugins = list(getPlugins(interface) if found is None else found)  # type: ignore[arg-type]
    fitting = [plugin for plugin in plugins if plugin.name == name]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ValueError(f"{len(fitting)} plugins call themselves {what} {name!r}: uninstall all but one")
    known = sorted({str(plugin.name) for plugin in plugins})
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"installed are: {', '.join(known) or 'none'}"
    raise ValueError(f"no installed plugin is {what} {name!r}; {hint}")


def settings_of(schema: Schema, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return settings as a plugin's schema takes them; raise ValueError that names the key, *where* stands before."""
    taken = {}
    for key, value in given.items():
        if key not in schema:
            near = difflib.get_close_matches(key, list(schema), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(schema)) or 'none'}"
            raise ValueError(f"{where}: unknown key {key!r}; {hint}")
        try:
            taken[key] = schema[key](value)
        except ValueError as failure:
            raise ValueError(f"{where}: {key}: {failure}") from None
    return taken
