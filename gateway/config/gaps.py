"""What is configured and this version does not do, in words.

The rule: a key that is accepted and has no effect yet is named here as soon as it is set; nothing is passed
over in silence.
"""

from __future__ import annotations

from gateway.config.schema import Cluster, Config


def gaps(config: Config) -> tuple[str, ...]:
    """Name each setting that has no effect in this version, one sentence each; none for built-in defaults."""
    found = {
        "[cluster] redis: this node works alone, other nodes are not reached yet": bool(config.cluster.redis),
        "[cluster] mode: strict has no effect on a node that works alone": config.cluster.mode == "strict",
        "[cluster] listen: peers are not listened for yet": config.cluster.listen != Cluster().listen,
        "[live] announce: sessions can not be watched yet, so there is nothing to announce": config.live.announce,
    }
    return tuple(words for words, applies in found.items() if applies)
