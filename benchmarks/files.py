"""W4: one large file and many small ones by OpenSSH's sftp, both ways; each timed inside one connection.

sftp runs ``date`` between its transfers, so neither connecting nor logging in is in the figures.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from benchmarks.bulk import in_memory, running, stamps, zeros
from benchmarks.contenders import Contender, Unmeasured
from benchmarks.scale import MIB, Scale, Values

SMALL = 4096


def transfer(contender: Contender, scale: Scale) -> Values:
    """Time the four transfers."""
    with in_memory() as folder:
        there, here = folder / "there", folder / "here"
        for each in (there, here):
            _fill(each, scale)
        said = _sftp(contender, scale, there, here)
        _compare(there, here, scale)
    took = [(end - start) / 1e9 for start, end in pairwise(said)]
    return {
        "W4.get": [scale.file / took[0]], "W4.put": [scale.file / took[1]],
        "W4.get_small": [scale.small_files / took[2]], "W4.put_small": [scale.small_files / took[3]],
    }  # fmt: skip


def _sftp(contender: Contender, scale: Scale, there: Path, here: Path) -> list[int]:
    mark = "!date +%s%N"
    batch = [
        mark, f"get {there}/big {here}/got", mark, f"put {here}/big {there}/put", mark,
        f"get -r {there}/small {here}/got_small", mark, f"mkdir {there}/put_small",
        f"put -r {here}/small/. {there}/put_small", mark,
    ]  # fmt: skip
    with running(contender.sftp(), scale.patience) as client:
        out, err = client.communicate("\n".join([*batch, ""]).encode())
    if client.returncode or len(stamps(out)) != 5:
        raise Unmeasured(f"sftp ended with {client.returncode}: {err.decode(errors='replace')[-200:]}")
    return stamps(out)


def _fill(folder: Path, scale: Scale) -> None:
    """Write a large file and the small ones."""
    (folder / "small").mkdir(parents=True)
    zeros(folder / "big", scale.file * MIB)
    for number in range(scale.small_files):
        (folder / "small" / f"{number:05}").write_bytes(number.to_bytes(4, "big") * (SMALL // 4))


def _compare(there: Path, here: Path, scale: Scale) -> None:
    """Raise Unmeasured when something did not arrive whole."""
    sizes = {path: path.stat().st_size for path in (here / "got", there / "put")}
    small = [sum(1 for _ in _whole(folder)) for folder in (here / "got_small", there / "put_small")]
    if set(sizes.values()) != {scale.file * MIB} or set(small) != {scale.small_files}:
        raise Unmeasured(f"not all arrived: {sorted(sizes.values())} bytes, {small} small files")


def _whole(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if p.read_bytes() == int(p.name).to_bytes(4, "big") * (SMALL // 4)]


