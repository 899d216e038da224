"""What is configured and this version does not do, in words.

The rule: a key that is accepted and has no effect yet is named here as soon as it is set; nothing is passed
over in silence.
"""

from __future__ import annotations

from gateway.config.schema import Admin, Cluster, Config, Metrics


def gaps(config: Config) -> tuple[str, ...]:
    """Name each setting that has no effect in this version, one sentence each; none for built-in defaults."""
    found = {
        "[cluster] redis: this node works alone, other nodes are not reached yet": bool(config.cluster.redis),
        "[cluster] mode: strict has no effect on a node that works alone": config.cluster.mode == "strict",
        "[cluster] listen: peers are not listened for yet": config.cluster.listen != Cluster().listen,
        "[admin] listen: there is no web console and no API yet": config.admin != Admin(),
        "[metrics] listen: there are no metrics yet": config.metrics != Metrics(),
    }
    return tuple(words for words, applies in found.items() if applies)
