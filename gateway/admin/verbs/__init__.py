"""All verbs, by theme; ``table`` puts them together, and nothing else knows them all.

* ``settings`` – apply, dump. ``entries`` – add, list, show, rm of each table. ``accounts`` – what else is
  done to a user, a target, a credential.
* ``sessions`` – sessions, session show, policy show. ``orders`` – lock, unlock, locks, kill.
* ``rules`` – rule test. ``recordings`` – export, verify. ``events`` – the audit log. ``access`` – who may reach what.
* ``node`` – status, check, whoami, why, help. ``own`` – what an operator does for himself.
* ``local`` – init, demo off, recover-access.
"""

from gateway.admin.verbs.table import VERBS

__all__ = ["VERBS"]
