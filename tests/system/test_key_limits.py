"""What a key may do at most: requests per minute and at once, models and clients."""

import gzip
import json
import subprocess
import threading
import time

import pytest

from support import http_bytes, raw_http
from support.fake_ollama import FakeOllama
from support.h2_visitor import H2Visitor
from support.waiting import wait_for

USER = ("me@example.com", "a good password")
CHAT = "/v1/chat/completions"


class House:
    """A server on SQLite with two clients, each before a service, and the commands beside it."""

    def __init__(self, lab):
        self.lab = lab
        self.data = lab.folder / "frps-data"
        self.run("user", "add", USER[0], env={"FRPX_PASSWORD": USER[1]})
        self.server = lab.frps(demo=False)
        self.services = {}
        for name, models in (("a", ["mine", "other"]), ("b", ["mine"])):
            self.services[name] = lab.add(FakeOllama(name, models=models))
            lab.frpc(self.server, name, self.services[name].port, user=USER)
        self.server.has("a", "b")
        for name, service in self.services.items():
            self.server.learns(name, *service.models)

    def run(self, *arguments, code=0, env=None):
        done = self.lab.run("frps", *arguments, "--data-dir", self.data, env=env)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json").stdout)

    def key(self, *limits, name="k"):
        return self.json("key", "add", "--name", name, *limits)["key"]

    def ask(self, key, model="mine", **options):
        body = json.dumps({"model": model}).encode()
        return self.server.fetch("POST", CHAT, body, key=key, **options)

    def reached(self, path=CHAT):
        return sum(len(service.seen(path)) for service in self.services.values())


@pytest.fixture
def house(lab):
    return House(lab)


def curl(house, key, *arguments):
    """Status and fields of one request by curl."""
    done = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-D", "-", "-H", f"Authorization: Bearer {key}",
         *arguments], capture_output=True, text=True, check=True, timeout=30)
    lines = done.stdout.splitlines()
    return int(lines[0].split(" ")[1]), dict(
        line.lower().split(": ", 1) for line in lines[1:] if ": " in line)


# --- how many


def test_requests_per_minute(house):
    key = house.key("--rpm", "3")
    url = f"http://127.0.0.1:{house.server.public}"
    body = ["-H", "Content-Type: application/json", "-d", '{"model":"mine"}']
    for _ in range(3):
        assert curl(house, key, *body, url + CHAT)[0] == 200
    status, fields = curl(house, key, *body, url + CHAT)
    assert status == 429
    assert 1 <= int(fields["retry-after"]) <= 20
    refused = house.ask(key)
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    elsewhere = house.server.fetch("GET", "/x", key=key)
    assert elsewhere.status == 429 and elsewhere.json()["success"] is False
    assert house.reached() == 3
    assert house.ask(house.key(name="free")).status == 200, "another key is not held up"


def test_the_same_limits_hold_over_http2(house):
    """Requests at once on one connection count like those of many, and a list cannot be evaded."""
    rare, narrow = house.key("--rpm", "3"), house.key("--max-inflight", "2", name="narrow")
    only = house.key("--models", "mine", name="only")
    port = house.server.public
    with H2Visitor(port, key=rare) as visitor:
        statuses = [visitor.fetch().status for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert 1 <= int(visitor.fetch().get("retry-after")) <= 20
    for service in house.services.values():
        service.hanging.add("/hold")
    with H2Visitor(port, key=narrow) as visitor:
        for _ in range(2):
            visitor.request(path="/hold")
        wait_for(lambda: house.reached("/hold") == 2, 10, "two requests wait for their answers")
        assert visitor.fetch().status == 429
    with H2Visitor(port, key=only) as visitor:
        for body, status in ((b'{"model":"mine"}', 200), (b'{"model":"other"}', 403),
                             (b'{"model":"mine","model":"other"}', 400), (b"{}", 400)):
            answer = visitor.fetch("POST", CHAT, body)
            assert answer.status == status, body


def test_who_was_told_to_wait_may_come_back_then(house):
    key = house.key("--rpm", "60")
    with house.server.visitor() as visitor:  # the connection survives being refused
        statuses = [visitor.ask("GET", "/x", key=key).status for _ in range(61)]
        if statuses[-1] == 200:  # a slow machine: a second passed
            statuses += [visitor.ask("GET", "/x", key=key).status for _ in range(60)]
        assert 429 in statuses
        refused = visitor.ask("GET", "/x", key=key)
        while refused.status == 200:
            refused = visitor.ask("GET", "/x", key=key)
        until = time.monotonic() + int(refused.get("Retry-After"))

        def is_let_in():
            asked_in_time = time.monotonic() < until
            status = visitor.ask("GET", "/x", key=key).status
            assert status == 200 or asked_in_time, "refused although it has waited"
            return status == 200

        wait_for(is_let_in, 30, "it is let in")


def test_requests_at_once_on_all_workers(house):
    key = house.key("--max-inflight", "4")
    for service in house.services.values():
        service.hanging.add("/hold")
    holders = [house.server.visitor() for _ in range(4)]
    for holder in holders:
        holder.send(raw_http.request("GET", "/hold", key=key))
    wait_for(lambda: house.reached("/hold") == 4, 10, "four requests wait for their answers")
    for _ in range(8):
        refused = house.ask(key)
        assert refused.status == 429 and refused.get("Retry-After") == "1"
    holders.pop().reset()
    wait_for(lambda: house.ask(key).status == 200, 5, "a place is free again")
    for _ in range(30):
        assert house.ask(key).status == 200, "an answered request has given its place back"
    for holder in holders:
        holder.close()


def test_many_at_once_never_exceed_the_limit(house):
    key = house.key("--rpm", "40")
    statuses = []

    def visit():
        for _ in range(20):
            statuses.append(house.server.fetch("GET", "/x", key=key).status)

    began = time.monotonic()
    visitors = [threading.Thread(target=visit) for _ in range(8)]
    for each in visitors:
        each.start()
    for each in visitors:
        each.join()
    refilled = int((time.monotonic() - began) * 40 / 60) + 1
    assert len(statuses) == 160 and set(statuses) <= {200, 429}
    assert 40 <= statuses.count(200) <= 40 + refilled


def test_an_upgraded_connection_keeps_its_place(house):
    key = house.key("--max-inflight", "1")
    with house.server.visitor() as visitor:
        upgraded = visitor.ask("GET", "/websocket", key=key, headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
        assert upgraded.status == 101
        assert house.ask(key).status == 429
    wait_for(lambda: house.ask(key).status == 200, 5, "the place is free behind it")


# --- running servers hear of changes


def test_limits_are_changed_while_the_server_runs(house):
    key = house.key()
    for _ in range(3):
        assert house.ask(key).status == 200
    assert house.json("key", "set", "k", "--models", "other")["limits"]["models"] == ["other"]
    wait_for(lambda: house.ask(key).status == 403, 1.5, "the list is heard of")
    house.run("key", "set", "k", "--models", "", "--rpm", "1")
    wait_for(lambda: house.ask(key).status == 429, 1.5, "and that there is another limit")
    house.run("key", "set", "k", "--rpm", "0")
    wait_for(lambda: house.ask(key).status == 200, 1.5, "and that there is none")
    assert "rpm" not in house.run("key", "list").stdout
    house.run("key", "set", "nobody", "--rpm", "1", code=1)
    house.run("key", "set", "k", "--models", "a b", code=1)


def test_a_keys_end_is_changed_while_the_server_runs(house):
    key = house.key("--expires", "1h")
    assert house.ask(key).status == 200
    assert house.json("key", "set", "k", "--expires", "1s")["expires"]
    # A second, and one until it is heard of; what the server knew would have served for minutes.
    wait_for(lambda: house.ask(key).status == 401, 3, "it ends sooner than the server knew")
    assert house.json("key", "list")[0]["status"] == "expired"
    house.run("key", "set", "k", "--expires", "30d")
    wait_for(lambda: house.ask(key).status == 200, 1.5, "it is good again")
    patched = house.server.api("/api/keys/k", "PATCH", body=b'{"expires":null}')
    assert patched.json()["data"]["expires"] is None
    assert house.ask(key).status == 200
    assert house.json("key", "list")[0]["expires"] is None
    house.run("key", "set", "k", "--expires", "soon", code=2)


# --- which


def test_a_list_of_clients(house):
    key = house.key("--clients", "b")
    for _ in range(8):
        assert house.ask(key).get("X-Served-By") == "b"
        assert house.server.fetch("GET", "/x", key=key).get("X-Served-By") == "b"
    assert house.ask(key, headers={"client_id": "b"}).status == 200
    refused = house.ask(key, headers={"client_id": "a"})
    assert refused.status == 403 and refused.json()["error"]["code"] == "client_not_allowed"
    nobody = house.key("--clients", "gone", name="lost")
    assert house.ask(nobody).status == 503
    assert not house.services["a"].seen(CHAT)


def test_a_list_of_models(house):
    key = house.key("--models", "mine,third")
    assert house.ask(key).status == 200
    assert house.ask(key, "mine:latest").status == 200
    refused = house.ask(key, "other")
    assert refused.status == 403 and refused.json()["error"]["code"] == "model_not_allowed"
    assert house.server.fetch("GET", "/v1/models", key=key).status == 200
    assert house.server.fetch("POST", "/api/pull", b'{"model":"mine"}', key=key).status == 403
    assert house.reached() == 2


def chunked(body, piece):
    return b"".join(http_bytes.chunk(body[at:at + piece]) for at in range(0, len(body), piece)) \
        + b"0\r\n\r\n"


MINE, OTHER = b'{"model":"mine"}', b'{"model":"other"}'

BYPASSES = {
    "another model": (CHAT, OTHER, {}),
    "twice": (CHAT, b'{"model":"mine","model":"other"}', {}),
    "twice, the other first": (CHAT, b'{"model":"other","model":"mine"}', {}),
    "in another case": (CHAT, b'{"model":"mine","Model":"other"}', {}),
    "only in another case": (CHAT, b'{"MODEL":"other"}', {}),
    "escaped": (CHAT, b'{"model":"mine","\\u006dodel":"other"}', {}),
    "only escaped": (CHAT, b'{"\\u006dodel":"\\u006fther"}', {}),
    "only nested": (CHAT, b'{"a":{"model":"mine"}}', {}),
    "a second document": (CHAT, MINE + OTHER, {}),
    "an array": (CHAT, b'[' + OTHER + b']', {}),
    "a form": (CHAT, b"model=other", {"Content-Type": "application/x-www-form-urlencoded"}),
    "in UTF-7": (CHAT, b'{"model":"mine","+AG0-odel":"other"}',
                 {"Content-Type": "application/json; charset=utf-7"}),
    "in UTF-7, said the second time": (CHAT, b'{"model":"mine","+AG0-odel":"other"}',
                                       {"content-type": "application/json; charset=utf-7"}),
    "JSON and a form": (CHAT, b'{"model":"mine","x":"&model=other&"}',
                        {"Content-Type": "application/x-www-form-urlencoded"}),
    "multipart": (CHAT, b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nother\r\n--b--',
                  {"Content-Type": "multipart/form-data; boundary=b"}),
    "among several": (CHAT, b'{"model":"mine","models":["other"]}', {}),
    "as fallback": (CHAT, b'{"model":"mine","fallbacks":[{"model":"other"}]}', {}),
    "another method in the query": (CHAT + "?_method=DELETE", MINE, {}),
    "compressed": (CHAT, gzip.compress(OTHER), {"Content-Encoding": "gzip"}),
    "said to be compressed": (CHAT, MINE, {"Content-Encoding": "br"}),
    "behind two megabytes": (CHAT, b'{"a":"' + b"x" * (1 << 21) + b'","model":"other"}', {}),
    "in the query": (CHAT + "?model=other", MINE, {}),
    "escaped in the query": (CHAT + "?%4dodel=other", MINE, {}),
    "another slash": ("/v1//chat/completions", OTHER, {}),
    "a slash behind": (CHAT + "/", OTHER, {}),
    "an escaped path": ("/v1/chat%2Fcompletions", OTHER, {}),
    "upper case in the path": ("/V1/chat/completions", OTHER, {}),
    "dots in the path": ("/x/.." + CHAT, OTHER, {}),
    "Ollama's way of its own": ("/api/show", b'{"name":"other"}', {}),
}


def test_a_list_of_models_is_not_bypassed(house):
    key = house.key("--models", "mine")
    assert BYPASSES
    for what, (target, body, headers) in BYPASSES.items():
        head = {"Content-Type": "application/json", **headers}
        sized = raw_http.request("POST", target, body, key=key, headers=head)
        requests = {
            "at once": [sized],
            "HTTP/1.0": [raw_http.request("POST", target, body, key=key, headers=head,
                                          version="1.0")],
            "split": [*(sized[at:at + 7] for at in range(0, 700, 7)), sized[700:]],
            "in chunks": [raw_http.request("POST", target, key=key, headers={
                **head, "Transfer-Encoding": "chunked"}), chunked(body, 7 if len(body) < 99 else
                                                                  60_000)],
        }
        for how, pieces in requests.items():
            with house.server.visitor() as visitor:
                for piece in pieces:
                    try:
                        visitor.send(piece)
                    except ConnectionError:
                        break  # refused already
                status = visitor.response().status
            assert status in (400, 403, 413, 415), f"{what}, {how}: {status}"
    assert not [r for service in house.services.values() for r in service.requests
                if r.method == "POST"]
    assert house.ask(key).status == 200


def test_no_field_makes_another_request_of_it(house):
    """Frameworks that obey such a field would serve what was not judged. They are for nobody."""
    fields = {"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "DELETE",
              "X-Method-Override": "DELETE", "X-Original-URL": "/api/delete",
              "X-Rewrite-URL": "/api/delete", "X_HTTP_Method_Override": "DELETE"}
    for key in (house.key("--models", "mine"), house.key(name="any")):
        assert house.ask(key, headers=fields).status == 200
    assert house.reached() == 2
    for service in house.services.values():
        for request in service.seen(CHAT):
            assert not {n.lower() for n, _ in request.fields} & {n.lower() for n in fields}


def test_a_large_body_is_judged_whole(house):
    """A photo or two; up to 32 MiB."""
    key = house.key("--models", "mine")
    for size, status in (((1 << 25), 200), ((1 << 25) + 1, 413)):
        frame = b'{"a":"%s","model":"mine"}'
        body = frame % (b"x" * (size - len(frame) + 2))
        assert len(body) == size
        in_chunks = {"Transfer-Encoding": "chunked"}
        for data in (raw_http.request("POST", CHAT, body, key=key),
                     raw_http.request("POST", CHAT, key=key, headers=in_chunks)
                     + chunked(body, 60_000)):
            with house.server.visitor() as visitor:
                try:
                    visitor.send(data)
                except ConnectionError:
                    pass  # refused already
                assert visitor.response().status == status
    assert house.reached() == 2
