"""Who may be tried again: the table at the end of the link protocol's page, seen from outside."""

import json
import threading
import time

import pytest

from support import http_bytes, net, raw_http
from support.fake_ollama import seeded, seeded_hash
from support.waiting import FACTOR, holds_for, wait_for


def envelope_of(answer, status):
    assert answer.status == status
    assert answer.json()["success"] is False and answer.json()["message"]
    return answer.json()["message"]


class Asking(threading.Thread):
    """A request under way while the test breaks things."""

    def __init__(self, server, *arguments, **options):
        super().__init__(daemon=True)
        self.server, self.arguments, self.options = server, arguments, options
        self.result = None
        self.start()

    def run(self):
        try:
            self.result = self.server.fetch(*self.arguments, **self.options)
        except Exception as error:  # handed to the test by answer()
            self.result = error

    def answer(self, limit=15):
        self.join(limit)
        if isinstance(self.result, Exception):
            raise self.result
        assert self.result is not None, "no answer in time"
        return self.result


def who_has_it(services, path):
    """The name of the service that a request for `path` has reached."""
    return wait_for(lambda: next((n for n, s in services.items() if s.seen(path)), None), 10,
                    f"a service sees {path}")


REPEATABLE = [("GET", "/hang"), ("PUT", "/hang"), ("DELETE", "/hang"), ("OPTIONS", "/hang")]


@pytest.mark.parametrize("method, path", REPEATABLE)
def test_a_client_killed_before_the_first_byte(lab, method, path):
    server, services, clients = lab.house("a", "b")
    asking = Asking(server, method, path, b"body" if method == "PUT" else None)
    first = who_has_it(services, path)
    second = "b" if first == "a" else "a"
    clients[first].kill()
    # The other service hangs as well: that it sees the request is the proof.
    repeated = services[second].first(path)
    assert repeated.method == method
    services[second].stop()
    envelope_of(asking.answer(), 502)


def test_the_other_client_answers_a_get(lab):
    server, services, clients = lab.house("a", "b")
    for service in services.values():
        service.hanging.add("/bytes")
    asking = Asking(server, "GET", "/bytes?size=1000")
    first = who_has_it(services, "/bytes")
    second = "b" if first == "a" else "a"
    services[second].hanging.clear()
    clients[first].kill()
    answer = asking.answer()
    assert (answer.status, answer.get("X-Frpx-Client")) == (200, second)
    assert answer.sha256 == seeded_hash(1, 1000)


def test_a_post_is_not_repeated(lab):
    server, services, clients = lab.house("a", "b")
    asking = Asking(server, "POST", "/hang", b"once only")
    first = who_has_it(services, "/hang")
    clients[first].kill()
    envelope_of(asking.answer(), 502)
    assert sum(len(s.seen("/hang")) for s in services.values()) == 1


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/v1/embeddings",
                                  "/api/chat", "/api/generate"])
def test_model_paths_are_repeatable(lab, path):
    server, services, _ = lab.house("a", "b")
    for name in services:
        server.learns(name, "tiny")
    body = json.dumps({"model": "tiny", "prompt": "x" * 100_000}).encode()
    services["a"].mode = "die"
    for _ in range(8):
        answer = server.fetch("POST", path, body)
        assert (answer.status, answer.get("X-Frpx-Client")) == (200, "b")
    assert services["a"].seen(path), "some of them were tried at the dying service first"
    assert all(r.size == len(body) for r in services["b"].seen(path))


def test_a_service_that_refuses_is_passed_over(lab):
    server, services, _ = lab.house("a", "b")
    services["a"].stop()
    for _ in range(12):
        answer = server.fetch("PUT", "/x", b"data")
        assert (answer.status, answer.get("X-Frpx-Client")) == (200, "b")


def test_how_long_a_clients_word_is_waited_for_is_an_option(lab):
    """By default 3 s; then one that says nothing for longer would be passed over."""
    server, _, clients = lab.house("a", "b", options=[
        "--confirmation-timeout", "14s", "--policy", "round-robin"])
    clients["a"].freeze()
    asking = [Asking(server) for _ in range(2)]
    wait_for(lambda: any(not one.is_alive() for one in asking), 5, "b serves one of them")
    holds_for(lambda: any(one.is_alive() for one in asking), 4, "the other waits for a")
    clients["a"].thaw()
    assert sorted(one.answer().get("X-Frpx-Client") for one in asking) == ["a", "b"]


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_a_kept_stream_of_a_frozen_client_is_given_up_as_soon_as_a_new_one(lab, form):
    """Within 3 s, long before the client counts as dead."""
    server, _, clients = lab.house("a", "b", client=form, options=["--policy", "round-robin"])
    for _ in range(4):
        assert server.fetch().status == 200  # both have a stream that is kept
    clients["a"].freeze()
    began = time.monotonic()
    asking = [Asking(server) for _ in range(2)]
    assert [one.answer().get("X-Frpx-Client") for one in asking] == ["b", "b"]
    assert time.monotonic() - began < 8 * FACTOR
    clients["a"].thaw()


def test_every_service_refuses(lab):
    server, services, _ = lab.house("a", "b")
    for service in services.values():
        service.stop()
    assert server.fetch().status in (502, 503)
    assert server.fetch("POST", "/x", b"data").json()["success"] is False


@pytest.mark.parametrize("mode", ["reset", "die", "rubbish"])
def test_a_lone_service_that_misbehaves_is_502(lab, mode):
    server, services, _ = lab.house("a")
    services["a"].mode = mode
    for method, body in (("GET", None), ("POST", b"x")):
        envelope_of(server.fetch(method, "/x", body), 502)
    services["a"].mode = "answer"
    assert server.fetch().status == 200


def test_an_answer_that_never_comes_is_504(lab):
    server, services, _ = lab.house("a", options=["--response-head-timeout", "400ms"])
    envelope_of(server.fetch("POST", "/hang", b"x"), 504)
    # The request is cancelled at the service.
    wait_for(lambda: services["a"].first("/hang").ended in ("fin", "rst"), 5, "it is cancelled")


@pytest.mark.parametrize("how", ["cut", "chunked", "reset", "close-delimited"])
def test_an_answer_that_dies_midway_never_looks_complete(lab, how):
    """After the first byte of the answer nothing is tried again, and the cut shows."""
    server, services, _ = lab.house("a", "b")
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", f"/die?after=5000&how={how}"))
        head = visitor.head()
        assert head.start.split(" ")[1] == "200"
        data = bytearray()
        with pytest.raises((http_bytes.Ended, ConnectionResetError)):
            pieces = visitor.pieces(head)
            while True:
                data += next(pieces)
                if len(data) >= 5000:
                    for service in services.values():
                        service.release()
        assert bytes(data) == b"".join(seeded(1, 5000))
    assert sum(len(s.seen("/die")) for s in services.values()) == 1


def test_a_client_killed_in_the_middle_of_an_answer(lab):
    """Also when only the end of the connection would mark the end of the body."""
    server, services, clients = lab.house("a")
    for framing in ("close", "chunked", "length"):
        if not clients["a"].running:
            clients["a"] = lab.frpc(server, "a", services["a"].port)
        server.has("a")
        with server.visitor() as visitor:
            visitor.send(raw_http.request("GET", f"/bytes?size=100000000&framing={framing}"))
            head = visitor.head()
            pieces = visitor.pieces(head)
            next(pieces)
            clients["a"].kill()
            with pytest.raises((http_bytes.Ended, ConnectionResetError)):
                for _ in pieces:
                    pass
                raise AssertionError(f"{framing}: looks complete")


def test_a_large_upload_is_not_repeated_once_it_was_sent(lab):
    """More than 64 KiB of a body are not kept for a second try."""
    server, services, clients = lab.house("a", "b")
    asking = Asking(server, "PUT", "/hang", b"x" * 5_000_000)
    first = who_has_it(services, "/hang")
    wait_for(lambda: services[first].seen("/hang")[0].size > 1_000_000, 10, "much has arrived")
    clients[first].kill()
    try:
        envelope_of(asking.answer(), 502)
    except ConnectionError:
        pass  # the visitor was still sending
    assert sum(len(s.seen("/hang")) for s in services.values()) == 1


def test_killing_clients_under_load_fails_no_get(lab):
    server, services, clients = lab.house("a", "b", "c")
    stop = threading.Event()
    failures, done = [], [0]

    def visit():
        while not stop.is_set():
            try:
                answer = server.fetch(target="/x")
                if answer.status != 200:
                    failures.append(answer)
                done[0] += 1
            except (ConnectionError, TimeoutError) as error:
                failures.append(error)

    visitors = [threading.Thread(target=visit, daemon=True) for _ in range(8)]
    for visitor in visitors:
        visitor.start()
    for name in ("a", "b", "a", "c"):
        before = done[0]
        clients[name].kill()
        wait_for(lambda b=before: done[0] > b + 50, 20, "requests go on")
        clients[name] = lab.frpc(server, name, services[name].port)
        server.has("a", "b", "c")
    stop.set()
    for visitor in visitors:
        visitor.join(20)
    assert not failures, failures[:3]


def test_a_reused_stream_that_died_is_not_the_visitors_problem(lab):
    server, services, _ = lab.house("a")
    for _ in range(10):
        assert server.fetch(target="/x").status == 200
        services["a"].reset_all()
        assert server.fetch(target="/y").status == 200


def test_a_port_that_accepts_and_says_nothing(lab):
    server = lab.frps("--response-head-timeout", "300ms")
    silent = lab.add(net.Listener(lambda sock: net.end_of(sock, 30)))
    lab.frpc(server, "a", silent.port)
    server.has("a")
    envelope_of(server.fetch(), 504)
