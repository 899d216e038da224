"""From the ``[ssh]`` table to what the operators' door is made of.

The rule: every figure of the door that an administrator may set is translated here, once, and nothing else is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from ipaddress import ip_network

from gateway.config.kinds import split_endpoint
from gateway.config.schema import Ssh
from gateway.config.startups import read_penalties, read_startups
from gateway.wire.admission import Admission, Limits
from gateway.wire.algorithms import EXCHANGES, NIST_EXCHANGES, Offered

BACKLOG = 512
"""Connections the kernel holds while the reactor is busy: those of one moment, not of an attack."""


def offered(settings: Ssh) -> Offered:
    """Return which algorithms operators' clients are offered."""
    ciphers = tuple(name.encode("ascii") for name in settings.ciphers) or None
    return Offered(ciphers, EXCHANGES + NIST_EXCHANGES if settings.nistp else EXCHANGES)


def admission(settings: Ssh, now: Callable[[], float]) -> Admission:
    """Return who decides which connections may wait for their login; *now* is monotonic seconds."""
    begin, percent, full = read_startups(settings.max_startups)
    limits = Limits(
        begin=begin,
        percent=percent,
        full=full,
        per_source=settings.per_source_max_startups,
        per_network=settings.per_network_max_startups,
        proven=settings.proven_max_startups,
    )
    exempt = tuple(ip_network(each) for each in settings.per_source_penalty_exempt)
    return Admission(now, random.SystemRandom().random, limits, read_penalties(settings.per_source_penalties), exempt)


def with_backlog(endpoint: str) -> str:
    """Return an endpoint string with our backlog, where it is a port of ours and names none."""
    scheme, *arguments = split_endpoint(endpoint)
    named = any(argument.startswith("backlog=") for argument in arguments)
    return endpoint if named or scheme not in ("tcp", "tcp6") else f"{endpoint}:backlog={BACKLOG}"
