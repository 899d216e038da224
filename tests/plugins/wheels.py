"""The manual's example as a wheel, installed by pip."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "acme"
METADATA = "Metadata-Version: 2.1\nName: acme-inspector\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def install_example(folder: Path) -> Path:
    """Install the example into ``folder/site`` and return that; without a network and a build."""
    wheel = folder / "acme_inspector-1.0-py3-none-any.whl"
    told = {"METADATA": METADATA, "WHEEL": WHEEL}
    with zipfile.ZipFile(wheel, "w") as packed:
        for path in sorted(EXAMPLE.rglob("*.py")):
            packed.write(path, path.relative_to(EXAMPLE).as_posix())
        for name, text in told.items():
            packed.writestr(f"acme_inspector-1.0.dist-info/{name}", text)
        record = "".join(f"{name},,\n" for name in [*packed.namelist(), "acme_inspector-1.0.dist-info/RECORD"])
        packed.writestr("acme_inspector-1.0.dist-info/RECORD", record)
    site = folder / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps", "--no-index",
         "--no-warn-conflicts", "--root-user-action=ignore", "--target", str(site), str(wheel)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    for path in (site, *site.rglob("*")):
        path.chmod(path.stat().st_mode & 0o755)
    return site
