"""The version that is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _version() -> str:
    try:
        return version("ostiary")
    except PackageNotFoundError:
        return "(not installed)"


VERSION = _version()
