"""Answers that flow for long: events at once, who may cancel, back-pressure, bulk."""

import hashlib
import select
import threading
import time

import pytest

from support import http_bytes, net, raw_http
from support.fake_ollama import seeded, seeded_hash
from support.net import Listener
from support.public_frpx import PublicClient
from support.programs import under_sanitizer
from support.waiting import FACTOR, holds_for, wait_for

# The frames of an upgraded connection are nobody's business: raw bytes do as well.
UPGRADE = {"Connection": "upgrade", "Upgrade": "websocket"}


@pytest.fixture
def house(lab):
    server, services, _ = lab.house("a")
    server.service = services["a"]
    return server


def test_events_pass_at_once(house):
    """The next event is only made when the visitor has read the one before."""
    with house.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/sse?count=50&gate=1"))
        pieces = visitor.pieces(visitor.head())
        for number in range(50):
            house.service.release()
            assert next(pieces) == f"data: event {number}\n\n".encode()
        assert list(pieces) == [], "the body ends"
        assert visitor.ask("GET", "/x").status == 200


def test_a_service_may_think_for_long(house):
    """Longer than a client has to say that it reached its service: that wait is over by then."""
    with house.visitor() as visitor:
        visitor.send(raw_http.request("POST", "/think", b"body"))
        house.service.first("/think")
        holds_for(lambda: net.peer_has_ended(visitor.sock) is None
                  and not select.select([visitor.sock], [], [], 0)[0], 4, "no answer yet")
        house.service.release()
        assert visitor.response().json()["size"] == 4


def test_a_visitor_may_pause_within_its_body(house):
    """For as long as --body-stall-timeout says, from the first pause on."""
    with house.visitor() as visitor:
        visitor.send(raw_http.request("POST", "/x", headers={"Content-Length": "4"}))
        house.service.first("/x")
        holds_for(lambda: not select.select([visitor.sock], [], [], 0)[0], 4, "no answer yet")
        assert visitor.send("body").response().json()["size"] == 4


def test_a_chat_streams_token_by_token(house):
    body = b'{"model":"tiny","stream":true}'
    answer = house.fetch("POST", "/v1/chat/completions", body)
    assert answer.get("Content-Type") == "text/event-stream"
    assert answer.body.endswith(b"data: [DONE]\n\n") and answer.body.count(b"data: ") == 6


def test_single_slow_bytes(house):
    answer = house.fetch(target="/slow?size=50&gap=0.005")
    assert answer.body == b"".join(seeded(1, 50, piece=1))


@pytest.mark.parametrize("target", ["/hang", "/sse?count=5&gate=1"])
def test_a_visitor_that_resets_cancels_at_the_service(house, target):
    visitor = house.visitor()
    visitor.send(raw_http.request("GET", target))
    request = house.service.first(target.split("?")[0])
    if "sse" in target:
        house.service.release()
        next(visitor.pieces(visitor.head()))
    began = time.monotonic()
    visitor.reset()
    wait_for(lambda: request.ended in ("fin", "rst"), 2, "the service is told")
    assert time.monotonic() - began < 0.1 * FACTOR


@pytest.mark.parametrize("options", [[], ["--abort-on-eof"]], ids=["default", "old option"])
@pytest.mark.parametrize("target", ["/hang", "/sse?count=5&gate=1"])
def test_an_end_behind_the_request_is_leaving(lab, target, options):
    """Every program that gives up on an answer closes its connection, and close() is a FIN."""
    server, services, _ = lab.house("a", options=options)
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", target))
        request = services["a"].first(target.split("?")[0])
        if "sse" in target:
            services["a"].release()
            next(visitor.pieces(visitor.head()))
        began = time.monotonic()
        visitor.half_close()
        wait_for(lambda: request.ended in ("fin", "rst"), 2, "the service is told")
        assert time.monotonic() - began < 0.1 * FACTOR
        assert visitor.end() == "rst", "half an answer does not look whole"
    assert server.fetch(target="/x").status == 200


def test_a_visitor_that_leaves_gives_its_place_to_who_waits(lab):
    server, services, _ = lab.house("a", client=["--max-inflight", "1"])
    leaving = server.visitor()
    leaving.send(raw_http.request("POST", "/hang", b"body"))
    services["a"].first("/hang")
    waiting = server.visitor()
    waiting.send(raw_http.request("GET", "/never"))
    wait_for(lambda: server.api("/api/stats").json()["data"]["waiting_requests"] == 1, 5, "it waits")
    waiting.close()
    wait_for(lambda: server.api("/api/stats").json()["data"]["waiting_requests"] == 0, 5, "it left")
    with server.visitor() as next_one:
        next_one.send(raw_http.request("GET", "/x"))
        leaving.close()
        assert next_one.response().status == 200
    assert not services["a"].seen("/never")
    wait_for(lambda: server.clients()["a"]["inflight"] == 0, 5, "every place is given back")


def test_with_half_close_a_visitor_gets_its_answer(lab):
    """A visitor's FIN never reaches an HTTP stream."""
    server, services, _ = lab.house("a", options=["--half-close"])
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/sse?count=2&gate=1"))
        visitor.half_close()
        request = services["a"].first("/sse")
        holds_for(lambda: request.ended is None, 0.3, "the request goes on")
        services["a"].release(2)
        answer = visitor.response()
        assert answer.body == b"data: event 0\n\ndata: event 1\n\n"
        assert visitor.end() == "fin"
    wait_for(lambda: request.ended == "complete", 5, "the service has answered whole")


def test_with_half_close_a_visitor_that_leaves_is_noticed_by_writing(lab):
    """close() is a FIN first: only writing shows that nobody reads any more."""
    server, services, _ = lab.house("a", options=["--half-close"])
    visitor = server.visitor()
    visitor.send(raw_http.request("GET", "/bytes?size=500000000"))
    visitor.head()
    visitor.close()
    request = services["a"].first("/bytes")
    wait_for(lambda: request.ended == "rst", 5, "the service's writing fails")


def test_a_slow_reader_holds_back_its_service_and_nobody_else(house):
    size = 64 << 20
    with house.visitor(timeout=60) as slow:
        memory = house.memory()
        slow.send(raw_http.request("GET", f"/bytes?size={size}&seed=8"))
        head = slow.head()
        request = house.service.first("/bytes")
        for _ in range(20):
            assert house.fetch(target="/x").status == 200
        assert request.ended is None, "the service cannot have sent everything"
        if not under_sanitizer():
            assert house.memory() - memory < 16 << 20, "little of it is held"
        digest = hashlib.sha256()
        for piece in slow.pieces(head):
            digest.update(piece)
        assert digest.hexdigest() == seeded_hash(8, size)


def test_a_service_that_does_not_read_holds_back_its_visitor(house):
    house.service.mode = "hang"
    with house.visitor(timeout=1) as visitor:
        visitor.send(raw_http.request("POST", "/x", headers={"Content-Length": str(1 << 30)}))
        sent = 0
        with pytest.raises(TimeoutError):
            while True:
                sent += visitor.sock.send(b"z" * 65536)
        assert sent < 64 << 20, "it must not be swallowed"
    house.service.mode = "answer"


def test_bulk_both_ways_at_once(house):
    """An upgraded connection is a relay: 30 MB each way, bit-exact."""
    data = raw_http.request("GET", "/upgrade", headers=UPGRADE)
    with house.visitor(timeout=60) as visitor:
        visitor.send(data)
        assert visitor.response().status == 101

        def send():
            for piece in seeded(3, 30_000_000):
                visitor.sock.sendall(piece)
            visitor.half_close()

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        digest = hashlib.sha256()
        while piece := visitor.reader.some(1 << 20):
            digest.update(piece)
        sender.join(10)
        assert digest.hexdigest() == seeded_hash(3, 30_000_000)


def test_a_reset_of_an_upgraded_connection_reaches_the_other_side(house):
    data = raw_http.request("GET", "/upgrade", headers=UPGRADE)
    visitor = house.visitor()
    visitor.send(data)
    assert visitor.response().status == 101
    request = house.service.first("/upgrade")
    visitor.reset()
    wait_for(lambda: request.ended in ("rst", "fin", "complete"), 5, "the service is told")
    with house.visitor() as visitor:
        visitor.send(data)
        assert visitor.response().status == 101
        house.service.reset_all()
        assert visitor.end() == "rst"


def test_one_large_answer(house):
    """256 MiB through both hops, counted and hashed."""
    size = (32 << 20) if under_sanitizer() else (256 << 20)
    with house.visitor(timeout=60) as visitor:
        visitor.send(raw_http.request("GET", f"/bytes?size={size}&seed=11"))
        digest = hashlib.sha256()
        for piece in visitor.pieces(visitor.head()):
            digest.update(piece)
    assert digest.hexdigest() == seeded_hash(11, size)


def test_visitors_that_come_and_die_leave_nothing(house):
    before = house.fds()
    whole = [raw_http.request("GET", target)
             for target in ("/hang", "/sse?gate=1", "/bytes?size=9000000")]
    for number in range(300):
        visitor = house.visitor()
        data = whole[number % 3]
        if number % 2:
            visitor.send(data).reset()
        else:
            # Half a head: with a whole one, closing would only be a half-close.
            visitor.send(data[:30]).close()
    wait_for(lambda: house.fds() <= before + 6, 15,
             lambda: f"{before} descriptors before, {house.fds()} after")
    assert house.fetch().status == 200


def test_a_public_client_that_resets_midway(lab):
    """The cut shows to the visitor as a cut."""
    server = lab.frps()

    def half(sock):
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        net.end_of(sock, 1)

    service = lab.add(net.Listener(half))
    client = lab.add(PublicClient(server, "p", service.port)).start().registered()
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/"))
        assert visitor.head().get("Content-Length") == "100"
        client.kill()
        assert visitor.end() in ("rst", "fin")
        assert len(visitor.reader.buffer) < 100


@pytest.mark.parametrize("client", [[], ["--no-link"]], ids=["by a link", "each by itself"])
def test_an_idle_connection_to_the_service_ends_in_order(lab, client):
    """Keep-alive between requests, and then an end, not a reset: it has done nothing wrong."""
    ends = []

    def serve(sock):
        reader = http_bytes.Reader(sock)
        starts = []
        try:
            while head := http_bytes.read_head(reader):
                starts.append(head.start)
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            ends.append((starts, "in order"))
        except OSError as how:
            ends.append((starts, repr(how)))

    service = lab.add(Listener(serve))
    server = lab.frps("--idle-stream-timeout", "100ms")
    lab.frpc(server, "a", service.port, *client)
    server.has("a")
    for _ in range(2):
        assert server.fetch(target="/x").body == b"ok"
    ours = wait_for(lambda: [each for each in ends if "GET /x HTTP/1.1" in each[0]], 10,
                    "the connection ends")
    assert {how for _, how in ours} == {"in order"}
