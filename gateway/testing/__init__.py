"""For plugins' authors: memory doubles, and suites that say whether a plugin keeps its promises.

``sinks`` – fact sinks. A suite is mixed into a trial ``TestCase``; it asks for the plugin with a method you write. No
suite is ever imported by the gateway itself.

``inspectors`` – file inspectors: :func:`conformance` is called from a test of your own with a factory and settings.
"""

from gateway.testing.inspectors import (
    MemoryInspector,
    MemoryQuarantine,
    SpooledFile,
    conformance,
    inspect,
    spooled,
    transfer,
)
from gateway.testing.sinks import FactSinkSuite, MemorySink, MemorySinkFactory, facts_of_all_kinds

__all__ = [
    "FactSinkSuite",
    "MemoryInspector",
    "MemoryQuarantine",
    "MemorySink",
    "MemorySinkFactory",
    "SpooledFile",
    "conformance",
    "facts_of_all_kinds",
    "inspect",
    "spooled",
    "transfer",
]
