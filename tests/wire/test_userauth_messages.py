"""Every reader of a login message is total, and reads what its writer wrote."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire import userauth_messages as messages
from gateway.wire.authority import MOST_PROMPTS, Prompts
from gateway.wire.fields import MalformedField, boolean, string, uint32

READERS: tuple[Callable[[bytes], object], ...] = (
    messages.read_request,
    messages.read_nothing,
    messages.read_key_request,
    messages.read_password_request,
    messages.read_interactive_request,
    messages.read_answers,
    messages.read_prompts,
    messages.read_failure,
)
_NAMES = st.binary(max_size=64)


class ReadingTest(SynchronousTestCase):
    """Readers."""

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from(READERS), st.binary(max_size=200))
    def test_any_bytes_are_read_or_refused(self, read: Callable[[bytes], object], payload: bytes) -> None:
        """No other exception."""
        try:
            read(payload)
        except MalformedField as malformed:
            self.assertTrue(str(malformed).isprintable())

    @settings(max_examples=100, deadline=None)
    @given(_NAMES, _NAMES, _NAMES, st.binary(max_size=100))
    def test_a_request_is_read_as_written(self, user: bytes, service: bytes, method: bytes, body: bytes) -> None:
        """The body is what is left."""
        request = messages.read_request(messages.request(user, service, method, body))
        self.assertEqual(request, messages.Request(user, service, method, body))

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.from_regex(rb"[a-z-]{1,20}", fullmatch=True), max_size=5), st.booleans())
    def test_a_failure_is_read_as_written(self, methods: list[bytes], partial: bool) -> None:
        """Names and flag."""
        failure = messages.read_failure(messages.failure(tuple(methods), partial))
        self.assertEqual(failure, messages.Failure(tuple(methods), partial))

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.tuples(st.text(max_size=20), st.booleans()), max_size=MOST_PROMPTS))
    def test_prompts_are_read_as_written(self, prompts: list[tuple[str, bool]]) -> None:
        """Only the echo flags are kept; lone surrogates do not stop the writer."""
        payload = messages.prompts(Prompts("\ud800", "", tuple(prompts)))
        self.assertEqual(messages.read_prompts(payload), tuple(echo for _, echo in prompts))

    def test_more_than_ten_prompts_cannot_be_made(self) -> None:
        """The bound is in the value."""
        with self.assertRaisesRegex(ValueError, "11 prompts"):
            Prompts("", "", (("?", False),) * 11)

    def test_lengths_are_compared_before_they_are_believed(self) -> None:
        """4 GiB in a header, a crowd of answers or prompts, and an endless payload."""
        huge = b"\xff\xff\xff\xff"
        for read, payload in (
            (messages.read_request, huge + b"x"),
            (messages.read_request, b"x" * 40_000),
            (messages.read_answers, b"x" * 40_000),
            (messages.read_answers, huge),
            (messages.read_answers, uint32(17) + string(b"") * 17),
            (messages.read_prompts, string(b"") * 3 + uint32(17)),
            (messages.read_failure, string(b"a," * 4000) + boolean(False)),
        ):
            self.assertRaises(MalformedField, read, payload)

    def test_secrets_are_in_no_repr(self) -> None:
        """Neither of the request nor of its body."""
        body = boolean(False) + string(b"hunter2")
        request = messages.request(b"alice", b"ssh-connection", b"password", body)
        shown = repr((messages.read_request(request), messages.read_password_request(body)))
        self.assertNotIn("hunter2", shown)
