"""Nothing of one request can be seen in another, whoever sent it and however broken it is."""

import re
import threading

import pytest

from support import raw_http
from support.waiting import seconds, wait_for

# Found to be malformed at different places: before the method is known, behind it, in a field.
MALFORMED = {
    b"G\x1bT / HTTP/1.1\r\nHost: x\r\n\r\n": "-",
    b"GET / 200 / HTTP/1.1\r\nHost: x\r\n\r\n": "/?200?/",
    b"GET /mine HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n": "/mine",
    b"GET /mine HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n": "/mine",
    b"POST /mine HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n": "/mine",
}


def lines_of(server, status):
    """What the access log says of the answers with this status."""
    return re.findall(rf"^.* 127\.0\.0\.1 (\S+ \S+ {status} .*)$", server.log(), re.MULTILINE)


def answer_to(server, head):
    """The answer to a malformed head; that it is whole is part of the test."""
    with server.visitor() as visitor:
        answer = visitor.send(head).response()
        assert answer.status == 400
        assert answer.json()["message"] == "Invalid HTTP request format"
        assert visitor.end() in ("fin", "rst")
        assert visitor.reader.buffer == b"", "and nothing behind it"
        return answer


@pytest.mark.parametrize("before", ["HEAD /SECRET", "GET /v1/SECRET", "GET /SECRET"])
@pytest.mark.parametrize("head", MALFORMED)
def test_a_malformed_head_shows_nothing_of_the_request_before(lab, before, head):
    server = lab.frps("--access-log", workers=1)
    method, target = before.split(" ")
    with server.visitor() as visitor:
        earlier = visitor.ask(method, target, key="wrong", headers={"Cookie": "SECRET"})
        assert earlier.status == 401
    answer = answer_to(server, head)
    shown = str(answer.head.fields)
    assert "SECRET" not in shown and earlier.get("X-Request-Id") not in shown
    line = wait_for(lambda: lines_of(server, 400), 5, "the log tells of it")[0]
    assert line.split(" ")[1] == MALFORMED[head], line
    assert "SECRET" not in line and earlier.get("X-Request-Id") not in line


def test_good_and_malformed_heads_of_many_connections(lab):
    """Each good request has its own answer, and no malformed one shows any of them."""
    server, _, _ = lab.house("a", options=["--access-log"])
    wrong = []

    def visit(number):
        with server.visitor() as visitor:
            for turn in range(40):
                method = ("GET", "HEAD", "PUT")[turn % 3]
                target = f"/SECRET-{number}-{turn}"
                body = b"b" * turn if method == "PUT" else None
                answer = visitor.ask(method, target, body, headers={"Cookie": "SECRET" * 50})
                if answer.status != 200 or body and answer.json()["target"] != target:
                    wrong.append((method, target, answer))

    def break_in():
        for _ in range(30):
            for head in MALFORMED:
                if "SECRET" in str(answer_to(server, head).head.fields):
                    wrong.append(head)

    threads = [threading.Thread(target=visit, args=[n], daemon=True) for n in range(8)]
    threads += [threading.Thread(target=break_in, daemon=True) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(seconds(60))
        assert not each.is_alive()
    assert not wrong, wrong[:3]
    said = wait_for(lambda: len(lines_of(server, 400)) == 600 and lines_of(server, 400), 5,
                    lambda: f"{len(lines_of(server, 400))} of 600 are in the log")
    assert {line.split(" ")[1] for line in said} == set(MALFORMED.values())


@pytest.mark.parametrize("size", [131_060, 131_072])
def test_a_malformed_head_behind_the_largest_one_harms_nobody(lab, size):
    """A server of its own for each: the first block of that size is given back to the system."""
    server = lab.frps("--max-head", "131072", workers=1)
    fields = [(f"X-{n}", "p" * 3000) for n in range(40)]
    bare = len(raw_http.request("GET", "/v1/x", key=None, headers=[*fields, ("X-Pad", "")]))
    large = raw_http.request("GET", "/v1/x", key=None,
                             headers=[*fields, ("X-Pad", "p" * (size - bare))])
    assert len(large) == size
    assert raw_http.fetch_raw(server.public, large).status == 401
    for head in MALFORMED:
        answer_to(server, head)
    assert server.running
