"""What a service on an outer port may be limited to: visitors, time, addresses, bandwidth."""

import os
import socket
import threading
import time

import pytest

from support import net, services
from support.programs import under_sanitizer
from support.services import ask, expose, server_with
from support.waiting import seconds, wait_for


def test_the_most_visitors_at_once_are_never_exceeded(lab):
    """A thousand at once against a limit of 100: exactly 100 are let in, the rest are reset."""
    inside, most, lock = [0], [0], threading.Lock()
    release = threading.Event()

    def count(sock):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        sock.sendall(b"in")
        release.wait(seconds(60))
        with lock:
            inside[0] -= 1

    local = lab.add(net.Listener(count, backlog=4096))
    server, ports = server_with(lab)
    limit, visitors = 100, 200 if under_sanitizer() else 1000
    expose(lab, server, "a", {"name": "s", "local_port": local.port, "outer_port": ports[0],
                              "max_serve_conn": limit})
    socks = []
    for _ in range(visitors):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex((net.LOOPBACK, ports[0]))
        socks.append(sock)

    decided = {}

    def outcomes():
        for sock in socks:
            if sock in decided:
                continue
            try:
                decided[sock] = sock.recv(2) == b"in"
            except BlockingIOError:
                pass
            except OSError:
                decided[sock] = False
        let_in = sum(decided.values())
        return let_in, len(decided) - let_in
    wait_for(lambda: sum(outcomes()) == visitors, 30, lambda: f"all are decided: {outcomes()}")
    assert outcomes() == (limit, visitors - limit) and most[0] == limit
    release.set()
    for sock in socks:
        sock.close()
    wait_for(lambda: inside[0] == 0, 10, "all have left")
    serves_again = net.connect(ports[0])
    assert serves_again.recv(2) == b"in", "a place that was given back is taken again"
    serves_again.close()


def test_it_ends_after_so_many_visitors(lab, echo):
    server, ports = server_with(lab)
    client = expose(lab, server, "a", {"name": "s", "local_port": echo.port,
                                       "outer_port": ports[0], "max_serve_count": 3})
    first = net.connect(ports[0])
    first.sendall(b"x")
    assert first.recv(1) == b"x"
    assert ask(ports[0]) == b"ping" and ask(ports[0]) == b"ping"
    assert net.is_turned_away(ports[0]), "a fourth"
    first.sendall(b"y")
    assert first.recv(1) == b"y", "the third goes on until it leaves"
    first.close()
    client.says("The server ended s: it has served as many visitors as it may")
    wait_for(lambda: services.is_closed(ports[0]), 5, "the port is closed")


def test_it_ends_when_its_time_is_over(lab, echo):
    server, ports = server_with(lab)
    client = expose(lab, server, "a", {"name": "s", "local_port": echo.port,
                                       "outer_port": ports[0], "max_serve_time": "2s"})
    began = time.monotonic()
    with net.connect(ports[0]) as sock:
        assert net.end_of(sock)[0] == "rst", "its visitors end with it"
        assert 1 < time.monotonic() - began < seconds(4)
    client.says("The server ended s: its time is over")
    assert services.is_closed(ports[0])


def test_who_may_visit(lab, echo):
    server, ports = server_with(lab)
    expose(lab, server, "a",
           {"name": "denied", "local_port": echo.port, "outer_port": ports[0],
            "deny": ["127.0.0.2"]},
           {"name": "allowed", "local_port": echo.port, "outer_port": ports[1],
            "allow": ["127.0.0.0/30"], "deny": ["127.0.0.3"]})

    def comes_from(address, port):
        try:
            with socket.create_connection((net.LOOPBACK, port), seconds(10), (address, 0)) as sock:
                sock.sendall(b"x")
                return sock.recv(1) == b"x"
        except (ConnectionResetError, BrokenPipeError):
            return False

    assert comes_from("127.0.0.1", ports[0]) and not comes_from("127.0.0.2", ports[0])
    assert comes_from("127.0.0.2", ports[1]) and not comes_from("127.0.0.3", ports[1])
    assert not comes_from("127.0.0.4", ports[1])


@pytest.mark.parametrize("way", ["to the service", "from the service"])
def test_the_bandwidth_is_kept(lab, way):
    """Within 5 % in some two seconds: in others a busy machine may stop what sends or receives."""
    rate = 2_000_000
    received, lock = [0], threading.Lock()

    def take(sock):
        data = sock.recv(65536)
        with lock:
            received[0] += len(data)
        return data

    def sink(sock):
        while take(sock):
            pass

    def source(sock):
        while True:
            sock.sendall(bytes(65536))

    local = lab.add(net.Listener(sink if way == "to the service" else source))
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "s", "local_port": local.port, "outer_port": ports[0],
                              "bandwidth": "2M"})
    socks = [net.connect(ports[0], timeout=30) for _ in range(3)]  # they share it
    stop = threading.Event()

    def visit(sock):
        try:
            while not stop.is_set():
                if way == "to the service":
                    sock.sendall(bytes(65536))
                else:
                    take(sock)
        except OSError:
            pass
    threads = [threading.Thread(target=visit, args=(each,), daemon=True) for each in socks]
    for each in threads:
        each.start()
    wait_for(lambda: received[0] > rate, 20, "it flows")
    began, before, measured = time.monotonic(), received[0], []

    def is_kept():
        nonlocal began, before
        span = time.monotonic() - began
        if span < 2:
            return False
        measured.append(round((received[0] - before) / span))
        began, before = time.monotonic(), received[0]
        return abs(measured[-1] - rate) / rate < 0.05

    try:
        wait_for(is_kept, 60, lambda: f"{rate} bytes a second: {measured}")
    finally:
        stop.set()
        for each in socks:
            net.reset(each)


def test_a_limited_service_carries_half_closes(lab, echo):
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "s", "local_port": echo.port, "outer_port": ports[0],
                              "bandwidth": "1M"})
    data = os.urandom(500_000)
    assert ask(ports[0], data, timeout=30) == data
