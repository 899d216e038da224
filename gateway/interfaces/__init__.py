"""Every seam between rooms, and everything a plugin may implement.

One file a theme; this sign re-exports every name, so ``from gateway.interfaces import IDirectory`` is enough.
"""
