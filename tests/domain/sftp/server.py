"""A target's SFTP server in memory: enough of one to be a gate's other side."""

from __future__ import annotations

import struct
from collections.abc import Callable

import attrs

from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import Asked, Attributes, number, packet, status, string

FOLDER, LINK, REGULAR = 0o040000, 0o120000, 0o100000
OFFERED = (codec.POSIX_RENAME, codec.FSYNC, codec.HARDLINK, codec.COPY, b"vendor-id@x")


@attrs.define(eq=False)
class Node:
    """A file, folder or link."""

    content: bytes = b""
    mode: int = REGULAR | 0o644
    owners: tuple[int, int] = (0, 0)
    links: int = 1
    to: bytes = b""
    times: tuple[int, int] = (1, 1)

    def attributes(self) -> Attributes:
        return Attributes(len(self.content), self.owners, self.mode, self.times)


@attrs.define(eq=False)
class Server:
    """Answer packets; ``fails`` maps a kind or extension to the code it is answered with."""

    nodes: dict[bytes, Node] = attrs.field(factory=lambda: {b"/": Node(mode=FOLDER | 0o755)})
    offered: tuple[bytes, ...] = OFFERED
    fails: dict[object, int] = attrs.field(factory=dict)
    grows: int = 0
    """By how many bytes a file is longer at each READ than it said."""
    short: int = 1 << 20
    """The most a READ gives."""
    umask: int = 0o022
    heard: list[Asked | bytes] = attrs.field(factory=list)
    names: list[bytes] = attrs.field(factory=list)
    """Every path that came into being."""
    silent: bool = False
    closed_folders: bool = False
    """Whether nobody may make a file."""
    most_made: int = 1 << 20
    """How many files may be made."""
    line: bytes = b"-rw-r--r-- %d root root"
    """How a line of a folder's listing begins."""
    _buffer: bytes = b""
    _handles: dict[bytes, tuple[bytes, Node]] = attrs.field(factory=dict)
    _listed: dict[bytes, int] = attrs.field(factory=dict)
    page: int = 100
    """How many names one answer of a listing has."""
    _made: int = 0

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes of the stream; return the answers."""
        self._buffer += chunk
        out = b""
        while len(self._buffer) >= 4 and len(self._buffer) >= 4 + struct.unpack_from(">L", self._buffer)[0]:
            size = struct.unpack_from(">L", self._buffer)[0]
            whole, self._buffer = self._buffer[4 : 4 + size], self._buffer[4 + size :]
            out += self._answer(whole[0], whole[1:])
        return b"" if self.silent else out

    def _answer(self, kind: int, body: bytes) -> bytes:
        if kind == codec.INIT:
            offered = b"".join(string(name) + string(b"1") for name in self.offered)
            return packet(codec.VERSION, number(3) + offered)
        if kind == codec.WRITE:
            return self._write(body)
        asked = codec.asked(kind, body)
        assert asked is not None, (kind, body)
        self.heard.append(asked)
        code = self.fails.get(asked.name or kind, codec.OK)
        if code:
            return status(asked.id, code, "told to fail")
        do = DO.get(asked.name or kind)
        try:
            return do(self, asked) if do else status(asked.id, codec.OK, "")
        except KeyError:
            return status(asked.id, codec.NO_SUCH_FILE, "No such file")

    def _write(self, body: bytes) -> bytes:
        fields = codec.Fields(body)
        request, handle, offset, chunk = fields.number(), fields.string(256), fields.long(), fields.string(1 << 20)
        self.heard.append(chunk)
        if codec.WRITE in self.fails:
            return status(request, self.fails[codec.WRITE], "disk full")
        _, node = self._handles[handle]
        node.content = node.content.ljust(offset, b"\0")
        node.content = node.content[:offset] + chunk + node.content[offset + len(chunk) :]
        return status(request, codec.OK, "")

    def resolve(self, path: bytes) -> bytes:
        """Return a path without links."""
        path = path.rstrip(b"/") or path[:1]
        path = b"/" + path.lstrip(b"/") if path != b"." else b"/"
        for _ in range(4):
            node = self.nodes.get(path)
            if node is None or not node.to:
                break
            path = node.to
        above = path.rpartition(b"/")[0]
        return self.resolve(above) + path[len(above) :] if above and self.resolve(above) != above else path

    def _node(self, asked: Asked) -> Node:
        return self.nodes[self.resolve(asked.path)]

    def _open(self, asked: Asked) -> bytes:
        path = self.resolve(asked.path)
        if asked.flags & codec.EXCLUSIVE and path in self.nodes:
            return status(asked.id, codec.FAILURE, "Failure")
        if asked.flags & codec.CREATE and path not in self.nodes:
            if self.closed_folders or len(self.names) >= self.most_made:
                return status(asked.id, codec.DENIED, "no")
            self.nodes[path.rpartition(b"/")[0] or b"/"]
            mode = 0o666 if asked.attributes.mode is None else asked.attributes.mode
            self.nodes[path] = Node(mode=REGULAR | mode & ~self.umask)
            self.names.append(path)
        node = self.nodes[path]
        if asked.flags & codec.TRUNCATE:
            node.content = b""
        return self._handle(asked, path, node)

    def _handle(self, asked: Asked, path: bytes, node: Node) -> bytes:
        self._made += 1
        handle = b"h%d" % self._made
        self._handles[handle] = (path, node)
        return packet(codec.HANDLE, number(asked.id) + string(handle))

    def _read(self, asked: Asked) -> bytes:
        node = self._handles[asked.handle][1]
        node.content += bytes(self.grows)
        chunk = node.content[asked.offset : asked.offset + min(asked.count, self.short)]
        if not chunk:
            return status(asked.id, codec.EOF, "End of file")
        return packet(codec.DATA, number(asked.id) + string(chunk))

    def _close(self, asked: Asked) -> bytes:
        del self._handles[asked.handle]
        return status(asked.id, codec.OK, "")

    def _attributes(self, asked: Asked) -> bytes:
        if asked.kind == codec.FSTAT:
            node = self._handles[asked.handle][1]
        else:
            node = self.nodes[asked.path] if asked.kind == codec.LSTAT else self._node(asked)
        return packet(codec.ATTRS, number(asked.id) + node.attributes().sent())

    def _set(self, asked: Asked) -> bytes:
        node = self._handles[asked.handle][1] if asked.kind == codec.FSETSTAT else self._node(asked)
        wanted = asked.attributes.over(node.attributes())
        node.mode = (wanted.mode or 0) & 0o7777 | node.mode & ~0o7777
        node.owners, node.times = wanted.owners or (0, 0), wanted.times or (0, 0)
        return status(asked.id, codec.OK, "")

    def _folder(self, asked: Asked) -> bytes:
        return self._handle(asked, self.resolve(asked.path), self._node(asked))

    def _list(self, asked: Asked) -> bytes:
        folder, begin = self._handles[asked.handle][0], self._listed.get(asked.handle, 0)
        self._listed[asked.handle] = begin + self.page
        rows = [(path, node) for path, node in self.nodes.items() if (path.rpartition(b"/")[0] or b"/") == folder]
        rows = rows[begin : begin + self.page]
        if not rows:
            return status(asked.id, codec.EOF, "End of file")
        named = b"".join(
            string(path.rpartition(b"/")[2]) + string(self.line % node.links) + node.attributes().sent()
            for path, node in rows
        )
        return packet(codec.NAME, number(asked.id) + number(len(rows)) + named)

    def _remove(self, asked: Asked) -> bytes:
        del self.nodes[asked.path]
        return status(asked.id, codec.OK, "")

    def _mkdir(self, asked: Asked) -> bytes:
        self.nodes[asked.path] = Node(mode=FOLDER | 0o755)
        return status(asked.id, codec.OK, "")

    def _real(self, asked: Asked) -> bytes:
        path = self.resolve(asked.path)
        if path not in self.nodes and (path.rpartition(b"/")[0] or b"/") not in self.nodes:
            raise KeyError(path)
        return packet(codec.NAME, number(asked.id) + number(1) + string(path) + string(path) + Attributes().sent())

    def _rename(self, asked: Asked) -> bytes:
        if asked.kind == codec.RENAME and asked.to in self.nodes:
            return status(asked.id, codec.FAILURE, "Failure")
        self.nodes[asked.to] = self.nodes.pop(asked.path)
        self.names.append(asked.to)
        return status(asked.id, codec.OK, "")

    def _limits(self, asked: Asked) -> bytes:
        return packet(codec.EXTENDED_REPLY, number(asked.id) + b"".join(codec.long(1 << 30) for _ in range(4)))


DO: dict[object, Callable[[Server, Asked], bytes]] = {
    codec.OPEN: Server._open, codec.READ: Server._read, codec.CLOSE: Server._close, codec.LSTAT: Server._attributes,
    codec.STAT: Server._attributes, codec.FSTAT: Server._attributes, codec.SETSTAT: Server._set,
    codec.FSETSTAT: Server._set, codec.OPENDIR: Server._folder, codec.READDIR: Server._list,
    codec.REMOVE: Server._remove, codec.MKDIR: Server._mkdir, codec.REALPATH: Server._real,
    codec.RENAME: Server._rename, codec.POSIX_RENAME: Server._rename, codec.LIMITS: Server._limits,
}  # fmt: skip
