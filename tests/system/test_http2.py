"""HTTP/2 from visitors, by prior knowledge on the public port: real curl and h2load, and what
only a visitor of ours does."""

import hashlib
import json
import subprocess
import time

import pytest

from support import h2_visitor, net, raw_http
from support.fake_ollama import seeded, seeded_hash
from support.h2_visitor import H2Visitor, frame
from support.programs import under_sanitizer
from support.waiting import FACTOR, wait_for

NO_ERROR, PROTOCOL_ERROR, REFUSED, CANCEL, CALM = 0, 1, 7, 8, 11
HEADERS = 1
END_STREAM, END_HEADERS = 1, 4


@pytest.fixture
def house(lab):
    server, services, _ = lab.house("a")
    server.service = services["a"]
    server.h2 = lambda **options: lab.add(Closing(H2Visitor(server.public, **options))).visitor
    return server


class Closing:
    """A visitor that the lab closes."""

    def __init__(self, visitor):
        self.visitor = visitor

    def stop(self):
        self.visitor.sock.close()


def curl(server, target, *options, body=None):
    return subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "-H", "Authorization: Bearer abc123", *options,
         f"http://127.0.0.1:{server.public}{target}"],
        input=body, capture_output=True, timeout=30 * FACTOR, check=True).stdout


def echo_of(answer):
    return json.loads(bytes(answer.body))


# --- real programs ----------------------------------------------------------------------------------

def test_curl(house):
    said = curl(house, "/x", "-w", "%{http_version} %{http_code}", "-H", "X-A: b")
    assert said.endswith(b"2 200") and b'"x-a", "b"' in said


def test_curl_sends_and_gets_megabytes(house):
    body = b"".join(seeded(3, 5_000_000))
    said = curl(house, "/x", "--data-binary", "@-", body=body)
    assert hashlib.sha256(body).hexdigest().encode() in said
    got = curl(house, "/bytes?size=20000000&seed=4")
    assert hashlib.sha256(got).hexdigest() == seeded_hash(4, 20_000_000)


def test_curl_is_refused_without_a_key(house):
    said = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "-w", "%{http_version} %{http_code}",
         f"http://127.0.0.1:{house.public}/x"], capture_output=True, timeout=30, check=True).stdout
    assert said.endswith(b"2 401") and b"Missing API key" in said


def test_h2load(house):
    """Two thousand requests over four connections, five at once on each."""
    said = subprocess.run(
        ["h2load", "-n", "2000", "-c", "4", "-m", "5", "-H", "authorization: Bearer abc123",
         f"http://127.0.0.1:{house.public}/bytes?size=100"],
        capture_output=True, text=True, timeout=60 * FACTOR, check=True).stdout
    assert "2000 succeeded, 0 failed, 0 errored, 0 timeout" in said, said
    assert "status codes: 2000 2xx" in said, said


def test_http_1_goes_on_beside_it(house):
    assert house.fetch(target="/x").status == 200
    assert raw_http.fetch_raw(house.public, "PRI * HTTP/1.1\r\nHost: x\r\n\r\n").status == 400
    with house.visitor() as visitor:
        assert visitor.ask("GET", "/x").status == 200
        visitor.send(h2_visitor.PREFACE)
        assert visitor.response().status in (400, 505), "not in the middle of HTTP/1"


# --- the meaning of messages ------------------------------------------------------------------------

def test_a_request_reaches_the_service_in_full(house):
    visitor = house.h2()
    answer = visitor.fetch("POST", "/a?b=%20c", b"x" * 100_000,
                           headers=[("cookie", "a=b"), ("cookie", "c=d"), ("x-a", "b"),
                                    ("client_id", "a"), ("x-forwarded-for", "1.1.1.1")])
    assert answer.status == 200 and answer.get("x-frpx-client") == "a"
    assert answer.get("via") == "1.1 frpx" and len(answer.get("x-request-id")) == 32
    assert answer.get("connection") is None and answer.get("transfer-encoding") is None
    echo = echo_of(answer)
    assert (echo["method"], echo["target"], echo["size"]) == ("POST", "/a?b=%20c", 100_000)
    seen = {n.lower(): v for n, v in echo["headers"]}
    assert seen["x-forwarded-host"] == "frpx.test"
    assert seen["cookie"] == "a=b; c=d" and seen["x-a"] == "b"
    assert seen["via"] == "2.0 frpx" and seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["transfer-encoding"] == "chunked" and "authorization" not in seen
    assert seen["forwarded"] == "for=127.0.0.1;host=frpx.test;proto=http"


def test_a_length_that_was_said_is_kept(house):
    echo = echo_of(house.h2().fetch("POST", "/x", b"hello", headers={"content-length": "5"}))
    assert ["content-length", "5"] in [[n.lower(), v] for n, v in echo["headers"]]


@pytest.mark.parametrize("said", [4, 6])
def test_a_length_that_is_wrong_resets_the_request(house, said):
    visitor = house.h2()
    answer = visitor.fetch("POST", "/x", b"hello", headers={"content-length": str(said)})
    assert answer.reset == PROTOCOL_ERROR
    assert not house.service.completed("/x")
    assert visitor.fetch().status == 200, "the connection goes on"


def test_head_and_answers_without_body(house):
    visitor = house.h2()
    answer = visitor.fetch("HEAD", "/bytes?size=12345")
    assert (answer.status, answer.get("content-length"), bytes(answer.body)) == (200, "12345", b"")
    for code in (204, 304):
        assert visitor.fetch(path=f"/status?code={code}").status == code
    assert visitor.fetch("HEAD", "/x", key=False).status == 401
    assert visitor.fetch().status == 200


def test_interim_answers(house):
    answer = house.h2().fetch(path="/informational")
    assert answer.interim == ["103", "102"] and answer.status == 200


def test_expect_100_continue(house):
    visitor = house.h2()
    stream = visitor.request("POST", "/x", headers={"expect": "100-continue"}, end=False)
    answer = visitor.answers[stream]
    assert visitor.until(lambda: answer.interim == ["100"])
    visitor.data(stream, b"hello", end=True)
    assert echo_of(visitor.answer(stream))["size"] == 5


def test_trailers_both_ways(house):
    visitor = house.h2()
    answer = visitor.fetch(path="/trailers", headers={"te": "trailers"})
    assert bytes(answer.body) == b"hello" and answer.ended
    assert answer.trailers == [("x-sum", "5"), ("grpc-status", "0")]
    stream = visitor.request("POST", "/x", b"body", end=False)
    visitor.end(stream, [("x-sum", "4"), ("authorization", "9")])
    assert echo_of(visitor.answer(stream))["trailers"] == [["x-sum", "4"]]


def test_events_pass_at_once(house):
    visitor = house.h2()
    stream = visitor.request(path="/sse?count=20&gate=1")
    answer = visitor.answers[stream]
    for number in range(20):
        house.service.release()
        assert visitor.until(lambda: answer.body.endswith(f"event {number}\n\n".encode()))
    assert visitor.answer(stream).ended


def test_routing_and_keys_are_of_each_request(lab):
    server, _, _ = lab.house("a", "b")
    with H2Visitor(server.public) as visitor:
        streams = {visitor.request(headers={"client_id": name}): name for name in "abab"}
        for stream, name in streams.items():
            assert visitor.answer(stream).get("x-frpx-client") == name
        visitor.key = "wrong"
        assert visitor.fetch().status == 401
        visitor.key = "test-api-key-123"
        assert visitor.fetch().status == 200


def test_a_refused_request_is_answered_though_its_body_flows(house):
    visitor = house.h2()
    stream = visitor.request("POST", "/x", b"b" * 1000, end=False, key=False)
    answer = visitor.answer(stream)
    assert answer.status == 401 and answer.ended
    visitor.until(lambda: answer.reset is not None)
    assert answer.reset == NO_ERROR, "the rest need not be sent"
    assert visitor.fetch().status == 200


def test_a_service_that_fails(lab):
    server, services, _ = lab.house("a", options=["--response-head-timeout", "300ms"])
    with H2Visitor(server.public) as visitor:
        for path, status in (("/rubbish", 502), ("/hang", 504)):
            answer = visitor.fetch("POST", path, b"x")
            assert (answer.status, answer.get("x-frpx-client")) == (status, "a")
        stream = visitor.request(path="/die?after=100&how=reset")
        answer = visitor.answers[stream]
        assert visitor.until(lambda: len(answer.body) == 100)
        services["a"].release()
        visitor.answer(stream)
        assert answer.status == 200 and not answer.ended and answer.reset is not None, "cut"
        assert visitor.fetch().status == 200, "the connection goes on"


# --- many, slow, and leaving ------------------------------------------------------------------------

def test_a_thousand_streams(lab):
    """All open at once, each with a body that is not complete yet."""
    server, services, _ = lab.house("a", options=["--h2-streams", "1000", "--body-stall-timeout",
                                                  "5m"])
    with H2Visitor(server.public, timeout=60 * FACTOR) as visitor:
        assert visitor.fetch().status == 200
        assert visitor.settings[3] == 1000
        streams = []
        while len(streams) < 1000:
            # A hundred connections at a time are enough for a local service in Python.
            streams += [visitor.request("POST", f"/many?{len(streams) + n}", end=False)
                        for n in range(100)]
            wait_for(lambda: len(services["a"].seen("/many")) == len(streams), 60, "they are there")
        for n, stream in enumerate(streams):
            visitor.data(stream, b"b" * (n + 1), end=True)
        for n, stream in enumerate(streams):
            answer = visitor.answer(stream)
            assert answer.status == 200, bytes(answer.body)
            echo = echo_of(answer)
            assert (echo["target"], echo["size"]) == (f"/many?{n}", n + 1)


def test_more_streams_than_are_allowed_at_once(lab):
    server, services, _ = lab.house("a", options=["--h2-streams", "5"])
    with H2Visitor(server.public) as visitor:
        assert visitor.fetch().status == 200
        for _ in range(5):
            visitor.request(path="/hang")
        wait_for(lambda: len(services["a"].seen("/hang")) == 5, 10, "five at once")
        data = visitor.h2.encoder.encode([(":method", "GET")])
        visitor.sock.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 13, data))
        visitor.end_of_connection()
        assert visitor.goaway[0] == PROTOCOL_ERROR
    wait_for(lambda: all(r.ended for r in services["a"].seen("/hang")), 5, "all are cancelled")
    assert server.fetch().status == 200


def test_requests_count_as_visitors(lab):
    """One connection and as many requests as are left; one more is refused, and may be sent again."""
    server, services, _ = lab.house("a", options=["--max-visitors", "4"])
    with H2Visitor(server.public) as visitor:
        hanging = [visitor.request(path="/hang") for _ in range(3)]
        wait_for(lambda: len(services["a"].seen("/hang")) == 3, 10, "three at once")
        assert visitor.fetch().reset == REFUSED
        visitor.reset(hanging[0])
        wait_for(lambda: any(each.ended for each in services["a"].seen("/hang")), 5,
                 "one is cancelled")
        assert visitor.fetch().status == 200


def test_a_slow_reader_stops_its_own_source_only(house):
    visitor = house.h2(reads_at_once=False)
    memory = house.memory()
    slow = visitor.request(path="/bytes?size=50000000&seed=6")
    request = house.service.first("/bytes")
    for _ in range(20):
        other = visitor.fetch(path="/bytes?size=1000&seed=2")
        assert other.sha256 == seeded_hash(2, 1000)
        visitor.pay(max(visitor.answers))
    assert request.ended is None, "the service cannot have sent everything"
    if not under_sanitizer():
        assert house.memory() - memory < 16 << 20
    answer = visitor.answers[slow]
    while not answer.ended:
        visitor.pay(slow)
        assert visitor.receive()
    assert answer.sha256 == seeded_hash(6, 50_000_000)


def test_a_reader_that_opens_its_windows_in_small_steps_is_no_flood(house):
    """As Go's client does: each 4 KiB, for the stream and for the connection."""
    visitor = house.h2(reads_at_once=False)
    stream = visitor.request(path="/bytes?size=20000000&seed=3")
    answer = visitor.answers[stream]
    while not answer.ended:
        assert visitor.receive(), visitor.goaway
        if answer.ended:
            break
        for _ in range(visitor.unpaid.pop(stream, 0) // 4096 + 1):
            visitor.h2.increment_flow_control_window(4096, stream)
            visitor.h2.increment_flow_control_window(4096)
        visitor.flush()
    assert answer.sha256 == seeded_hash(3, 20_000_000)


def test_a_service_that_does_not_read_stops_its_own_request_only(house):
    visitor = house.h2()
    slow = visitor.request("POST", "/stuck", end=False)
    house.service.first("/stuck")
    sent = 0
    visitor.sock.settimeout(1)
    with pytest.raises(TimeoutError):
        while sent < 64 << 20:
            visitor.data(slow, b"z" * 16384)
            sent += 16384
    visitor.sock.settimeout(20)
    for _ in range(10):
        assert echo_of(visitor.fetch("POST", "/x", b"b" * 60_000))["size"] == 60_000


def test_a_visitor_that_resets_a_stream_cancels_it_at_the_service(house):
    visitor = house.h2()
    for path in ("/hang", "/sse?count=5&gate=1"):
        stream = visitor.request(path=path)
        request = house.service.first(path.split("?")[0])
        began = time.monotonic()
        visitor.reset(stream)
        wait_for(lambda: request.ended in ("fin", "rst"), 2, "the service is told")
        assert time.monotonic() - began < 0.1 * FACTOR
    assert visitor.fetch().status == 200, "the connection goes on"


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_visitor_that_leaves_cancels_all_its_requests(house, how):
    visitor = house.h2()
    for _ in range(5):
        visitor.request(path="/hang")
    wait_for(lambda: len(house.service.seen("/hang")) == 5, 5, "all are there")
    if how == "rst":
        net.reset(visitor.sock)
    else:
        visitor.sock.close()
    wait_for(lambda: all(r.ended for r in house.service.seen("/hang")), 2, "the service is told")
    assert house.fetch().status == 200


def test_a_rest_that_is_not_taken_is_given_up(lab):
    """The answer is whole, its reader has no window: after the deadline it is reset."""
    server, services, _ = lab.house("a", options=["--body-stall-timeout", "400ms"])
    with H2Visitor(server.public, window=100) as visitor:
        answer = visitor.answers[visitor.request(path="/bytes?size=5000")]
        visitor.reads_at_once = False
        assert visitor.until(lambda: answer.reset is not None)
        assert answer.reset == CANCEL and len(answer.body) <= 5000
        wait_for(lambda: services["a"].first("/bytes").ended == "complete", 5, "the service is done")


# --- deadlines and the end --------------------------------------------------------------------------

def test_an_idle_connection_is_ended_in_order(lab):
    server, _, _ = lab.house("a", options=["--idle-visitor-timeout", "400ms"])
    with H2Visitor(server.public) as visitor:
        assert visitor.fetch().status == 200
        assert visitor.end_of_connection() == "fin"
        assert visitor.goaway == (NO_ERROR, 1)


def test_a_connection_without_a_request_is_ended(lab):
    server = lab.frps("--request-head-timeout", "400ms")
    with H2Visitor(server.public) as visitor:
        assert visitor.end_of_connection() == "fin"
        assert visitor.goaway[0] == NO_ERROR


def test_a_slow_header_block_is_ended(lab):
    """A head that never becomes whole, though something comes now and then."""
    server, _, _ = lab.house("a", options=["--request-head-timeout", "400ms"])
    with H2Visitor(server.public) as visitor:
        assert visitor.fetch().status == 200
        visitor.sock.sendall(frame(HEADERS, 0, 3, b"\x82"))
        assert visitor.end_of_connection() in ("fin", "rst")
        assert visitor.goaway[0] == CALM


def test_a_slow_body_is_408(lab):
    server, _, _ = lab.house("a", options=["--body-stall-timeout", "400ms"])
    with H2Visitor(server.public) as visitor:
        answer = visitor.answer(visitor.request("POST", "/x", b"some", end=False))
        assert answer.status == 408
        assert visitor.fetch().status == 200


def test_drain_lets_the_requests_at_hand_finish(lab):
    server, services, _ = lab.house("a")
    with H2Visitor(server.public) as visitor:
        stream = visitor.request(path="/sse?count=2&gate=1")
        services["a"].first("/sse")
        server.ask_to_stop()
        assert visitor.until(lambda: visitor.goaway is not None)
        assert visitor.goaway == (NO_ERROR, stream)
        services["a"].release(2)
        answer = visitor.answer(stream)
        assert answer.ended and answer.body.count(b"event") == 2
        assert visitor.end_of_connection() == "fin"


def test_an_idle_connection_does_not_hold_up_the_stop(lab):
    server, _, _ = lab.house("a")
    with H2Visitor(server.public) as visitor:
        assert visitor.fetch().status == 200
        began = time.monotonic()
        server.ask_to_stop()
        assert visitor.end_of_connection() == "fin"
        assert time.monotonic() - began < 3 * FACTOR
