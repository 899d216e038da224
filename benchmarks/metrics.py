"""What is measured, in which unit, and what is promised of it."""

from __future__ import annotations

import attrs


@attrs.frozen
class Metric:
    """One row of the report."""

    name: str
    title: str
    unit: str
    less: bool = True
    """Whether less is better."""


@attrs.frozen
class Goal:
    """A promise: ``ours`` to ``against`` (or the bare figure of ours) is at most, or at least, ``bound``."""

    metric: str
    against: str
    bound: float
    at_least: bool = False


METRICS = (
    Metric("W1.one", "W1 ssh true, one after another", "ms"),
    Metric("W1.at_once", "W1 ssh true, many at once", "ms"),
    Metric("W2.default", "W2 down, default ciphers", "MiB/s", False),
    Metric("W2.gcm", "W2 down, aes128-gcm forced", "MiB/s", False),
    Metric("W3.default", "W3 up, default ciphers", "MiB/s", False),
    Metric("W4.get", "W4 sftp get, one file", "MiB/s", False),
    Metric("W4.put", "W4 sftp put, one file", "MiB/s", False),
    Metric("W4.get_small", "W4 sftp get, 4 KiB files", "files/s", False),
    Metric("W4.put_small", "W4 sftp put, 4 KiB files", "files/s", False),
    Metric("W5.p50", "W5 key echo p50, idle", "us"),
    Metric("W5.p99", "W5 key echo p99, idle", "us"),
    Metric("W5.busy_p50", "W5 key echo p50, beside bulk", "us"),
    Metric("W5.busy_p99", "W5 key echo p99, beside bulk", "us"),
    Metric("W6.idle", "W6 memory per idle terminal", "KiB"),
    Metric("W6.stalled", "W6 growth, stalled reader", "MiB"),
    Metric("W6.stalled_cpu", "W6 CPU while it stalls", "%"),
    Metric("W6.stalled_p99", "W6 key echo p99 meanwhile", "us"),
    Metric("W7.down", "W7 CPU per GiB down", "s"),
    Metric("W7.down_reactor", "W7 - on the reactor's thread", "s"),
    Metric("W7.up", "W7 CPU per GiB up", "s"),
    Metric("W7.up_reactor", "W7 - on the reactor's thread", "s"),
    Metric("W7.connection", "W7 CPU per connection", "ms"),
    Metric("W8.connect", "W8 ssh -J true", "ms"),
    Metric("W8.down", "W8 down through ssh -J", "MiB/s", False),
    Metric("W8.up", "W8 up through ssh -J", "MiB/s", False),
    Metric("W8.down_share", "W8 - of what comes down without -J", "", False),
    Metric("W8.up_share", "W8 - of what goes up without -J", "", False),
)

GOALS = (
    Goal("W1.one", "direct", 0.40),
    Goal("W1.one", "jump", 0.22),
    Goal("W2.default", "direct", 1.2, True),
    Goal("W2.default", "jump", 2.5, True),
    Goal("W2.default", "asyncssh", 3.0, True),
    Goal("W2.default", "conch", 4.0, True),
    Goal("W2.gcm", "direct", 0.95, True),
    Goal("W3.default", "direct", 1.2, True),
    Goal("W3.default", "jump", 2.5, True),
    Goal("W3.default", "asyncssh", 3.0, True),
    Goal("W3.default", "conch", 4.0, True),
    Goal("W4.get", "direct", 1.1, True),
    Goal("W4.put", "direct", 1.1, True),
    Goal("W4.get_small", "direct", 0.85, True),
    Goal("W4.put_small", "direct", 0.85, True),
    Goal("W5.p50", "jump", 1.0),
    Goal("W5.busy_p50", "direct", 2.5),
    Goal("W6.idle", "", 72.0),
    Goal("W6.stalled", "", 4.0),
    Goal("W6.stalled_cpu", "", 1.0),
    Goal("W7.down", "", 0.8),
    Goal("W7.up", "", 0.8),
    Goal("W7.connection", "", 3.0),
    Goal("W8.connect", "jump", 1.3),
    Goal("W8.down_share", "", 0.45, True),
    Goal("W8.up_share", "", 0.45, True),
)
