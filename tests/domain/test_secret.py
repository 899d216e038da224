"""Secrets: nobody sees one by accident, and none survives in a stream."""

from __future__ import annotations

import copy
import hashlib
import hmac
import pickle

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.secret import MASK, Secret, SecretMisuse

needles = st.one_of(
    st.binary(min_size=4, max_size=12),
    st.text("ab", min_size=4, max_size=8).map(str.encode),
)


def cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    """Cut a stream into pieces of the given sizes, the rest last."""
    pieces = []
    for size in sizes:
        pieces.append(stream[:size])
        stream = stream[size:]
    return [*pieces, stream]


class SecretTests(SynchronousTestCase):
    """A secret gives its bytes to reveal alone."""

    def test_two_secrets_are_the_same_by_asking_only(self) -> None:
        """Sameness is a question of its own, never an operator."""
        self.assertTrue(Secret(b"hunter2").same_as(Secret(b"hunter2")))
        self.assertFalse(Secret(b"hunter2").same_as(Secret(b"hunter3")))

    def test_a_secret_is_seen_in_no_text(self) -> None:
        """Neither repr, str, format nor a container's repr shows it."""
        secret = Secret(b"hunter2")
        for shown in (repr(secret), str(secret), f"{secret}", f"{secret:>20}", repr([secret]), repr(secret.matcher())):
            self.assertNotIn("hunter2", shown)

    def test_reveal_gives_the_bytes_until_wiped(self) -> None:
        """After wipe there is nothing, and wiping twice is harmless."""
        secret = Secret(bytearray(b"hunter2"))
        self.assertEqual(secret.reveal(), b"hunter2")
        secret.wipe()
        secret.wipe()
        self.assertRaises(SecretMisuse, secret.reveal)

    def test_secrets_are_neither_compared_hashed_copied_nor_pickled(self) -> None:
        """Each of these could hand the bytes out or leak them by time."""
        secret = Secret(b"hunter2")
        for misuse in (lambda: secret == Secret(b"x"), lambda: copy.copy(secret), lambda: copy.deepcopy(secret),
                       lambda: pickle.dumps(secret)):
            self.assertRaises(SecretMisuse, misuse)
        self.assertRaises(TypeError, hash, secret)

    def test_stretching_is_scrypt_and_a_tag_is_hmac(self) -> None:
        """Both agree with the standard library's."""
        secret = Secret(b"hunter2")
        expected = hashlib.scrypt(b"hunter2", salt=b"salt", n=16, r=8, p=1, dklen=32)
        self.assertEqual(secret.stretched(b"salt", log_cost=4, block=8, parallel=1, size=32), expected)
        self.assertEqual(secret.tag(b"key"), hmac.digest(b"key", b"hunter2", "sha256"))


class TypedTests(SynchronousTestCase):
    """A secret that is typed into a terminal."""

    def test_a_line_is_begun_anew_and_ended(self) -> None:
        """Ctrl-U first, one line end behind."""
        self.assertEqual(Secret(b"a b").as_line().reveal(), b"\x15a b\n")

    def test_what_holds_a_key_can_not_be_typed(self) -> None:
        """Nor can nothing; letters of other alphabets can."""
        self.assertTrue(Secret("pässwörd 1".encode()).typeable())
        for wrong in (b"", b"a\nb", b"\x03", b"a\x7f", b"\x1b[A"):
            self.assertFalse(Secret(wrong).typeable(), wrong)

    def test_a_matcher_says_whether_it_keeps_something_back(self) -> None:
        """A beginning of the secret, until it is decided."""
        matcher = Secret(b"secret").matcher()
        self.assertFalse(matcher.holds)
        matcher.feed(b"xsec")
        self.assertTrue(matcher.holds)
        matcher.flush()
        self.assertFalse(matcher.holds)


class MatcherTests(SynchronousTestCase):
    """A stream is redacted however it is cut."""

    @given(needles, st.lists(st.one_of(st.just(None), st.binary(max_size=6)), max_size=8),
           st.lists(st.integers(0, 9), max_size=12))
    def test_every_occurrence_is_masked_wherever_the_stream_is_cut(
        self, needle: bytes, parts: list[bytes | None], sizes: list[int]
    ) -> None:
        """The result is that of replacing in the whole stream."""
        stream = b"".join(needle if part is None else part for part in parts)
        matcher = Secret(needle).matcher()
        seen = b"".join(matcher.feed(piece) for piece in cut(stream, sizes)) + matcher.flush()
        self.assertEqual(seen, stream.replace(needle, MASK))

    def test_a_beginning_is_kept_back_until_it_is_decided(self) -> None:
        """What may become the secret is not passed on; flush gives it when nothing more comes."""
        matcher = Secret(b"hunter2").matcher()
        self.assertEqual(matcher.feed(b"say hunt"), b"say ")
        self.assertEqual(matcher.flush(), b"hunt")
        self.assertEqual(matcher.flush(), b"")

    def test_two_secrets_can_be_told_to_be_the_same(self) -> None:
        """By their bytes alone, without handing them out."""
        answers = [Secret(b"hunter2").same_as(Secret(other)) for other in (b"hunter2", b"hunter3", b"hunter", b"")]
        self.assertEqual(answers, [True, False, False, False])

    def test_a_short_secret_is_not_searched_for(self) -> None:
        """Three bytes would redact ordinary text: a known limit."""
        self.assertEqual(Secret(b"abc").matcher().feed(b"abcabc"), b"abcabc")
