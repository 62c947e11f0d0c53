"""Models of the public frpx programs (v0.2.6), faults included, as a peer meets them on the wire.

They are written from the protocol's facts, not from anybody's code: the strictness of their
decoding is in frames.py, the order of messages and the known faults are here. What the public
programs do wrong (both directions end at the first end of file, only the first 4096 bytes are
looked at, no deadline anywhere, length and body written apart under Nagle) is done here as well,
so that ours is tried against it.
"""

import json
import random
import re
import socket
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from support import frames, net
from support.waiting import wait_for

DEMO_USER = ("test@example.com", "123456")
DEMO_KEY = "abc123"


def send_command(sock, command, **fields):
    """Write length and body apart, with Nagle's algorithm on, as the public programs do."""
    data = frames.encode(command, **fields)
    sock.sendall(data[:4])
    sock.sendall(data[4:])


def join(left, right):
    """One pipe of two connections: the first end of file on either side ends both directions."""
    ended = threading.Event()

    def copy(source, sink):
        try:
            while data := source.recv(8192):
                sink.sendall(data)
        except OSError:
            pass
        ended.set()

    for pair in ((left, right), (right, left)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
    ended.wait()
    net.close(left)
    net.close(right)


class PublicClient:
    """The public `frpc`: one control connection, and the program ends when that does.

    `reached` tells how far it came: "started", "connected", "logged in", "registered"; `ended`
    is None or why it left. Options beside the program's own make it misbehave as real machines
    do: `deaf` takes orders and never opens a proxy connection; `models` stands for the answer of
    the Ollama on port 11434 (None: not running).
    """

    def __init__(self, server, client_id, local_port, *, user=DEMO_USER, folder=None,
                 models=None, heartbeat=10.0, deaf=False, host=net.LOOPBACK):
        self.control, self.proxy, self.host = server.control, server.proxy, host
        self.client_id, self.local_port = client_id, local_port
        self.user, self.models, self.heartbeat, self.deaf = user, models, heartbeat, deaf
        self.token_file = Path(folder) / "token.json" if folder else None
        self.reached, self.ended = "started", None
        self.refusal = None
        self.token = None
        self.orders = []
        self.unexpected = []
        self._stop = threading.Event()
        self._sock = None
        self._streams = set()
        self._lock = threading.Lock()

    def start(self):
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def registered(self, limit=10):
        """Wait until it is registered; returns itself."""
        wait_for(lambda: self.reached == "registered" or self.ended, limit,
                 lambda: f"{self.client_id} registers (it is {self.reached})")
        assert self.reached == "registered", f"{self.client_id} left: {self.ended}"
        return self

    def kill(self):
        """Die as with kill -9 on a live machine: every socket is closed, unread bytes reset."""
        self._leave(net.reset)

    def stop(self):
        self._leave(net.close)

    def freeze(self):
        """Send nothing more, keep everything open: a machine that hangs."""
        self.deaf = True
        self._stop.set()

    def _leave(self, how):
        self._stop.set()
        with self._lock:
            streams, self._streams = self._streams, set()
        for sock in [self._sock, *streams]:
            if sock:
                how(sock)

    def _run(self):
        try:
            self._sock = socket.create_connection((self.host, self.control), timeout=30)
            self._sock.settimeout(None)
            self.reached = "connected"
            self._talk()
        except (OSError, frames.Refused, EOFError) as error:
            self.ended = f"{type(error).__name__}: {error}"
        finally:
            self._stop.set()
            if self._sock:
                self._sock.close()

    def _talk(self):
        if self.token_file and self.token_file.exists():
            send_command(self._sock, "LoginByToken",
                         token=json.loads(self.token_file.read_text())["token"])
        else:
            send_command(self._sock, "Login", email=self.user[0], pass_=self.user[1])
        self._login_result(self._expect("LoginResult"))
        send_command(self._sock, "Register", client_id=self.client_id)
        result = self._expect("RegisterResult")
        if not result["success"]:
            self.refusal = result.get("error")
            raise EOFError(f"registration failed: {self.refusal}")
        self.reached = "registered"
        threading.Thread(target=self._heartbeats, daemon=True).start()
        while True:
            command, fields = self._next()
            if command == "RequestNewProxyConn":
                self._order(fields["proxy_conn_id"])
            else:
                self.unexpected.append(command)

    def _login_result(self, result):
        if not result["success"]:
            self.refusal = result.get("error")
            raise EOFError(f"login failed: {self.refusal}")
        self.token = result.get("token")
        if self.token and self.token_file:
            self.token_file.write_text(json.dumps({"token": self.token}))
        self.reached = "logged in"

    def _next(self):
        payload = frames.receive(self._sock)
        if payload is None:
            raise EOFError("control connection closed by server")
        return frames.decode(payload)

    def _expect(self, wanted):
        command, fields = self._next()
        if command != wanted:
            raise frames.Refused(f"{command} instead of {wanted}")
        return fields

    def _heartbeats(self):
        try:
            while not self._stop.is_set():
                models = None if self.models is None else [
                    {"id": name, "object": "model", "created": 1700000000, "owned_by": "library"}
                    for name in self.models]
                send_command(self._sock, "Heartbeat", models=models)
                send_command(self._sock, "SystemInfo", cpu_usage=12.5, memory_usage=40.25,
                             disk_usage=77.0, computer_name="public-machine")
                self._stop.wait(self.heartbeat)
        except OSError:
            pass  # the reading thread tells why

    def _order(self, proxy_id):
        self.orders.append(proxy_id)
        if not self.deaf:
            threading.Thread(target=self._stream, args=(proxy_id,), daemon=True).start()

    def _stream(self, proxy_id):
        opened = []
        try:
            opened.append(self._keep(socket.create_connection((self.host, self.proxy))))
            send_command(opened[0], "NewProxyConn", proxy_conn_id=proxy_id)
            opened.append(self._keep(socket.create_connection((net.LOOPBACK, self.local_port))))
            join(*opened)
        except OSError:
            pass  # logged and forgotten by the public client; its connections are dropped
        finally:
            for sock in opened:
                sock.close()
            with self._lock:
                self._streams.difference_update(opened)

    def _keep(self, sock):
        with self._lock:
            self._streams.add(sock)
        return sock


@dataclass
class Session:
    """A client as the public server knows it."""

    sock: socket.socket
    models: list = None
    system_info: dict = None
    heartbeats: int = 0


@dataclass
class Seen:
    """What the public server saw, for tests to look at."""

    logins: list = field(default_factory=list)       # (number of the connection, command, fields)
    registered: list = field(default_factory=list)   # client ids, in order
    dropped: list = field(default_factory=list)      # why a client was dropped
    unknown_ids: list = field(default_factory=list)  # NewProxyConn that nobody waited for
    proxied: list = field(default_factory=list)      # NewProxyConn that met their visitor


class PublicServer:
    """The public `frps`: control, proxy and public port; attributes name them as our server's do.

    It accepts `users`, and as client tokens the API keys alone: the tokens it hands out itself are
    refused later.
    """

    def __init__(self, users=(DEMO_USER,), keys=(DEMO_KEY,)):
        self.users, self.keys = dict(users), set(keys)
        self.seen = Seen()
        self.clients = {}
        self.handed_out = []
        self._pending = {}
        self._lock = threading.Lock()
        self._connections = 0
        self._listeners = [net.Listener(h) for h in (self._control, self._proxy, self._public)]

    control = property(lambda self: self._listeners[0].port)
    proxy = property(lambda self: self._listeners[1].port)
    public = property(lambda self: self._listeners[2].port)

    def stop(self):
        with self._lock:
            pending, self._pending = self._pending, {}
        for sock, released in pending.values():
            net.close(sock)
            released.set()
        for listener in self._listeners:
            listener.stop()

    def has(self, client_id, limit=10):
        """Wait until `client_id` is registered and has sent its first heartbeat."""
        return wait_for(lambda: (s := self.clients.get(client_id)) and s.system_info and s, limit,
                        lambda: f"{client_id} is registered and beats ({self.seen})")

    def order(self, client_id, proxy_id=None):
        """Send RequestNewProxyConn to a client without a visitor behind it; returns the id."""
        proxy_id = proxy_id or str(uuid.uuid4())
        send_command(self.clients[client_id].sock, "RequestNewProxyConn", proxy_conn_id=proxy_id)
        return proxy_id

    def drop(self, client_id):
        """Close a client's control connection."""
        net.close(self.clients[client_id].sock)

    def _control(self, sock):
        with self._lock:
            self._connections += 1
            number = self._connections
        client_id = None
        try:
            if self._login(sock, number):
                client_id = self._register(sock)
                self._client(sock, self.clients[client_id])
        except (frames.Refused, EOFError) as error:
            self.seen.dropped.append(str(error))
        finally:
            if client_id:
                self.clients.pop(client_id, None)

    @staticmethod
    def _next(sock):
        payload = frames.receive(sock)
        if payload is None:
            raise EOFError("end of file")
        return frames.decode(payload)

    def _login(self, sock, number):
        command, fields = self._next(sock)
        self.seen.logins.append((number, command, fields))
        token = error = None
        if command == "Login":
            if fields["email"] not in self.users:
                error = "User not found"
            elif self.users[fields["email"]] != fields["pass"]:
                error = "Invalid password"
            else:
                token = str(uuid.uuid4())
                self.handed_out.append(token)
        elif command == "LoginByToken":
            error = None if fields["token"] in self.keys else "Invalid token"
        else:
            raise frames.Refused("first command was not a login command")
        send_command(sock, "LoginResult", success=error is None, error=error, token=token)
        return error is None

    def _register(self, sock):
        command, fields = self._next(sock)
        if command != "Register":
            raise frames.Refused("second command was not Register")
        client_id = fields["client_id"]
        with self._lock:
            taken = client_id in self.clients
            if not taken:
                self.clients[client_id] = Session(sock)
        send_command(sock, "RegisterResult", success=not taken,
                     error="Client ID already in use" if taken else None)
        if taken:
            raise frames.Refused("client id already registered")
        self.seen.registered.append(client_id)
        return client_id

    def _client(self, sock, session):
        while True:
            command, fields = self._next(sock)
            if command == "Heartbeat":
                session.models = fields.get("models")
                session.heartbeats += 1
            elif command == "SystemInfo":
                session.system_info = fields

    def _proxy(self, sock):
        command, fields = self._next_or_none(sock)
        if command != "NewProxyConn":
            return
        with self._lock:
            waiting = self._pending.pop(fields["proxy_conn_id"], None)
        if waiting is None:
            self.seen.unknown_ids.append(fields["proxy_conn_id"])
            return
        visitor, released = waiting
        self.seen.proxied.append(fields["proxy_conn_id"])
        join(visitor, sock)
        released.set()

    def _next_or_none(self, sock):
        try:
            return self._next(sock)
        except (frames.Refused, EOFError):
            return None, None

    def _public(self, sock):
        first = sock.recv(4096, socket.MSG_PEEK)
        if not first:
            return
        chosen = self._route(sock, first)
        if chosen is None:
            return
        proxy_id, released = str(uuid.uuid4()), threading.Event()
        with self._lock:
            self._pending[proxy_id] = (sock, released)
        try:
            self.order(chosen, proxy_id)
        except (OSError, KeyError):
            self.clients.pop(chosen, None)
            return
        released.wait()  # for ever, if the client never comes: a known fault

    def _route(self, sock, first):
        """The id of the client for a first packet, or None after an error was answered."""
        match = re.match(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n(.*?)\r\n\r\n(.*)", first, re.S)
        if not match:
            return _answer_error(sock, 400, "Invalid HTTP request format")
        method, path, head, body = match.groups()
        headers = {n.strip().lower(): v.strip() for n, _, v in
                   (line.partition(b":") for line in head.split(b"\r\n"))}
        key = headers.get(b"authorization")
        if key is None:
            return _answer_error(sock, 401, "Missing API key in Authorization header")
        if re.sub(rb"(?i)^bearer ", b"", key).decode("latin-1") not in self.keys:
            return _answer_error(sock, 401, "Invalid API key")
        with self._lock:
            clients = dict(self.clients)
        if not clients:
            return _answer_error(sock, 503, "No active clients available")
        named = headers.get(b"client_id", b"").decode("latin-1")
        if named in clients:
            return named
        if (method, path) == (b"POST", b"/v1/chat/completions"):
            try:
                model = json.loads(body)["model"]
            except (ValueError, KeyError, TypeError):
                model = None
            for client_id, session in clients.items():
                if any(m["id"] == model for m in session.models or []):
                    return client_id
        return random.choice(list(clients))


def _answer_error(sock, status, message):
    body = json.dumps({"success": False, "data": None, "message": message,
                       "timestamp": "2025-01-01T00:00:00Z"}).encode()
    sock.sendall(b"HTTP/1.1 %d Error\r\nContent-Type: application/json\r\n"
                 b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body))
    # The request was only peeked at: take it, or closing would reset the answer away.
    sock.recv(65536)
