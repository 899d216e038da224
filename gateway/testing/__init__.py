"""For plugins' authors: memory doubles, and suites that say whether a plugin keeps its promises.

``sinks`` – fact sinks. A suite is mixed into a trial ``TestCase``; it asks for the plugin with a method you write. No
suite is ever imported by the gateway itself.
"""

from gateway.testing.sinks import FactSinkSuite, MemorySink, MemorySinkFactory, facts_of_all_kinds

__all__ = ["FactSinkSuite", "MemorySink", "MemorySinkFactory", "facts_of_all_kinds"]
