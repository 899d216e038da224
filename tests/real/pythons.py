"""paramiko and asyncssh as programs: ``python -m tests.real.pythons WHO DIRECTION PORT LOGIN KEY THERE HERE [OCTETS]``.

WHO is the library and how it moves a file, as in ``paramiko-sftp``; with OCTETS keys change after so many.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

BLOCK = 1 << 16


def with_paramiko(how: str, up: bool, port: int, login: str, key: str, there: str, here: Path, octets: int) -> int:
    """Move one file; return the exit code."""
    import paramiko
    from paramiko.packet import Packetizer

    if octets:
        Packetizer.REKEY_BYTES = octets
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    pkey = paramiko.Ed25519Key.from_private_key_file(key)
    client.connect("127.0.0.1", port, login, pkey=pkey, allow_agent=False, look_for_keys=False)
    try:
        if how == "sftp":
            with client.open_sftp() as sftp:
                _ = sftp.put(str(here), there) if up else sftp.get(there, str(here))
            return 0
        stdin, stdout, _ = client.exec_command(f"cat > {there}" if up else f"cat {there}")
        if up:
            with here.open("rb") as source:
                shutil.copyfileobj(source, stdin, BLOCK)
        stdin.channel.shutdown_write()
        with (Path("/dev/null") if up else here).open("wb") as sink:
            shutil.copyfileobj(stdout, sink, BLOCK)
        return stdout.channel.recv_exit_status()
    finally:
        client.close()


async def with_asyncssh(
    how: str, up: bool, port: int, login: str, key: str, there: str, here: Path, octets: int
) -> int:
    """Move one file; return the exit code."""
    import asyncssh

    async with asyncssh.connect(
        "127.0.0.1", port, username=login, known_hosts=None, config=None, agent_path=None, client_keys=[key],
        **({"rekey_bytes": octets} if octets else {}),
    ) as connection:  # fmt: skip
        if how == "sftp":
            async with connection.start_sftp_client() as sftp:
                await (sftp.put(str(here), there) if up else sftp.get(there, str(here)))
            return 0
        streams = {"stdin": str(here)} if up else {"stdout": str(here), "stdin": asyncssh.DEVNULL}
        done = await connection.run(f"cat > {there}" if up else f"cat {there}", encoding=None, **streams)
        return int(done.exit_status if done.exit_status is not None else 1)


def main(who: str, direction: str, port: str, login: str, key: str, there: str, here: str, octets: str = "0") -> int:
    """Run one client."""
    library, _, how = who.partition("-")
    words = (how, direction == "up", int(port), login, key, there, Path(here), int(octets))
    return with_paramiko(*words) if library == "paramiko" else asyncio.run(with_asyncssh(*words))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
