"""Visitors that wrk cannot play: they check every byte, read slowly, die midway, or just stay.

All of one soak share a `Tally`. A visitor never takes a wrong byte or an answer that only looks
complete for a disturbance: those are faults. What is allowed while clients and services die is an
answer that says so (502, 503, 504) or a connection that ends before the answer's last byte; in
`strict` mode not even that.
"""

import asyncio
import contextlib
import random
from collections import Counter

from measure.echo_service import PIECE, bytes_of

DISTURBED = (502, 503, 504)


class Tally:
    """What happened to all visitors."""

    def __init__(self):
        self.events = Counter()
        self.faults = []
        self.bytes_checked = 0

    def fault(self, text):
        self.events["fault"] += 1
        if len(self.faults) < 20:
            self.faults.append(text)


class Cut(Exception):
    """The connection ended before the answer did."""


class Visitor:
    """One keep-alive connection, made anew when it ends."""

    def __init__(self, route, tally, strict=False):
        self._port = route.port
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in route.headers)
        self._tally, self._strict = tally, strict
        self._reader = self._writer = None

    async def connect(self):
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    def leave(self, by_reset=False):
        if self._writer is not None:
            if by_reset:
                self._writer.transport.abort()
            else:
                self._writer.close()
        self._reader = self._writer = None

    async def _send(self, line, body=b""):
        head = (f"{line} HTTP/1.1\r\nHost: soak\r\n{self._headers}"
                f"Content-Length: {len(body)}\r\n\r\n")
        self._writer.write(head.encode())
        for start in range(0, len(body), PIECE):
            self._writer.write(body[start:start + PIECE])
            await self._writer.drain()

    async def _receive(self, pause=0.0, most=None):
        """(status, body), or what there is of it at `most` bytes; Cut if it ends before."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length = next((int(line.partition(b":")[2]) for line in head.split(b"\r\n")
                       if line.lower().startswith(b"content-length:")), 0)
        if b"connection: close" in head.lower():
            self._last = True
        body = bytearray()
        while len(body) < length and (most is None or len(body) < most):
            piece = await self._reader.read(min(PIECE, length - len(body)))
            if not piece:
                raise Cut
            body += piece
            if pause:
                await asyncio.sleep(pause)
        return status, bytes(body)

    async def ask(self, line, body, expected, pause=0.0, limit=60):
        """One request whose answer must be `expected`, byte for byte."""
        try:
            if self._writer is None:
                await self.connect()
            self._last = False
            sending = asyncio.ensure_future(self._send(line, body))
            try:
                status, got = await asyncio.wait_for(self._receive(pause), limit)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        except asyncio.TimeoutError:
            self._tally.fault(f"{line}: no answer within {limit} s")
            self.leave(by_reset=True)
        except (Cut, OSError, asyncio.IncompleteReadError) as why:
            self._disturbed(f"{line}: cut ({type(why).__name__})", "cut")
            self.leave()
        else:
            self._judge(line, status, got, expected)
            if self._last or status != 200:
                self.leave()

    def _judge(self, line, status, got, expected):
        if status in DISTURBED:
            self._disturbed(f"{line}: {status}", str(status))
        elif status != 200:
            self._tally.fault(f"{line}: answered {status}")
        elif got != expected:
            self._tally.fault(f"{line}: {len(got)} bytes, not the right {len(expected)}")
        else:
            self._tally.events["right"] += 1
            self._tally.bytes_checked += len(got)

    def _disturbed(self, text, kind):
        if self._strict:
            self._tally.fault(text)
        self._tally.events[kind] += 1

    async def echo(self, size, limit=60):
        body = random.randbytes(size)
        await self.ask("POST /echo", body, body, limit=limit)

    async def fetch(self, size, pause=0.0):
        seed = random.getrandbits(32)
        await self.ask(f"GET /bytes/{seed}/{size}", b"", bytes_of(seed, size), pause)

    async def die(self, size):
        """Go in the middle of a request or of an answer, in order or by a reset."""
        try:
            await self.connect()
            if random.random() < 0.5:
                self._writer.write(f"POST /echo HTTP/1.1\r\nHost: soak\r\n{self._headers}"
                                   f"Content-Length: {size}\r\n\r\n".encode())
                self._writer.write(random.randbytes(random.randrange(size)))
                await self._writer.drain()
            else:
                await self._send(f"GET /bytes/1/{size}")
                await asyncio.wait_for(self._receive(most=random.randrange(size)), 30)
        except (Cut, OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            pass
        self._tally.events["died"] += 1
        self.leave(by_reset=random.random() < 0.5)


def some_size():
    """Mostly small, sometimes bulk enough to leave its link."""
    return random.choice((0, 1, 23, 1000, 5000, 20_000, 70_000, 300_000, 2_000_000))


@contextlib.contextmanager
def visiting(route, tally):
    """A visitor that leaves, however the coroutine that uses it ends."""
    visitor = Visitor(route, tally)
    try:
        yield visitor
    finally:
        visitor.leave()


async def checking(route, tally):
    with visiting(route, tally) as visitor:
        while True:
            await (visitor.echo if random.random() < 0.5 else visitor.fetch)(some_size())
            if random.random() < 0.1:
                visitor.leave()
            await asyncio.sleep(random.random() * 0.02)


async def slow(route, tally):
    while True:
        with visiting(route, tally) as visitor:
            await visitor.fetch(1_000_000, pause=0.1)


async def dying(route, tally):
    while True:
        with visiting(route, tally) as visitor:
            await visitor.die(random.choice((10_000, 1_000_000)))
        await asyncio.sleep(random.random() * 0.1)


async def idle(route, tally):
    with visiting(route, tally) as visitor:
        while True:
            await visitor.fetch(23)
            await asyncio.sleep(5 + random.random() * 10)


async def uninvited(route, tally):
    """Shows a wrong key, and must be told so."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", route.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: soak\r\nAuthorization: Bearer wrong\r\n\r\n")
            line = await reader.readline()
            writer.close()
            if b" 401 " not in line:
                tally.fault(f"a wrong key was answered {line!r}")
            tally.events["401"] += 1
        except OSError as why:
            tally.fault(f"a wrong key: {why}")
        await asyncio.sleep(0.2)
