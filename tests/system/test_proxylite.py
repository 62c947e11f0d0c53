"""Ours with the public proxylite package, both ways (models of it: support/public_proxylite.py)."""

import json
import socket
import struct
import threading
import time

import pytest

from support import net, public_proxylite as pl
from support.net import Listener, free_ports
from support.programs import under_sanitizer
from support.public_proxylite import PublicClient
from support.waiting import holds_for, seconds, wait_for


def echo(sock):
    while data := sock.recv(65536):
        sock.sendall(data)


@pytest.fixture
def ports():
    return free_ports(3)


@pytest.fixture
def server(lab, ports):
    return lab.frps("--proxylite-port", 0, "--outer-ports", ",".join(map(str, ports)))


@pytest.fixture
def port(server):
    return server.ports["proxylite"]


@pytest.fixture
def echo_service(lab):
    return lab.add(Listener(echo))


def public_client(lab, port, outer, service, **how):
    client = lab.add(PublicClient(port, outer, service.port, **how))
    assert client.code == 0, client.answer
    return client


def say_and_hear(outer, text):
    with net.connect(outer) as sock:
        sock.sendall(text)
        return pl.exactly(sock, len(text))


# --- questions ------------------------------------------------------------------------------------


def test_free_ports_in_ascending_order(lab, port, ports, echo_service):
    assert pl.free_ports(port) == ports
    client = public_client(lab, port, ports[1], echo_service)
    assert pl.free_ports(port) == [ports[0], ports[2]]
    client.stop()
    wait_for(lambda: pl.free_ports(port) == ports, 5, "the port is free again")


def test_services_by_prefix(lab, port, ports, echo_service):
    public_client(lab, port, ports[0], echo_service, name="ssh-home", message="hi",
                  MaxServeConn=7, MaxServeCount=9, MaxServeTime=3600)
    public_client(lab, port, ports[1], echo_service, name="web")
    assert say_and_hear(ports[0], b"x") == b"x"
    assert [s["Name"] for s in pl.services(port)] == ["ssh-home", "web"]
    assert pl.services(port, "none") == []
    found, = pl.services(port, "ssh")
    assert (found["Port"], found["Message"]) == (ports[0], "hi")
    assert (found["Capacity"], found["TotalServe"], found["AlreadyServe"]) == (7, 9, 1)
    unlimited, = pl.services(port, "web")
    assert (unlimited["Capacity"], unlimited["TotalServe"]) == (10000, 100000)
    assert int(unlimited["DeadLine"][:4]) >= int(unlimited["Birth"][:4]) + 6


@pytest.mark.parametrize("first, answer", [
    (pl.message(99, {}), pl.UNDEFINED),
    (pl.message(pl.REGISTERED, {"Code": 0}), pl.UNDEFINED),
    (pl.segment(1, b"data"), pl.UNDEFINED),
    (pl.message(pl.ASK_PORTS, b""), pl.MALFORMED),
    (pl.message(pl.ASK_SERVICES, {"Prefix": 1}), pl.MALFORMED),
    (pl.message(pl.REGISTER, b"{"), pl.MALFORMED),
])
def test_what_is_no_question(port, first, answer):
    with net.connect(port) as sock:
        sock.sendall(first)
        assert pl.receive(sock) == (answer, b"")
        assert sock.recv(1) == b""


def test_keys_in_any_case(port, ports):
    wish = {"INFO": {"outerport": ports[0], "name": "x"}, "ctrl": None}
    with net.connect(port) as sock:
        sock.sendall(pl.message(pl.REGISTER, wish))
        assert pl.receive(sock) == (pl.REGISTERED, b'{"Code":0}')


def test_an_idle_connection_blocks_nobody_and_has_a_deadline(lab, ports):
    server = lab.frps("--proxylite-port", 0, "--outer-ports", ports[0],
                      "--first-frame-timeout", "300ms")
    idle = [net.connect(server.ports["proxylite"]) for _ in range(5)]
    idle[0].sendall(b"\x02\x00")
    assert pl.free_ports(server.ports["proxylite"]) == ports[:1]
    for sock in idle:
        assert net.end_of(sock) in (("fin", b""), ("rst", b""))


# --- registration ---------------------------------------------------------------------------------


def test_codes_of_a_registration(lab, port, ports, echo_service):
    for not_given in (0, 1, 65536, ports[0] + 1 if ports[0] + 1 not in ports else 2):
        assert lab.add(PublicClient(port, not_given, echo_service.port)).code == 1
    public_client(lab, port, ports[0], echo_service)
    assert lab.add(PublicClient(port, ports[0], echo_service.port)).code == 2
    with socket.create_server((net.LOOPBACK, ports[1])):
        assert lab.add(PublicClient(port, ports[1], echo_service.port)).code == 2


def test_two_services_of_one_name(lab, port, ports, echo_service):
    public_client(lab, port, ports[0], echo_service, name="same")
    public_client(lab, port, ports[1], echo_service, name="same")
    assert say_and_hear(ports[0], b"a") + say_and_hear(ports[1], b"b") == b"ab"


def test_the_port_is_free_at_once_also_when_full(lab, port, ports, echo_service):
    for _ in range(20):
        client = public_client(lab, port, ports[0], echo_service, MaxServeConn=1)
        with net.connect(ports[0]) as visitor:
            visitor.sendall(b"x")
            assert visitor.recv(1) == b"x"
            client.stop()
            assert net.end_of(visitor)[0] in ("fin", "rst")
        wait_for(lambda: pl.free_ports(port) == ports, 5, "the port is free again")


# --- visitors -------------------------------------------------------------------------------------


def test_many_visitors_at_once(lab, port, ports, echo_service):
    public_client(lab, port, ports[0], echo_service)
    visitors = [net.connect(ports[0]) for _ in range(50)]
    for round_number in range(3):
        for number, sock in enumerate(visitors):
            sock.sendall(b"%d:%d" % (round_number, number))
        for number, sock in enumerate(visitors):
            text = b"%d:%d" % (round_number, number)
            assert pl.exactly(sock, len(text)) == text


def test_bulk_both_ways(lab, port, ports, echo_service):
    public_client(lab, port, ports[0], echo_service)
    data = bytes(range(256)) * 40_000
    with net.connect(ports[0], timeout=60) as sock:
        threading.Thread(target=sock.sendall, args=(data,), daemon=True).start()
        assert pl.exactly(sock, len(data)) == data


def test_a_service_that_speaks_first(lab, port, ports):
    def greet(sock):
        sock.sendall(b"220 hello\r\n")
        echo(sock)

    client = public_client(lab, port, ports[0], lab.add(Listener(greet)))
    with net.connect(ports[0]) as sock:
        assert pl.exactly(sock, 11) == b"220 hello\r\n"
    assert client.dials == 1


def test_a_half_close_still_gets_its_answer(lab, port, ports):
    def answer_slowly(sock):
        assert pl.exactly(sock, 8) == b"question"
        for _ in range(6):
            # The service's pace is what is tried: never silent for a second.
            holds_for(lambda: sock.fileno() >= 0, 0.25, "the service takes its time")
            sock.sendall(b"part.")

    public_client(lab, port, ports[0], lab.add(Listener(answer_slowly)))
    with net.connect(ports[0]) as sock:
        sock.sendall(b"question")
        sock.shutdown(socket.SHUT_WR)
        assert net.end_of(sock) == ("fin", b"part." * 6)


def test_a_visitor_that_has_gone_is_said_within_its_silence(lab, port, ports):
    ends = []
    service = lab.add(Listener(lambda sock: ends.append(net.end_of(sock))))
    public_client(lab, port, ports[0], service)
    with net.connect(ports[0]) as sock:
        sock.sendall(b"bye")
    wait_for(lambda: ends, 5, "the service hears the end")
    assert ends[0] == ("fin", b"bye")


def test_no_echo_of_a_close(lab, port, ports):
    client = public_client(lab, port, ports[0], lab.add(Listener(lambda sock: sock.sendall(b"x"))))
    for number in range(1, 11):
        with net.connect(ports[0]) as sock:
            assert net.end_of(sock) == ("fin", b"x")
        assert client.dials == number
    holds_for(lambda: client.dials == 10, 0.3, "an echo would make the public client connect again")


def test_a_service_that_is_not_there_is_a_clean_end_at_once(lab, port, ports, echo_service):
    public_client(lab, port, ports[0], echo_service)
    echo_service.pause()
    began = time.monotonic()
    with net.connect(ports[0]) as sock:
        assert net.end_of(sock) == ("fin", b"")
    assert time.monotonic() - began < seconds(1)


def test_a_visitor_that_never_reads_is_ended_alone(lab, port, ports):
    def serve(sock):
        kind = sock.recv(1)
        if kind == b"e":
            echo(sock)
        block = bytes(65536)
        while True:
            sock.sendall(block)

    public_client(lab, port, ports[0], lab.add(Listener(serve)))
    lively = net.connect(ports[0])
    lively.sendall(b"e")
    stalled = net.connect(ports[0])
    stalled.sendall(b"b")
    began = time.monotonic()
    for number in range(200):
        lively.sendall(b"%03d" % number)
        assert pl.exactly(lively, 3) == b"%03d" % number
        if time.monotonic() - began > 1 and net.peer_has_ended(stalled):
            break
    longest_wait = time.monotonic() - began
    kind, data = net.end_of(stalled)
    assert kind == "rst"
    assert longest_wait < seconds(10)
    lively.sendall(b"still here")
    assert pl.exactly(lively, 10) == b"still here"


# --- limits ---------------------------------------------------------------------------------------


def test_max_serve_conn_resets_the_surplus_and_keeps_the_port(lab, port, ports, echo_service):
    public_client(lab, port, ports[0], echo_service, MaxServeConn=2)
    first, second = net.connect(ports[0]), net.connect(ports[0])
    for sock in (first, second):
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
    assert net.is_turned_away(ports[0])
    net.reset(first)
    wait_for(lambda: pl.services(port)[0]["Online"] == 1, 5, "the first has left")
    assert say_and_hear(ports[0], b"next") == b"next"
    second.sendall(b"y")
    assert second.recv(1) == b"y"


def test_a_thousand_visitors_never_exceed_the_limit(lab, port, ports):
    inside, most, lock = [0], [0], threading.Lock()

    def serve(sock):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        try:
            echo(sock)
        finally:
            with lock:
                inside[0] -= 1

    public_client(lab, port, ports[0], lab.add(Listener(serve, backlog=1024)), MaxServeConn=20)
    served, turned_away = [], []

    def visit():
        try:
            sock = net.connect(ports[0], timeout=30)
            sock.sendall(b"x")
            (served if sock.recv(1) == b"x" else turned_away).append(sock)
        except OSError as why:
            turned_away.append(why)

    threads = [threading.Thread(target=visit) for _ in range(1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(served) + len(turned_away) == 1000
    assert (len(served), most[0]) == (20, 20)
    found, = pl.services(port)
    assert (found["Online"], found["AlreadyServe"]) == (20, 20)


def test_max_serve_count_ends_the_tunnel_with_its_last_visitor(lab, port, ports, echo_service):
    client = public_client(lab, port, ports[0], echo_service, MaxServeCount=3)
    visitors = [net.connect(ports[0]) for _ in range(3)]
    for sock in visitors:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
    assert net.is_turned_away(ports[0])
    assert not client.tunnel.ended.is_set()
    for sock in visitors:
        sock.close()
    client.ends()
    wait_for(lambda: pl.free_ports(port) == ports, 5, "the port is free again")


def test_max_serve_time_ends_the_tunnel_with_its_visitors(lab, port, ports, echo_service):
    began = time.monotonic()
    client = public_client(lab, port, ports[0], echo_service, MaxServeTime=1)
    with net.connect(ports[0]) as visitor:
        visitor.sendall(b"x")
        assert visitor.recv(1) == b"x"
        client.ends()
        assert 0.9 < time.monotonic() - began < seconds(5)
        assert net.end_of(visitor)[0] == "rst"
    assert pl.free_ports(port) == ports


# --- hostile peers --------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [
    struct.pack("<II", pl.SEGMENT, 7) + bytes(7),
    struct.pack("<II", pl.SEGMENT, (1 << 20) + 1),
    pl.message(pl.ASK_PORTS, {}),
])
def test_what_is_no_segment_ends_the_tunnel(lab, port, ports, echo_service, bad):
    client = public_client(lab, port, ports[0], echo_service)
    client.sock.sendall(bad)
    client.ends()
    wait_for(lambda: pl.free_ports(port) == ports, 5, "the port is free again")


def test_data_for_nobody_is_answered_by_one_close(port, ports):
    with net.connect(port) as sock:
        sock.sendall(pl.message(pl.REGISTER, pl.registration(ports[0])))
        assert pl.receive(sock)[0] == pl.REGISTERED
        sock.sendall(pl.segment(7, b"x") + pl.segment(7, b"y") + pl.segment(8, close=1))
        kind, payload = pl.receive(sock)
        assert (kind, struct.unpack("<II", payload)) == (pl.SEGMENT, (7, pl.CLOSE))
        visitor = net.connect(ports[0])
        kind, payload = pl.receive(sock)
        uid, close = struct.unpack("<II", payload)
        assert kind == pl.SEGMENT and close == 0 and uid not in (0, 7, 8)
        visitor.close()


def test_ten_thousand_rounds_leak_nothing(lab, server, port, ports):
    def round_trip():
        with net.connect(port) as sock:
            sock.sendall(pl.message(pl.REGISTER, pl.registration(ports[0])))
            return json.loads(pl.receive(sock)[1])["Code"]

    def rounds(count):
        done = 0
        while done < count:
            done += round_trip() == 0  # the port may be a moment late: the server hears of our end
        wait_for(lambda: pl.free_ports(port) == ports, 5, "the port is free again")

    rounds(200)
    fds, memory = server.fds(), server.memory()
    rounds(10_000)
    wait_for(lambda: server.fds() <= fds, 10, lambda: f"{fds} descriptors, not {server.fds()}")
    assert under_sanitizer() or server.memory() - memory < 8 << 20


# --- who may --------------------------------------------------------------------------------------


def test_it_is_off_by_default(lab):
    assert "proxylite" not in lab.frps().ports


def test_a_token_guards_it(lab, ports, echo_service):
    server = lab.frps("--proxylite-port", 0, "--outer-ports", ports[0], "--proxylite-token", "s3cret")
    port = server.ports["proxylite"]
    assert lab.add(PublicClient(port, ports[0], echo_service.port)).code == 1
    with net.connect(port) as sock:
        wish = {**pl.registration(ports[0]), "Token": "s3cret"}
        sock.sendall(pl.message(pl.REGISTER, wish))
        assert json.loads(pl.receive(sock)[1])["Code"] == 0
    assert "s3cret" not in server.log()


def test_a_token_guards_what_the_server_tells(lab, ports, echo_service):
    server = lab.frps("--proxylite-port", 0, "--outer-ports", f"{ports[0]},{ports[1]}",
                      "--proxylite-token", "s3cret")
    port = server.ports["proxylite"]
    wish = {**pl.registration(ports[0], name="payroll"), "Token": "s3cret"}
    with net.connect(port) as tunnel:
        tunnel.sendall(pl.message(pl.REGISTER, wish))
        assert json.loads(pl.receive(tunnel)[1])["Code"] == 0
        for token in ({}, {"Token": ""}, {"Token": "s3cre"}, {"Token": "s3cret "}):
            for question in ((pl.ASK_PORTS, token), (pl.ASK_SERVICES, {"Prefix": "", **token})):
                assert pl.ask(port, *question) == (pl.REGISTERED, b'{"Code":1}')
        kind, told = pl.ask(port, pl.ASK_PORTS, {"Token": "s3cret"})
        assert (kind, json.loads(told)) == (pl.PORTS, {"Ports": [ports[1]]})
        kind, told = pl.ask(port, pl.ASK_SERVICES, {"Prefix": "", "Token": "s3cret"})
        assert kind == pl.SERVICES
        assert [each["Name"] for each in json.loads(told)["Services"]] == ["payroll"]


def test_networks_guard_it(lab, ports):
    server = lab.frps("--proxylite-port", 0, "--outer-ports", ports[0],
                      "--proxylite-allow", "127.0.0.2")
    with net.connect(server.ports["proxylite"]) as sock:
        sock.sendall(pl.message(pl.ASK_PORTS, {}))
        assert net.end_of(sock)[1] == b""
    allowed = socket.create_connection((net.LOOPBACK, server.ports["proxylite"]),
                                       source_address=("127.0.0.2", 0), timeout=10)
    with allowed as sock:
        sock.sendall(pl.message(pl.ASK_PORTS, {}))
        assert pl.receive(sock)[0] == pl.PORTS


@pytest.mark.parametrize("options, complaint", [
    (["--proxylite-port", "9933"], "--outer-ports"),
    (["--proxylite-port", "x", "--outer-ports", "9930"], "is not a port"),
    (["--proxylite-token", "t"], "guards nothing"),
    (["--proxylite-port", "0", "--outer-ports", "9930", "--proxylite-allow", "10.0.0.0/33"],
     "is no network"),
])
def test_settings_that_make_no_sense(lab, options, complaint):
    done = lab.run("frps", "--demo", "--control-port", 0, "--proxy-port", 0, "--public-port", 0,
                   "--api-port", 0, *options)
    assert done.returncode != 0
    assert complaint in done.stderr
