"""The spool: private, bounded, in order, and gone with its channel."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.depot import Fetch, Settle
from gateway.domain.evaluation import Answers, Evaluate, Transfer
from gateway.domain.facts import Fact
from gateway.runtime.spool import FULL, MOST_WAITING, SHARE, TOO_LARGE, Spool, SpoolFile
from tests.domain.policies import granted

TRANSFER = Transfer("upload", "sftp", "/a", "/a", "alice", "web1", "root", "S-1")


@attrs.define(eq=False)
class Threads:
    """Threads that do their work when they are told to."""

    held: bool = False
    _steps: list[Callable[[], None]] = attrs.field(factory=list)

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self._steps.append(lambda: done.callback(function(*arguments)))
        if not self.held:
            self.work()
        return done

    def work(self) -> None:
        while self._steps:
            self._steps.pop(0)()


@attrs.define(eq=False)
class Running:
    """A session as a spool knows it."""

    id: str = "S-1"
    grant: Any = attrs.field(factory=granted)
    told: list[Fact] = attrs.field(factory=list)
    answers: Any = attrs.field(factory=lambda: succeed(Answers((), "elf")))

    def tell(self, fact: Fact) -> None:
        self.told.append(fact)

    def answering(self, question: Any) -> Any:
        return self.answers


class SpoolTests(SynchronousTestCase):
    """Files of a node."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "spool"
        self.threads, self.run_of = Threads(), Running()
        self.spool = Spool.open(self.folder, self.threads, capacity=1000 * SHARE)
        self.depot = self.spool.depot(self.run_of, 1)  # type: ignore[arg-type]

    def parts(self) -> list[Path]:
        """Return the files that lie there."""
        return list(self.folder.glob("*.part"))

    def test_a_file_is_private_and_goes_when_it_is_released(self) -> None:
        """Once more changes nothing, and nothing is written to it any more."""
        kept = self.depot.create()
        kept.write(0, b"hello")
        self.assertEqual(Path(kept.path).stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)
        with kept.open() as file:
            self.assertEqual(file.read(), b"hello")
        kept.release()
        kept.release()
        kept.write(0, b"x")
        kept.truncate(2)
        self.assertEqual((self.parts(), self.spool.used), ([], {}))

    def test_what_a_dead_process_left_is_removed(self) -> None:
        """At the next start."""
        (self.folder / "old.part").write_bytes(b"x")
        Spool.open(self.folder, self.threads)
        self.assertEqual(self.parts(), [])

    @settings(max_examples=60)
    @given(st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=60)) | st.integers(0, 300), max_size=12))
    def test_it_is_what_a_file_would_be(self, steps: list[Any]) -> None:
        """In whatever order it is written and cut; so is its digest."""
        kept, model = self.depot.create(), bytearray()
        for step in steps:
            if isinstance(step, int):
                kept.truncate(step)
                del model[step:]
                model += bytes(step - len(model))
            else:
                offset, chunk = step
                kept.write(offset, chunk)
                if chunk and len(model) < offset + len(chunk):
                    model += bytes(offset + len(chunk) - len(model))
                if chunk:
                    model[offset : offset + len(chunk)] = chunk
        self.assertEqual(self.successResultOf(kept.settle()), "")
        self.assertEqual((kept.size, self.successResultOf(kept.fetch(0, 1000))), (len(model), bytes(model)))
        self.assertEqual(kept.sha256, hashlib.sha256(model).hexdigest())
        kept.release()

    def test_steps_are_done_in_order_and_what_waits_is_said(self) -> None:
        """However long a thread takes."""
        self.threads.held = True
        spool = attrs.evolve(self.spool, capacity=SHARE << 30)
        kept = SpoolFile.make(spool, "alice")
        kept.write(0, bytes(MOST_WAITING))
        self.assertFalse(kept.lags)
        kept.write(MOST_WAITING, b"x")
        self.assertTrue(kept.lags)
        fetched, settled = kept.fetch(MOST_WAITING, 5), kept.settle()
        self.assertNoResult(fetched)
        self.threads.work()
        self.threads.work()
        self.assertEqual((self.successResultOf(fetched), self.successResultOf(settled), kept.lags), (b"x", "", False))
        kept.release()
        self.threads.work()

    def test_nobody_has_more_than_his_share(self) -> None:
        """What is too large for it is told apart from what may come later."""
        large, small = self.depot.create(), self.depot.create()
        large.write(0, bytes(1001))
        self.assertEqual(large.failed, TOO_LARGE)
        small.write(0, bytes(900))
        other = self.depot.create()
        other.write(0, bytes(200))
        self.assertEqual((small.failed, other.failed), ("", FULL))
        other.write(0, b"x")
        self.assertEqual(other.size, 0)
        small.release()
        self.assertEqual(self.spool.used, {})

    def test_all_together_have_a_bound(self) -> None:
        """The node lives."""
        for at in range(SHARE):
            self.assertEqual(self.spool.reserve(f"user{at}", 1000), "")
        self.assertEqual(self.spool.reserve("somebody", 1), FULL)

    def test_a_disk_that_refuses_is_a_failure_in_words(self) -> None:
        """At making a file, and at writing it."""
        kept = self.depot.create()
        kept._file, real = -1, kept._file
        kept.write(0, b"x")
        self.assertEqual(self.successResultOf(kept.settle()), FULL)
        self.assertEqual(self.successResultOf(kept.fetch(0, 1)), b"")
        kept._file = real
        kept.release()
        spool = attrs.evolve(self.spool, folder=self.folder / "gone")
        made = SpoolFile.make(spool, "alice")
        self.assertEqual(made.failed, FULL)
        made.release()

    def test_questions_of_gates_are_answered(self) -> None:
        """By type."""
        kept, answering = self.depot.create(), self.spool.answering()
        kept.write(0, b"hello")
        run: Any = self.run_of
        self.assertEqual(self.successResultOf(answering[Settle](run, Settle(kept))), "")
        self.assertEqual(self.successResultOf(answering[Fetch](run, Fetch(kept, 1, 3))), b"ell")

    def test_what_was_made_on_a_target_is_known_to_the_next_channel(self) -> None:
        """Once this one is over."""
        self.depot.remember(b"/.ostiary-1")
        self.depot.remember(b"/.ostiary-2")
        self.depot.forget(b"/.ostiary-2")
        other = self.spool.depot(self.run_of, 2)  # type: ignore[arg-type]
        self.assertEqual(other.stale(), ())
        self.depot.close()
        self.assertEqual(other.stale(), (b"/.ostiary-1",))
        self.assertRegex(self.depot.token(), "^[0-9a-f]{32}$")
        self.depot.hashing().take(b"x")

    def test_a_file_that_has_passed_is_evaluated_and_told(self) -> None:
        """Also where nobody answers, or the answer is a failure."""
        for answers, kind in ((succeed(Answers((), "elf")), "elf"), (None, ""), (fail(ValueError("no")), "")):
            self.run_of.answers = answers
            kept = self.depot.create()
            self.depot.observe(
                Evaluate(TRANSFER, ("clamd",), kept), lambda found: Fact("file.transferred", {"type": found.kind})
            )
            self.assertEqual(self.run_of.told[-1].body["type"], kind)
        self.assertEqual(self.parts(), [])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
