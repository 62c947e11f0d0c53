"""Sockets for the tests: a listener with a thread per connection, resets, and how a peer ended."""

import errno
import random
import select
import socket
import struct
import threading

from support.waiting import seconds

LOOPBACK = "127.0.0.1"


def free_ports(count):
    """That many ports in ascending order, free for TCP and UDP, that no other socket gets by chance.

    For programs that cannot choose one themselves: below the range from which the system gives.
    """
    found = []
    for port in random.sample(range(20_000, 32_000), 2_000):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("", port))
                udp.bind(("", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return sorted(found)
    raise AssertionError("no free ports")


def free_port():
    return free_ports(1)[0]


def is_turned_away(port):
    """Whether a connection is taken and reset, without a byte."""
    try:
        with connect(port) as sock:
            return end_of(sock) == ("rst", b"")
    except ConnectionResetError:  # it came before connect had returned
        return True


def connect(port, host=LOOPBACK, timeout=10):
    """A connection without Nagle's delay whose reads and writes fail after `timeout` seconds."""
    sock = socket.create_connection((host, port), timeout=seconds(timeout))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def reset(sock):
    """Close with a TCP reset instead of a FIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass  # closed already
    # A thread of ours that reads this socket keeps it open in the kernel: shutting down the
    # reading side wakes it without sending anything.
    try:
        sock.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    sock.close()


def close(sock):
    """Close at once and wake whoever reads; never fails."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


def end_of(sock, limit=10):
    """Read to the end of `sock`: ("fin" or "rst" or "open", the bytes read until then)."""
    sock.settimeout(seconds(limit))
    data = bytearray()
    try:
        while chunk := sock.recv(65536):
            data += chunk
        return "fin", bytes(data)
    except (ConnectionResetError, BrokenPipeError):
        return "rst", bytes(data)
    except TimeoutError:
        return "open", bytes(data)


def peer_has_ended(sock, wait=0.0):
    """"fin" or "rst" if the peer ended its direction, else None; takes no byte away."""
    readable, _, _ = select.select([sock], [], [], wait)
    if not readable:
        return None
    try:
        return None if sock.recv(1, socket.MSG_PEEK) else "fin"
    except (ConnectionResetError, BrokenPipeError):
        return "rst"
    except OSError as error:
        return "rst" if error.errno in (errno.EBADF, errno.ENOTCONN) else None


class Listener:
    """A TCP server on loopback: `handle(sock)` runs in a thread of its own per connection.

    Handlers may raise OSError or ConnectionError (the peer left); anything else is kept in
    `faults` and fails the test when the listener stops. `pause()` closes the listening socket, so
    that connects are refused; `resume()` listens on the same port again.
    """

    def __init__(self, handle, host=LOOPBACK, port=0, backlog=1024):
        self.handle, self.host, self.port, self.backlog = handle, host, port, backlog
        self.accepted = 0
        self.faults = []
        self._lock = threading.Lock()
        self._open = set()
        self._socket = None
        self.resume()

    @property
    def open(self):
        """How many accepted connections are open now."""
        with self._lock:
            return len(self._open)

    def resume(self):
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((self.host, self.port))
        listening.listen(self.backlog)
        self.port = listening.getsockname()[1]
        self._socket = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def pause(self):
        """Refuse further connects; connections that are open go on."""
        listening, self._socket = self._socket, None
        if listening:
            close(listening)

    def reset_all(self):
        """Reset every open connection."""
        for sock in self._take():
            reset(sock)

    def stop(self):
        self.pause()
        for sock in self._take():
            close(sock)
        assert not self.faults, f"a handler failed: {self.faults[0]!r}"

    def _take(self):
        with self._lock:
            taken, self._open = self._open, set()
        return taken

    def _accept(self, listening):
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            with self._lock:
                if self._socket is not listening:
                    sock.close()
                    return
                self._open.add(sock)
                self.accepted += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.handle(sock)
        except (OSError, ValueError) as fault:
            # A closed socket gives fd -1, which select() answers with ValueError.
            if isinstance(fault, ValueError) and sock.fileno() != -1:
                self.faults.append(fault)
        except Exception as fault:  # kept for stop(): a thread cannot fail the test itself
            self.faults.append(fault)
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()


def closed_port():
    """A port on which nobody listens: bound once by us and given back."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]
