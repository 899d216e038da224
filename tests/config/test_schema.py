"""What the frozen value says of itself."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.config import KEYS, parse


class SchemaTests(SynchronousTestCase):
    """Keys and the part that sessions freeze."""

    def test_keys_are_dotted_and_unique(self) -> None:
        """As the manual lists them."""
        self.assertEqual(len(set(KEYS)), len(KEYS))
        self.assertIn("siem.min_severity", KEYS)

    def test_what_touches_a_session_is_given_to_its_policy(self) -> None:
        """The four settings that are frozen."""
        text = '[record]\nrequired = false\n[live]\nannounce = true\n[lock]\ncontact = "c"\n'
        settings = parse(text + '[interrupt]\nnotice = "generic"\n').session_settings
        self.assertEqual(
            (
                settings.record_required,
                settings.live_announce,
                settings.lock_contact,
                settings.interrupt_notice,
            ),
            (False, True, "c", "generic"),
        )
