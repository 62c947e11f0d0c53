"""TCP services on outer ports of the server, with real programs behind them."""

import hashlib
import json
import os
import select
import socket
import struct
import subprocess
import threading

import pytest

from support import net, services
from support.programs import tool, under_sanitizer
from support.services import Peer, ask, expose, server_with
from support.sshd import Sshd
from support.waiting import seconds, wait_for


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_bytes_both_ways_and_each_direction_has_its_end(lab, echo, form):
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "echo", "local_port": echo.port, "outer_port": ports[0]},
           more=form)
    data = os.urandom(3_000_000)
    with net.connect(ports[0]) as sock:
        answer = {}
        reader = threading.Thread(target=lambda: answer.update(end=net.end_of(sock)))
        reader.start()
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)  # half-close: what is on its way back still comes
        reader.join(seconds(20))
    how, back = answer["end"]
    assert how == "fin" and hashlib.sha256(back).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_a_service_that_speaks_first(lab, greeter, form):
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "greet", "local_port": greeter.port}, more=form)
    port = ports[0]
    with net.connect(port) as sock:
        assert sock.recv(100) == b"hello\n"


def test_the_file_of_a_client_is_not_for_the_public_port(lab, echo):
    """A client that exposes tcp alone is not asked for HTTP; one with an http service is."""
    server, _ = server_with(lab)
    expose(lab, server, "a", {"name": "echo", "local_port": echo.port})
    assert server.fetch(target="/x").status == 503


def test_a_reset_goes_on_as_a_reset(lab):
    """An error on one side is not a clean end on the other."""
    server, ports = server_with(lab)
    local = lab.add(net.Listener(lambda sock: (sock.recv(1), net.reset(sock))))
    expose(lab, server, "a", {"name": "s", "local_port": local.port, "outer_port": ports[0]})
    with net.connect(ports[0]) as sock:
        sock.sendall(b"x")
        assert net.end_of(sock)[0] == "rst"


def test_a_service_that_is_not_there_resets_its_visitor(lab):
    server, ports = server_with(lab)
    expose(lab, server, "a",
           {"name": "s", "local_port": net.closed_port(), "outer_port": ports[0]})
    assert net.is_turned_away(ports[0])


def test_ssh(lab):
    """Debian's sshd behind an outer port: a command, and bytes both ways."""
    sshd = lab.add(Sshd(lab.folder))
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "ssh", "local_port": sshd.port, "outer_port": ports[0]})
    data = b"x" * 200_000
    assert sshd.run(ports[0], "cat; echo $((6*7))", data) == data + b"42\n"


@pytest.mark.parametrize("way", [[], ["--reverse"]], ids=["to the service", "from the service"])
def test_iperf3(lab, way):
    iperf3 = tool("iperf3")
    local = net.closed_port()
    service = subprocess.Popen([iperf3, "-s", "-1", "-B", "127.0.0.1", "-p", str(local)],
                               stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        server, ports = server_with(lab)
        expose(lab, server, "a", {"name": "iperf", "local_port": local, "outer_port": ports[0]})

        def runs():
            return subprocess.run(
                [iperf3, "-c", "127.0.0.1", "-p", str(ports[0]), "-n", "200M", "-P", "2",
                 "--json", *way], capture_output=True, text=True, timeout=seconds(60),
                check=False)
        done = runs()
        ended = json.loads(done.stdout)["end"]
        # What is on its way when the sender stops its clock, the receiver does not count.
        assert ended["sum_received"]["bytes"] >= 100_000_000, done.stdout[-2000:]
    finally:
        service.kill()
        service.wait()


@pytest.mark.parametrize("form", ["v1", "v2"])
def test_the_service_hears_who_visits(lab, form):
    heard = []
    local = lab.add(net.Listener(lambda sock: (heard.append(sock.recv(200)), sock.sendall(b"k"))))
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "s", "local_port": local.port, "outer_port": ports[0],
                              "proxy_protocol": form})
    with net.connect(ports[0]) as sock:
        assert sock.recv(1) == b"k", "it is told before the visitor says anything"
        mine = sock.getsockname()[1]
    if form == "v1":
        assert heard == [f"PROXY TCP4 127.0.0.1 127.0.0.1 {mine} {ports[0]}\r\n".encode()]
    else:
        assert heard == [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([127, 0, 0, 1] * 2)
                         + struct.pack(">HH", mine, ports[0])]


def connections_to(port):
    """How many established TCP connections of this machine go to that port of loopback."""
    rows = [line.split() for line in open("/proc/net/tcp", encoding="ascii")][1:]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_more_visitors_than_a_link_takes(lab, echo):
    """When the links to all workers are full, visitors get a connection each."""
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "echo", "local_port": echo.port, "outer_port": ports[0]},
           more=["--link-streams", 8])
    links = 2
    wait_for(lambda: connections_to(server.proxy) == links, 10, "both links are up")
    visitors = [net.connect(ports[0]) for _ in range(100)]
    for sock in visitors:
        sock.sendall(b"x")
    assert all(sock.recv(1) == b"x" for sock in visitors)
    own = connections_to(server.proxy) - links
    assert 100 - links * 8 <= own < 100, "the links carry what they take, and no more"
    for sock in visitors:
        sock.close()
    wait_for(lambda: connections_to(server.proxy) == links, 10, "the links alone are left")
    assert ask(ports[0]) == b"ping"


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_a_burst_of_visitors_is_not_refused(lab, form):
    """More at once than a client connects to its service at once."""
    local = lab.add(net.Listener(services.echo, backlog=4096))
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "echo", "local_port": local.port, "outer_port": ports[0]},
           more=form)
    socks = []
    for _ in range(200 if under_sanitizer() else 1500):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex((net.LOOPBACK, ports[0]))
        socks.append(sock)
    for sock in socks:
        connected = select.poll()
        connected.register(sock, select.POLLOUT)
        assert connected.poll(seconds(20) * 1000)
        sock.settimeout(seconds(20))
        sock.sendall(b"x")
    assert all(sock.recv(1) == b"x" for sock in socks)
    for sock in socks:
        sock.close()


def test_expose_without_a_file(lab, echo):
    server, ports = server_with(lab)
    client = lab.frpc(server, "a", None, "expose", "tcp", echo.port, "--outer-port", ports[1])
    client.says(f"tcp-{echo.port}-a is open on the server's port {ports[1]}")
    assert ask(ports[1]) == b"ping"


def test_thousands_of_rounds_leak_nothing(lab):
    """By several clients in turn, since a session may not send so many commands at once."""
    peers = 3 if under_sanitizer() else 10
    server, ports = server_with(lab)

    def many_rounds(client_id):
        with Peer(server, client_id) as peer:
            for _ in range(400):
                peer.send("RegisterService", name="s", kind="tcp", outer_port=ports[0])
                assert peer.receive("RegisterServiceResult")["success"]
                peer.send("CancelService", name="s")
                assert peer.receive("CancelServiceResult")["success"]
        server.has()

    many_rounds("a")
    fds, memory = server.fds(), server.memory()
    for number in range(peers):
        many_rounds(f"a{number}")
    wait_for(lambda: server.fds() <= fds, 10, "no descriptor stays")
    if not under_sanitizer():
        assert server.memory() - memory < 2_000_000, "memory stays"


HOSTILE = [
    ("a name with a space", dict(name="a b"), False),
    ("no name", dict(name=""), False),
    ("a name of 128", dict(name="x" * 128), True),
    ("a name of 129", dict(name="x" * 129), False),
    ("a port outside", dict(outer_port=1), False),
    ("weight 0", dict(weight=0), False),
    ("weight 1000", dict(weight=1000), True),
    ("weight 1001", dict(weight=1001), False),
    ("bandwidth 1023", dict(bandwidth=1023), False),
    ("bandwidth 1024", dict(bandwidth=1024), True),
    ("no network", dict(allow=["10.0.0.1/8"]), False),
    ("a host name", dict(deny=["localhost"]), False),
    ("32 networks", dict(allow=["10.0.0.0/8"] * 32), True),
    ("control characters", dict(message="\x1b[2J"), False),
    ("metadata", dict(metadata=[{"name": "a\n", "value": "b"}]), False),
]


def test_hostile_registrations(lab):
    assert HOSTILE
    server, ports = server_with(lab)
    with Peer(server, "a") as peer:
        for what, fields, good in HOSTILE:
            fields = {"name": "s", "kind": "tcp", "outer_port": ports[0], **fields}
            peer.send("RegisterService", **fields)
            answer = peer.receive("RegisterServiceResult")
            assert answer["success"] is good, (what, answer)
            if good:
                peer.send("CancelService", name=fields["name"])
                assert peer.receive("CancelServiceResult")["success"]
        peer.send("CancelService", name="unknown")
        assert not peer.receive("CancelServiceResult")["success"]
        peer.send("RegisterService", name="s", kind="tcp", outer_port=ports[0])
        assert peer.receive("RegisterServiceResult")["success"]
        peer.send("RegisterService", name="s", kind="tcp", outer_port=ports[1])
        assert not peer.receive("RegisterServiceResult")["success"], "the same name twice"
        peer.send("AskFreePorts", kind="tcp")
        free = peer.receive("FreePorts")["ranges"]
        assert {p for r in free for p in range(r["first"], r["last"] + 1)} == set(ports[1:])
        peer.send("AskServices", prefix="s")
        [info] = peer.receive("Services")["services"]
        assert (info["name"], info["port"], info["capacity"]) == ("s", ports[0], 10000)
    for number, broken in enumerate([dict(kind="sctp"), dict(outer_port=65536),
                                     dict(outer_port=-1), dict(allow=["10.0.0.0/8"] * 33),
                                     dict(message="x" * 257), dict(name=7)]):
        with Peer(server, f"b{number}") as peer:
            peer.send("RegisterService", **{"name": "s", "kind": "tcp", "outer_port": ports[1],
                                            **broken})
            assert peer.ended(), broken


def test_without_the_capability_nothing_is_registered(lab):
    server, ports = server_with(lab)
    with Peer(server, "a", caps=["link/1"]) as peer:
        assert peer.caps == ["link/1"]
        peer.send("RegisterService", name="s", kind="tcp", outer_port=ports[0])
        peer.send("Heartbeat", models=None)
        peer.receive("HeartbeatAck")  # so the server has read what came before
        assert services.is_closed(ports[0])
