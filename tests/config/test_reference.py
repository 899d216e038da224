"""etc/pam.toml is written from the schema."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.config import KEYS, Config, parse, reference

FILE = Path(__file__).parents[2] / "etc" / "pam.toml"


class ReferenceTests(SynchronousTestCase):
    """The reference says what the schema says."""

    def test_the_file_is_what_would_be_written_now(self) -> None:
        """``python -m gateway.config > etc/pam.toml`` makes it so."""
        self.assertEqual(FILE.read_text("utf-8"), reference())

    def test_loading_the_reference_changes_nothing(self) -> None:
        """Whatever it sets is the default."""
        self.assertEqual(attrs.evolve(parse(reference()), source=None), Config())

    def test_every_key_stands_in_the_reference(self) -> None:
        """Set, or as an example."""
        table, found = "", []
        for line in reference().splitlines():
            if header := re.fullmatch(r"(?:# )?\[{1,2}(\w+)\]{1,2}", line):
                table = header[1]
            elif key := re.match(r"(?:# )?(\w+) = ", line):
                found.append(f"{table}.{key[1]}")
        self.assertEqual(tuple(found), KEYS)

    def test_the_examples_are_good_settings(self) -> None:
        """The reference without its comment signs is read as well; a shortened key is not a key."""
        bare = re.sub(r"^# (?=\w+ = |\[)", "", reference(), flags=re.MULTILINE)
        config = parse(bare.replace("AAAA… ca", "AAAAC3NzaC1lZDI1NTE5AAAAIEiQFAROtQIGE2EdHvsLhmhZ7YdkOEttsI5rWgrgQ2S6"))
        self.assertEqual((config.node.name, len(config.siem), len(config.notify)), ("gw1", 1, 1))
