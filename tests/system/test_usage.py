"""What requests came to: counted exactly, written in batches, lost by no SIGTERM."""

import json
import subprocess

import pytest

from support.databases import Postgres
from support.fake_ollama import FakeOllama
from support.programs import DEMO_KEYS
from support.waiting import wait_for

USER = ("me@example.com", "a good password")
CHAT = "/v1/chat/completions"
COUNTS = ("requests", "errors", "bytes_in", "bytes_out", "prompt_tokens", "completion_tokens")


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    yield server
    server.stop()


MODELS = ["tiny", "answer", "stream-that-tells", "stream-that-does-not", "ollama-answer",
          "ollama-stream"]


class House:
    """A server with one client, and the commands beside it; on SQLite unless `url` is given."""

    def __init__(self, lab, url=None):
        self.lab, self.url = lab, url
        self.database = ["--database-url", url, "--token-secret-file",
                         lab.folder / "secret"] if url else []
        self.run("user", "add", USER[0], env={"FRPX_PASSWORD": USER[1]})
        self.key = self.json("key", "add", "--name", "laptop")
        self.service = lab.add(FakeOllama("a", models=MODELS))
        self.server = self.start()

    def start(self, name="frps", client="a"):
        server = self.lab.frps(*self.database, "--data-dir", self.lab.folder / f"{name}-data",
                               name=name, demo=False)
        self.lab.frpc(server, client, self.service.port, user=USER)
        server.has(client).learns(client, *MODELS)
        return server

    def run(self, *arguments, env=None):
        done = self.lab.run("frps", *arguments, *self.database, "--data-dir",
                            self.lab.folder / "frps-data", env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json").stdout)

    def usage(self, by="key", *options):
        return {row[by]: {name: row[name] for name in COUNTS}
                for row in self.json("usage", "--by", by, *options)}

    def requests(self, by="key"):
        return sum(row["requests"] for row in self.usage(by).values())

    def ask(self, body=None, target=CHAT, method="POST", server=None, key=None, **options):
        data = json.dumps(body).encode() if body is not None else None
        return (server or self.server).fetch(method, target, data, key=key or self.key["key"],
                                             **options)


@pytest.fixture
def house(lab):
    return House(lab)


def counts(*numbers):
    return dict(zip(COUNTS, numbers))


def test_everything_is_counted_once(house):
    body = {"model": "tiny"}
    size = len(json.dumps(body).encode())
    first = house.ask(body)
    second = house.ask(body)
    lost = house.ask(target="/status?code=404", method="GET")
    assert (first.status, second.status, lost.status) == (200, 200, 404)
    wait_for(lambda: house.requests() == 3, 10, "three requests are written")
    expected = counts(3, 1, 2 * size, len(first.body) + len(second.body) + len(lost.body), 6, 10)
    assert house.usage("key") == {house.key["id"]: expected}
    assert house.usage("client") == {"a": expected}
    assert house.usage("model") == {
        "tiny": counts(2, 0, 2 * size, len(first.body) + len(second.body), 6, 10),
        "": counts(1, 1, 0, len(lost.body), 0, 0)}
    assert house.usage("key", "--to", "2026-01-01") == {}
    assert "laptop" in house.run("usage").stdout


def test_requests_without_a_valid_key_are_nobodys(house):
    assert house.ask({"model": "tiny"}, key="wrong").status == 401
    assert house.ask({"model": "tiny"}).status == 200
    wait_for(lambda: house.requests() == 1, 10, "one request is written")


TOKENS = {  # by model: path, further members, and the tokens of prompt and completion
    "answer": (CHAT, {}, (3, 5)),
    "stream-that-tells": (CHAT, {"stream": True, "stream_options": {"include_usage": True}}, (3, 5)),
    "stream-that-does-not": (CHAT, {"stream": True}, (0, 0)),
    "ollama-answer": ("/api/chat", {"stream": False}, (3, 5)),
    "ollama-stream": ("/api/generate", {}, (3, 5)),
}


def test_tokens_are_counted_as_the_service_reports_them(house):
    sizes = {}
    for model, (target, more, _) in TOKENS.items():
        answer = house.ask({"model": model, **more}, target)
        assert answer.status == 200
        sizes[model] = len(answer.body)
    wait_for(lambda: house.requests() == len(TOKENS), 10, "all are written")
    for model, row in house.usage("model").items():
        assert (row["prompt_tokens"], row["completion_tokens"]) == TOKENS[model][2], model
        assert row["bytes_out"] == sizes[model]


def test_names_that_no_client_has_are_one(house):
    """Requests choose their model's name: it makes no row, and the operator sees what was wanted."""
    for number in range(130):
        assert house.ask({"model": f"made-up-{number}"}).status == 200
    for name in ("tiny", "TINY", "tiny:latest", "library/tiny"):
        assert house.ask({"model": name}).status == 200
    for _ in range(3):
        house.ask({"model": "wanted"})
    assert house.ask(target="/v1/models/tiny", method="GET").status == 200
    wait_for(lambda: house.requests() == 138, 10, "all are written")
    assert {model: row["requests"] for model, row in house.usage("model").items()} == {
        "tiny": 5, "(other)": 133}
    unserved = house.server.api("/api/models/unserved").json()["data"]
    assert len(unserved) == 100
    assert (unserved[0]["model"], unserved[0]["requests"]) == ("wanted", 3)
    assert unserved[0]["first_asked"] < unserved[0]["last_asked"]
    assert {row["requests"] for row in unserved[1:]} == {1}
    house.service.models.append("wanted")
    house.server.learns("a", *MODELS, "wanted")
    unserved = house.server.api("/api/models/unserved").json()["data"]
    assert "wanted" not in {row["model"] for row in unserved}


def test_real_curl_gets_every_byte_of_a_stream(house):
    body = {"model": "tiny", "stream": True, "stream_options": {"include_usage": True}}
    url = f"http://127.0.0.1:{{}}{CHAT}"
    through, direct = (subprocess.run(
        ["curl", "-sN", "-H", f"Authorization: Bearer {house.key['key']}", "-d", json.dumps(body),
         url.format(port)], capture_output=True, check=True, timeout=30).stdout
        for port in (house.server.public, house.service.port))
    assert through == direct and b"completion_tokens" in through
    wait_for(lambda: house.usage("model").get("tiny", {}).get("completion_tokens") == 5, 10,
             "its tokens are written")


def test_what_the_gateway_refuses_is_an_error_of_the_key(house):
    house.run("key", "set", "laptop", "--rpm", "1")
    wait_for(lambda: house.ask({"model": "tiny"}).status == 429, 10, "the limit is heard of")
    wait_for(lambda: house.usage("client").get("", {}).get("errors"), 10, "no client served it")
    by_client = house.usage("client")
    assert by_client[""]["requests"] == by_client[""]["errors"]
    assert by_client["a"]["errors"] == 0


def test_a_visitor_that_leaves_midway_counts_as_an_error(house):
    with house.server.visitor() as visitor:
        visitor.send(f"GET /sse?gate=1&count=9 HTTP/1.1\r\nHost: x\r\n"
                     f"Authorization: Bearer {house.key['key']}\r\n\r\n")
        house.service.release()
        head = visitor.head()
        assert b"event 0" in next(visitor.pieces(head))
        visitor.reset()
    wait_for(lambda: house.usage("client").get("a", {}).get("errors") == 1, 10, "it is counted")


def test_bytes_of_an_upgraded_connection_count(house):
    with house.server.visitor() as visitor:
        upgraded = visitor.ask("GET", "/upgrade", key=house.key["key"], headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
        assert upgraded.status == 101
        visitor.send(b"hello")
        assert visitor.reader.some(5) == b"hello"
    wait_for(lambda: house.usage()[house.key["id"]]["bytes_in"] == 5 if house.usage() else False,
             10, "the bytes are counted")
    assert house.usage()[house.key["id"]] == counts(1, 0, 5, 5, 0, 0)


def test_the_api_tells_the_same(house):
    house.ask({"model": "tiny"})
    wait_for(lambda: house.requests() == 1, 10, "the request is written")
    data = house.server.api("/api/usage?by=key&from=1h").json()["data"]
    assert [(row["key_id"], row["key_name"], row["requests"]) for row in data] == [
        (house.key["id"], "laptop", 1)]
    assert house.server.api("/api/usage?by=model").json()["data"][0]["model"] == "tiny"
    assert house.server.api("/api/usage?by=nothing").status == 400


def test_sigterm_loses_nothing(house):
    for _ in range(50):
        assert house.ask({"model": "tiny"}).status == 200
    house.server.stop()
    assert house.requests() == 50


def test_a_server_that_is_killed_loses_the_last_seconds_alone(house):
    for _ in range(20):
        house.ask({"model": "tiny"})
    wait_for(lambda: house.requests() == 20, 10, "all are written")
    house.ask({"model": "tiny"})
    house.server.kill()
    assert house.requests() in (20, 21)


def test_the_fixed_key_and_the_demo_count_too(lab):
    server = lab.frps()
    service = lab.add(FakeOllama("a"))
    lab.frpc(server, "a", service.port)
    server.has("a")
    assert server.fetch("GET", "/x", key=DEMO_KEYS[0]).status == 200
    wait_for(lambda: server.api("/api/usage").json()["data"], 10, "it is counted")


# --- several servers, and a database that goes away


def test_servers_on_one_database_add_up(lab, postgres):
    house = House(lab, postgres.database("usage_two"))
    other = house.start("other", "b")
    for server in (house.server, other):
        for _ in range(10):
            assert house.ask({"model": "tiny"}, server=server).status == 200
    wait_for(lambda: house.requests() == 20, 10, "all are written")
    assert {name: row["requests"] for name, row in house.usage("client").items()} == {
        "a": 10, "b": 10}
    assert house.usage("model")["tiny"]["requests"] == 20


def test_a_database_that_is_away_is_waited_for(lab, postgres):
    house = House(lab, postgres.database("usage_away"))
    assert house.ask({"model": "tiny"}).status == 200
    postgres.freeze()
    try:
        for _ in range(10):
            assert house.ask({"model": "tiny"}).status == 200
    finally:
        postgres.thaw()
    wait_for(lambda: house.requests() == 11, 20, "all are written, each once")


def test_sigterm_without_a_database_loses_nothing(lab, postgres):
    house = House(lab, postgres.database("usage_term"))
    assert house.ask({"model": "tiny"}).status == 200
    wait_for(lambda: house.requests() == 1, 10, "the key is known, the first request written")
    postgres.freeze()
    try:
        for _ in range(10):
            assert house.ask({"model": "tiny"}).status == 200
        house.server.stop(limit=30)
    finally:
        postgres.thaw()
    kept = lab.folder / "frps-data" / "usage-unwritten"
    assert kept.exists() and "are kept in" in house.server.log()
    assert kept.stat().st_mode & 0o077 == 0 or kept.parent.stat().st_mode & 0o077 == 0
    assert house.requests() in (1, 11)  # nobody knows whether a frozen server had it already
    house.start("frps", "a")
    wait_for(lambda: house.requests() == 11, 20, "the next start writes them, each once")
    wait_for(lambda: not kept.exists(), 10, "and the file goes")
