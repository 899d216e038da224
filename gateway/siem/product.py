"""What sends: the names that a SIEM files our events under, and how grave they are to it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

VENDOR = PRODUCT = "Ostiary"
APPLICATION = "ostiary"
NUMBER = 32473
"""The private enterprise number for documentation (RFC 5612); names the structured data's owner."""


def _version() -> str:
    try:
        return version(APPLICATION)
    except PackageNotFoundError:
        return "0"


VERSION = _version()

FACILITY = 13
"""Syslog's facility for audit logs."""
SYSLOG_SEVERITY = (6, 6, 5, 5, 5, 4, 4, 3, 3, 2, 1)
"""From our 0-10 to RFC 5424: informational, notice, warning, error, critical, alert."""


def graveness(severity: int) -> int:
    """Return a severity within 0-10."""
    return min(max(severity, 0), 10)
