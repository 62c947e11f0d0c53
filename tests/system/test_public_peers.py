"""Ours with the public frpx programs, both ways (models of them: support/public_frpx.py)."""

import json
import stat

import pytest

from support import net, raw_http
from support.fake_ollama import FakeOllama, seeded, seeded_hash
from support.public_frpx import DEMO_KEY, PublicClient, PublicServer
from support.waiting import holds_for, wait_for


@pytest.fixture
def ollama(lab):
    return lab.add(FakeOllama("local", ["tiny"]))


# --- the public client with our server ------------------------------------------------------------


@pytest.fixture
def server(lab):
    return lab.frps()


def public_client(lab, server, name, service, **options):
    client = lab.add(PublicClient(server, name, service.port, **options)).start()
    return client.registered()


def test_public_client_serves_visitors(lab, server, ollama):
    client = public_client(lab, server, "public_1", ollama)
    for number in range(5):
        answer = server.fetch("POST", f"/{number}", b"data")
        assert (answer.status, answer.json()["target"]) == (200, f"/{number}")
        assert answer.get("X-Frpx-Client") == "public_1"
    assert client.orders and not client.unexpected
    assert client.ended is None


def test_public_client_is_given_a_token_that_logs_in_again(lab, server, ollama, tmp_path):
    first = public_client(lab, server, "public_1", ollama, folder=tmp_path)
    assert first.token
    first.stop()
    server.has()
    again = public_client(lab, server, "public_1", ollama, folder=tmp_path)
    assert server.fetch().status == 200
    assert again.ended is None


def test_public_client_meets_no_extension(lab, server, ollama):
    client = public_client(lab, server, "public_1", ollama, heartbeat=0.05)
    for _ in range(20):
        assert server.fetch().status == 200
    # It decodes strictly: a command that is not in the public table would have ended it.
    holds_for(lambda: client.ended is None, 0.5, "the public client stays")
    assert not client.unexpected


def test_public_and_our_client_side_by_side(lab, server, ollama):
    public_client(lab, server, "public_1", ollama)
    lab.frpc(server, "ours", ollama.port)
    server.has("public_1", "ours")
    for name in ("public_1", "ours"):
        answer = server.fetch(headers={"client_id": name})
        assert answer.get("X-Frpx-Client") == name


def test_public_client_models_route(lab, server, ollama):
    other = lab.add(FakeOllama("other"))
    public_client(lab, server, "a", ollama, models=["x"], heartbeat=0.1)
    second = public_client(lab, server, "b", other, models=["y"], heartbeat=0.1)
    server.learns("a", "x")
    server.learns("b", "y")
    for model, name in (("x", "a"), ("y", "b")) * 3:
        answer = server.fetch("POST", "/v1/chat/completions", json.dumps({"model": model}).encode())
        assert answer.get("X-Frpx-Client") == name
    # `null` clears the list.
    second.models = None
    server.learns("b")


def test_large_bodies_through_a_public_client(lab, server, ollama):
    public_client(lab, server, "public_1", ollama)
    body = b"".join(seeded(5, 3_000_000))
    assert server.fetch("POST", "/up", body).json()["sha256"] == seeded_hash(5, 3_000_000)
    answer = server.fetch(target="/bytes?size=3000000&seed=6")
    assert answer.sha256 == seeded_hash(6, 3_000_000)


def test_wrong_password_and_unknown_user_get_one_text(lab, server, ollama):
    refusals = set()
    for user in (("test@example.com", "wrong"), ("nobody@example.com", "123456")):
        client = lab.add(PublicClient(server, "x", ollama.port, user=user)).start()
        wait_for(lambda c=client: c.ended, 10, "it is refused")
        refusals.add(client.refusal)
    assert len(refusals) == 1 and None not in refusals


def test_a_public_client_that_ends_before_its_first_byte_is_passed_over(lab, server, ollama):
    """Local service down: the public client opens its proxy connection and closes it."""
    dead = net.closed_port()
    lab.add(PublicClient(server, "dead", dead)).start().registered()
    public_client(lab, server, "alive", ollama)
    for _ in range(12):
        answer = server.fetch(target="/any")
        assert (answer.status, answer.get("X-Frpx-Client")) == (200, "alive")


def test_a_public_client_that_hangs_is_passed_over(lab, ollama):
    server = lab.frps("--stream-timeout", "300ms")
    deaf = lab.add(PublicClient(server, "deaf", ollama.port, deaf=True)).start().registered()
    public_client(lab, server, "alive", ollama)
    wait_for(lambda: server.fetch(target="/any").get("X-Frpx-Client") == "alive" and deaf.orders,
             10, "the hanging client was chosen, and another answered")
    assert all(server.fetch().status == 200 for _ in range(4))


def test_only_a_hanging_public_client_is_an_error_in_time(lab, ollama):
    server = lab.frps("--stream-timeout", "200ms", "--stream-total-timeout", "600ms")
    lab.add(PublicClient(server, "deaf", ollama.port, deaf=True)).start().registered()
    answer = server.fetch(timeout=5)
    assert answer.status in (503, 504)
    assert answer.json()["success"] is False


def test_a_silent_public_client_is_removed(lab, ollama):
    server = lab.frps("--public-client-silence", "500ms")
    client = public_client(lab, server, "public_1", ollama, heartbeat=0.1)
    server.has("public_1")
    client.freeze()
    server.has(limit=5)
    assert server.fetch().status == 503


# --- our client with the public server ------------------------------------------------------------


@pytest.fixture
def public_server(lab):
    return lab.add(PublicServer())


def our_client(lab, public_server, service_port, *options, **more):
    client = lab.frpc(public_server, "ours", service_port, *options, **more)
    public_server.has("ours")
    return client


def test_our_client_serves_the_public_server(lab, public_server, ollama):
    our_client(lab, public_server, ollama.port)
    for number in range(5):
        answer = raw_http.fetch(public_server.public, "POST", f"/{number}", b"data",
                                key=DEMO_KEY, headers={"Connection": "close"})
        assert (answer.status, answer.json()["target"]) == (200, f"/{number}")
    assert not public_server.seen.dropped
    assert public_server.seen.registered == ["ours"]


def test_our_heartbeats_satisfy_the_public_server(lab, public_server):
    """Whatever the local service lists, the public server must be able to decode it."""
    odd = lab.add(FakeOllama("odd"))
    odd.models = ["plain", "ünï:cödé", 'quo"te']
    our_client(lab, public_server, odd.port)
    session = public_server.has("ours")
    wait_for(lambda: session.models, 15, "models arrive")
    assert [m["id"] for m in session.models] == odd.models
    assert session.system_info["computer_name"]
    assert not public_server.seen.dropped


def test_our_client_fills_what_a_model_lacks(lab, public_server):
    """A missing field or a negative `created` would make the public server drop the client."""
    def serve(sock):
        sock.recv(65536)
        body = json.dumps({"data": [
            {"id": "bare"}, {"id": "odd", "created": -5, "object": None, "owned_by": 7},
            {"id": "fraction", "created": 1.5}, {"no": "id"}, "text"]}).encode()
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        net.end_of(sock, 20)

    service = lab.add(net.Listener(serve))
    our_client(lab, public_server, service.port)
    session = public_server.has("ours")
    wait_for(lambda: session.models, 15, lambda: f"models arrive: {public_server.seen}")
    assert {"bare", "odd", "fraction"} <= {m["id"] for m in session.models}
    assert not public_server.seen.dropped


def test_bulk_through_our_client_and_the_public_server(lab, public_server, ollama):
    our_client(lab, public_server, ollama.port)
    target = "/bytes?size=20000000&seed=2&framing=close"
    answer = raw_http.fetch(public_server.public, target=target)
    assert answer.sha256 == seeded_hash(2, 20_000_000)


def test_local_service_down_still_answers_the_order(lab, public_server):
    """Else the public server holds the visitor for ever."""
    our_client(lab, public_server, net.closed_port())
    with raw_http.Visitor(public_server.public) as visitor:
        visitor.send(raw_http.request("GET", "/"))
        assert visitor.end() in ("fin", "rst")
    assert len(public_server.seen.proxied) == 1


def test_an_order_without_visitor_does_no_harm(lab, public_server, ollama):
    our_client(lab, public_server, ollama.port)
    proxy_id = public_server.order("ours")
    wait_for(lambda: proxy_id in public_server.seen.unknown_ids, 10, "it opens the connection")
    assert raw_http.fetch(public_server.public, headers={"Connection": "close"}).status == 200


def test_our_client_comes_back_when_the_public_server_drops_it(lab, public_server, ollama):
    client = our_client(lab, public_server, ollama.port)
    public_server.drop("ours")
    wait_for(lambda: public_server.seen.registered == ["ours", "ours"], 10, "it registers again")
    assert client.running


# --- token.json -----------------------------------------------------------------------------------


def token_file(lab):
    return lab.folder / "client-ours" / "token.json"


def test_a_token_is_kept_private_and_remembers_server_and_user(lab, public_server, ollama):
    our_client(lab, public_server, ollama.port)
    wait_for(token_file(lab).exists, 5, "token.json is written")
    kept = json.loads(token_file(lab).read_text())
    assert kept["token"] == public_server.handed_out[0]
    assert stat.S_IMODE(token_file(lab).stat().st_mode) == 0o600
    text = json.dumps(kept)
    assert "test@example.com" in text and str(public_server.control) in text
    assert "123456" not in text


def test_a_refused_token_leads_to_the_credentials_on_a_new_connection(lab, public_server, ollama):
    """The public server's trap: it refuses the very tokens that it handed out."""
    our_client(lab, public_server, ollama.port).stop()
    wait_for(lambda: "ours" not in public_server.clients, 5, "the first client is gone")
    our_client(lab, public_server, ollama.port)
    kinds = [(number, command) for number, command, _ in public_server.seen.logins]
    assert kinds == [(1, "Login"), (2, "LoginByToken"), (3, "Login")]


def test_a_token_is_not_sent_to_another_server(lab, public_server, ollama):
    our_client(lab, public_server, ollama.port).stop()
    other = lab.add(PublicServer())
    our_client(lab, other, ollama.port)
    assert [command for _, command, _ in other.seen.logins] == ["Login"]


def test_a_token_of_another_user_is_not_used(lab, ollama):
    server = lab.add(PublicServer(users=[("test@example.com", "123456"), ("b@example.com", "pw")]))
    our_client(lab, server, ollama.port).stop()
    wait_for(lambda: "ours" not in server.clients, 5, "the first client is gone")
    our_client(lab, server, ollama.port, user=("b@example.com", "pw"))
    assert [(c, f.get("email")) for _, c, f in server.seen.logins] == [
        ("Login", "test@example.com"), ("Login", "b@example.com")]


def test_a_public_token_file_that_holds_an_api_key_works(lab, public_server, ollama):
    """A public client's token.json names no server: it is what the user put there."""
    token_file(lab).parent.mkdir(parents=True)
    token_file(lab).write_text(json.dumps({"token": DEMO_KEY}))
    our_client(lab, public_server, ollama.port)
    assert [command for _, command, _ in public_server.seen.logins] == ["LoginByToken"]
