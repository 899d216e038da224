"""Entries: values with defaults that permit nothing."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import ENTRY_OF_TABLE, GrantRule, User


class EntryTests(SynchronousTestCase):
    """What an entry is when nothing was set."""

    def test_a_grant_permits_nothing_by_default(self) -> None:
        """Omitted users, groups, targets, accounts and rights mean none."""
        grant = GrantRule("g")
        self.assertEqual((grant.users, grant.groups, grant.targets, grant.accounts, grant.rights), ((),) * 5)
        self.assertFalse(grant.elevate)
        self.assertEqual(grant.mode, "enforce")

    def test_a_user_has_no_role_by_default_and_his_hash_is_not_shown(self) -> None:
        """A password hash stays out of every repr."""
        user = User("alice", password="$scrypt$secret")
        self.assertEqual(user.roles, ())
        self.assertNotIn("scrypt", repr(user))

    def test_every_table_has_a_frozen_entry_with_a_name(self) -> None:
        """An entry can not change under whoever holds it."""
        for kind in ENTRY_OF_TABLE.values():
            names = [field.name for field in attrs.fields(kind)]
            self.assertEqual(names[0], "name")
            entry = kind(**{field.name: "x" for field in attrs.fields(kind) if field.default is attrs.NOTHING})
            self.assertRaises(attrs.exceptions.FrozenInstanceError, setattr, entry, "name", "y")
