"""HTTP/2 as no program would send it: beyond the limits, malformed, hostile."""

import re
import struct

import hpack
import pytest

from support import h2_visitor, raw_http
from support.h2_visitor import H2Visitor, frame, goaway_code
from support.programs import Lab
from support.waiting import wait_for

NO_ERROR, PROTOCOL_ERROR = 0, 1
ENHANCE_YOUR_CALM = 11
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = (
    0, 1, 2, 3, 4, 6, 8, 9)
END_STREAM, END_HEADERS = 1, 4
ASKED_BY_THE_CLIENT = {"/v1/models", "/api/tags", "/api/ps"}  # now and then, by itself


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One house for all that is hostile: none of it may harm it for the next."""
    lab = Lab(tmp_path_factory.mktemp("http2"))
    server, services, _ = lab.house("a", options=["--idle-visitor-timeout", "3s",
                                                  "--request-head-timeout", "3s"])
    yield server, services["a"]
    assert server.fetch().status == 200, "after all of it, it still serves"
    assert re.search("fault of ours", server.log()) is None
    lab.close()


def test_limits_answer_as_in_http_1(lab):
    server, services, _ = lab.house("a", options=["--max-head", "2000", "--max-target", "100",
                                                  "--max-fields", "20", "--max-body", "1000"])
    with H2Visitor(server.public) as visitor:
        assert visitor.fetch(headers={"x-pad": "p" * 1500}).status == 200
        assert visitor.settings[6] == 2000
        assert visitor.fetch(headers={"x-pad": "p" * 2000}).status == 431
        assert visitor.fetch(headers=[(f"x-{n}", "v") for n in range(30)]).status == 431
        assert visitor.fetch(path="/" + "t" * 99).status == 200
        assert visitor.fetch(path="/" + "t" * 100).status == 414
        assert visitor.fetch("POST", "/x", b"b" * 1000).status == 200
        assert visitor.fetch("POST", "/x", b"b" * 1001).status == 413
        assert visitor.fetch().status == 200, "the connection goes on"

    def whole_bodies():
        return [r.size for r in services["a"].completed("/x") if r.method == "POST"]
    wait_for(lambda: whole_bodies() == [1000], 5, whole_bodies)


PSEUDO = [(":method", "GET"), (":scheme", "http"), (":path", "/x"), (":authority", "h"),
          ("authorization", "Bearer abc123")]

# The name says what is wrong with the request; nothing of it may reach a service.
MALFORMED = {
    "CR LF in a value": [*PSEUDO, ("x", "a\r\nTransfer-Encoding: chunked")],
    "LF in a value": [*PSEUDO, ("x", "a\nb")],
    "NUL in a value": [*PSEUDO, ("x", "a\0b")],
    "CR LF in a name": [*PSEUDO, ("x\r\ny", "a")],
    "colon in a name": [*PSEUDO, ("x:y", "a")],
    "space in a name": [*PSEUDO, ("x y", "a")],
    "upper case": [*PSEUDO, ("X-A", "a")],
    "empty name": [*PSEUDO, ("", "a")],
    "a second head in the path": [(":method", "GET"), (":scheme", "http"),
                                  (":path", "/x HTTP/1.1\r\nHost: h\r\n\r\nGET /second"),
                                  (":authority", "h"), ("authorization", "Bearer abc123")],
    "space in the path": [(n, "/a b" if n == ":path" else v) for n, v in PSEUDO],
    "absolute path": [(n, "http://other/x" if n == ":path" else v) for n, v in PSEUDO],
    "empty path": [(n, "" if n == ":path" else v) for n, v in PSEUDO],
    "CR LF in the method": [(n, "GET / HTTP/1.1\r\nX: y" if n == ":method" else v)
                            for n, v in PSEUDO],
    "CR LF in the authority": [(n, "h\r\nX: y" if n == ":authority" else v) for n, v in PSEUDO],
    "user in the authority": [(n, "user@h" if n == ":authority" else v) for n, v in PSEUDO],
    "transfer-encoding": [*PSEUDO, ("transfer-encoding", "chunked")],
    "connection": [*PSEUDO, ("connection", "close")],
    "upgrade": [*PSEUDO, ("upgrade", "websocket")],
    "te other than trailers": [*PSEUDO, ("te", "gzip")],
    "content-length twice": [*PSEUDO, ("content-length", "0"), ("content-length", "5")],
    "content-length signed": [*PSEUDO, ("content-length", "+0")],
    "content-length huge": [*PSEUDO, ("content-length", "9" * 30)],
    "host that differs": [*PSEUDO, ("host", "other")],
    "no path": [f for f in PSEUDO if f[0] != ":path"],
    "no method": [f for f in PSEUDO if f[0] != ":method"],
    "no scheme": [f for f in PSEUDO if f[0] != ":scheme"],
    "no authority": [f for f in PSEUDO if f[0] != ":authority"],
    "path twice": [PSEUDO[0], (":path", "/y"), *PSEUDO[1:]],
    "pseudo field last": [*PSEUDO[1:], PSEUDO[0]],
    "unknown pseudo field": [(":protocol", "websocket"), *PSEUDO],
    "status in a request": [(":status", "200"), *PSEUDO],
    "two keys": [*PSEUDO, ("authorization", "Bearer other")],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests(shared, name):
    """400, or a reset with PROTOCOL_ERROR (RFC 9113, 8.1.1); the connection goes on."""
    server, service = shared
    service.requests.clear()
    with H2Visitor(server.public) as visitor:
        stream = visitor.h2.get_next_available_stream_id()
        visitor.answers[stream] = h2_visitor.Answer()
        block = hpack.Encoder().encode(MALFORMED[name])
        visitor.h2.send_headers(stream, [(":method", "GET")], end_stream=True)
        visitor.h2.data_to_send()  # python3-h2 knows the stream now; the frame itself is ours
        visitor.sock.sendall(frame(HEADERS, END_STREAM | END_HEADERS, stream, block))
        answer = visitor.answer(stream)
        assert answer.status == 400 or answer.reset == PROTOCOL_ERROR, answer
    assert {r.path for r in service.requests} <= ASKED_BY_THE_CLIENT
    assert len(MALFORMED) > 30


def test_connect_is_refused(shared):
    server, service = shared
    with H2Visitor(server.public) as visitor:
        answer = visitor.answer(visitor.raw_request([(":method", "CONNECT"), (":authority", "a:80")]))
        assert answer.status == 501
        assert visitor.fetch().status == 200


SETTINGS_FRAME = frame(SETTINGS)
GET = hpack.Encoder().encode(PSEUDO)

POST = hpack.Encoder().encode([(n, "POST" if n == ":method" else v) for n, v in PSEUDO])
POST_OF_1 = POST + hpack.Encoder().encode([("content-length", "1")])


def each_stream(*frames_of):
    """5,000 streams, each of which the visitor opens and makes the server reset."""
    return b"".join(make(n) for n in range(1, 10_001, 2) for make in frames_of)


def opened(block):
    return lambda n: frame(HEADERS, END_HEADERS, n, block)


# What makes a server reset a stream (CVE-2025-8671): no such request is ever answered.
MADE_TO_RESET = {
    "a window that overflows": each_stream(
        opened(POST), lambda n: frame(WINDOW_UPDATE, 0, n, b"\x7f\xff\xff\xff")),
    "a window that opens by nothing": each_stream(
        opened(POST), lambda n: frame(WINDOW_UPDATE, 0, n, b"\0\0\0\0")),
    "a second head": each_stream(opened(POST), opened(POST)),
    "more DATA than its length": each_stream(
        opened(POST_OF_1), lambda n: frame(DATA, END_STREAM, n, b"xx")),
    "less DATA than its length": each_stream(
        opened(POST_OF_1), lambda n: frame(DATA, END_STREAM, n, b"")),
    "a pseudo field in the trailer": each_stream(
        opened(POST), lambda n: frame(HEADERS, END_STREAM | END_HEADERS, n,
                                      hpack.Encoder().encode([(":path", "/y")]))),
    "a stream that depends on itself": each_stream(
        opened(POST), lambda n: frame(PRIORITY, 0, n, struct.pack(">IB", n, 1))),
    "PRIORITY of a wrong size": each_stream(
        opened(POST), lambda n: frame(PRIORITY, 0, n, b"abc")),
    "DATA behind the end": each_stream(
        lambda n: frame(HEADERS, END_STREAM | END_HEADERS, n, GET),
        lambda n: frame(DATA, 0, n, b"x")),
    "malformed heads": each_stream(opened(POST + hpack.Encoder().encode([("connection", "x")]))),
    "more streams than allowed": each_stream(opened(POST)),
}

HOSTILE = {
    "a flood of PING": frame(PING, 0, 0, b"12345678") * 20_000,
    "a flood of SETTINGS": frame(SETTINGS, 0, 0, b"\0\4\0\0\xff\xff") * 20_000,
    "a flood of WINDOW_UPDATE": frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1") * 20_000,
    "a flood of WINDOW_UPDATE of a request": frame(HEADERS, END_HEADERS, 1, POST)
                                             + frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1") * 20_000,
    "a flood of unknown frames": frame(99, 0, 0, b"x") * 20_000,
    "a flood of padding": frame(HEADERS, END_HEADERS, 1, POST) + frame(DATA, 8, 1, b"\0") * 20_000,
    "a flood of frames of a stream that has ended":
        frame(HEADERS, END_HEADERS, 1, POST) + frame(RST_STREAM, 0, 1, b"\0\0\0\x08")
        + (frame(HEADERS, END_HEADERS, 1, POST) + frame(DATA, 0, 1, b"x")
           + frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1")
           + frame(RST_STREAM, 0, 1, b"\0\0\0\x08")) * 5_000,
    "a flood of PRIORITY": frame(2, 0, 1, b"\0\0\0\0\x10") * 20_000,
    "a flood of empty DATA": frame(HEADERS, END_HEADERS, 1, GET) + frame(0, 0, 1) * 20_000,
    "rapid reset": b"".join(frame(HEADERS, END_STREAM | END_HEADERS, n, GET)
                            + frame(RST_STREAM, 0, n, b"\0\0\0\x08") for n in range(1, 20_001, 2)),
    "a flood of CONTINUATION": frame(HEADERS, 0, 1, GET[:10])
                               + frame(CONTINUATION, 0, 1, b"") * 20_000,
    "an endless header block": frame(HEADERS, 0, 1, GET)
                               + frame(CONTINUATION, 0, 1,
                                       hpack.Encoder().encode([("x", "y" * 10_000)])) * 500,
    "a compression bomb": frame(HEADERS, 0, 1, hpack.Encoder().encode([("x", "y" * 4000)])
                                + b"\xbe" * 12_000) + frame(CONTINUATION, END_HEADERS, 1,
                                                            b"\xbe" * 16_000),
    "a frame larger than allowed": frame(0, 0, 1, b"x" * 20_000),
    "DATA before any request": frame(0, 0, 1, b"x"),
    "a stream of the server's": frame(HEADERS, END_STREAM | END_HEADERS, 2, GET),
    "HPACK that is none": frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff"),
    "a PUSH_PROMISE": frame(5, END_HEADERS, 1, b"\0\0\0\2" + GET),
    "a window that overflows": frame(8, 0, 0, b"\x7f\xff\xff\xff") * 2,
    "SETTINGS of a wrong size": frame(SETTINGS, 0, 0, b"12345"),
    **{f"resets: {name}": frames for name, frames in MADE_TO_RESET.items()},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_frames_end_the_connection(shared, name):
    server, _ = shared
    got, end = h2_visitor.raw(server.public, SETTINGS_FRAME + HOSTILE[name])
    assert end in ("fin", "rst"), "it is ended"
    if end == "fin":
        assert goaway_code(got) not in (None, NO_ERROR)


def test_unknown_frames_do_not_keep_a_connection(shared):
    server, _ = shared
    got, end = h2_visitor.raw(server.public, SETTINGS_FRAME + frame(99, 0, 0, b"x") * 100)
    assert (end, goaway_code(got)) == ("fin", NO_ERROR), "it is idle"


def test_a_preface_that_is_none(shared):
    server, _ = shared
    with raw_http.Visitor(server.public) as visitor:
        visitor.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + "x" * 100)
        assert visitor.end() in ("fin", "rst")


def test_a_hundred_cancelled_requests_are_no_flood(shared):
    """What a browser does that leaves a page."""
    server, _ = shared
    with H2Visitor(server.public) as visitor:
        for stream in [visitor.request("POST", end=False) for _ in range(90)]:
            visitor.reset(stream)
        assert visitor.fetch().status == 200
