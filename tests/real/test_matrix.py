"""Every client of the field, under everything that a day brings: nothing, a byte, much, slowly, not to the end."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

import pytest

from tests.real.harness import PlaceCase, until
from tests.real.matrix import CLIENTS, Client, Desk

SEED = int(os.environ.get("OSTIARY_SEED") or random.SystemRandom().randrange(1 << 32))
"""Of the sample that is run each time; set it to run one again."""
MIB = 1 << 20
MUCH, SAMPLED = 50 * MIB, 6 * MIB
SECONDS = 90.0
Cell = tuple[str, str]


class MatrixCase(PlaceCase):
    """One place; each cell of the matrix is one client in one condition."""

    rekeys: ClassVar[bool] = False

    def setUp(self) -> None:
        super().setUp()
        self.desk = Desk(self.place, self.rekeys)
        self.much = SAMPLED
        self.folder = self.place.folder / "cell"
        self.here, self.there = self.folder / "here" / "file", self.folder / "there" / "file"

    def run_cells(self, cells: Iterable[Cell]) -> None:
        """Run each; a failure names its cell and the seed."""
        for name, condition in cells:
            client = CLIENTS[name]
            self.assertEqual(client.missing, [], f"{name} can not be run")
            began = time.monotonic()
            try:
                self.conditions[condition](self, client)
            except AssertionError as failed:
                said = (self.desk.home / "errors").read_text(errors="replace")[-2000:]
                failed.add_note(f"{name}, {condition}, OSTIARY_SEED={SEED}; it said {said!r}")
                raise
            sys.stdout.write(f"{name}, {condition}: {time.monotonic() - began:.2f} s\n")

    def moved(self, client: Client, octets: bytes, meanwhile: Callable[..., None] = lambda child: None) -> None:
        """Move a file down and up, and check what arrived."""
        for way, source, goal in ((client.down, self.there, self.here), (client.up, self.here, self.there)):
            self.lay_out()
            source.write_bytes(octets)
            transfer = way(self.desk, self.there, self.here)
            child = self.desk.start(transfer)
            try:
                meanwhile(child)
                self.assertEqual(child.wait(SECONDS), 0, way)
            finally:
                self.end(child)
            transfer.after()
            self.assertTrue((goal.read_bytes() if goal.exists() else b"") == octets, f"{goal} is not what was sent")

    def lay_out(self) -> None:
        """Make two empty folders."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in (self.here, self.there):
            path.parent.mkdir(parents=True)

    def end(self, child: subprocess.Popen[bytes], how: int = signal.SIGKILL) -> None:
        """End what is left of a client and of the programs it started."""
        if child.poll() is None:
            os.killpg(child.pid, how)
        child.wait(SECONDS)

    # The conditions.

    def nothing(self, client: Client) -> None:
        """An empty file."""
        self.moved(client, b"")

    def one_byte(self, client: Client) -> None:
        """Its opposite."""
        self.moved(client, b"\0")

    def much_of_it(self, client: Client) -> None:
        """As fast as it goes."""
        self.moved(client, os.urandom(self.much))

    def slowly(self, client: Client) -> None:
        """A client that stands still most of the time: it is stopped, and goes on, again and again."""

        def pulse(child: subprocess.Popen[bytes]) -> None:
            for _ in range(12):
                time.sleep(0.03)
                if child.poll() is not None:
                    return
                os.killpg(child.pid, signal.SIGSTOP)
                time.sleep(0.08)
                os.killpg(child.pid, signal.SIGCONT)

        self.moved(client, os.urandom(self.much), pulse)

    def not_to_the_end(self, client: Client) -> None:
        """A client that is ended in the middle: its session ends too, and the next one is served."""
        for way, source, goal in ((client.down, self.there, self.here), (client.up, self.here, self.there)):
            self.lay_out()
            self.write_long(source, sparse=client is not CLIENTS["git"])
            child = self.desk.start(way(self.desk, self.there, self.here))
            try:
                self.on_its_way(child, goal.parent)
            finally:
                self.end(child, signal.SIGTERM)
            self.place.newest()
        self.moved(client, b"alive")

    def on_its_way(self, child: subprocess.Popen[bytes], folder: Path) -> None:
        """Wait until something of a file has come to a folder."""
        before = size_of(folder)
        until(lambda: child.poll() is not None or size_of(folder) > before + 200_000, "it is on its way")

    def write_long(self, path: Path, *, sparse: bool) -> None:
        """Write a file that takes a while; a repository can not be made of a sparse one in time."""
        if sparse:
            path.touch()
            os.truncate(path, 1 << 30)
        else:
            path.write_bytes(os.urandom(MUCH))

    conditions: ClassVar[dict[str, Callable[..., None]]] = {
        "0 B": nothing,
        "1 B": one_byte,
        "much": much_of_it,
        "slow": slowly,
        "early close": not_to_the_end,
    }


def size_of(folder: Path) -> int:
    """Return how many bytes the files below a folder have; what is removed meanwhile has none."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


class MatrixTests(MatrixCase):
    """The gateway as it is."""

    def test_a_sample_of_the_matrix(self) -> None:
        """Half of the clients, each in a condition, drawn by lot: after some days all of it has been run."""
        chance = random.Random(SEED)
        sys.stdout.write(f"OSTIARY_SEED={SEED}\n")
        drawn = chance.sample(sorted(CLIENTS), len(CLIENTS) // 2)
        self.run_cells([(name, chance.choice(list(self.conditions))) for name in drawn])

    @pytest.mark.soak
    def test_the_whole_matrix(self) -> None:
        """Every client in every condition, with fifty megabytes."""
        self.much = MUCH
        self.run_cells(itertools.product(CLIENTS, self.conditions))


class RekeyMatrixTests(MatrixCase):
    """Both legs change keys every megabyte, and so does every client that can be told to."""

    settings: ClassVar[str] = 'rekey_limit = "1MiB"\n'
    rekeys: ClassVar[bool] = True

    def test_a_sample_changes_keys_all_the_time(self) -> None:
        """Two clients, drawn by lot."""
        sys.stdout.write(f"OSTIARY_SEED={SEED}\n")
        self.run_cells([(name, "much") for name in random.Random(SEED).sample(sorted(CLIENTS), 2)])

    @pytest.mark.soak
    def test_every_client_changes_keys_all_the_time(self) -> None:
        """With fifty megabytes, and slowly too."""
        self.much = MUCH
        self.run_cells(itertools.product(CLIENTS, ("much", "slow")))
