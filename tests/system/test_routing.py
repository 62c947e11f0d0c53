"""Which client serves a request: the `client_id` header, the model, the policy."""

import json

import pytest

from support import raw_http
from support.fake_ollama import FakeOllama, seeded
from support.waiting import wait_for

CHAT = "/v1/chat/completions"


@pytest.fixture
def models(lab):
    """A server with the clients `a` (model m-a), `b` (model m-b) and `c` (no model)."""
    server = lab.frps()
    for name, has in (("a", ["m-a"]), ("b", ["m-b", "both"]), ("c", [])):
        service = lab.add(FakeOllama(name, has))
        lab.frpc(server, name, service.port)
    server.has("a", "b", "c")
    server.learns("a", "m-a")
    server.learns("b", "m-b", "both")
    return server


def served_by(answer):
    assert answer.status == 200, answer
    return answer.get("X-Frpx-Client")


def ask(server, body, headers=(), **options):
    return served_by(server.fetch("POST", CHAT, body, headers=headers, **options))


def test_client_id_names_the_client(models):
    for name in ("a", "b", "c", "b", "a"):
        assert served_by(models.fetch(headers={"client_id": name})) == name
        assert served_by(models.fetch(headers={"CLIENT_ID": name})) == name


def test_client_id_overrides_the_model(models):
    assert ask(models, b'{"model":"m-a"}', {"client_id": "c"}) == "c"


def test_an_unknown_client_id_leaves_it_to_the_model_and_the_policy(models):
    assert ask(models, b'{"model":"m-b"}', {"client_id": "nobody"}) == "b"
    assert served_by(models.fetch(headers={"client_id": "nobody"})) in {"a", "b", "c"}
    assert served_by(models.fetch(headers={"client_id": "x" * 2000})) in {"a", "b", "c"}


def test_a_model_nobody_has_goes_to_any_client(models):
    assert {ask(models, b'{"model":"unheard-of"}') for _ in range(60)} == {"a", "b", "c"}


MODEL_B = {
    "first": b'{"model":"m-b","messages":[]}',
    "last": b'{"messages":[{"role":"user","content":"x"}],"stream":false,"model":"m-b"}',
    "spaces": b' \n{ "stream" : false ,\t"model" : \r\n "m-b" } ',
    "escaped value": b'{"model":"\\u006d\\u002db"}',
    "escaped name": b'{"\\u006dodel":"m-b"}',
    "behind a nested model": b'{"messages":[{"model":"m-a"}],"tool":{"model":"m-a"},"model":"m-b"}',
    "behind the word in a text": b'{"x":"\\"model\\":\\"m-a\\"","model":"m-b"}',
    "behind deep nesting": b'{"x":' + b"[" * 100 + b"]" * 100 + b',"model":"m-b"}',
    "behind 200 KiB": b'{"x":"' + b"y" * 200_000 + b'","model":"m-b"}',
    "with a BOM-less multibyte text": '{"x":"ünï😀","model":"m-b"}'.encode(),
}


@pytest.mark.parametrize("case", MODEL_B)
def test_the_model_wherever_it_stands(models, case):
    assert all(ask(models, MODEL_B[case]) == "b" for _ in range(6))


@pytest.mark.parametrize("body", [
    b'{"model":"m-a","model":"m-b"}', b'{"model":"m-b","Model":"m-a","\\u006dodel":"m-a"}'])
def test_duplicate_models_do_not_confuse(models, body):
    """Any of the names may count, the same one each time, and the body arrives as it was."""
    assert len({ask(models, body) for _ in range(8)}) == 1


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b'"model"', b'{"model":7}', b'{"model":null}', b'{"model":"m-a', b"\xff\xfe",
    b'{"a":' * 300 + b"1" + b"}" * 300, b'{"model":"' + b"x" * 5000 + b'"}'])
def test_what_names_no_model_is_not_served_by_chance(models, body):
    answer = models.fetch("POST", CHAT, body)
    assert answer.status == 400 and answer.json()["error"]["code"] == "model_missing"


@pytest.mark.parametrize("piece", [1, 7, 100])
def test_a_request_in_small_pieces_keeps_its_route(models, piece):
    data = raw_http.request("POST", CHAT, MODEL_B["behind a nested model"])
    for _ in range(4):
        with models.visitor() as visitor:
            assert served_by(visitor.send(data, piece=piece).response()) == "b"


def test_head_and_body_apart(models):
    head, body = raw_http.request("POST", CHAT, MODEL_B["last"]).split(b"\r\n\r\n")
    with models.visitor() as visitor:
        visitor.send(head + b"\r\n\r\n")
        visitor.send(body[:20]).send(body[20:])
        assert served_by(visitor.response()) == "b"


def test_a_chunked_body_is_routed(models):
    head = (f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n"
            "Transfer-Encoding: chunked\r\n\r\n").encode()
    for piece in (1, 5, 1000):
        body = MODEL_B["last"]
        data = b"".join(b"%x\r\n%s\r\n" % (len(body[n:n + piece]), body[n:n + piece])
                        for n in range(0, len(body), piece)) + b"0\r\n\r\n"
        with models.visitor() as visitor:
            assert served_by(visitor.send(head + data).response()) == "b"


def test_a_large_body_is_streamed_once_the_model_is_known(lab, models):
    """More than a mebibyte passes, and the model in front of it still counts."""
    filler = bytes(65 + b % 26 for b in b"".join(seeded(1, 3_000_000)))
    body = b'{"model":"m-b","x":"' + filler + b'"}'
    assert ask(models, body) == "b"


def test_a_model_behind_a_mebibyte_is_found(models):
    body = b'{"x":"' + b"y" * 1_500_000 + b'","model":"m-b"}'
    assert all(ask(models, body) == "b" for _ in range(4))


def test_the_model_counts_on_this_path_and_method_alone(models):
    body = b'{"model":"m-b"}'
    assert {served_by(models.fetch("POST", "/other", body)) for _ in range(60)} == {"a", "b", "c"}


def test_a_query_does_not_hide_the_path(models):
    answers = {served_by(models.fetch("POST", CHAT + "?x=1", b'{"model":"m-b"}'))
               for _ in range(8)}
    assert answers == {"b"}


def test_several_clients_with_a_model_share_it(lab):
    server, _, _ = lab.house("a", "b", "c", models=["same"])
    for name in ("a", "b", "c"):
        server.learns(name, "same")
    body = json.dumps({"model": "same"}).encode()
    assert {ask(server, body) for _ in range(60)} == {"a", "b", "c"}


def test_models_that_appear_later_are_found(lab):
    server, services, _ = lab.house("a", "b", models=[])
    services["b"].models.append("new")
    server.learns("b", "new", limit=15)  # a heartbeat comes every 10 s
    assert all(ask(server, b'{"model":"new"}') == "b" for _ in range(6))


def test_a_client_that_leaves_is_no_candidate(lab):
    server, _, clients = lab.house("a", "b")
    clients["a"].stop()
    server.has("b")
    assert {served_by(server.fetch(headers={"client_id": "a"})) for _ in range(8)} == {"b"}
    clients["b"].kill()
    wait_for(lambda: server.fetch().status == 503, 5, "nobody is left")
