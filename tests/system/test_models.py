"""Models: how a client learns them, how a request finds them, and the lists of all."""

import json
import time

import pytest

from support import raw_http
from support.fake_ollama import FakeOllama
from support.waiting import FACTOR, wait_for

# What a user has who sets nothing.
OFTEN = ("--models-interval", "500ms")


def served_by(answer):
    assert answer.status == 200, (answer.status, answer.body)
    return answer.get("X-Frpx-Client")


def ask(server, model, path="/v1/chat/completions", **options):
    return server.fetch("POST", path, json.dumps({"model": model}).encode(), **options)


def home(lab, models, options=(), client=()):
    """A server, and a client with a service for each name of `models`, all of them known."""
    server = lab.frps(*options)
    services = {}
    for name, has in models.items():
        services[name] = lab.add(FakeOllama(name, has))
        lab.frpc(server, name, services[name].port, *client)
    for name, has in models.items():
        server.learns(name, *has)
    return server, services


PATHS = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/api/chat",
         "/api/generate", "/api/embed", "/api/embeddings"]


@pytest.fixture
def two(lab):
    """A server with the clients `a` (model m-a) and `b` (model m-b)."""
    return home(lab, {"a": ["m-a"], "b": ["m-b"]})


@pytest.mark.parametrize("path", PATHS)
def test_each_model_path_finds_its_model(two, path):
    server, _ = two
    for _ in range(4):
        assert served_by(ask(server, "m-b", path)) == "b"
        assert served_by(ask(server, "m-a", path + "?x=1")) == "a"


def test_other_paths_and_methods_do_not_look_for_a_model(two):
    server, _ = two
    body = b'{"model":"m-b"}'
    for method, path in (("POST", "/api/pull"), ("PUT", "/api/chat"), ("POST", "/v1/files")):
        assert {served_by(server.fetch(method, path, body)) for _ in range(40)} == {"a", "b"}


def test_ollamas_rules_for_names(lab):
    server, _ = home(lab, {"a": ["qwen2.5:latest", "Llama3"], "b": ["qwen2.5:7b"]})
    for name in ("qwen2.5", "qwen2.5:latest", "QWEN2.5", "library/qwen2.5", "llama3",
                 "llama3:latest"):
        assert {served_by(ask(server, name)) for _ in range(6)} == {"a"}, name
    assert {served_by(ask(server, "Qwen2.5:7B")) for _ in range(6)} == {"b"}


def test_an_unknown_model_is_refused_when_told_to(lab):
    server, services = home(lab, {"a": ["m-a"]}, options=("--unknown-model", "reject"))
    answer = ask(server, "m-x")
    assert answer.status == 404
    error = answer.json()["error"]
    assert error["code"] == "model_not_found" and "m-x" in error["message"]
    assert error["type"] == "invalid_request_error" and "param" in error
    assert isinstance(ask(server, "m-x", "/api/chat").json()["error"], str)
    assert served_by(ask(server, "m-a")) == "a"
    # What names no model is no unknown one, and a client may be asked by its name.
    assert server.fetch("POST", "/v1/chat/completions", b"{}").status == 200
    assert served_by(ask(server, "m-x", headers={"client_id": "a"})) == "a"
    assert not [r for r in services["a"].seen("/v1/chat/completions") if b"m-x" in r.body][1:]


def test_the_connection_goes_on_after_a_refusal(lab):
    server, _ = home(lab, {"a": ["m-a"]}, options=("--unknown-model", "reject"))
    with server.visitor() as visitor:
        for model, status in (("m-x", 404), ("m-a", 200), ("m-x", 404)):
            body = json.dumps({"model": model}).encode()
            assert visitor.ask("POST", "/v1/chat/completions", body).status == status


def test_the_lists_are_the_union_over_all_clients(lab):
    server, _ = home(lab, {"a": ["qwen2.5", "m-a"], "b": ["qwen2.5:latest", "m-b"]})
    answer = server.fetch(target="/v1/models")
    assert answer.status == 200 and answer.get("Content-Type") == "application/json"
    listing = answer.json()
    assert listing["object"] == "list"
    assert [m["id"] for m in listing["data"]] == ["m-a", "m-b", listing["data"][2]["id"]]
    assert listing["data"][2]["id"] in ("qwen2.5", "qwen2.5:latest")
    assert all(m["object"] == "model" and m["created"] == 1700000000 and m["owned_by"] == "library"
               for m in listing["data"])
    tags = server.fetch(target="/api/tags").json()["models"]
    assert [m["name"] for m in tags] == [m["id"] for m in listing["data"]]
    assert all(m["model"] == m["name"] and m["size"] == 4661224676 and m["digest"] and
               m["modified_at"] == "2023-11-14T22:13:20.000000Z" and
               m["details"]["parameter_size"] == "8.0B" for m in tags)


def test_a_list_of_one_client_is_asked_of_that_client(two):
    server, _ = two
    answer = server.fetch(target="/v1/models", headers={"client_id": "b"})
    assert served_by(answer) == "b"
    assert [m["id"] for m in answer.json()["data"]] == ["m-b"]


def test_without_any_model_the_path_is_as_any_other(lab):
    server, _, _ = lab.house("a", models=[])
    assert served_by(server.fetch(target="/v1/models")) == "a"


def test_a_list_needs_a_key(two):
    server, _ = two
    assert server.fetch(target="/v1/models", key="wrong").status == 401


def test_a_client_that_left_or_drains_is_in_no_list(lab):
    server, _ = home(lab, {"a": ["m-a"], "b": ["m-b"]})

    def listed():
        return {m["id"] for m in server.fetch(target="/v1/models").json()["data"]}

    assert listed() == {"m-a", "m-b"}
    server.api("/api/clients/a/drain", "POST")
    wait_for(lambda: listed() == {"m-b"}, 5, "a is not listed")


def test_a_service_that_is_not_ollama_is_asked_for_openais_list_alone(lab):
    server = lab.frps()
    service = lab.add(FakeOllama("a", ["m-a"]))
    service.missing |= {"/api/tags", "/api/ps"}
    lab.frpc(server, "a", service.port, "--models-interval", "20ms")
    server.learns("a", "m-a")
    wait_for(lambda: len(service.seen("/v1/models")) > 20, 10, "it is asked again")
    assert len(service.seen("/api/tags")) == 1 and not service.seen("/api/ps")


def test_an_old_ollama_without_openais_list(lab):
    server = lab.frps()
    service = lab.add(FakeOllama("a", ["m-a"]))
    service.missing.add("/v1/models")
    lab.frpc(server, "a", service.port)
    server.learns("a", "m-a")


def test_who_has_the_model_in_memory_is_preferred(lab):
    server, services = home(lab, {"a": ["m"], "b": ["m"], "c": ["m"]},
                            client=("--models-interval", "50ms"))
    for name, loaded in (("a", []), ("b", ["m"]), ("c", [])):
        services[name].loaded = loaded
    wait_for(lambda: {served_by(ask(server, "m")) for _ in range(10)} == {"b"}, 5, "b is preferred")
    services["b"].loaded, services["c"].loaded = [], ["m"]
    wait_for(lambda: {served_by(ask(server, "m")) for _ in range(10)} == {"c"}, 5, "now c is")


def test_a_model_that_moves_is_found_at_its_new_place_within_a_second(lab):
    server, services = home(lab, {"a": ["moving", "m-a"], "b": ["m-b"]}, client=OFTEN)
    here, there = "a", "b"
    for _ in range(3):
        assert "moving" in server.models_of(here)
        services[there].models.append("moving")
        services[here].models.remove("moving")
        moved = time.monotonic()
        wait_for(lambda h=there: {served_by(ask(server, "moving")) for _ in range(8)} == {h}, 5,
                 "it is found there and not where it was")
        assert time.monotonic() - moved < 1 * FACTOR
        here, there = there, here


def test_where_the_model_does_not_matter_a_large_body_is_passed_on_as_it_comes(lab):
    server, services = home(lab, {"a": ["m-a"]})
    body = b'{"prompt":"' + b"x" * 3_000_000 + b'","model":"m-a"}'
    answer = server.fetch("POST", "/api/generate", body)
    assert answer.status == 200
    assert services["a"].seen("/api/generate")[0].size == len(body)


def test_a_stream_of_tokens_passes_as_it_comes_and_a_cut_shows(lab):
    server, services = home(lab, {"a": ["m-a"]})
    services["a"].tokens, services["a"].token_gap, services["a"].dies_after = 6, 0.02, 4
    body = b'{"model":"m-a","stream":true}'
    with server.visitor() as visitor:
        visitor.send(raw_http.request("POST", "/v1/chat/completions", body))
        head = visitor.head()
        assert head.start.split(" ")[1] == "200"
        tokens = []
        with pytest.raises((EOFError, ConnectionError, raw_http.http_bytes.Ended)):
            for piece in visitor.pieces(head):
                tokens.append(piece)
    assert len(b"".join(tokens).split(b"data:")) == 1 + 4
    assert len(services["a"].seen("/v1/chat/completions")) == 1


def test_a_list_that_was_cut_is_marked_and_not_believed_to_be_whole(lab):
    many = [f"m{number}" for number in range(4100)]
    server = lab.frps("--unknown-model", "reject")
    large = lab.add(FakeOllama("large", many))
    small = lab.add(FakeOllama("small", ["other"]))
    clients = [lab.frpc(server, "large", large.port, *OFTEN),
               lab.frpc(server, "small", small.port, *OFTEN)]
    server.learns("small", "other")
    known = wait_for(lambda: server.clients().get("large", {}).get("models"), 20, "the list is known")
    assert known == many[:4096]
    assert server.clients()["large"]["models_left_out"] == 4
    assert server.clients()["small"]["models_left_out"] == 0
    server.says("models of client large is incomplete: it has 4100, of which 4096 are known")
    clients[0].says("list of models is incomplete: the local service has 4100")
    assert "incomplete" not in clients[1].log()
    for model in ("m0", "m4095", "m4099"):
        assert {served_by(ask(server, model)) for _ in range(10)} == {"large"}
    assert served_by(ask(server, "other")) == "small"
    large.models = many[:10]
    wait_for(lambda: server.clients()["large"]["models_left_out"] == 0, 20, "the list is whole")
    assert ask(server, "m4099").status == 404
