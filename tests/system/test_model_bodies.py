"""Requests whose model stands behind much else, or cannot be read."""

import gzip
import json

import pytest

from support import http_bytes, raw_http
from support.fake_ollama import FakeOllama, seeded
from support.h2_visitor import H2Visitor
from support.waiting import wait_for

CHAT = "/v1/chat/completions"


def site(lab, models, options=(), client=()):
    """A server, and a client with a service for each name of `models`, all of them known."""
    server = lab.frps(*options)
    services = {}
    for name, has in models.items():
        services[name] = lab.add(FakeOllama(name, has))
        lab.frpc(server, name, services[name].port, *client)
    server.has(*models)
    for name, has in models.items():
        server.learns(name, *has)
    return server, services


def photo(size, model="m-b", seed=1):
    """What SDKs send: messages, with a photo of `size` bytes in base64, and then the model."""
    text = bytes(65 + b % 26 for b in b"".join(seeded(seed, size)))
    return (b'{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":'
            b'"data:image/jpeg;base64,' + text + b'"}}]}],"model":"' + model.encode() + b'"}')


def in_chunks(body, piece=60_000):
    head = raw_http.request("POST", CHAT, headers={"Transfer-Encoding": "chunked"})
    return head + b"".join(http_bytes.chunk(body[at:at + piece])
                           for at in range(0, len(body), piece)) + b"0\r\n\r\n"


@pytest.fixture
def two(lab):
    """A server with the clients `a` (model m-a) and `b` (model m-b)."""
    return site(lab, {"a": ["m-a"], "b": ["m-b"]})


@pytest.mark.parametrize("size", [60_000, 1_500_000, 6_000_000, 33_000_000])
def test_the_model_behind_photos_is_found(two, size):
    server, services = two
    body = photo(size)
    for _ in range(2):
        answer = server.fetch("POST", CHAT, body)
        assert (answer.status, answer.get("X-Frpx-Client")) == (200, "b")
    with server.visitor() as visitor:
        assert visitor.send(in_chunks(body)).response().get("X-Frpx-Client") == "b"
    with H2Visitor(server.public) as visitor:
        answer = visitor.fetch("POST", CHAT, body)
        assert (answer.status, answer.get("x-frpx-client")) == (200, "b")
    assert not services["a"].seen(CHAT)
    assert len({r.sha256 for r in services["b"].seen(CHAT)}) == 1
    assert {r.size for r in services["b"].seen(CHAT)} == {len(body)}


def test_a_model_in_front_is_enough_whatever_follows(lab):
    server, services = site(lab, {"a": ["m-a"], "b": ["m-b"]},
                            options=("--max-model-body", "100000"))
    body = b'{"model":"m-b","x":"' + b"y" * 3_000_000 + b'"}'
    for _ in range(3):
        answer = server.fetch("POST", CHAT, body)
        assert (answer.status, answer.get("X-Frpx-Client")) == (200, "b")


def test_a_model_that_stands_too_far_behind_is_413(lab):
    server, services = site(lab, {"a": ["m-a"], "b": ["m-b"]},
                            options=("--max-model-body", "200000"))
    frame = len(photo(0))
    for data in (raw_http.request("POST", CHAT, photo(300_000)), in_chunks(photo(300_000))):
        with server.visitor() as visitor:
            answer = visitor.send(data).response()
        assert (answer.status, answer.json()["error"]["code"]) == (413, "request_too_large")
    with H2Visitor(server.public) as visitor:
        assert visitor.fetch("POST", CHAT, photo(300_000)).status == 413
    for data in (raw_http.request("POST", CHAT, photo(200_000 - frame)),
                 in_chunks(photo(200_000 - frame), 7_000)):
        with server.visitor() as visitor:
            assert visitor.send(data).response().get("X-Frpx-Client") == "b"
    assert not services["a"].seen(CHAT)


def test_all_requests_share_one_budget(lab):
    server, services = site(lab, {"a": ["m-a"], "b": ["m-b"]}, options=(
        "--max-model-body", "2000000", "--model-body-memory", "4000000", "--workers", "2"))
    data = raw_http.request("POST", CHAT, photo(1_900_000))
    holders = [server.visitor() for _ in range(2)]
    holders[0].send(data[:-20])
    refused = None

    def is_refused():
        nonlocal refused
        refused = server.fetch("POST", CHAT, photo(1_900_000))
        return refused.status == 503

    wait_for(is_refused, 10, "what is left is not enough for another one")
    assert refused.json()["error"]["code"] == "overloaded"
    assert 1 <= int(refused.get("Retry-After")) <= 10
    # Small ones are served all the same.
    assert server.fetch("POST", CHAT, photo(10_000)).get("X-Frpx-Client") == "b"
    assert holders[0].send(data[-20:]).response().get("X-Frpx-Client") == "b"
    holders[1].send(data[:-20])
    wait_for(is_refused, 10, "the other one holds as much")
    holders[1].reset()
    wait_for(lambda: server.fetch("POST", CHAT, photo(1_900_000)).status == 200, 10,
             "who leaves gives back what it held")
    assert not services["a"].seen(CHAT)


UNREADABLE = {
    "gzip": (415, gzip.compress(b'{"model":"m-b"}'), {"Content-Encoding": "gzip"}),
    "zstd": (415, b"\x28\xb5\x2f\xfd\x04\x58", {"Content-Encoding": "zstd"}),
    "said to be encoded": (415, b'{"model":"m-b"}', {"Content-Encoding": "br"}),
    "no JSON": (400, b"model=m-b", {"Content-Type": "application/x-www-form-urlencoded"}),
    "cut JSON": (400, b'{"model":"m-b', {}),
    "no model": (400, b'{"messages":[{"model":"m-b"}]}', {}),
    "another type": (400, b'{"model":7}', {}),
    "an empty name": (400, b'{"model":""}', {}),
    "nothing": (400, b"", {}),
    "no JSON, and large": (400, b"x" * 300_000, {}),
}
CODES = {400: "model_missing", 415: "encoded_body"}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_refused_where_clients_have_other_models(two, what):
    server, services = two
    status, body, headers = UNREADABLE[what]
    answer = server.fetch("POST", CHAT, body, headers=headers)
    assert (answer.status, answer.json()["error"]["code"]) == (status, CODES[status])
    with H2Visitor(server.public) as visitor:
        fields = [(name.lower(), value) for name, value in headers.items()]
        assert visitor.fetch("POST", CHAT, body, headers=fields).status == status
    assert not services["a"].seen(CHAT) and not services["b"].seen(CHAT)
    # Who names the client leaves nothing to chance.
    for name in ("a", "b"):
        answer = server.fetch("POST", CHAT, body, headers={**headers, "client_id": name})
        assert (answer.status, answer.get("X-Frpx-Client")) == (200, name)
    assert server.fetch("POST", "/x", body, headers=headers).status == 200


@pytest.mark.parametrize("models", [{"a": ["m-b"], "b": ["m-b"]}, {"a": [], "b": []},
                                    {"a": ["m-a", "m-b"]}])
def test_where_it_does_not_matter_it_is_passed_on(lab, models):
    server, services = site(lab, models)
    for what, (_, body, headers) in UNREADABLE.items():
        answer = server.fetch("POST", CHAT, body, headers=headers)
        assert answer.status == 200, what
    assert sum(len(service.seen(CHAT)) for service in services.values()) == len(UNREADABLE)


def test_a_client_that_comes_makes_it_matter(lab):
    server, services = site(lab, {"a": ["m"], "b": ["m"]}, client=("--models-interval", "50ms"))
    assert server.fetch("POST", CHAT, b"{}").status == 200
    services["b"].models.append("more")
    wait_for(lambda: server.fetch("POST", CHAT, b"{}").status == 400, 10, "b has another model")
    services["b"].models.remove("more")
    wait_for(lambda: server.fetch("POST", CHAT, b"{}").status == 200, 10, "it is gone again")


def test_a_photo_is_sent_again_when_the_first_service_declines(lab):
    server, services = site(lab, {"a": ["m-b"], "b": ["m-b"], "c": []})
    services["a"].declining = ("503 Loading",)
    body = json.dumps({"messages": "x" * 3_000_000, "model": "m-b"}).encode()
    for _ in range(6):
        assert server.fetch("POST", CHAT, body).get("X-Frpx-Client") == "b"
    assert services["a"].seen(CHAT)
    assert {r.size for r in services["b"].seen(CHAT)} == {len(body)}
