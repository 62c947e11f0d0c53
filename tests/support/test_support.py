"""The support programs against each other: a fault here would make every other test lie."""

import hashlib
import json
import threading

import pytest

from support import frames, http_bytes, net, raw_http, websocket
from support.chaos_proxy import ChaosProxy
from support.fake_ollama import FakeOllama, seeded_hash
from support.public_frpx import PublicClient, PublicServer
from support.waiting import holds_for, wait_for


@pytest.fixture
def started():
    things = []

    def start(thing):
        things.append(thing)
        return thing

    yield start
    for thing in reversed(things):
        thing.stop()


# --- frames ---------------------------------------------------------------------------------------


def test_the_frame_of_the_protocol_page():
    expected = bytes.fromhex(
        "00000025 7b225265676973746572223a7b22636c69656e745f6964223a22636c69656e745f41227d7d")
    assert frames.encode("Register", client_id="client_A") == expected


ACCEPTED = [
    ("Heartbeat", b'{"Heartbeat":{}}'),
    ("Heartbeat", b'{"Heartbeat":{"models":null}}'),
    ("Heartbeat", b'{"Heartbeat":{"models":[]}}'),
    ("Login", b' {"Login":{"email":"a","pass":"b","caps":["link/1"]}} '),
    ("LoginResult", b'{"LoginResult":{"success":true}}'),
    ("SystemInfo", b'{"SystemInfo":{"cpu_usage":1,"memory_usage":2.5,"disk_usage":3,'
                   b'"computer_name":"x"}}'),
]


@pytest.mark.parametrize("command, payload", ACCEPTED)
def test_what_serde_accepts(command, payload):
    assert frames.decode(payload)[0] == command


REFUSED = [
    b"", b"[]", b"{}", b'"Heartbeat"', b'{"Heartbeat":{},"Login":{}}', b'{"OpenLinks":{"ids":[]}}',
    b'{"Login":{"email":"a"}}', b'{"Login":{"email":"a","pass":7}}', b'{"Register":{}} x',
    b'{"Heartbeat":{"models":[{"id":"a","object":"model","created":-1,"owned_by":"x"}]}}',
    b'{"Heartbeat":{"models":[{"id":"a","object":"model","created":1.5,"owned_by":"x"}]}}',
    b'{"Heartbeat":{"models":[{"id":"a","object":"model","created":1}]}}',
    b'{"SystemInfo":{"cpu_usage":NaN,"memory_usage":2,"disk_usage":3,"computer_name":"x"}}',
    b'{"SystemInfo":{"cpu_usage":null,"memory_usage":2,"disk_usage":3,"computer_name":"x"}}',
    b'{"Register":{"client_id":"a","client_id":"b"}}', b'{"Register":{"client_id":"\xff"}}',
    b'{"Register":{"client_id":"a","x":' + b"[" * 200 + b"]" * 200 + b"}}",
]


@pytest.mark.parametrize("payload", REFUSED)
def test_what_serde_refuses(payload):
    with pytest.raises(frames.Refused):
        frames.decode(payload)


# --- the fake local service -----------------------------------------------------------------------


@pytest.fixture
def ollama(started):
    return started(FakeOllama("here", ["tiny", "large"]))


def test_it_echoes_what_arrived(ollama):
    answer = raw_http.fetch(ollama.port, "POST", "/any?x=1", b"body", headers={"X-A": "1"})
    echo = answer.json()
    assert (echo["method"], echo["target"], echo["size"]) == ("POST", "/any?x=1", 4)
    assert echo["sha256"] == hashlib.sha256(b"body").hexdigest()
    assert ["X-A", "1"] in echo["headers"]
    assert answer.get("X-Served-By") == "here"


def test_it_reads_chunked_bodies(ollama):
    head = "POST /any HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = raw_http.fetch_raw(ollama.port, head + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n")
    assert answer.json()["sha256"] == hashlib.sha256(b"abcde").hexdigest()


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_its_bytes_are_seeded(ollama, framing):
    answer = raw_http.fetch(ollama.port, target=f"/bytes?size=300000&seed=7&framing={framing}")
    assert answer.sha256 == seeded_hash(7, 300000)


def test_it_lists_models_and_chats(ollama):
    listed = raw_http.fetch(ollama.port, target="/v1/models").json()["data"]
    assert [m["id"] for m in listed] == ["tiny", "large"]
    body = json.dumps({"model": "tiny", "stream": True}).encode()
    answer = raw_http.fetch(ollama.port, "POST", "/v1/chat/completions", body)
    assert answer.body.count(b"data: ") == 6 and answer.body.endswith(b"data: [DONE]\n\n")


def test_gated_events_wait(ollama):
    with raw_http.Visitor(ollama.port) as visitor:
        visitor.send(raw_http.request("GET", "/sse?count=2&gate=1"))
        pieces = visitor.pieces(visitor.head())
        ollama.release()
        assert next(pieces) == b"data: event 0\n\n"
        ollama.release()
        assert next(pieces) == b"data: event 1\n\n"


@pytest.mark.parametrize("leave, ended", [("close", "fin"), ("reset", "rst")])
def test_it_notes_how_a_visitor_left(ollama, leave, ended):
    visitor = raw_http.Visitor(ollama.port)
    visitor.send(raw_http.request("GET", "/hang"))
    request = ollama.first("/hang")
    getattr(visitor, leave)()
    wait_for(lambda: request.ended == ended, 5, lambda: f"ended by {ended}, not {request.ended}")


def test_its_modes(ollama):
    ollama.mode = "die"
    assert raw_http.fetch_raw(ollama.port, raw_http.request("GET", "/")) is None
    ollama.mode = "reset"
    with raw_http.Visitor(ollama.port) as visitor:
        visitor.send("G")
        assert visitor.end() == "rst"
    ollama.refuse()
    with pytest.raises(ConnectionRefusedError):
        net.connect(ollama.port)
    ollama.mode = "answer"
    ollama.accept()
    assert raw_http.fetch(ollama.port).status == 200


def test_its_websocket_echoes(ollama):
    with raw_http.Visitor(ollama.port) as visitor:
        visitor.send(raw_http.request("GET", "/websocket", headers={
            "Connection": "Upgrade", "Upgrade": "websocket",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}))
        answer = visitor.response()
        # The example of RFC 6455, section 1.3.
        assert answer.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        visitor.send(websocket.frame(1, b"hello" * 100, mask=b"abcd"))
        assert websocket.read_frame(visitor.reader) == (1, b"hello" * 100)


@pytest.mark.parametrize("how, ended", [("cut", "fin"), ("reset", "rst"),
                                        ("close-delimited", "rst"), ("chunked", "fin")])
def test_it_dies_midway(ollama, how, ended):
    with raw_http.Visitor(ollama.port) as visitor:
        visitor.send(raw_http.request("GET", f"/die?after=50&how={how}"))
        assert http_bytes.read_head(visitor.reader)
        wait_for(lambda: len(visitor.reader.buffer) >= 50 or not visitor.reader.fill(), 5, "bytes")
        ollama.release()
        assert visitor.end() == ended


# --- the chaos proxy ------------------------------------------------------------------------------


@pytest.fixture
def chaos(started, ollama):
    return started(ChaosProxy(ollama.port))


def test_it_passes_bytes_on(chaos):
    answer = raw_http.fetch(chaos.port, target="/bytes?size=1000000")
    assert answer.sha256 == seeded_hash(1, 1000000)
    assert chaos.connections == 1


def test_it_slices(chaos):
    chaos.up.mode = chaos.down.mode = "slice"
    assert raw_http.fetch(chaos.port, target="/bytes?size=3000").sha256 == seeded_hash(1, 3000)


def test_it_stalls_and_goes_on(chaos, ollama):
    chaos.up.mode = "stall"
    with raw_http.Visitor(chaos.port) as visitor:
        visitor.send(raw_http.request("GET", "/late"))
        holds_for(lambda: not ollama.seen("/late"), 0.05, "nothing passes")
        chaos.heal()
        assert visitor.response().status == 200


def test_it_resets_cuts_and_refuses(chaos, ollama):
    for how, ended in (("reset_all", "rst"), ("cut_all", "fin")):
        with raw_http.Visitor(chaos.port) as visitor:
            visitor.send(raw_http.request("GET", "/hang"))
            wait_for(lambda: chaos.open == 1, 5, "the pair is open")
            getattr(chaos, how)()
            assert visitor.end() == ended
            wait_for(lambda: chaos.open == 0, 5, "the pair is gone")
    chaos.refuse()
    with pytest.raises(ConnectionRefusedError):
        net.connect(chaos.port)
    chaos.accept()
    assert raw_http.fetch(chaos.port).status == 200


def test_it_forsakes(chaos, ollama):
    with raw_http.Visitor(chaos.port) as visitor:
        visitor.send(raw_http.request("GET", "/hang"))
        request = ollama.first("/hang")
        chaos.forsake()
        assert visitor.end() == "rst"
        holds_for(lambda: request.ended is None, 0.05, "the target does not know")
    assert raw_http.fetch(chaos.port).status == 200


def test_it_ends_after_so_many_bytes(chaos):
    chaos.down.end_after, chaos.down.end_how = 1000, "cut"
    with raw_http.Visitor(chaos.port) as visitor:
        visitor.send(raw_http.request("GET", "/bytes?size=5000"))
        assert visitor.end() == "fin"
        assert len(visitor.reader.buffer) == 1000


# --- the public programs among themselves ---------------------------------------------------------


@pytest.fixture
def public_server(started):
    return started(PublicServer())


def test_a_request_through_the_public_programs(started, ollama, public_server):
    client = started(PublicClient(public_server, "client_A", ollama.port, models=["tiny"])).start()
    public_server.has("client_A")
    answer = raw_http.fetch(public_server.public, target="/hello", headers={"Connection": "close"})
    assert answer.json()["served_by"] == "here"
    assert client.registered().orders == public_server.seen.proxied


def test_the_public_server_routes_by_the_first_packet(started, ollama, public_server):
    other = started(FakeOllama("other"))
    started(PublicClient(public_server, "a", ollama.port, models=["x"])).start().registered()
    started(PublicClient(public_server, "b", other.port, models=["y"])).start().registered()
    public_server.has("a"), public_server.has("b")
    for model, name in (("x", "here"), ("y", "other")):
        body = json.dumps({"model": model}).encode()
        answer = raw_http.fetch(public_server.public, "POST", "/v1/chat/completions", body,
                                headers={"Connection": "close"})
        assert answer.json()["served_by"] == name


@pytest.mark.parametrize("key, status", [(None, 401), ("wrong", 401), ("abc123", 503)])
def test_the_public_server_refuses(public_server, key, status):
    assert raw_http.fetch(public_server.public, key=key).status == status


def test_a_token_of_the_public_server_is_refused_later(started, public_server, tmp_path, ollama):
    first = started(PublicClient(public_server, "a", ollama.port, folder=tmp_path)).start()
    first.registered().stop()
    again = started(PublicClient(public_server, "a", ollama.port, folder=tmp_path)).start()
    wait_for(lambda: again.ended, 5, "the second client leaves")
    assert again.refusal == "Invalid token"


def test_an_id_in_use_is_refused(started, public_server, ollama):
    started(PublicClient(public_server, "a", ollama.port)).start().registered()
    second = started(PublicClient(public_server, "a", ollama.port)).start()
    wait_for(lambda: second.ended, 5, "the second client leaves")
    assert second.refusal == "Client ID already in use"


def test_the_public_client_leaves_at_an_unknown_command(started, public_server, ollama):
    client = started(PublicClient(public_server, "a", ollama.port)).start().registered()
    public_server.clients["a"].sock.sendall(frames.frame(b'{"HeartbeatAck":{}}'))
    wait_for(lambda: client.ended, 5, "it leaves")
    assert "unknown command" in client.ended


def test_a_half_close_ends_both_directions_of_a_public_pipe(started, public_server, ollama):
    started(PublicClient(public_server, "a", ollama.port)).start().registered()
    with raw_http.Visitor(public_server.public) as visitor:
        visitor.send(raw_http.request("GET", "/hang"))
        ollama.first("/hang")
        visitor.half_close()
        assert visitor.end() == "fin"


def test_listeners_pass_faults_on():
    def faulty(sock):
        raise KeyError("broken handler")

    listener = net.Listener(faulty)
    with net.connect(listener.port):
        wait_for(lambda: listener.faults, 5, "the fault is kept")
    with pytest.raises(AssertionError):
        listener.stop()


def test_wait_for_fails_in_time():
    with pytest.raises(AssertionError, match="the impossible"):
        wait_for(threading.Event().is_set, 0.05, "the impossible")
