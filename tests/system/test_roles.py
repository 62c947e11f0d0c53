"""What a user's role allows at the control port."""

import json

import pytest

from support.fake_ollama import FakeOllama
from support.public_frpx import PublicClient
from support.waiting import wait_for

PASSWORD = "a long password"


@pytest.fixture
def server(lab):
    return lab.frps(demo=False)


@pytest.fixture
def frps(lab):
    def run(*arguments, password=None):
        env = {"FRPX_PASSWORD": password} if password else {}
        done = lab.run("frps", *arguments, "--data-dir", lab.folder / "frps-data", env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def add_user(frps, name, role):
    frps("user", "add", f"{name}@example.com", "--role", role, password=PASSWORD)
    return f"{name}@example.com", PASSWORD


def refusal_of(server, user):
    """What the server answers to a login as that user; None: it is let in."""
    client = PublicClient(server, "claimed", 1, user=user).start()
    wait_for(lambda: client.ended or client.reached == "registered", 10, "an answer")
    client.stop()
    return None if client.reached == "registered" else client.refusal


@pytest.mark.parametrize("role, may", [("client", True), ("admin", True), ("viewer", False)])
def test_only_clients_and_admins_bring_clients_in(server, frps, role, may):
    refusal = refusal_of(server, add_user(frps, "somebody", role))
    if may:
        assert refusal is None
    else:
        assert "viewer" in refusal and "frps user role EMAIL client" in refusal
        assert server.clients() == {}
        assert frps("token", "list").count("\n") == 1, "no token was given"


def test_a_viewer_gets_no_way_in_by_a_token_either(lab, server, frps):
    """One that was given while the user was a client."""
    user = add_user(frps, "eve", "client")
    client = PublicClient(server, "a", 1, user=user, folder=lab.folder).start().registered()
    client.stop()
    server.has()
    frps("user", "role", user[0], "viewer")
    again = PublicClient(server, "a", 1, folder=lab.folder).start()
    wait_for(lambda: again.ended, 10, "it is refused")
    assert again.reached == "connected"
    assert server.clients() == {}


def test_a_viewers_key_brings_no_client_in(lab, frps):
    server = lab.frps("--keys-are-tokens", demo=False)
    viewer, client = add_user(frps, "eve", "viewer"), add_user(frps, "bob", "client")
    for owner, letting_in in ((viewer, False), (client, True)):
        made = json.loads(frps("key", "add", "--name", owner[0], "--owner", owner[0], "--json"))
        folder = lab.folder / owner[0]
        folder.mkdir()
        (folder / "token.json").write_text(json.dumps({"token": made["key"]}))
        come = PublicClient(server, "a", 1, folder=folder).start()
        wait_for(lambda c=come: c.ended or c.reached == "registered", 10, "an answer")
        assert (come.reached == "registered") == letting_in, come.refusal
        come.stop()


def test_frpc_says_what_to_do_and_comes_in_once_the_role_is_changed(lab, server, frps):
    user = add_user(frps, "eve", "viewer")
    client = lab.frpc(server, "a", lab.add(FakeOllama("a")).port, user=user)
    client.says("this user connect no clients.*frps user role EMAIL client")
    frps("user", "role", user[0], "client")
    server.has("a", limit=30)
