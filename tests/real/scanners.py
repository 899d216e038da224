"""A private clamd with a signature of its own, and a private c-icap that asks it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import attrs

from tests.real.harness import clean, free_port, listens, stop, until

MARKER = b"ostiary test marker: this file is infected, 7f3a91c4"
THREAT = "Ostiary.Test.Marker"

CLAMD = """
DatabaseDirectory {folder}/signatures
LocalSocket {folder}/clamd.sock
TCPSocket {port}
TCPAddr 127.0.0.1
Foreground yes
LogFile {folder}/clamd.log
TemporaryDirectory {folder}
StreamMaxLength 20M
MaxThreads 8
"""

ICAP = """
PidFile {folder}/c-icap.pid
CommandsSocket {folder}/c-icap.ctl
Timeout 60
MaxKeepAliveRequests 100
KeepAliveTimeout 60
StartServers 1
MaxServers 2
MinSpareThreads 2
MaxSpareThreads 4
ThreadsPerChild 4
Port 127.0.0.1:{port}
TmpDir {folder}
MaxMemObject 131072
ServerLog {folder}/icap-server.log
AccessLog {folder}/icap-access.log
ModulesDir {modules}
ServicesDir {modules}
TemplateDir /usr/share/c_icap/templates/
LoadMagicFile /etc/c-icap/c-icap.magic
Service echo srv_echo.so
Module common clamd_mod.so
clamd_mod.ClamdSocket {folder}/clamd.sock
Service antivirus_module virus_scan.so
ServiceAlias avscan virus_scan?allow204=on&sizelimit=off&mode=simple
virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE GIF JPEG MSOFFICE
virus_scan.SendPercentData 0
virus_scan.MaxObjectSize 20M
virus_scan.DefaultEngine clamd
"""


def modules() -> str:
    """Return where c-icap's modules are; empty where it is not installed."""
    found = sorted(Path("/usr/lib").glob("*/c_icap"))
    return str(found[0]) if found and shutil.which("c-icap", path=clean()["PATH"]) else ""


@attrs.define(eq=False)
class Scanners:
    """One clamd, and one c-icap where it is wanted; both end with :meth:`stop`."""

    folder: Path = attrs.field(factory=lambda: Path(tempfile.mkdtemp(prefix="ostiary-scan-")))
    port: int = attrs.field(factory=free_port)
    icap_port: int = attrs.field(factory=free_port)
    _running: list[subprocess.Popen[bytes]] = attrs.field(init=False, factory=list)

    @property
    def socket(self) -> str:
        """The address of clamd's UNIX socket."""
        return f"unix:{self.folder}/clamd.sock"

    def start(self, icap: bool = False) -> None:
        """Start clamd; it is ready within a few seconds, for it has one signature."""
        signatures = self.folder / "signatures"
        signatures.mkdir()
        (signatures / "own.ndb").write_text(f"{THREAT}:0:*:{MARKER.hex()}\n")
        self._start("clamd", CLAMD.format(folder=self.folder, port=self.port), "--config-file={}")
        until(lambda: listens(self.port) and (self.folder / "clamd.sock").exists(), "clamd listens", 60)
        if icap:
            settings = ICAP.format(folder=self.folder, port=self.icap_port, modules=modules())
            self._start("c-icap", settings, "-N", "-D", "-f", "{}")
            until(lambda: listens(self.icap_port), "c-icap listens", 30)

    def _start(self, program: str, settings: str, *argv: str) -> None:
        path = self.folder / f"{program}.conf"
        path.write_text(settings)
        found = shutil.which(program, path=clean()["PATH"])
        if found is None:
            raise AssertionError(f"{program} is not installed: see DEBIAN in the Makefile")
        log = os.open(self.folder / f"{program}.out", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            self._running.append(subprocess.Popen(
                [found, *(word.format(path) for word in argv)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=clean(),
            ))  # fmt: skip
        finally:
            os.close(log)

    def stop(self) -> None:
        """End both."""
        for process in reversed(self._running):
            stop(process)
        self._running.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
