"""What can be wrong with a store, each said as what happened, to which file, and what to do next."""

from __future__ import annotations


class JournalRefused(Exception):
    """The journal can not be opened; the text says why and what to do."""


class JournalBusy(JournalRefused):
    """Another process has the journal open."""


class JournalNewer(JournalRefused):
    """The store was written by a newer version of the programme."""


class JournalCorrupt(JournalRefused):
    """The store, or a file beside it, is not what was written."""


class ChainBroken(ValueError):
    """A row does not fit its chain; the text says which rule it breaks."""
