"""Words as the search index has them: keyed, so that the index is no copy of the screens.

The rule: a word stands in the index as the first eight bytes of its HMAC under the node's search key, and in no other
form. Who has the index file alone learns which places share words and how often, not the words; who has the key too
can test guesses. The price: only whole words are found, no beginnings of words.
"""

from __future__ import annotations

import base64
import hmac
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import attrs

LONGEST = 64
"""Characters of a word that count."""

# Scripts that are written without blanks are taken character by character.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_QUERY = re.compile(r'"([^"]*)"|(\S+)')


def words_of(text: str) -> list[str]:
    """Return the words of a text, as they are compared: in one case and one form."""
    return [found[0][:LONGEST] for found in _WORD.finditer(unicodedata.normalize("NFKC", text).casefold())]


@attrs.frozen
class Keyed:
    """Spell words under a key."""

    key: bytes = attrs.field(repr=False)

    def text(self, text: str) -> str:
        """Return a text's words as the index has them."""
        return " ".join(self._spell(word) for word in words_of(text))

    def query(self, wanted: str) -> str:
        """Return what is asked of the index: each word, or phrase in quotes, must be there; empty for no words."""
        return " AND ".join(f'"{self.text(phrase)}"' for phrase in phrases(wanted))

    def _spell(self, word: str) -> str:
        return _spelt(self.key, word)


@lru_cache(maxsize=65536)
def _spelt(key: bytes, word: str) -> str:
    tag = hmac.digest(key, word.encode("utf-8", "replace"), "sha256")[:8]
    return base64.b32encode(tag).decode("ascii").rstrip("=").lower()


def phrases(wanted: str) -> list[str]:
    """Return the phrases of a query that have words: what stands in quotes, else each piece between blanks."""
    found = (match[1] if match[1] is not None else match[2] for match in _QUERY.finditer(wanted))
    return [phrase for phrase in found if words_of(phrase)]


def excerpt(text: str, wanted: list[str], around: int = 60) -> str | None:
    """Return the part of a line around the first phrase in it, which stands in brackets; None without one."""
    for phrase in wanted:
        for start, end in _places(text, words_of(phrase)):
            head, tail = text[max(0, start - around) : start], text[end : end + around]
            return f"{head.lstrip()}[{text[start:end]}]{tail.rstrip()}"
    return None


def _places(text: str, wanted: list[str]) -> Iterator[tuple[int, int]]:
    """Yield where consecutive words stand in a text."""
    found = [(match.start(), match.end(), words_of(match[0])) for match in _WORD.finditer(text)]
    for n in range(len(found) - len(wanted) + 1):
        if [word for _, _, here in found[n : n + len(wanted)] for word in here] == wanted:
            yield found[n][0], found[n + len(wanted) - 1][1]
