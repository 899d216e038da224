"""What can happen, named once.

* ``catalogue`` – every kind of fact: its number, severity, reach and moment.
* ``fact`` – a fact as it is told, and as the journal keeps it.
* ``shown`` – a fact as it may leave the node.

Facts are what happened, told after the decision. Diagnostics go to ``twisted.logger`` and are something else.
"""

from gateway.domain.facts.catalogue import KINDS, Kind, Moment, Reach
from gateway.domain.facts.fact import Entry, Fact, Told
from gateway.domain.facts.shown import WITHHELD, flat, leaving

__all__ = ["KINDS", "WITHHELD", "Entry", "Fact", "Kind", "Moment", "Reach", "Told", "flat", "leaving"]
