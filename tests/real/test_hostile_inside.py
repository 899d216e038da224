"""Operators who turn against the gateway from inside: their own session may suffer, and nobody else's."""

from __future__ import annotations

from gateway.wire.fields import boolean, string, uint32
from tests.real.test_hostile import HostileCase

CHANNELS = 10_000


class ChannelTests(HostileCase):
    """Channels as no client opens them."""

    def test_packets_of_no_size(self) -> None:
        """A channel whose packets may hold 0 or 1 bytes is refused; the connection goes on."""
        with self.unharmed("packet sizes"):
            rogue = self.inside()
            for number, packet in enumerate((0, 1, 63), 1):
                rogue.open(packet=packet).until(lambda number=number: rogue.heard.count(92) == number)
            rogue.open(packet=32768).until(lambda: rogue.heard.count(91) == 1)

    def test_ten_thousand_channels(self) -> None:
        """A few are opened, the rest refused; the connection goes on."""
        with self.unharmed("channels"):
            rogue = self.inside()
            for number in range(0, CHANNELS, 100):
                for each in range(number, number + 100):
                    rogue.open(number=each)
                rogue.read(0.001)
            rogue.until(lambda: rogue.heard.count(91) + rogue.heard.count(92) == CHANNELS, 30)
            self.assertLessEqual(rogue.heard.count(91), 64)

    def test_more_than_the_window_allows(self) -> None:
        """What comes beyond a window ends the connection."""
        with self.unharmed("window"):
            rogue = self.inside().open()
            rogue.until(lambda: rogue.heard.count(91) == 1)
            rogue.exec(b"sleep 60").until(lambda: rogue.heard.count(99) == 1)
            rogue.pour(rogue.sealed(94, uint32(0) + string(bytes(32_000)), 20), times=100)
            rogue.gone()

    def test_messages_to_channels_that_are_not_there(self) -> None:
        """Nothing comes of them, and malformed ones end the connection."""
        with self.unharmed("no such channel"):
            rogue = self.inside()
            for number in range(91, 101):
                if number != 95:
                    rogue.send(number, uint32(0xFFFFFFFF) + string(b"exit-status") + boolean(True) + bytes(20))
            rogue.read()
            self.inside().send(94, uint32(0) + uint32(0xFFFFFFFF)).gone()

    def test_answers_that_are_not_read(self) -> None:
        """A million requests that want one: what piles up is bounded, or the connection ends."""
        with self.unharmed("unread answers"):
            rogue = self.inside()
            for _ in range(100):
                wanting = rogue.sealed(80, string(b"keepalive@openssh.com") + boolean(True), 10_000)
                if rogue.pour(wanting) < len(wanting):
                    break

    def test_questions_to_the_target_that_are_not_read(self) -> None:
        """The same, with requests that are passed on."""
        with self.unharmed("unread answers of the target"):
            rogue = self.inside().open()
            rogue.until(lambda: rogue.heard.count(91) == 1)
            rogue.exec(b"sleep 60").until(lambda: rogue.heard.count(99) == 1)
            for _ in range(50):
                wanting = rogue.sealed(98, uint32(0) + string(b"unheard-of@example.com") + boolean(True), 5_000)
                if rogue.pour(wanting) < len(wanting):
                    break

    def test_key_exchanges_without_end(self) -> None:
        """An offer within an exchange ends the connection."""
        with self.unharmed("rekey flood inside"):
            rogue = self.inside()
            rogue.send(20, bytes(16) + string(b"x") * 10 + bytes(5), times=1000).gone()
