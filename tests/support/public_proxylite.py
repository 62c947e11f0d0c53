"""Models of the public proxylite package (Go, v0.3.1), faults included, as a peer meets them.

They are written from the protocol's facts, not from anybody's code. What the public package does
wrong is done here as well, so that ours is tried against it: a half-close ends both directions, the
client connects to the inner service at a visitor's first segment (also when that is a close), the
server echoes a close, says 0 before the port is bound, and serves one connection at a time until it
has said what it wants.
"""

import json
import random
import socket
import struct
import threading

from support import net
from support.waiting import wait_for

UNDEFINED, MALFORMED = 0, 1
ASK_PORTS, PORTS, ASK_SERVICES, SERVICES, REGISTER, REGISTERED = range(2, 8)
SEGMENT = 64
CLOSE = 886
LONGEST_SENT = 32752


def exactly(sock, size):
    """`size` bytes; ConnectionError when the peer ends before."""
    data = bytearray()
    while len(data) < size:
        chunk = sock.recv(size - len(data))
        if not chunk:
            raise ConnectionError("the peer ended in the middle")
        data += chunk
    return bytes(data)


def receive(sock):
    """(type, payload as bytes) of the next message."""
    kind, length = struct.unpack("<II", exactly(sock, 8))
    return kind, exactly(sock, length)


def message(kind, payload=None):
    """The bytes of a message around `payload`, as JSON unless it is bytes."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return struct.pack("<II", kind, len(data)) + data


def segment(uid, data=b"", close=0):
    return struct.pack("<IIII", SEGMENT, len(data) + 8, uid, close) + data


def ask(port, kind, payload):
    """One question: the (type, payload) that the server answers before it closes."""
    with net.connect(port) as sock:
        sock.sendall(message(kind, payload))
        answer = receive(sock)
        assert sock.recv(1) == b"", "the server closes behind its answer"
    return answer


def free_ports(port):
    kind, payload = ask(port, ASK_PORTS, {})
    assert kind == PORTS
    return json.loads(payload)["Ports"] or []


def services(port, prefix=""):
    kind, payload = ask(port, ASK_SERVICES, {"Prefix": prefix})
    assert kind == SERVICES
    return json.loads(payload)["Services"] or []


def registration(outer_port, name="service", message="", **limits):
    control = {"MaxServeTime": 0, "MaxServeConn": 0, "MaxServeCount": 0, **limits}
    info = {"OuterPort": outer_port, "InnerAddr": ":1", "Name": name, "Message": message}
    return {"Info": info, "Ctrl": control}


class Tunnel:
    """One side of a connection that carries segments; `socks` are the connections behind it."""

    def __init__(self, sock):
        self.sock = sock
        self.socks = {}
        self.lock = threading.Lock()
        self.ended = threading.Event()

    def send(self, uid, data=b"", close=0):
        with self.lock:
            for start in range(0, len(data) or 1, LONGEST_SENT):
                self.sock.sendall(segment(uid, data[start:start + LONGEST_SENT], close))

    def pump(self, uid, sock):
        """Bytes of `sock` into the tunnel; its end, whichever way, is a close of the uid."""
        try:
            while data := sock.recv(LONGEST_SENT):
                self.send(uid, data)
        except OSError:
            pass
        if self.free(uid) is sock:
            self.say_close(uid)
        net.close(sock)

    def say_close(self, uid):
        try:
            self.send(uid, close=CLOSE)
        except OSError:
            pass

    def free(self, uid):
        return self.socks.pop(uid, None)

    def attach(self, uid, sock):
        self.socks[uid] = sock
        threading.Thread(target=self.pump, args=(uid, sock), daemon=True).start()

    def run(self, unknown):
        """Until the connection ends. `unknown(uid)` gives a connection for a new uid, or None."""
        try:
            while True:
                kind, payload = receive(self.sock)
                assert kind == SEGMENT and len(payload) >= 8, "the public peer would panic"
                assert len(payload) <= LONGEST_SENT + 8, "more than the public package takes"
                uid, close = struct.unpack("<II", payload[:8])
                self.take(uid, close, payload[8:], unknown)
        except (OSError, ConnectionError):
            pass
        for uid in list(self.socks):
            net.close(self.socks.pop(uid))
        self.ended.set()

    def take(self, uid, close, data, unknown):
        sock = self.socks.get(uid)
        if sock is None:
            sock = unknown(uid)
            if sock is None:
                return
            self.attach(uid, sock)
        if close:  # before its bytes are written, which are lost
            self.free(uid)
            self.closed(uid)
            net.close(sock)
            return
        try:
            sock.sendall(data)
        except OSError:
            pass

    def closed(self, uid):
        """The peer has said that this uid ends."""


class PublicClient:
    """Registers one service; `dials` counts the connections to the inner service."""

    def __init__(self, server_port, outer_port, inner_port, **how):
        self.inner_port = inner_port
        self.dials = 0
        self.sock = net.connect(server_port)
        self.sock.sendall(message(REGISTER, registration(outer_port, **how)))
        kind, payload = receive(self.sock)
        assert kind == REGISTERED, kind
        self.answer = json.loads(payload)
        self.code = self.answer["Code"]
        self.sock.settimeout(None)
        self.tunnel = Tunnel(self.sock)
        if self.code == 0:
            threading.Thread(target=self.tunnel.run, args=(self._dial,), daemon=True).start()

    def _dial(self, uid):
        self.dials += 1
        try:
            return socket.create_connection((net.LOOPBACK, self.inner_port))
        except OSError:
            self.tunnel.say_close(uid)
            return None

    def ends(self, limit=10):
        wait_for(self.tunnel.ended.is_set, limit, "the tunnel ends")

    def stop(self):
        net.close(self.sock)


class PublicServer:
    """Gives `ports`; `visitors` and `tunnels` tell what it serves."""

    def __init__(self, ports):
        self.given = sorted(ports)
        self.tunnels = {}
        self.names = {}
        self.requests = []
        self._listening = socket.create_server((net.LOOPBACK, 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        net.close(self._listening)
        for tunnel, listening in list(self.tunnels.values()):
            net.close(listening)
            net.close(tunnel.sock)

    def end_tunnel(self, port):
        tunnel, listening = self.tunnels[port]
        net.close(listening)
        net.close(tunnel.sock)
        wait_for(tunnel.ended.is_set, 10, "the tunnel ends")

    def _accept(self):
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            try:
                self._first(sock)  # here, not in a thread: an idle connection blocks all others
            except (OSError, ConnectionError):
                net.close(sock)

    def _first(self, sock):
        kind, payload = receive(sock)
        if kind == ASK_PORTS:
            free = [port for port in self.given if port not in self.tunnels]
            sock.sendall(message(PORTS, {"Ports": free or None}))
            net.close(sock)
        elif kind == ASK_SERVICES:
            prefix = json.loads(payload)["Prefix"]
            found = [self._info(port) for port in sorted(self.tunnels)
                     if self.names[port].startswith(prefix)]
            sock.sendall(message(SERVICES, {"Services": found}))
            net.close(sock)
        elif kind == REGISTER:
            self._register(sock, json.loads(payload))
        else:
            sock.sendall(message(UNDEFINED, b""))
            net.close(sock)

    def _info(self, port):
        return {"Port": port, "Name": self.names[port], "Message": "", "Online": 0,
                "Birth": "2024-05-01T10:00:00.12+08:00", "DeadLine": "2031-04-29T10:00:00+08:00",
                "Capacity": 10000, "AlreadyServe": 0, "TotalServe": 100000}

    def _register(self, sock, wish):
        self.requests.append(wish)
        port = wish["Info"]["OuterPort"]
        code = 1 if port not in self.given else 2 if port in self.tunnels else 0
        sock.sendall(message(REGISTERED, {"Code": code}))
        if code:
            net.close(sock)
            return
        listening = socket.create_server((net.LOOPBACK, port))
        tunnel = Tunnel(sock)
        tunnel.closed = tunnel.say_close  # the echo
        self.tunnels[port] = tunnel, listening
        self.names[port] = wish["Info"]["Name"]
        threading.Thread(target=self._visitors, args=(listening, tunnel), daemon=True).start()
        threading.Thread(target=self._serve, args=(port,), daemon=True).start()

    def _serve(self, port):
        tunnel, listening = self.tunnels[port]
        tunnel.run(lambda uid: None)
        net.close(listening)
        self.tunnels.pop(port, None)

    def _visitors(self, listening, tunnel):
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            tunnel.attach(random.randrange(1, 1 << 32), sock)
