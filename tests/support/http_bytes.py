"""HTTP/1 as bytes: heads and bodies read from a socket exactly as they were sent."""

from dataclasses import dataclass, field


class Ended(ConnectionError):
    """The connection ended in the middle of a message."""


class Reader:
    """Buffered reading from a socket; what is not asked for stays in `buffer`."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def fill(self):
        """Read once; False at the end of the stream."""
        chunk = self.sock.recv(65536)
        self.buffer += chunk
        return bool(chunk)

    def until(self, mark, limit=1 << 20):
        """Bytes up to and with `mark`; b"" if the stream ended before the first one."""
        while mark not in self.buffer:
            if len(self.buffer) > limit:
                raise Ended(f"no {mark!r} within {limit} bytes")
            if not self.fill():
                if self.buffer:
                    raise Ended(f"ended after {self.buffer[:200]!r}")
                return b""
        end = self.buffer.index(mark) + len(mark)
        data, self.buffer = self.buffer[:end], self.buffer[end:]
        return data

    def some(self, most):
        """1 to `most` bytes; b"" at the end of the stream."""
        if not self.buffer and not self.fill():
            return b""
        data, self.buffer = self.buffer[:most], self.buffer[most:]
        return data

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self.fill():
                raise Ended(f"{len(self.buffer)} of {count} bytes")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data


@dataclass
class Head:
    """A start line and its fields, in order, as received."""

    start: str
    fields: list = field(default_factory=list)
    raw: bytes = b""

    def get(self, name, default=None):
        """The value of the first field called `name`, without regard to case."""
        return next((v for n, v in self.fields if n.lower() == name.lower()), default)

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]


def read_head(reader):
    """The next head, or None if the stream ended cleanly before it."""
    raw = reader.until(b"\r\n\r\n")
    if not raw:
        return None
    start, *lines = raw[:-4].decode("latin-1").split("\r\n")
    fields = [(n, v.strip(" \t")) for n, _, v in (line.partition(":") for line in lines)]
    return Head(start, fields, raw)


def chunks(reader, trailers=None):
    """The pieces of a chunked body, without its framing; adds its trailers to the list given."""
    while True:
        size = int(reader.until(b"\r\n").split(b";")[0].strip() or b"x", 16)
        if size == 0:
            while (line := reader.until(b"\r\n")) not in (b"\r\n", b""):
                name, _, value = line.decode("latin-1").partition(":")
                if trailers is not None:
                    trailers.append((name, value.strip()))
            return
        left = size
        while left:
            piece = reader.some(left)
            if not piece:
                raise Ended("inside a chunk")
            left -= len(piece)
            yield piece
        if reader.exactly(2) != b"\r\n":
            raise Ended("a chunk does not end in CRLF")


def sized(reader, size):
    """The pieces of a body of `size` bytes."""
    while size:
        piece = reader.some(min(size, 65536))
        if not piece:
            raise Ended(f"{size} bytes of the body are missing")
        size -= len(piece)
        yield piece


def chunk(data):
    """`data` as one chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)
