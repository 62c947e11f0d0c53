"""A service that answers 503 or 429 is passed over for another one, as one that refuses is."""

import hashlib
import json

import pytest

from support import http_bytes, raw_http
from support.h2_visitor import H2Visitor
from support.waiting import wait_for

CHAT = "/v1/chat/completions"
BUSY, LIMITED = ("503 Loading",), ("429 Too Many",)

POLICIES = [["--policy", name] for name in ("random", "round-robin", "least-inflight", "p2c")]
POLICIES += [["--sticky", "header:X-User"], ["--sticky", "prompt"]]


def counted(services, path=None):
    return {name: len([r for r in s.requests if r.path not in ("/v1/models", "/api/tags", "/api/ps")
                       and path in (None, r.path)]) for name, s in services.items()}


def ask_all(server, number):
    """A request of each kind; `number` makes it stick to somewhere."""
    user = {"X-User": f"user-{number}"}
    chat = json.dumps({"model": "tiny", "messages": [{"content": f"m{number}"}]}).encode()
    yield server.fetch("GET", "/x", headers=user)
    yield server.fetch("POST", CHAT, chat, headers=user)
    yield server.fetch("POST", "/once", b"not repeatable", headers=user)
    yield server.fetch("PUT", "/x", b"x" * 60_000, headers=user)


@pytest.mark.parametrize("options", POLICIES, ids=lambda o: "-".join(o).strip("-"))
@pytest.mark.parametrize("how", [BUSY, LIMITED])
def test_every_request_succeeds_beside_one_that_declines(lab, options, how):
    server, services, _ = lab.house("a", "b", options=options)
    for name in services:
        server.learns(name, "tiny")
    services["a"].declining = how
    answers = [answer for number in range(40) for answer in ask_all(server, number)]
    assert [(a.status, a.get("X-Frpx-Client")) for a in answers] == [(200, "b")] * 160
    assert counted(services)["b"] == 160, "each reached it once"
    assert counted(services)["a"] > 10, "it is not ejected"
    services["a"].declining = None
    served = {a.get("X-Frpx-Client") for number in range(20) for a in ask_all(server, number)}
    assert served == {"a", "b"}, "and serves at once when it can"


def test_the_only_answer_is_passed_on_as_it_is(lab):
    server, services, _ = lab.house("a")
    services["a"].declining = ("503 Loading", "Retry-After: 7", "X-Why: loading")
    with server.visitor() as visitor:
        for method, body in (("GET", None), ("POST", b"x"), ("HEAD", None), ("GET", None)):
            answer = visitor.ask(method, "/x", body)
            assert (answer.status, answer.head.start) == (503, "HTTP/1.1 503 Loading")
            assert answer.body == (b"" if method == "HEAD" else b"a declines")
            assert (answer.get("Retry-After"), answer.get("X-Why")) == ("7", "loading")
    assert counted(services) == {"a": 4}


def test_of_several_the_one_that_can_be_asked_again_soonest_speaks(lab):
    server, services, _ = lab.house("a", "b", "c")
    for name, fields in (("a", ["Retry-After: 30"]), ("b", ["Retry-After: 7"]), ("c", [])):
        services[name].declining = ("503 Loading", *fields)
    with server.visitor() as visitor:
        for _ in range(12):
            answer = visitor.ask("POST", "/once", b"body")
            assert (answer.status, answer.get("X-Frpx-Client")) == (503, "b")
            assert (answer.get("Retry-After"), answer.body) == ("7", b"b declines")
        assert counted(services) == {"a": 12, "b": 12, "c": 12}
        services["c"].declining = None
        assert visitor.ask("POST", "/once", b"body").status == 200
    with H2Visitor(server.public) as visitor:
        services["c"].declining = BUSY
        for _ in range(6):
            answer = visitor.fetch("POST", "/once", b"body")
            assert (answer.status, bytes(answer.body)) == (503, b"b declines")


def test_at_most_three_are_asked(lab):
    server, services, _ = lab.house("a", "b", "c", "d", "e")
    for service in services.values():
        service.declining = BUSY
    for number in range(1, 5):
        assert server.fetch("GET", "/x").status == 503
        assert sum(counted(services).values()) == 3 * number


def test_a_body_arrives_whole_at_the_next_one(lab):
    server, services, _ = lab.house("a", "b", options=("--policy", "round-robin"))
    services["a"].declining = BUSY
    body = bytes(range(256)) * 200
    pieces = b"".join(http_bytes.chunk(body[at:at + 1000]) for at in range(0, len(body), 1000))
    for _ in range(4):
        with server.visitor() as visitor:
            visitor.send(raw_http.request("POST", "/x", headers={"Transfer-Encoding": "chunked"}))
            answer = visitor.send(pieces + b"0\r\n\r\n").response()
        assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest()
    assert counted(services)["a"] >= 2


def test_the_rest_of_a_body_goes_to_the_next_one(lab):
    """One that declines before it has read the body; the visitor has not sent all of it yet."""
    server, services, _ = lab.house("a", "b", options=("--policy", "round-robin"))
    services["a"].declining, services["a"].declines_early = BUSY, True
    body = b"x" * 10_000
    data = raw_http.request("POST", "/x", body)
    for number in range(1, 5):
        with server.visitor() as visitor:
            visitor.send(data[:2000])
            wait_for(lambda n=number: counted(services)["b"] == n, 10, "b is asked")
            answer = visitor.send(data[2000:]).response()
        assert (answer.status, answer.json()["size"]) == (200, len(body))
    assert counted(services)["a"] >= 2


def test_what_is_not_held_any_more_is_not_sent_again(lab):
    server, services, _ = lab.house("a", "b", options=("--policy", "round-robin"))
    for service in services.values():
        service.declining = BUSY
    for _ in range(2):
        answer = server.fetch("PUT", "/x", b"x" * 3_000_000)
        assert answer.status == 503
    assert sum(counted(services).values()) == 2


def test_a_client_that_is_named_answers_for_itself(lab):
    server, services, _ = lab.house("a", "b")
    services["a"].declining = LIMITED
    answer = server.fetch("GET", "/x", headers={"client_id": "a"})
    assert (answer.status, answer.body) == (429, b"a declines")
    assert counted(services) == {"a": 1, "b": 0}


def test_the_answer_is_passed_on_when_all_others_fail_or_are_full(lab):
    server, services, clients = lab.house("a", "b", options=("--queue-timeout", "300ms"),
                                          client=("--max-inflight", "1"))
    services["a"].declining = ("503 Loading", "Retry-After: 7")
    with server.visitor() as holder:
        holder.send(raw_http.request("GET", "/sse?count=1&gate=1", headers={"client_id": "b"}))
        holder.head()
        for _ in range(4):
            answer = server.fetch("POST", "/once", b"x")
            assert (answer.status, answer.body) == (503, b"a declines")
    services["b"].refuse()
    for _ in range(8):
        answer = server.fetch("POST", "/once", b"x")
        # Once b is ejected, it is asked last.
        assert (answer.status, answer.body) == (503, b"a declines")
    services["b"].accept()
    clients["b"].kill()
    server.has("a")
    assert server.fetch("GET", "/x").status == 503
    services["a"].declining = None
    assert server.fetch("GET", "/x").status == 200
