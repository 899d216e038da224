"""What is configured and this version does not do, in words.

The rule: a key that is accepted and has no effect yet is named here as soon as it is set; nothing is passed
over in silence.
"""

from __future__ import annotations

from gateway.config.schema import Cluster, Config, Ssh
from gateway.config.startups import read_startups


def gaps(config: Config) -> tuple[str, ...]:
    """Name each setting that has no effect in this version, one sentence each; none for built-in defaults."""
    found = {
        "[cluster] redis: this node works alone, other nodes are not reached yet": bool(config.cluster.redis),
        "[cluster] mode: strict has no effect on a node that works alone": config.cluster.mode == "strict",
        "[cluster] listen: peers are not listened for yet": config.cluster.listen != Cluster().listen,
    }
    return (*_without_effect(config.ssh), *(words for words, applies in found.items() if applies))


def _without_effect(ssh: Ssh) -> tuple[str, ...]:
    """Name the limits that another limit reaches first."""
    full = read_startups(ssh.max_startups)[2]
    return tuple(
        f"[ssh] {name}: {number} has no effect, for max_startups lets {full} in all wait"
        for name, number, usual in (
            ("per_source_max_startups", ssh.per_source_max_startups, Ssh().per_source_max_startups),
            ("per_network_max_startups", ssh.per_network_max_startups, Ssh().per_network_max_startups),
        )
        if number > full and number != usual
    )
