"""The proof: one process alone on our terminal, with the rights of root, or a reason why not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.elevation.seen import (
    Process,
    Unproven,
    asking,
    check_argv,
    check_status,
    leaders,
    read_argv,
    read_stat,
    read_status,
    strangers,
)

PTS = 136 << 8 | 3
LEADER = Process(20, "bash", "S", 10, 20, 20, PTS, 30, 100)
FAKE = Process(25, "bash", "S", 20, 25, 20, PTS, 30, 101)
SUDO = Process(30, "sudo", "S", 25, 30, 20, PTS, 30, 102)


def table(*processes: Process) -> dict[int, Process]:
    """Return processes by number."""
    return {each.pid: each for each in processes}


class SeenTests(SynchronousTestCase):
    """Processes as the target shows them."""

    def refused(self, judge: Callable[[], object]) -> str:
        """Return the reason of a refusal."""
        return self.assertRaises(Unproven, judge).reason

    def test_sudo_alone_on_its_terminal_asks(self) -> None:
        """With those between it and the session's leader; what runs elsewhere does not count."""
        elsewhere = attrs.evolve(SUDO, pid=90, tty=PTS + 1)
        found = asking(LEADER, table(LEADER, FAKE, SUDO, elsewhere), "sudo")
        self.assertEqual((found.process, found.own, found.once), (SUDO, {20, 25, 30}, (30, 102)))
        self.assertEqual(leaders(10, [LEADER, FAKE, SUDO]), [LEADER])

    def test_a_command_may_be_its_own_leader(self) -> None:
        """As ``ssh -t host sudo id`` runs it."""
        alone = attrs.evolve(SUDO, session=30, parent=10)
        self.assertEqual(asking(alone, table(alone), "sudo").own, {30})

    def test_whatever_else_is_refused(self) -> None:
        """Each with its reason."""
        cases = {
            "not_alone": (LEADER, FAKE, SUDO, attrs.evolve(SUDO, pid=31)),
            "not_it": (LEADER, FAKE, attrs.evolve(SUDO, comm="su")),
            "not_waiting": (LEADER, FAKE, attrs.evolve(SUDO, state="T")),
            "company": (LEADER, FAKE, SUDO, attrs.evolve(FAKE, pid=40, group=40)),
            "not_ours": (LEADER, SUDO),
        }
        for reason, processes in cases.items():
            self.assertEqual(self.refused(partial(asking, LEADER, table(*processes), "sudo")), reason)
        self.assertEqual(self.refused(lambda: asking(LEADER, {}, "sudo")), "not_alone")
        round_ = attrs.evolve(FAKE, parent=30)
        self.assertEqual(self.refused(lambda: asking(LEADER, table(LEADER, round_, SUDO), "sudo")), "not_ours")
        console = [attrs.evolve(each, tty=4 << 8 | 1) for each in (LEADER, FAKE, SUDO)]
        self.assertEqual(self.refused(lambda: asking(console[0], table(*console), "sudo")), "terminal")

    def test_the_rights_of_root_and_nobody_traces(self) -> None:
        """Real user ours, effective user root."""
        good = {"Uid": ("1001", "0", "0", "0"), "TracerPid": ("0",)}
        check_status(good, "1001")
        for wrong, reason in (
            ({"Uid": ("1001", "1001", "0", "0")}, "not_root"), ({"Uid": ("0", "0", "0", "0")}, "not_root"),
            ({"Uid": ()}, "not_root"), ({"TracerPid": ("7",)}, "traced"), ({"TracerPid": ()}, "traced"),
        ):  # fmt: skip
            self.assertEqual(self.refused(lambda seen={**good, **wrong}: check_status(seen, "1001")), reason)
        check_argv("sudo", ("sudo", "id"))
        self.assertEqual(self.refused(lambda: check_argv("sudo", ("sudo", "-S", "id"))), "options")

    def test_strangers_of_the_same_account_are_found(self) -> None:
        """Not the session's own, not other accounts', not the account's systemd."""
        manager = Process(50, "systemd", "S", 1, 50, 50, 0, -1, 1)
        pam = attrs.evolve(manager, pid=51, comm="(sd-pam)", parent=50)
        thief = attrs.evolve(manager, pid=60, comm="python3", parent=1)
        liar = attrs.evolve(pam, pid=61, parent=60)
        dead = attrs.evolve(thief, pid=62, state="Z")
        seen = table(LEADER, dead, manager, pam, thief, liar, attrs.evolve(thief, pid=70))
        uids = {pid: ("1001", "1001") for pid in (20, 50, 51, 60, 61, 62)} | {70: ("7", "7")}
        self.assertEqual(strangers("1001", {20}, seen, uids), [thief, liar])

    def test_what_linux_shows_of_this_process_is_read(self) -> None:
        """The real files."""
        here = Path("/proc/self")
        own = read_stat((here / "stat").read_bytes())
        assert own is not None
        self.assertEqual(read_status((here / "status").read_bytes())["Pid"], (str(own.pid),))
        self.assertGreater(len(read_argv((here / "cmdline").read_bytes())), 0)
        self.assertEqual(read_argv(b"sudo\0id"), ("sudo", "id"))

    def test_a_name_may_hold_anything(self) -> None:
        """Brackets, blanks, digits."""
        head, rest = b"7 (a) S 1 (b) ", b"S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"
        found = read_stat(head + rest)
        assert found is not None
        self.assertEqual((found.comm, found.parent, found.started), ("a) S 1 (b", 1, 19))
        for junk in (b"", b"7 (a", b"7 (a) S 1", b"x (a) " + rest, b"7 (a) S x" + rest[3:]):
            self.assertIsNone(read_stat(junk))

    @given(st.binary(max_size=300))
    def test_junk_is_read_without_harm(self, junk: bytes) -> None:
        """Any bytes in place of any file."""
        read_stat(junk)
        read_stat(b"7 (" + junk)
        read_status(junk)
        read_argv(junk)
