"""The demo target's SFTP subsystem, on its scratch directory.

The rule: each request has exactly one answer, in the order of the requests; nothing is answered while the
operator does not take what was answered before; links do not exist here and nothing that lies here can be
executed.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Callable
from datetime import UTC, datetime

import attrs

from gateway.ssh import demo_sftp_messages as messages
from gateway.ssh.demo_files import HOME, OpenFile, Place, Scratch, resolve, written
from gateway.ssh.demo_sftp_messages import Attributes, BrokenStream, Packets, packet, status, uint64
from gateway.ssh.program import Output, Start
from gateway.wire.fields import Fields, MalformedField, string, uint32

MOST_UNSENT = 512 * 1024
MOST_HANDLES = 64
ROWS = 100
"""Names in one answer of a directory."""

_READ, _WRITE, _APPEND, _CREATE, _TRUNCATE, _EXCLUSIVE = 1, 2, 4, 8, 16, 32
_CODES = {
    errno.ENOENT: messages.NO_SUCH_FILE,
    errno.ENOTDIR: messages.NO_SUCH_FILE,
    errno.EACCES: messages.DENIED,
    errno.EPERM: messages.DENIED,
    errno.ELOOP: messages.DENIED,
    errno.ENOSYS: messages.UNSUPPORTED,
}
_EXTENSIONS = (b"posix-rename@openssh.com", b"limits@openssh.com")


@attrs.define(eq=False)
class Folder:
    """An open directory: what is still to be named."""

    place: Place
    left: list[bytes]


@attrs.define(eq=False)
class Sftp:
    """Be the program of an SFTP channel."""

    files: Scratch
    _output: Output = attrs.field(init=False)
    _packets: Packets = attrs.field(init=False, factory=Packets)
    _handles: dict[bytes, OpenFile | Folder] = attrs.field(init=False, factory=dict)
    _appending: set[bytes] = attrs.field(init=False, factory=set)
    _next: int = attrs.field(init=False, default=0)
    _greeted: bool = attrs.field(init=False, default=False)
    _ended: bool = attrs.field(init=False, default=False)
    _over: bool = attrs.field(init=False, default=False)

    # What the channel brings.

    def start(self, start: Start, output: Output) -> None:
        """Wait for the client's version."""
        self._output = output

    def received(self, chunk: bytes) -> None:
        """Take a part of the stream."""
        self._packets.push(chunk)
        self._go_on()

    def ended(self) -> None:
        """Hear EOF: what came before is still answered."""
        self._ended = True
        self._go_on()

    def resized(self, columns: int, rows: int) -> None:
        """Ignore the size."""

    def drained(self) -> None:
        """Answer what waited."""
        self._go_on()

    def stopped(self) -> None:
        """Close every file."""
        self._over = True
        for opened in self._handles.values():
            if isinstance(opened, OpenFile):
                opened.close()
        self._handles.clear()

    def _go_on(self) -> None:
        try:
            while not self._over and self._output.unsent() <= MOST_UNSENT:
                request = self._packets.take()
                if request is None:
                    break
                self._answer(request)
        except BrokenStream:
            self._leave(1)
            return
        if self._over:
            return
        if self._output.unsent() > MOST_UNSENT:
            self._output.pause()
        else:
            self._output.resume()
            if self._ended:
                self._leave(1 if self._packets.waiting else 0)

    def _leave(self, code: int) -> None:
        if not self._over:
            self.stopped()
            self._output.exit(code)

    # The requests.

    def _answer(self, request: bytes) -> None:
        fields = Fields(request[1:])
        if not self._greeted:
            self._greet(request[0], fields)
            return
        try:
            number = fields.uint32("request id")
        except MalformedField as fault:
            raise BrokenStream(str(fault)) from None
        try:
            self._output.write(REQUESTS.get(request[0], Sftp._unknown)(self, number, fields))
        except MalformedField as fault:
            self._output.write(status(number, messages.BAD_MESSAGE, str(fault)))
        except OSError as fault:
            code = _CODES.get(fault.errno or 0, messages.FAILURE)
            self._output.write(status(number, code, fault.strerror or "failure"))

    def _greet(self, kind: int, fields: Fields) -> None:
        if kind != messages.INIT:
            raise BrokenStream("the first packet is not INIT")
        self._greeted = True
        offered = b"".join(string(name) + string(b"1") for name in _EXTENSIONS)
        self._output.write(packet(messages.VERSION, uint32(3) + offered))

    def _unknown(self, number: int, fields: Fields) -> bytes:
        return status(number, messages.UNSUPPORTED, "not known here")

    def _open(self, number: int, fields: Fields) -> bytes:
        place, flags, wanted = _place(fields), fields.uint32("flags"), messages.read_attributes(fields)
        fields.end("the request")
        file = self.files.open(place, _flags(flags))
        name = self._keep(file)
        if flags & _APPEND:
            self._appending.add(name)
        if flags & _CREATE and wanted.mode is not None:
            self._change(file, Attributes(mode=wanted.mode))
        return packet(messages.HANDLE, uint32(number) + string(name))

    def _keep(self, opened: OpenFile | Folder) -> bytes:
        if len(self._handles) >= MOST_HANDLES:
            if isinstance(opened, OpenFile):
                opened.close()
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        self._next += 1
        name = struct.pack(">L", self._next & 0xFFFFFFFF)
        self._handles[name] = opened
        return name

    def _close(self, number: int, fields: Fields) -> bytes:
        name = fields.string("handle", messages.LONGEST_HANDLE)
        fields.end("the request")
        opened = self._handles.pop(name, None)
        if opened is None:
            return status(number, messages.FAILURE, "no such handle")
        self._appending.discard(name)
        if isinstance(opened, OpenFile):
            opened.close()
        return _done(number)

    def _file(self, fields: Fields) -> tuple[bytes, OpenFile]:
        name = fields.string("handle", messages.LONGEST_HANDLE)
        opened = self._handles.get(name)
        if not isinstance(opened, OpenFile):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return name, opened

    def _read(self, number: int, fields: Fields) -> bytes:
        (_, file), offset, size = self._file(fields), uint64(fields, "offset"), fields.uint32("length")
        fields.end("the request")
        chunk = file.read(offset, min(size, messages.LONGEST_CHUNK))
        if not chunk and size:
            return status(number, messages.EOF, "end of file")
        return packet(messages.CHUNK, uint32(number) + string(chunk))

    def _write(self, number: int, fields: Fields) -> bytes:
        (name, file), offset = self._file(fields), uint64(fields, "offset")
        chunk = fields.string("content", messages.LONGEST_CHUNK)
        fields.end("the request")
        file.write(file.stat().st_size if name in self._appending else offset, chunk)
        return _done(number)

    def _stat(self, number: int, fields: Fields) -> bytes:
        place = _place(fields)
        fields.end("the request")
        return packet(
            messages.ATTRS, uint32(number) + messages.write_attributes(_found(self.files.stat(place)))
        )

    def _fstat(self, number: int, fields: Fields) -> bytes:
        _, file = self._file(fields)
        fields.end("the request")
        return packet(messages.ATTRS, uint32(number) + messages.write_attributes(_found(file.stat())))

    def _setstat(self, number: int, fields: Fields) -> bytes:
        place, wanted = _place(fields), messages.read_attributes(fields)
        fields.end("the request")
        if self.files.is_folder(place):
            _check_owners(wanted)
            return _done(number)
        with self.files.open(place, os.O_RDWR) as file:
            self._change(file, wanted)
        return _done(number)

    def _fsetstat(self, number: int, fields: Fields) -> bytes:
        (_, file), wanted = self._file(fields), messages.read_attributes(fields)
        fields.end("the request")
        self._change(file, wanted)
        return _done(number)

    def _change(self, file: OpenFile, wanted: Attributes) -> None:
        _check_owners(wanted)
        if wanted.size is not None:
            file.truncate(wanted.size)
        if wanted.mode is not None:
            os.fchmod(file.number, wanted.mode & 0o666 | 0o600)
        if wanted.times is not None:
            os.utime(file.number, wanted.times)

    def _opendir(self, number: int, fields: Fields) -> bytes:
        place = _place(fields)
        fields.end("the request")
        name = self._keep(Folder(place, [b".", b"..", *self.files.names(place)]))
        return packet(messages.HANDLE, uint32(number) + string(name))

    def _readdir(self, number: int, fields: Fields) -> bytes:
        opened = self._handles.get(fields.string("handle", messages.LONGEST_HANDLE))
        fields.end("the request")
        if not isinstance(opened, Folder):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        taken, opened.left = opened.left[:ROWS], opened.left[ROWS:]
        if not taken:
            return status(number, messages.EOF, "no more names")
        return messages.names(number, [row for name in taken for row in self._row(opened.place, name)])

    def _row(self, folder: Place, name: bytes) -> list[tuple[bytes, bytes, bytes]]:
        try:
            found = self.files.stat(resolve(name, written(folder)))
        except FileNotFoundError:
            return []
        return [(name, _line(found, name), messages.write_attributes(_found(found)))]

    def _remove(self, number: int, fields: Fields) -> bytes:
        return self._on_place(number, fields, self.files.remove)

    def _rmdir(self, number: int, fields: Fields) -> bytes:
        return self._on_place(number, fields, self.files.remove_folder)

    def _mkdir(self, number: int, fields: Fields) -> bytes:
        place = _place(fields)
        messages.read_attributes(fields)
        fields.end("the request")
        self.files.make_folder(place)
        return _done(number)

    def _on_place(self, number: int, fields: Fields, act: Callable[[Place], None]) -> bytes:
        place = _place(fields)
        fields.end("the request")
        act(place)
        return _done(number)

    def _realpath(self, number: int, fields: Fields) -> bytes:
        path = written(_place(fields))
        fields.end("the request")
        return messages.names(number, [(path, path, messages.write_attributes(Attributes()))])

    def _rename(self, number: int, fields: Fields, replace: bool = False) -> bytes:
        source, goal = _place(fields), _place(fields)
        fields.end("the request")
        self.files.rename(source, goal, replace)
        return _done(number)

    def _no_links(self, number: int, fields: Fields) -> bytes:
        return status(number, messages.UNSUPPORTED, "there are no links here")

    def _extended(self, number: int, fields: Fields) -> bytes:
        match fields.string("extension", 128):
            case b"posix-rename@openssh.com":
                return self._rename(number, fields, replace=True)
            case b"limits@openssh.com":
                fields.end("the request")
                largest = (
                    messages.LONGEST_PACKET,
                    messages.LONGEST_CHUNK,
                    messages.LONGEST_CHUNK,
                    MOST_HANDLES,
                )
                return packet(messages.EXTENDED_REPLY, uint32(number) + struct.pack(">QQQQ", *largest))
            case _:
                return self._unknown(number, fields)


REQUESTS: dict[int, Callable[[Sftp, int, Fields], bytes]] = {
    messages.OPEN: Sftp._open,
    messages.CLOSE: Sftp._close,
    messages.READ: Sftp._read,
    messages.WRITE: Sftp._write,
    messages.LSTAT: Sftp._stat,
    messages.FSTAT: Sftp._fstat,
    messages.SETSTAT: Sftp._setstat,
    messages.FSETSTAT: Sftp._fsetstat,
    messages.OPENDIR: Sftp._opendir,
    messages.READDIR: Sftp._readdir,
    messages.REMOVE: Sftp._remove,
    messages.MKDIR: Sftp._mkdir,
    messages.RMDIR: Sftp._rmdir,
    messages.REALPATH: Sftp._realpath,
    messages.STAT: Sftp._stat,
    messages.RENAME: Sftp._rename,
    messages.READLINK: Sftp._no_links,
    messages.SYMLINK: Sftp._no_links,
    messages.EXTENDED: Sftp._extended,
}


def _place(fields: Fields) -> Place:
    return resolve(fields.string("path", messages.LONGEST_PATH), HOME)


def _done(number: int) -> bytes:
    return status(number, messages.OK, "done")


def _flags(asked: int) -> int:
    flags = (os.O_RDONLY, os.O_RDONLY, os.O_WRONLY, os.O_RDWR)[asked & (_READ | _WRITE)]
    for bit, flag in ((_CREATE, os.O_CREAT), (_TRUNCATE, os.O_TRUNC), (_EXCLUSIVE, os.O_EXCL)):
        flags |= flag if asked & bit else 0
    return flags


def _check_owners(wanted: Attributes) -> None:
    if wanted.owners not in (None, (0, 0)):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def _found(found: os.stat_result) -> Attributes:
    times = (int(found.st_atime) & 0xFFFFFFFF, int(found.st_mtime) & 0xFFFFFFFF)
    return Attributes(found.st_size, (0, 0), found.st_mode, times)


def _line(found: os.stat_result, name: bytes) -> bytes:
    when = datetime.fromtimestamp(found.st_mtime, UTC).strftime("%b %e %H:%M")
    return f"{stat.filemode(found.st_mode)} 1 root root {found.st_size:8d} {when} ".encode() + name
