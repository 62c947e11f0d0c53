"""How the server chooses among its clients: policies, bounds, waiting, health, draining."""

import json
import os
import threading
from collections import Counter

import pytest

from support import http_bytes, raw_http
from support.fake_ollama import FakeOllama
from support.waiting import FACTOR, holds_for, seconds, wait_for

CHAT = "/v1/chat/completions"


def served_by(answer):
    assert answer.status == 200, (answer.status, answer.body)
    return answer.get("X-Frpx-Client")


def counts(server, times, **options):
    return Counter(served_by(server.fetch(**options)) for _ in range(times))


class Stream:
    """A request that its service answers only when told to: it holds its client's place."""

    def __init__(self, server, **options):
        """Held by whoever makes it: a visitor that is gone has left, and frees its client."""
        self.visitor = server.visitor()
        self.visitor.send(raw_http.request("GET", "/sse?count=1&gate=1", **options))
        self.head = self.visitor.head()
        assert self.head.start.split(" ")[1] == "200", self.head.start

    @property
    def client(self):
        return self.head.get("X-Frpx-Client")

    def ends_well(self):
        return b"".join(self.visitor.pieces(self.head)) == b"data: event 0\n\n"


def waiting(server):
    return server.api("/api/stats").json()["data"]["waiting_requests"]


def send_and_wait(server, target, count, **options):
    """A visitor whose request waits, as the one that makes them `count`."""
    visitor = server.visitor()
    visitor.send(raw_http.request("GET", target, **options))
    wait_for(lambda: waiting(server) == count, 5, lambda: f"{count} wait, not {waiting(server)}")
    return visitor


# --- policies -------------------------------------------------------------------------------------


def test_round_robin_takes_turns(lab):
    server, _, _ = lab.house("a", "b", "c", options=("--policy", "round-robin"))
    assert counts(server, 30) == {"a": 10, "b": 10, "c": 10}


def test_weights_divide_the_work(lab):
    server = lab.frps("--policy", "round-robin")
    for name, weight in (("a", 1), ("b", 3)):
        lab.frpc(server, name, lab.add(FakeOllama(name)).port, "--weight", weight)
    server.has("a", "b")
    shares = counts(server, 80)
    assert abs(shares["a"] - 20) <= 3 and abs(shares["b"] - 60) <= 3


@pytest.mark.parametrize("policy", ["least-inflight", "p2c"])
def test_the_less_busy_client_gets_the_next_request(lab, policy):
    server, services, _ = lab.house("a", "b", options=("--policy", policy))
    stream = Stream(server)  # whose visitor stays as long as it does
    first = stream.client
    other = "b" if first == "a" else "a"
    assert counts(server, 20) == {other: 20}
    services[first].release()


def test_sticky_by_header_moves_only_those_of_the_client_that_left(lab):
    server, _, clients = lab.house("a", "b", "c", options=("--sticky", "header:X-Session"))
    sessions = [f"s{n}" for n in range(30)]

    def homes():
        return {s: served_by(server.fetch(headers={"X-Session": s})) for s in sessions}

    before = homes()
    assert homes() == before and set(before.values()) == {"a", "b", "c"}
    clients["b"].kill()
    server.has("a", "c")
    after = homes()
    assert "b" not in after.values()
    assert all(after[s] == before[s] for s in sessions if before[s] != "b")
    # Without the header it is as chance will have it.
    assert set(counts(server, 40)) == {"a", "c"}


def test_sticky_by_the_first_message_keeps_a_conversation_together(lab):
    server, _, _ = lab.house("a", "b", "c", options=("--sticky", "prompt"))

    def ask(messages):
        return served_by(server.fetch("POST", CHAT, json.dumps(
            {"messages": messages, "model": "unheard-of"}).encode()))

    homes = set()
    for n in range(12):
        talk = [{"role": "user", "content": f"question {n}"}]
        home = ask(talk)
        homes.add(home)
        for turn in range(3):
            talk += [{"role": "assistant", "content": "well"},
                     {"role": "user", "content": f"{turn}"}]
            assert ask(talk) == home
    assert len(homes) > 1


def test_sticky_by_cookie_and_by_key(lab):
    server, _, _ = lab.house("a", "b", "c", options=("--sticky", "cookie:sid"))
    for n in range(5):
        assert len(counts(server, 6, headers={"Cookie": f"x=1; sid=s{n}"})) == 1
    by_key = lab.frps("--policy", "sticky", name="by-key")
    for name in ("a", "b", "c"):
        lab.frpc(by_key, f"k{name}", lab.add(FakeOllama(name)).port)
    by_key.has("ka", "kb", "kc")
    assert len(counts(by_key, 12)) == 1


# --- bounds and waiting ---------------------------------------------------------------------------


def test_a_client_never_serves_more_at_once_than_it_takes(lab):
    server, services, _ = lab.house("a", "b", client=("--max-inflight", 2))
    done, wrong = [], []

    def visit():
        for n in range(25):
            answer = server.fetch(target=f"/slow?size=1&gap=0&n={n}")
            (done if answer.status == 200 else wrong).append(answer)

    visitors = [threading.Thread(target=visit, daemon=True) for _ in range(12)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(seconds(60))
    assert len(done) == 300 and not wrong, wrong[:1]
    # Each place may be seen twice: a service notes the end of a request after the server has had its
    # last byte, and the place is free from then on.
    assert all(service.most_at_once <= 4 for service in services.values())
    wait_for(lambda: all(c["inflight"] == 0 for c in server.clients().values()), 5,
             "every place is given back")


def turns(service):
    return [r.path for r in service.requests if r.path.startswith("/turn")]


def test_who_finds_all_clients_full_waits_and_is_served_in_order(lab):
    server, services, _ = lab.house("a", client=("--max-inflight", 1))
    _held = Stream(server)
    visitors = [send_and_wait(server, f"/turn/{n}", n + 1) for n in range(6)]
    assert not turns(services["a"])
    services["a"].release()
    for visitor in visitors:
        assert served_by(visitor.response()) == "a"
    assert turns(services["a"]) == [f"/turn/{n}" for n in range(6)]
    assert waiting(server) == 0


def test_one_key_does_not_hold_up_another(lab):
    server, services, _ = lab.house("a", client=("--max-inflight", 1))
    _held = Stream(server)
    keys = ["abc123"] * 5 + ["test-api-key-123"]
    visitors = [send_and_wait(server, f"/turn/{n}", n + 1, key=key) for n, key in enumerate(keys)]
    services["a"].release()
    for visitor in visitors:
        assert visitor.response().status == 200
    assert turns(services["a"]).index("/turn/5") == 1


FORMS = [
    ("GET", "/x", lambda body: body["success"] is False and body["message"]),
    ("POST", CHAT, lambda body: body["error"]["code"] == "rate_limit_exceeded"),
    ("POST", "/api/chat", lambda body: isinstance(body["error"], str)),
]


@pytest.mark.parametrize("method, path, is_right", FORMS)
def test_who_waits_too_long_is_told_when_to_come_back(lab, method, path, is_right):
    server, services, _ = lab.house("a", options=("--queue-timeout", "300ms"),
                                    client=("--max-inflight", 1))
    _held = Stream(server)
    answer = server.fetch(method, path, b'{"model":"tiny"}' if method == "POST" else None)
    assert answer.status == 429 and int(answer.get("Retry-After")) >= 1
    assert is_right(answer.json()), answer.body
    services["a"].release()
    wait_for(lambda: server.clients()["a"]["inflight"] == 0, 5, "the place is free")
    assert served_by(server.fetch()) == "a"


def test_the_queue_is_bounded_and_the_greediest_key_gives_way(lab):
    server, services, _ = lab.house("a", options=("--queue", "2"), client=("--max-inflight", 1))
    _held = Stream(server)
    first = send_and_wait(server, "/turn/first", 1)
    second = send_and_wait(server, "/turn/second", 2)
    assert server.fetch().status == 429
    other = server.visitor()
    other.send(raw_http.request("GET", "/turn/other", key="test-api-key-123"))
    assert second.response().status == 429
    services["a"].release()
    assert served_by(first.response()) == served_by(other.response()) == "a"


def test_a_visitor_that_leaves_while_it_waits_takes_no_place(lab):
    server, services, _ = lab.house("a", client=("--max-inflight", 1))
    _held = Stream(server)
    gone = send_and_wait(server, "/turn/gone", 1)
    stays = send_and_wait(server, "/turn/stays", 2)
    gone.reset()
    wait_for(lambda: waiting(server) == 1, 5, "one waits")
    services["a"].release()
    assert served_by(stays.response()) == "a"
    assert turns(services["a"]) == ["/turn/stays"]


def test_a_client_that_comes_serves_who_waits(lab):
    server, services, _ = lab.house("a", client=("--max-inflight", 1))
    _held = Stream(server)
    visitor = send_and_wait(server, "/x", 1)
    lab.frpc(server, "b", lab.add(FakeOllama("b")).port)
    assert served_by(visitor.response()) == "b"
    services["a"].release()


def test_nobody_waits_for_clients_that_are_gone(lab):
    server, _, clients = lab.house("a", client=("--max-inflight", 1))
    _held = Stream(server)
    visitor = send_and_wait(server, "/x", 1)
    clients["a"].kill()
    assert visitor.response().status == 503


# --- health and draining --------------------------------------------------------------------------


def test_a_client_whose_service_refuses_is_left_alone_and_tried_again(lab):
    server, services, clients = lab.house("a", "b", options=("--set-aside-most", "1s"))
    services["a"].refuse()
    assert counts(server, 60) == {"b": 60}
    tries = clients["a"].log().count("Cannot reach the local service")
    services["a"].accept()
    wait_for(lambda: served_by(server.fetch()) == "a", 10, "it is tried again")
    assert tries <= 3, "its visitors did not find that out for themselves each time"


def test_a_client_that_fails_in_a_row_is_set_aside(lab):
    server, services, _ = lab.house("a", "b", options=("--set-aside-after", "3"))
    services["a"].mode = "die"
    assert counts(server, 60) == {"b": 60}
    assert len(services["a"].seen("/")) <= 3 + 2  # and after a pause, one each


def test_a_client_alone_is_asked_although_it_failed(lab):
    server, services, _ = lab.house("a")
    services["a"].refuse()
    for _ in range(4):
        assert server.fetch().status in (502, 503)
    services["a"].accept()
    assert served_by(server.fetch()) == "a"


def test_a_health_path_decides(lab):
    server = lab.frps()
    services = {}
    for name in ("a", "b"):
        services[name] = lab.add(FakeOllama(name))
        lab.frpc(server, name, services[name].port, "--health-path", "/health",
                 "--health-interval", "50ms")
    server.has("a", "b")
    services["a"].missing.add("/health")
    wait_for(lambda: counts(server, 10) == {"b": 10}, 5, "nothing goes to a")
    services["a"].missing.clear()
    wait_for(lambda: len(counts(server, 10)) == 2, 5, "both serve again")


def test_draining_by_api(lab):
    server, services, _ = lab.house("a", "b")
    running = Stream(server, headers={"client_id": "a"})
    assert server.api("/api/clients/a/drain", "POST").status == 200
    wait_for(lambda: counts(server, 10) == {"b": 10}, 5, "nothing new goes to a")
    assert server.clients()["a"]["draining"] is True
    services["a"].release()
    assert running.ends_well()
    assert server.api("/api/clients/a/undrain", "POST").status == 200
    wait_for(lambda: len(counts(server, 10)) == 2, 5, "a serves again")


def test_a_client_that_is_told_to_stop_ends_what_runs(lab):
    server, services, clients = lab.house("a", "b")
    running = Stream(server, headers={"client_id": "a"})
    clients["a"].ask_to_stop()
    wait_for(lambda: counts(server, 10) == {"b": 10}, 5, "nothing new goes to a")
    services["a"].release()
    assert running.ends_well()
    assert clients["a"].ends() == 0


# --- all of it under load -------------------------------------------------------------------------


def test_killing_a_client_each_second_fails_no_request_that_had_no_answer_yet(lab):
    """Ten clients, POSTs on a model path and GETs, for ten seconds, or FRPX_KILL_SECONDS."""
    names = [f"c{n}" for n in range(10)]
    server, services, clients = lab.house(*names)
    for service in services.values():
        service.tokens, service.token_gap = 3, 0.005
    stop = threading.Event()
    failures, done, cut = [], Counter(), [0]
    body = json.dumps({"model": "tiny", "stream": True, "messages": [{"role": "user"}]}).encode()

    def visit(post):
        request = (raw_http.request("POST", CHAT, body) if post
                   else raw_http.request("GET", "/slow?size=3&gap=0.005"))
        while not stop.is_set():
            begun = False
            try:
                with server.visitor() as visitor:
                    visitor.send(request)
                    head = visitor.head()
                    begun = True
                    assert head.start.split(" ")[1] == "200", head.start
                    for _ in visitor.pieces(head):
                        pass
                done[post] += 1
            except (http_bytes.Ended, OSError) as error:
                if begun:
                    cut[0] += 1  # its answer had begun: it must not look whole
                else:
                    failures.append(error)
            except Exception as error:
                failures.append(error)

    visitors = [threading.Thread(target=visit, args=(n % 2 == 0,), daemon=True) for n in range(16)]
    for visitor in visitors:
        visitor.start()
    for round_ in range(int(os.environ.get("FRPX_KILL_SECONDS", "10"))):
        name = names[round_ % len(names)]
        before = done[True], done[False]
        holds_for(lambda: not failures, 1 / FACTOR, lambda: f"no failure: {failures[:3]}")
        clients[name].kill()
        wait_for(lambda b=before: done[True] > b[0] and done[False] > b[1], 20, "requests go on")
        clients[name] = lab.frpc(server, name, services[name].port)
    server.has(*names)
    stop.set()
    for visitor in visitors:
        visitor.join(seconds(20))
    assert not failures, failures[:3]
    assert done[True] > 50 and done[False] > 50
