"""Peers that send what no honest peer would, on every port; the server serves on."""

import json
import resource
import struct
import threading
import time
import uuid

import pytest

from support import frames, http_bytes, net, raw_http
from support.fake_ollama import FakeOllama
from support.programs import DEMO_USER, under_sanitizer
from support.public_frpx import PublicClient, PublicServer
from support.waiting import wait_for

MEBIBYTE = 1 << 20
BEFORE_LOGIN = 64 << 10


@pytest.fixture
def server(lab):
    started = lab.frps()
    service = lab.add(FakeOllama("local"))
    lab.frpc(started, "honest", service.port)
    started.has("honest")
    yield started
    assert started.running
    assert started.fetch().status == 200, "an honest visitor is still served"
    started.has("honest")


def login(server):
    """A control connection that is logged in."""
    sock = net.connect(server.control)
    sock.sendall(frames.encode("Login", email=DEMO_USER[0], pass_=DEMO_USER[1]))
    command, fields = frames.decode(frames.receive(sock))
    assert command == "LoginResult" and fields["success"], fields
    return sock


def register(server, client_id):
    sock = login(server)
    sock.sendall(frames.encode("Register", client_id=client_id))
    command, fields = frames.decode(frames.receive(sock))
    assert command == "RegisterResult" and fields["success"], fields
    return sock


def is_closed(sock, limit=5):
    """The server ends this connection, whatever it says before."""
    how, data = net.end_of(sock, limit)
    sock.close()
    return how in ("fin", "rst") and (not data or b"false" in data)


def test_a_client_that_floods_commands_is_slowed_down_and_ended(server):
    """A thousand at once, then a hundred a second for a while; TCP holds up the rest."""
    sock = net.connect(server.control)
    sock.sendall(frames.encode("Login", email=DEMO_USER[0], pass_=DEMO_USER[1],
                               caps=["link/1"], instance=str(uuid.uuid4())))
    assert frames.decode(frames.receive(sock))[1]["success"]
    sock.sendall(frames.encode("Register", client_id="flood"))
    acknowledged = [0]

    def count_answers():
        try:
            while (frame := frames.receive(sock)) is not None:
                acknowledged[0] += b"HeartbeatAck" in frame
        except OSError:
            pass  # ended by a reset, for not all was read that we sent

    def flood():
        try:
            while True:
                sock.sendall(frames.encode("Heartbeat", models=None) * 1000)
        except OSError:
            pass  # the session has ended

    started = time.monotonic()
    threads = [threading.Thread(target=each, daemon=True) for each in (count_answers, flood)]
    for each in threads:
        each.start()
    wait_for(lambda: "Client flood at 127.0.0.1" in server.log(), 30, "the log says so")
    assert server.fetch().status == 200
    for each in threads:
        each.join(60)
    passed = time.monotonic() - started
    assert 1000 <= acknowledged[0] <= 1000 + 100 * (passed + 1)
    sock.close()
    server.has("honest")
    assert "it goes on sending more than 100 commands a second" in server.log()


def test_a_refused_client_that_goes_on_sending_is_cut_off(server):
    sock = net.connect(server.control)
    sock.sendall(frames.encode("Login", email=DEMO_USER[0], pass_="wrong"))
    sent, deadline = 0, time.monotonic() + 30
    with pytest.raises(ConnectionError):
        while time.monotonic() < deadline:
            sock.sendall(bytes(1 << 16))
            sent += 1 << 16
    assert sent < 64 * MEBIBYTE, "what is in the buffers of both kernels, and a mebibyte"
    sock.close()


BAD_FIRST = {
    "frame of 0 bytes": frames.frame(b""),
    "frame of 4 GiB": struct.pack(">I", 0xFFFFFFFF) + b"{",
    "frame of 2 GiB": struct.pack(">I", 0x80000000),
    "frame above 64 KiB": struct.pack(">I", BEFORE_LOGIN + 1) + b"{",
    "no JSON": frames.frame(b"hello"),
    "half JSON": frames.frame(b'{"Login":{"email":"a"'),
    "deep JSON": frames.frame(b"[" * 30_000 + b"]" * 30_000),
    "deep in an unknown field": frames.frame(
        b'{"Login":{"email":"a","pass":"b","x":' + b"[" * 20_000 + b"]" * 20_000 + b"}}"),
    "no UTF-8": frames.frame(b'{"Login":{"email":"\xff\xfe","pass":"b"}}'),
    "NUL in a name": frames.frame(b'{"Log\\u0000in":{}}'),
    "an array": frames.frame(b"[]"),
    "empty object": frames.frame(b"{}"),
    "two commands": frames.frame(
        b'{"Login":{"email":"a","pass":"b"},"Register":{"client_id":"x"}}'),
    "wrong types": frames.frame(b'{"Login":{"email":1,"pass":[]}}'),
    "missing field": frames.frame(b'{"Login":{"email":"a"}}'),
    "unknown command": frames.frame(b'{"Hello":{}}'),
    "Register first": frames.encode("Register", client_id="x"),
    "Heartbeat first": frames.encode("Heartbeat", models=None),
    "NewProxyConn on the control port": frames.encode("NewProxyConn", proxy_conn_id="x"),
    "LoginResult from a client": frames.encode("LoginResult", success=True),
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500,
    "huge e-mail": frames.encode("Login", email="a" * 60_000, pass_="b"),
    "control characters": frames.encode("Login", email="a\n\x1b[31mb@c", pass_="b"),
}


@pytest.mark.parametrize("port", ["control", "proxy"])
@pytest.mark.parametrize("what", BAD_FIRST)
def test_bad_first_frames(server, port, what):
    sock = net.connect(getattr(server, port))
    try:
        sock.sendall(BAD_FIRST[what])
    except ConnectionError:
        pass
    assert is_closed(sock), what


def test_the_table_is_not_empty():
    assert len(BAD_FIRST) > 20


def test_a_frame_may_come_in_single_bytes(server):
    sock = net.connect(server.control)
    for byte in frames.encode("Login", email=DEMO_USER[0], pass_=DEMO_USER[1]):
        sock.sendall(bytes([byte]))
    assert frames.decode(frames.receive(sock))[1]["success"] is True
    sock.close()


def test_a_frame_of_64_kib_may_log_in(server):
    """At the limit it is taken, one byte past it not."""
    def padded(size):
        bare = json.dumps({"Login": {"email": DEMO_USER[0], "pass": DEMO_USER[1], "x": ""}})
        return bare[:-3].encode() + b"y" * (size - len(bare)) + b'"}}'

    assert len(padded(BEFORE_LOGIN)) == BEFORE_LOGIN
    sock = net.connect(server.control)
    sock.sendall(frames.frame(padded(BEFORE_LOGIN)))
    assert frames.decode(frames.receive(sock))[1]["success"] is True
    sock.close()
    sock = net.connect(server.control)
    try:
        sock.sendall(frames.frame(padded(BEFORE_LOGIN + 1)))
    except ConnectionError:
        pass
    assert is_closed(sock)


def heartbeat(size):
    """A heartbeat of exactly `size` bytes with one model."""
    def text(padding):
        return json.dumps({"Heartbeat": {"models": [
            {"id": "m", "object": "model", "created": 1, "owned_by": "y"}], "x": padding}}).encode()

    return text("z" * (size - len(text(""))))


def test_a_frame_of_a_mebibyte_is_the_limit_after_login(server):
    sock = register(server, "large")
    sock.sendall(frames.frame(heartbeat(MEBIBYTE)))
    server.learns("large", "m")
    sock.sendall(struct.pack(">I", MEBIBYTE + 1))
    assert is_closed(sock)
    server.has("honest")


@pytest.mark.parametrize("payload", [
    b"", b"[]", b"{", b'{"Unknown":{}}', b'{"Heartbeat":7}', b"[" * 100_000,
    b'{"SystemInfo":{"cpu_usage":"x","memory_usage":1,"disk_usage":1,"computer_name":"c"}}',
    b'{"Heartbeat":{"models":[{"id":7}]}}', b'{"Heartbeat":{"models":"x"}}'])
def test_a_registered_client_that_sends_rubbish_leaves(server, payload):
    sock = register(server, "rubbish")
    sock.sendall(frames.frame(payload))
    assert is_closed(sock)
    server.has("honest")


def test_a_known_command_at_the_wrong_moment_is_no_end(server):
    """The public server only logs it, and so do we."""
    sock = register(server, "odd")
    sock.sendall(frames.encode("Register", client_id="other"))
    sock.sendall(frames.encode("Login", email="a", pass_="b"))
    sock.sendall(frames.encode("Heartbeat", models=[
        {"id": "after", "object": "model", "created": 1, "owned_by": "y"}]))
    server.learns("odd", "after")
    sock.close()


def system_info(**odd):
    usual = {"cpu_usage": 1, "memory_usage": 2, "disk_usage": 3, "computer_name": "c"}
    return frames.frame(json.dumps({"SystemInfo": {**usual, **odd}}).encode())


@pytest.mark.parametrize("odd, shown", [
    ({"memory_usage": -5}, {"memory_usage": -5}),
    ({"disk_usage": 1e-300}, {"disk_usage": 0}),
    ({"cpu_usage": 3e38}, {"cpu_usage": pytest.approx(3e38)}),
    ({"computer_name": "n" * 256}, {"computer_name": "n" * 256}),
    ({"computer_name": '"\\\x01\u2028'}, {"computer_name": '"\\\x01\u2028'}),
], ids=["negative", "tiny", "huge", "long", "quotes"])
def test_odd_metrics_are_shown_as_they_came(server, odd, shown):
    """The API's answers stay JSON."""
    sock = register(server, "odd")
    sock.sendall(system_info(**odd))

    def told():
        return (server.clients().get("odd") or {}).get("system_info")

    wait_for(told, 5, "it is taken")
    assert {name: told()[name] for name in shown} == shown
    sock.close()


@pytest.mark.parametrize("odd", [
    {"cpu_usage": 1e308}, {"disk_usage": -1e39}, {"computer_name": "n" * 257},
    {"computer_name": "n" * 100_000}], ids=["huge", "negative", "long", "longer"])
def test_metrics_out_of_bounds_end_the_client(server, odd):
    sock = register(server, "odd")
    sock.sendall(system_info(**odd))
    assert is_closed(sock)
    server.has("honest")


@pytest.mark.parametrize("client_id", ["", "a" * 129, "a b", "../x", "ü", "a\n", "\x00"])
def test_bad_client_ids_are_refused(server, client_id):
    sock = login(server)
    sock.sendall(frames.encode("Register", client_id=client_id))
    command, fields = frames.decode(frames.receive(sock))
    assert command == "RegisterResult"
    assert fields["success"] is False and fields["error"]
    assert is_closed(sock)


def test_an_enormous_client_id_is_refused(server):
    sock = login(server)
    sock.sendall(frames.encode("Register", client_id="a" * 50_000))
    assert is_closed(sock)


def test_login_twice_is_not_register(server):
    sock = login(server)
    sock.sendall(frames.encode("Login", email=DEMO_USER[0], pass_=DEMO_USER[1]))
    assert is_closed(sock)


# --- proxy ids ------------------------------------------------------------------------------------


@pytest.mark.parametrize("proxy_id", [
    "", "x", "00000000-0000-0000-0000-000000000000", "a" * 1000, "nobody-waits-for-this",
    "../../etc/passwd"])
def test_unknown_proxy_ids_are_closed_without_a_reply(server, proxy_id):
    sock = net.connect(server.proxy)
    sock.sendall(frames.encode("NewProxyConn", proxy_conn_id=proxy_id) + b"bytes behind it")
    how, data = net.end_of(sock, 5)
    assert how in ("fin", "rst") and data == b""


def order_of(sock):
    """The id of the next order on a control connection."""
    while True:
        command, fields = frames.decode(frames.receive(sock))
        if command == "RequestNewProxyConn":
            return fields["proxy_conn_id"]


def test_reused_and_late_proxy_ids(lab):
    server = lab.frps("--stream-timeout", "400ms", "--stream-total-timeout", "400ms")
    sock = register(server, "by_hand")
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/one"))
        used = order_of(sock)
        assert str(uuid.UUID(used)) == used
        stream = net.connect(server.proxy)
        stream.sendall(frames.encode("NewProxyConn", proxy_conn_id=used)
                       + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert visitor.response().body == b"ok", "bytes right behind the frame count"
        again = net.connect(server.proxy)
        again.sendall(frames.encode("NewProxyConn", proxy_conn_id=used))
        assert net.end_of(again, 5) in (("fin", b""), ("rst", b""))
        assert http_bytes.read_head(http_bytes.Reader(stream)).start.startswith("GET /one")
        stream.close()
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/two"))
        late = order_of(sock)
        assert visitor.response().status in (503, 504)
        stream = net.connect(server.proxy)
        stream.sendall(frames.encode("NewProxyConn", proxy_conn_id=late))
        assert net.end_of(stream, 5) in (("fin", b""), ("rst", b""))
    sock.close()


def test_proxy_ids_are_random(lab):
    """The id alone lets a stream in: who knows some of them must not guess the next."""
    server = lab.frps("--stream-timeout", "200ms", "--stream-total-timeout", "200ms")
    sock = register(server, "by_hand")
    ids = set()
    for _ in range(20):
        with server.visitor() as visitor:
            visitor.send(raw_http.request("GET", "/"))
            ids.add(order_of(sock))
    assert len(ids) == 20
    assert len({i[:8] for i in ids}) == 20 and len({i[14] for i in ids}) == 1
    sock.close()


# --- floods of silence ----------------------------------------------------------------------------


@pytest.mark.parametrize("port", ["control", "proxy", "public", "api_port"])
def test_a_flood_of_connections_that_say_nothing(lab, port):
    server = lab.frps("--first-frame-timeout", "1s", "--request-head-timeout", "1s")
    service = lab.add(FakeOllama("local"))
    lab.frpc(server, "honest", service.port)
    server.has("honest")
    before = server.fds()
    silent = [net.connect(getattr(server, port)) for _ in range(400)]
    assert server.fetch().status == 200, "while they are silent"
    if port != "public":
        # An idle visitor that has not begun a request may stay as long as a keep-alive one.
        assert all(net.end_of(s, 10)[0] in ("fin", "rst") for s in silent[:10] + silent[-10:])
    for sock in silent:
        sock.close()
    wait_for(lambda: server.fds() <= before + 10, 10,
             lambda: f"descriptors: {before} before, {server.fds()} now")
    assert server.fetch().status == 200
    server.has("honest")


def test_more_silent_connections_than_are_allowed(lab):
    server = lab.frps("--max-pending", "20", "--first-frame-timeout", "2s")
    silent = [net.connect(server.control) for _ in range(100)]
    service = lab.add(FakeOllama("local"))
    lab.frpc(server, "honest", service.port)
    server.has("honest", limit=15)
    for sock in silent:
        sock.close()


@pytest.mark.skipif(under_sanitizer(), reason="UBSan needs descriptors to look at memory")
def test_no_descriptors_left(lab):
    """With all file descriptors in use the server lives, serves, and recovers."""
    server = lab.frps()
    service = lab.add(FakeOllama("local"))
    lab.frpc(server, "honest", service.port)
    server.has("honest")
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.fds() + 5, 4096))
    crowd = [net.connect(server.public) for _ in range(100)]
    cpu_before = _cpu_seconds(server.pid)
    assert server.running
    for sock in crowd:
        sock.close()
    wait_for(lambda: _answers(server), 15, "it recovers")
    assert _cpu_seconds(server.pid) - cpu_before < 3, "it does not spin on accept"
    server.has("honest")


def _cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / 100


def _answers(server):
    try:
        return server.fetch(timeout=2).status == 200
    except OSError:
        return False


# --- a hostile server against our client ----------------------------------------------------------


@pytest.mark.parametrize("answer", [
    frames.frame(b""), struct.pack(">I", 0xFFFFFFFF), frames.frame(b"[]"),
    b"HTTP/1.1 200 OK\r\n\r\n", frames.frame(b'{"LoginResult":{"success":"yes"}}'),
    frames.encode("RegisterResult", success=True), frames.frame(b"[" * 60_000), b""])
def test_our_client_survives_a_server_that_answers_rubbish(lab, answer):
    def serve(sock):
        frames.receive(sock)
        sock.sendall(answer)

    control = lab.add(net.Listener(serve))

    class Server:
        pass

    Server.control, Server.proxy = control.port, net.closed_port()
    client = lab.frpc(Server, "a", net.closed_port())
    wait_for(lambda: control.accepted >= 3, 20, lambda: f"it tries again: {client.log()}")
    assert client.running


def test_our_client_is_not_flooded_by_orders(lab):
    """A server that orders streams for nothing: all end again, and the client lives."""
    hostile = lab.add(PublicServer())
    client = lab.frpc(hostile, "a", lab.add(FakeOllama("local")).port)
    hostile.has("a")
    before = client.fds()
    for _ in range(300):
        hostile.order("a")
    wait_for(lambda: len(hostile.seen.unknown_ids) >= 100, 20, "orders are followed")
    wait_for(lambda: client.fds() <= before + 10, 15, lambda: f"{client.fds()} descriptors remain")
    assert client.running


def test_a_public_client_with_a_taken_id_is_refused(server, lab):
    intruder = lab.add(PublicClient(server, "honest", net.closed_port())).start()
    wait_for(lambda: intruder.ended, 10, "it is refused")
    assert "already in use" in intruder.refusal
