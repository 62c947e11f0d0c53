"""What the tests of outer ports share: free ports, services of a few kinds, and a client's file."""

import json
import socket

from support import frames, net
from support.programs import DEMO_USER
from support.waiting import wait_for


def ranges(ports):
    return ",".join(map(str, ports))


def server_with(lab, count=3, *options, **more):
    """A server with so many outer ports; returns (server, ports)."""
    ports = net.free_ports(count)
    return lab.frps("--outer-ports", ranges(ports), *options, **more), ports


def echo(sock):
    """Sends back what comes, to the end of the visitor's direction."""
    while data := sock.recv(65536):
        sock.sendall(data)


def greet(sock):
    """Speaks first, as SSH and SMTP do, and then echoes."""
    sock.sendall(b"hello\n")
    echo(sock)


def toml(services):
    """A frpc.toml with these services, each a dict."""
    def text(value):
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(text(each) for each in value) + "]"
        return str(value) if isinstance(value, int) else f'"{value}"'

    return "".join("[[services]]\n" + "".join(f"{key.replace('_', '-')} = {text(value)}\n"
                                              for key, value in each.items()) + "\n"
                   for each in services)


def expose(lab, server, client_id, *services, **options):
    """A client that exposes these services, and its file; all are open when it returns."""
    client = start(lab, server, client_id, *services, **options)
    for each in services:
        client.says(rf"\b{each['name']} is open on the server's port")
    return client


def start(lab, server, client_id, *services, more=(), **options):
    """The same without waiting. The client's `file` may be changed."""
    file = lab.folder / f"{client_id}.toml"
    file.write_text(toml(services))
    client = lab.frpc(server, client_id, None, "--config", file,
                      "--data-dir", lab.folder / f"{client_id}-data", *more, **options)
    client.file, client.data = file, lab.folder / f"{client_id}-data"
    return client


def port_of(client, name):
    """The outer port that the server gave last."""
    return int(client.says(rf"(?s).*\b{name} is open on the server's port (\d+)")[1])


def ask(port, data=b"ping", timeout=10):
    """What comes back for `data`, until our end is answered by the other one."""
    with net.connect(port, timeout=timeout) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        how, answer = net.end_of(sock)
        assert how == "fin", how
        return answer


def serves(port, limit=10):
    """Wait until an echo service answers on the port."""
    def answers():
        try:
            return ask(port) == b"ping"
        except (OSError, AssertionError):
            return False
    wait_for(answers, limit, f"port {port} is served")


def is_closed(port):
    try:
        net.connect(port).close()
        return False
    except OSError:
        return True


class Peer:
    """A control connection of ours whose every byte the test says."""

    def __init__(self, server, client_id, caps=("services/1",)):
        self.sock = net.connect(server.control)
        self.send("Login", email=DEMO_USER[0], pass_=DEMO_USER[1], caps=list(caps),
                  instance=f"{client_id}-process")
        self.caps = self.receive("LoginResult").get("caps", [])
        self.send("Register", client_id=client_id)
        assert self.receive("RegisterResult")["success"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, command, **fields):
        self.sock.sendall(frames.encode(command, **fields))

    def receive(self, command):
        """The fields of the next such command; others are skipped."""
        while True:
            payload = frames.receive(self.sock)
            assert payload, f"the server closed instead of {command}"
            [(name, fields)] = json.loads(payload).items()
            if name == command:
                return fields

    def ended(self):
        return net.end_of(self.sock)[0] in ("fin", "rst")
