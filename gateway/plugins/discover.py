"""Find a third party's file inspectors among the installed distributions.

The rule: nobody looks for plugins unless the configuration names one that does not ship with the gateway; then the
folders they lie in must not be writable by the gateway's own user, and of what is found only the named ones are
loaded. Two that claim one name are refused.

Known limits: ``twisted.plugin`` imports each module of the package ``twisted.plugins`` once to see what it offers, and
a module that raises then is left out (its traceback is in the log). The folder that holds twistd's own plugin is
looked at too: whoever may write there could replace the gateway.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from types import ModuleType
from typing import Any

import attrs
from twisted import plugins as plugin_package
from twisted.plugin import CachedPlugin, getCache

from gateway.interfaces import IFileInspectorFactory


class PluginError(ValueError):
    """A named plugin can not be used; says why and what to do next."""


@attrs.frozen
class Found:
    """A plugin's factory, and the version of the distribution it came with."""

    factory: Any
    version: str


def find_inspectors(
    wanted: Mapping[str, Collection[str]], package: ModuleType = plugin_package, user: int | None = None
) -> dict[str, Found]:
    """Return the factory of each wanted kind; ``wanted`` says which inspectors ask for it.

    Raises :exc:`PluginError` where one is missing, doubled, or lies where the gateway's user may write.
    """
    if not wanted:
        return {}
    refuse_writable(package.__path__, os.geteuid() if user is None else user)
    found: dict[str, list[Found]] = {}
    for module, factory in _factories(package, wanted):
        found.setdefault(str(factory.name), []).append(Found(factory, _version(module, factory)))
    for kind, asking in wanted.items():
        _one(kind, sorted(asking), found.get(kind, []))
    return {kind: factories[0] for kind, factories in found.items()}


def _one(kind: str, asking: list[str], found: list[Found]) -> None:
    named = f"inspector {', '.join(asking)}"
    if not found:
        raise PluginError(
            f"{named}: no installed plugin provides the kind {kind!r} for {sys.executable}; install the distribution "
            f"that does, or take it out with: pamctl inspector rm {asking[0]}"
        )
    if len(found) > 1:
        modules = ", ".join(sorted(type(each.factory).__module__ for each in found))
        raise PluginError(f"{named}: several plugins provide the kind {kind!r} ({modules}); uninstall all but one")


def _factories(package: ModuleType, wanted: Collection[str]) -> Iterator[tuple[str, Any]]:
    for dropin in getCache(package).values():  # type: ignore[no-untyped-call]
        for plugin in dropin.plugins:
            if IFileInspectorFactory in plugin.provided:
                factory = _loaded(plugin)
                if factory is not None and factory.name in wanted:
                    yield dropin.moduleName, factory


def _loaded(plugin: CachedPlugin) -> Any:
    # What the cache says may be older than the module: what was loaded must still provide the interface.
    factory = plugin.load()  # type: ignore[no-untyped-call]
    return factory if IFileInspectorFactory.providedBy(factory) else None


def _version(module: str, factory: Any) -> str:
    """Return the version of a factory's distribution; its own ``version`` where no distribution is known."""
    top = type(factory).__module__.partition(".")[0]
    for name in packages_distributions().get(top, ()) if top != "twisted" else ():
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    return f"{module} {getattr(factory, 'version', 'unknown')}"


def refuse_writable(folders: Iterable[str], user: int) -> None:
    """Raise :exc:`PluginError` where a plugin folder, or a file in it, is writable by the gateway's user or by all."""
    judge = _open_to_others if user == 0 else _writable
    for folder in folders:
        for path in (folder, *_files(folder)):
            if judge(path):
                raise PluginError(
                    f"{path} is writable by the gateway's user, who could put code there; plugins are named, so this "
                    f"is refused: give it to root and run chmod go-w, or install the plugins where only root may write"
                )


def _files(folder: str) -> list[str]:
    if not os.path.isdir(folder):
        return []
    return [entry.path for entry in os.scandir(folder) if entry.name.endswith((".py", ".so", ".cache"))]


def _writable(path: str) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _open_to_others(path: str) -> bool:
    """Say whether somebody beside root may write; root may always."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    return found.st_uid != 0 or bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


Finder = Callable[[Mapping[str, Collection[str]]], dict[str, Found]]
