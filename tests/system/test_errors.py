"""What a visitor is told when the gateway itself answers, and limits and deadlines of requests."""

import re
import socket

import pytest

from support import http_bytes, raw_http
from support.waiting import wait_for


def refused(answer, status, message=None):
    """Assert the API's envelope; returns the message."""
    assert answer.status == status
    assert answer.get("Content-Type") == "application/json"
    envelope = answer.json()
    assert set(envelope) == {"success", "data", "message", "timestamp"}
    assert envelope["success"] is False and envelope["data"] is None
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", envelope["timestamp"])
    assert envelope["message"]
    if message:
        assert envelope["message"] == message
    return envelope["message"]


def test_texts_of_the_protocol_page(lab):
    server = lab.frps()
    refused(server.fetch(key=None), 401, "Missing API key in Authorization header")
    refused(server.fetch(key="wrong"), 401, "Invalid API key")
    refused(server.fetch(), 503, "No active clients available")
    refused(raw_http.fetch_raw(server.public, "this is not HTTP\r\n\r\n"), 400,
            "Invalid HTTP request format")


@pytest.mark.parametrize("given", ["", " ", "Bearer", "Bearer ", "Basic abc123", "Bearer abc123 x", "ABC123", "abc1234", "abc12", "x" * 4000])
def test_keys_that_are_none(lab, given):
    server, services, _ = lab.house("a")
    answer = server.fetch(target="/x", key=None, headers={"Authorization": given})
    assert answer.status == 401
    assert answer.json()["message"] in ("Invalid API key",
                                        "Missing API key in Authorization header")
    assert not services["a"].seen("/x")


def test_a_second_authorization_field_does_not_help(lab):
    server, services, _ = lab.house("a")
    answer = server.fetch(target="/x", key="wrong", headers=[("Authorization", "Bearer abc123")])
    assert answer.status in (400, 401)
    assert not services["a"].seen("/x")


def test_a_401_to_head_has_no_body(lab):
    server = lab.frps()
    with server.visitor() as visitor:
        answer = visitor.ask("HEAD", "/", key="wrong")
        assert answer.status == 401
        visitor.half_close()
        assert visitor.end() == "fin" and visitor.reader.buffer == b""


def test_a_refused_body_is_not_taken_for_a_request(lab):
    server, services, _ = lab.house("a")
    inner = raw_http.request("GET", "/inner")
    with server.visitor() as visitor:
        visitor.send(raw_http.request("POST", "/x", inner, key="wrong"))
        assert visitor.response().status == 401
        try:
            visitor.send(raw_http.request("GET", "/next"))
            assert visitor.response().status == 200
        except (ConnectionError, http_bytes.Ended):
            pass  # closing the connection is as good an answer
    assert not services["a"].seen("/inner")


def test_a_head_too_large_is_431(lab):
    server, services, _ = lab.house("a")
    refused(server.fetch(target="/x", headers={"X-Large": "y" * 200_000}), 431)
    many = [(f"X-{n}", "y") for n in range(5000)]
    refused(server.fetch(target="/x", headers=many), 431)
    assert not services["a"].seen("/x")


def test_a_target_too_long_is_refused(lab):
    server = lab.frps()
    assert server.fetch(target="/" + "x" * 200_000).status in (414, 431)


def test_a_head_that_never_ends_is_408(lab):
    server = lab.frps("--request-head-timeout", "400ms")
    with server.visitor() as visitor:
        visitor.send("GET / HTTP/1.1\r\nHost: x\r\n")
        refused(visitor.response(), 408)
        assert visitor.end() == "fin"


def test_a_slowloris_is_ended_although_it_sends(lab):
    """The deadline is for the whole head: a byte now and then does not extend it."""
    server = lab.frps("--request-head-timeout", "500ms")
    with server.visitor() as visitor:
        visitor.send("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")

        def drip():
            try:
                visitor.send("x")
                return visitor.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except ConnectionError:
                return True

        wait_for(drip, 5, "it is ended")


def test_a_body_shorter_than_said(lab):
    server, services, _ = lab.house("a", options=["--body-stall-timeout", "500ms"])
    with server.visitor() as visitor:
        visitor.send(raw_http.request("POST", "/x", headers={"Content-Length": "100"}) + b"short")
        refused(visitor.response(), 408)
        assert visitor.end() == "fin"
    wait_for(lambda: all(r.ended in ("fin", "rst") for r in services["a"].seen("/x")), 5,
             "the service is told")


def test_a_body_that_ends_with_the_connection(lab):
    server, services, _ = lab.house("a")
    with server.visitor() as visitor:
        visitor.send(raw_http.request("POST", "/x", headers={"Content-Length": "100"}) + b"short")
        services["a"].first("/x")
        visitor.half_close()
        assert visitor.end() in ("fin", "rst")
    wait_for(lambda: services["a"].first("/x").ended in ("fin", "rst"), 5, "the service is told")
    assert server.fetch().status == 200


def test_a_body_longer_than_said_is_the_next_request(lab):
    server, services, _ = lab.house("a")
    with server.visitor() as visitor:
        visitor.send(raw_http.request("POST", "/x", headers={"Content-Length": "5"}))
        visitor.send("hello and more\r\n\r\n")
        assert visitor.response().json()["size"] == 5
        refused(visitor.response(), 400)
        assert visitor.end() in ("fin", "rst")


def test_a_visitor_that_stalls_costs_nobody_else(lab):
    server, _, _ = lab.house("a")
    stalled = [server.visitor() for _ in range(30)]
    for visitor in stalled:
        visitor.send("POST /x HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n"
                     "Content-Length: 1000\r\n\r\nsome")
    assert all(server.fetch().status == 200 for _ in range(20))
    for visitor in stalled:
        visitor.close()


def test_each_refused_key_is_logged_with_its_reason(lab):
    server = lab.frps()
    server.fetch(key="certainly-wrong")
    server.says("(?i)(unknown|invalid|wrong).*key|key.*(unknown|invalid|wrong)")
    assert "certainly-wrong" not in server.log()


def test_an_answer_is_cut_when_the_service_stalls(lab):
    server, services, _ = lab.house("a", options=["--response-stall-timeout", "400ms"])
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/sse?count=2&gate=1"))
        services["a"].first("/sse")
        services["a"].release()
        pieces = visitor.pieces(visitor.head())
        assert next(pieces) == b"data: event 0\n\n"
        with pytest.raises((http_bytes.Ended, ConnectionResetError)):
            next(pieces)
            raise AssertionError("the answer looks complete")
