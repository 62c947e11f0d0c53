"""Datagrams for the tests: services, visitors, and clients that expose them."""

import contextlib
import socket
import threading

from support.net import LOOPBACK
from support.waiting import seconds, wait_for

LARGE_BUFFER = 4 << 20


class Service:
    """A UDP service: `handle(datagram, peer, send)` in a thread; echoes unless told otherwise."""

    def __init__(self, handle=None, port=0):
        self._handle = handle or (lambda datagram, peer, send: send(datagram))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LARGE_BUFFER)
        self._socket.bind((LOOPBACK, port))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        self.peers = set()
        self.got = []  # (peer, datagram)
        self._stopping = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stopping:
            try:
                datagram, peer = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            self.peers.add(peer)
            self.got.append((peer, datagram))
            self._handle(datagram, peer, lambda answer, to=peer: self._socket.sendto(answer, to))

    def stop(self):
        self._stopping = True
        self._thread.join()
        self._socket.close()


class Visitor:
    """A UDP socket that talks with one port."""

    def __init__(self, port, source=LOOPBACK):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LARGE_BUFFER)
        self._socket.bind((source, 0))
        self._socket.connect((LOOPBACK, port))

    def send(self, datagram):
        self._socket.send(datagram)

    def receive(self, limit=10):
        """The next datagram; None when none comes in time."""
        self._socket.settimeout(seconds(limit))
        try:
            return self._socket.recv(65536)
        except TimeoutError:
            return None

    def ask(self, datagram, limit=10):
        """Sends until there is an answer, as those do who use UDP; returns the answer."""
        def answer():
            self.send(datagram)
            return [got] if (got := self.receive(0.2)) is not None else None
        return wait_for(answer, limit, "an answer comes")[0]

    def receive_all(self, quiet=0.5):
        """Everything until nothing has come for a while."""
        return list(iter(lambda: self.receive(quiet), None))

    def close(self):
        self._socket.close()


@contextlib.contextmanager
def visiting(port, source=LOOPBACK):
    visitor = Visitor(port, source)
    try:
        yield visitor
    finally:
        visitor.close()


def has_read(port):
    """Whether no datagram waits in the kernel for the sockets of that port (proc(5))."""
    rows = [line.split() for table in ("/proc/net/udp", "/proc/net/udp6")
            for line in open(table, encoding="ascii").readlines()[1:]]
    mine = [row for row in rows if row[1].endswith(f":{port:04X}")]
    assert mine, f"nobody has port {port}"
    return all(row[4].endswith(":00000000") for row in mine)


def expose(lab, server, client_id, services, *options, **popen):
    """A client with these services, each a dict of `[[services]]`; waits until all are open."""
    folder = lab.folder / f"client-{client_id}"
    folder.mkdir(parents=True, exist_ok=True)
    def line(key, value):
        return f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
    text = "".join("[[services]]\n" + "".join(line(*each) + "\n" for each in service.items())
                   for service in services)
    config = folder / "frpc.toml"
    config.write_text(text)
    client = lab.frpc(server, client_id, 1, "--config", config, *options, **popen)
    for service in services:
        client.says(rf"{service['name']}.*is open")
    return client
