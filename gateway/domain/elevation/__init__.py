"""Elevation: a prompt for a password on the operator's terminal, answered by the gateway or not at all.

May be here: which lines are prompts, what of a target's ``/proc`` proves who asks, the machine that answers once.
May never be here: a secret's bytes, how ``/proc`` is read, where secrets come from.

``gate`` the machine · ``prompts`` and ``translations`` what asks · ``seen`` and ``arguments`` the proof · ``question``
what the gate asks of the outside.
"""

from gateway.domain.elevation.gate import ElevationGate
from gateway.domain.elevation.prompts import Prompts
from gateway.domain.elevation.question import LEVELS, Proven, Tried, Wanted, Withheld

__all__ = ["LEVELS", "ElevationGate", "Prompts", "Proven", "Tried", "Wanted", "Withheld"]
