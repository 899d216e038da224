"""The node's one numbered, hash-chained, signed journal.

* ``bodies`` – a body as canonical JSON. ``chain`` – how rows are hashed, signed and checked. Both pure.
* ``store``, ``migrations``, ``reading`` – the SQLite file, written and read. ``beside`` – lock, key and mark.
* ``reserve`` – space for the last facts. ``pruning`` – which bodies may be forgotten.
* ``ledger`` – what blocks: number, sign, commit. ``lanes`` – the thread it runs in. ``audience`` – who
  listens.
* ``journal`` – all of it as an ``IJournal``. ``opening`` – how it begins. ``memory`` – the same without a
  disk.
* ``verify`` – says whether a store is what was written.

May never be here: what a fact means. Folds live in the rooms that need them.
"""

from gateway.journal.errors import JournalBusy, JournalCorrupt, JournalNewer, JournalRefused
from gateway.journal.journal import Journal
from gateway.journal.memory import MemoryJournal
from gateway.journal.opening import open_journal

__all__ = [
    "Journal",
    "JournalBusy",
    "JournalCorrupt",
    "JournalNewer",
    "JournalRefused",
    "MemoryJournal",
    "open_journal",
]
