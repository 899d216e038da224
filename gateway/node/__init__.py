"""The composition root: the only room that knows every other.

* ``rooms``   – make every room of a node and hand them to each other.
* ``service`` – ``twistd -n pam``: listeners, the clock, the first start, the orderly stop.
* ``door``    – from ``[ssh]`` to what the operators' door is made of.
* ``http``    – the HTTP listeners: ``web`` (console and API) and ``monitoring``.
* ``first``   – the first start on an empty store: keys, one admin, one demo operator, the demo target.
* ``verbs``   – the room that admin's verbs see, for the running node and offline.
* ``offline`` – ``pamctl``, while the node is down.
* ``alone``   – ``pamctl verify --key``: without a store.
* ``keeping`` – whole recordings: indexed, kept, deleted.
* ``watch``   – the disk: what happens when it fills.

May never be here: anything a room could do for itself.
"""

from gateway.node.offline import pamctl
from gateway.node.service import Options, makeService

__all__ = ["Options", "makeService", "pamctl"]
