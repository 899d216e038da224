"""The table of what may arrive when."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.phases import (
    EXCHANGING,
    PERMITTED,
    SENDABLE_DURING_EXCHANGE,
    UNASSIGNED,
    VERDICTS,
    Phase,
    Role,
    Verdict,
)


class PhaseTests(SynchronousTestCase):
    """What the table promises, read from the unrolled verdicts."""

    def verdicts(self, phase: Phase, *roles: Role) -> dict[int, set[Verdict]]:
        return {
            number: {VERDICTS[role, phase][number] for role in roles or tuple(Role)} for number in range(256)
        }

    def test_every_phase_of_every_role_has_a_verdict_on_every_number(self) -> None:
        """There is no way past the table."""
        self.assertEqual(set(VERDICTS), {(role, phase) for role in Role for phase in Phase})
        self.assertEqual({len(row) for row in VERDICTS.values()}, {256})

    def test_strict_key_exchange_passes_nothing_but_itself(self) -> None:
        """Terrapin: not even IGNORE, DEBUG and UNIMPLEMENTED (PROTOCOL §1.10)."""
        for phase in (Phase.EXCHANGE_STRICT, Phase.NEWKEYS_STRICT):
            for number, verdicts in self.verdicts(phase).items():
                if number not in (1, 21, 30, 31):
                    self.assertEqual(verdicts, {Verdict.DISCONNECT}, (phase, number))

    def test_services_speak_only_when_nothing_is_in_clear(self) -> None:
        """CVE-2023-46446, CVE-2025-32433: no service message before encryption, none within an exchange."""
        for phase in (Phase.OPENING, *EXCHANGING):
            for number, verdicts in self.verdicts(phase).items():
                if number >= 50 or number in (5, 6, 7):
                    self.assertEqual(verdicts, {Verdict.DISCONNECT}, (phase, number))

    def test_channels_wait_for_the_login(self) -> None:
        """Nothing of ssh-connection passes before it runs."""
        for phase in Phase:
            if phase is not Phase.CONNECTED:
                for number in range(80, 192):
                    self.assertEqual(self.verdicts(phase)[number], {Verdict.DISCONNECT}, (phase, number))

    def test_nobody_tells_us_that_they_are_logged_in(self) -> None:
        """CVE-2018-10933: a client that sends USERAUTH_SUCCESS."""
        for phase in Phase:
            for number in (51, 52, 53, 60):
                self.assertIs(VERDICTS[Role.OPERATOR, phase][number], Verdict.DISCONNECT)

    def test_a_target_cannot_ask_us_to_let_it_in(self) -> None:
        """CVE-2023-46445: requests go one way only."""
        for phase in Phase:
            for number in (5, 50, 61):
                self.assertIs(VERDICTS[Role.TARGET, phase][number], Verdict.DISCONNECT)

    def test_only_behind_encryption_something_is_unimplemented(self) -> None:
        """RFC 4253 §11.4; to strangers a number without meaning is a violation."""
        for phase in Phase:
            answered = {n for n, v in self.verdicts(phase).items() if Verdict.UNIMPLEMENTED in v}
            self.assertEqual(answered, set(UNASSIGNED.get(phase, ())))
        self.assertEqual(set(UNASSIGNED), {Phase.SECURED, Phase.LOGIN, Phase.CONNECTED})

    def test_no_number_is_both_permitted_and_unassigned(self) -> None:
        """The two tables do not contradict each other."""
        for role in Role:
            for phase, numbers in UNASSIGNED.items():
                self.assertEqual(set(numbers) & set(PERMITTED[role][phase]), set())

    def test_a_login_behind_a_login_is_ignored(self) -> None:
        """RFC 4252 §5.1."""
        self.assertIs(VERDICTS[Role.OPERATOR, Phase.CONNECTED][50], Verdict.DROP)

    def test_what_may_be_sent_during_an_exchange_is_no_service_message(self) -> None:
        """RFC 4253 §7.1."""
        for number in SENDABLE_DURING_EXCHANGE:
            self.assertTrue(number < 50 and number not in (5, 6, 7), number)
