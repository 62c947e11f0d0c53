"""A visitor that sends exact bytes and reads back exactly what came."""

import hashlib
import json
from dataclasses import dataclass, field

from support import http_bytes, net


@dataclass
class Response:
    """One answer: its head, its body without framing, and the 1xx heads before it."""

    status: int
    head: http_bytes.Head
    body: bytes
    informational: list
    trailers: list = field(default_factory=list)

    def get(self, name, default=None):
        return self.head.get(name, default)

    def json(self):
        return json.loads(self.body)

    @property
    def sha256(self):
        return hashlib.sha256(self.body).hexdigest()


class Visitor:
    """One connection to a public (or API) port."""

    def __init__(self, port, timeout=20, host=net.LOOPBACK):
        self.sock = net.connect(port, host, timeout)
        self.reader = http_bytes.Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        net.reset(self.sock)

    def half_close(self):
        """Send a FIN; answers can still be read."""
        self.sock.shutdown(1)

    def send(self, data, piece=None):
        """Send `data` (text is taken as latin-1), in pieces of `piece` bytes if given."""
        data = data.encode("latin-1") if isinstance(data, str) else data
        step = piece or max(1, len(data))
        for at in range(0, len(data), step):
            self.sock.sendall(data[at:at + step])
        return self

    def ask(self, method, target, body=None, **options):
        """Send one well-formed request (options as for `request()`) and read its answer."""
        self.send(request(method, target, body, **options))
        return self.response(head_only=method == "HEAD")

    def response(self, head_only=False):
        """Read the next final answer; `head_only` for the answer to HEAD."""
        informational = []
        while True:
            head = http_bytes.read_head(self.reader)
            if head is None:
                raise http_bytes.Ended("no answer")
            status = int(head.start.split(" ")[1])
            if status >= 200 or status == 101:
                break
            informational.append(head)
        none = head_only or status in (101, 204, 304)
        trailers = []
        body = b"" if none else b"".join(self.pieces(head, trailers))
        return Response(status, head, body, informational, trailers)

    def head(self):
        """Read only the next head (a Head), for bodies that are read piece by piece."""
        return http_bytes.read_head(self.reader)

    def pieces(self, head, trailers=None):
        """The body behind `head` in the pieces in which it comes."""
        if "chunked" in (head.get("Transfer-Encoding") or "").lower():
            yield from http_bytes.chunks(self.reader, trailers)
        elif head.get("Content-Length") is not None:
            yield from http_bytes.sized(self.reader, int(head.get("Content-Length")))
        else:
            while piece := self.reader.some(65536):
                yield piece

    def end(self, limit=10):
        """How the server ends this connection: "fin", "rst", or "open" if it does not."""
        how, data = net.end_of(self.sock, limit)
        self.reader.buffer += data
        return how


def request(method, target, body=None, *, key="abc123", headers=(), host="frpx.test",
            version="1.1"):
    """The bytes of a well-formed request; `headers` are (name, value) pairs or a dict."""
    lines = [f"{method} {target} HTTP/{version}", f"Host: {host}"]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    pairs = headers.items() if isinstance(headers, dict) else headers
    lines += [f"{name}: {value}" for name, value in pairs]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def fetch(port, method="GET", target="/", body=None, timeout=20, **options):
    """One request on a connection of its own."""
    with Visitor(port, timeout) as visitor:
        return visitor.ask(method, target, body, **options)


def fetch_raw(port, data, timeout=20):
    """Send `data` on a connection of its own; the answer, or None if it closed without one."""
    with Visitor(port, timeout) as visitor:
        try:
            return visitor.send(data).response()
        except (http_bytes.Ended, ConnectionError):
            return None
