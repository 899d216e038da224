"""Where a program's options end.

The rule: options as getopt reads them: bundled letters, ``--name value`` and ``--name=value``, an end mark. What could
be an option or not, because it is not known, makes the place of everything behind it unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from gateway.domain.shell.unknown import ANY


@attrs.frozen
class Options:
    """Options with their values, and the words that are none; ``lost`` where an unknown word may be either."""

    given: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    lost: bool = False

    def values(self, names: Sequence[str]) -> list[str]:
        """Return the values given to any of these options."""
        return [value for name, value in self.given if name in names]

    def has(self, names: Sequence[str]) -> bool:
        """Say whether any of these options is given."""
        return any(name in names for name, _ in self.given)


def options(
    argv: Sequence[str], letters: str = "", long: Sequence[str] = (), permutes: bool = False, flags: Sequence[str] = ()
) -> Options:
    """Sort a program's words (without its name) into options and others; ``flags`` are long names without a value."""
    given: list[tuple[str, str]] = []
    words: list[str] = []
    place, lost = 0, False
    while place < len(argv):
        word = argv[place]
        place += 1
        if word == "--":
            words += argv[place:]
            break
        if word == "-" or not word.startswith("-"):
            lost = lost or word.startswith(ANY)
            words.append(word)
            if permutes:
                continue
            words += argv[place:]
            break
        takes_next = _option(word, letters, long, given, flags)
        if takes_next and place < len(argv):
            given[-1] = (given[-1][0], argv[place])
            place += 1
    return Options(tuple(given), tuple(words), lost)


def _option(
    word: str, letters: str, long: Sequence[str], given: list[tuple[str, str]], flags: Sequence[str]
) -> bool:
    """Note what one option word gives; say whether its value is the next word."""
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        if name not in long and name not in flags:
            name = next((each for each in long if name and each.startswith(name)), name)
        given.append((name, value))
        return not equals and name in long
    for place, letter in enumerate(word[1:], 2):
        given.append((letter, word[place:] if letter in letters else ""))
        if letter in letters:
            return place >= len(word)
        if not letter.isalnum():
            break  # the rest is a value that stands with its letter
    return False
