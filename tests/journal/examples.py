"""How many examples hypothesis tries here."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The first text of a fresh clone is slow: hypothesis writes its table of characters then.
MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(MANY, max_examples=80)
