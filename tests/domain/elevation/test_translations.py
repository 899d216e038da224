"""The literal tables of prompts."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.elevation.translations import PASSWORD, SUDO


class TranslationsTests(SynchronousTestCase):
    """What sudo and PAM ask."""

    def test_each_form_of_sudo_names_the_account_once(self) -> None:
        """So that another account's prompt is not ours."""
        self.assertEqual([form for form in SUDO if form.count("%p") != 1 or not form.startswith("[")], [])

    def test_forms_are_one_line_and_differ(self) -> None:
        """A prompt stands on one line."""
        for forms in (SUDO, PASSWORD):
            self.assertEqual(len(set(forms)), len(forms))
            self.assertEqual([form for form in forms if "\n" in form or "\r" in form], [])
