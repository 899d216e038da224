"""Telling facts, keeping them, and folding them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.plugin import IPlugin
from zope.interface import Attribute, Interface

from gateway.domain.facts import Entry, Fact


class IFacts(Interface):
    """Where what happened is told. The journal provides it; tests use a list."""

    def tell(fact: Fact) -> Deferred[Entry]:
        """Append a fact, stamped with the present time; fire once it is on disk.

        A caller that needs no answer drops the Deferred (kinds with ``Moment.AFTER``); whoever tells a
        ``Moment.BEFORE`` kind waits. Facts told in one reactor turn keep their order.
        Fails with :exc:`OSError` when the journal can not be written: the caller then refuses what it told of.
        """

    def tell_all(facts: Sequence[Fact]) -> Deferred[Sequence[Entry]]:
        """Append several facts in one transaction: all are on disk, or none."""


class IFold(Interface):
    """A state that is worked out from a journal's entries and from nothing else."""

    def apply(entry: Entry) -> None:
        """Take one entry into account; entries of other kinds are ignored, the same entry twice changes nothing."""


class IJournal(IFacts):
    """One process's numbered, hash-chained, signed journal."""

    origin = Attribute("``name#worker.incarnation`` as text, such as ``gw1#0.9f3a``.")

    def attach(fold: IFold) -> None:
        """Replay every entry into a fold, then keep it current: it sees each entry as soon as it is committed,
        before the Deferred of ``tell`` fires."""

    def entries(
        since: int = 0, kinds: Iterable[str] = (), session: str | None = None, limit: int | None = None
    ) -> Iterator[Entry]:
        """Yield committed entries with a seq above ``since``, oldest first; no kinds: all of them.

        May read the disk: call it from a thread, or with a small limit.
        """

    def follow(watcher: Callable[[Entry], object]) -> Callable[[], None]:
        """Call ``watcher(entry)`` for each entry committed from now on; call the result to cease."""

    def head() -> tuple[int, bytes]:
        """Return the last committed seq and its chain hash."""


class IFactSinkFactory(IPlugin):
    """A plugin that makes sinks: ``[[siem]] transport = "plugin:NAME"`` in pam.toml asks for the one of that name."""

    name = Attribute("The name that configuration uses.")
    schema = Attribute(
        "Its settings: a mapping from each key to a function that takes the TOML value and returns what is kept, or "
        "raises ValueError in words. Other keys are refused before the factory sees them."
    )

    def configure(settings: Mapping[str, Any]) -> IFactSink:
        """Make a sink from settings that the schema took; raise ValueError in words where something lacks.

        The node is starting: nothing is connected to, and nothing blocks, before the first batch.
        """


class IFactSink(Interface):
    """What receives facts on their way out: a SIEM's own interface, a message queue."""

    name = Attribute("The name of the plugin.")

    def deliver(entries: Sequence[Entry]) -> Deferred[None]:
        """Take a batch in order; fire when it is the sink's own responsibility, fail to be called again.

        Every event comes at least once, so one that was taken may come again, with the same id. Hashes and sealed
        boxes were taken out of the bodies before. Called on the reactor's thread; the next batch waits for this one.
        """

    def close() -> Deferred[None]:
        """Let go of connections; ``deliver`` may be called again afterwards."""
