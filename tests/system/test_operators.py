"""Operators who log in at the API: roles, the audit log, and pages of another origin."""

import json

import pytest

from support.waiting import seconds, wait_for
from system.test_events import Listener

TOKEN = "a-token-for-operators"
PASSWORD = "correct horse"


@pytest.fixture
def server(lab):
    server = lab.frps("--api-token", TOKEN)
    for name, role in (("root", "admin"), ("eye", "viewer"), ("box", "client")):
        body = {"email": f"{name}@example.com", "password": PASSWORD, "role": role}
        assert ask(server, "/api/users", TOKEN, "POST", body).status == 200
    return server


def ask(server, target, token=None, method="GET", body=None, headers=()):
    pairs = dict(headers)
    if token:
        pairs["Authorization"] = f"Bearer {token}"
    return server.api(target, method, headers=pairs, host="api.example",
                      body=None if body is None else json.dumps(body).encode())


def log_in(server, name, password=PASSWORD):
    return ask(server, "/api/session", None, "POST",
               {"email": f"{name}@example.com", "password": password})


def token_of(server, name):
    answer = log_in(server, name)
    assert answer.status == 200, answer
    return answer.json()["data"]["token"]


def test_an_admin_changes_what_a_viewer_only_sees(server):
    root, eye = token_of(server, "root"), token_of(server, "eye")
    assert ask(server, "/api/session", eye).json()["data"] == {
        "role": "viewer", "email": "eye@example.com", "how": "login"}
    assert ask(server, "/api/keys", eye, "POST", {"name": "laptop"}).status == 403
    assert ask(server, "/api/keys", root, "POST", {"name": "laptop"}).status == 200
    assert "laptop" in [key["name"] for key in ask(server, "/api/keys", eye).json()["data"]]
    assert ask(server, "/metrics", eye).status == 200
    assert ask(server, "/api/session", root, "DELETE").status == 200
    assert ask(server, "/api/keys", root).status == 401


def test_who_is_no_operator_stays_out(server):
    assert log_in(server, "box").status == 403
    assert log_in(server, "nobody").status == 401
    assert log_in(server, "root", "wrong").status == 401
    assert ask(server, "/api/clients").status == 401
    assert PASSWORD not in server.log()


def test_guessing_passwords_is_slowed_down(server):
    for _ in range(10):
        assert log_in(server, "root", "wrong").status == 401
    assert log_in(server, "root").status == 429


def test_another_password_ends_a_login(server):
    root = token_of(server, "root")
    assert ask(server, "/api/users/root@example.com", TOKEN, "PATCH",
               {"password": "another"}).status == 200
    wait_for(lambda: ask(server, "/api/clients", root).status == 401, 10, "it is worth nothing")
    eye = token_of(server, "eye")
    assert ask(server, "/api/users/eye@example.com", TOKEN, "DELETE").status == 200
    wait_for(lambda: ask(server, "/api/clients", eye).status == 401, 10, "nor is this one")


def test_a_listener_stays_no_longer_than_its_login(lab, server):
    def listen(token):
        return Listener(lab, server, "-H", f"Authorization: Bearer {token}")

    def hears(listener):
        ask(server, "/api/log-level", TOKEN, "PUT", {"level": "info"})
        return listener.events()
    root, eye = token_of(server, "root"), token_of(server, "eye")
    leaving, removed, staying = listen(root), listen(eye), listen(TOKEN)
    for each in (leaving, removed, staying):
        wait_for(lambda each=each: hears(each), 10, "it hears")
    assert ask(server, "/api/session", root, "DELETE").status == 200
    assert leaving.process.wait(seconds(10)) == 0, "its answer is complete"
    assert removed.process.poll() is None
    assert ask(server, "/api/users/eye@example.com", TOKEN, "DELETE").status == 200
    assert removed.process.wait(seconds(10)) == 0
    ask(server, "/api/keys", TOKEN, "POST", {"name": "last"})
    staying.hears("key.made", name="last")


def test_the_audit_log_outlives_the_server(lab):
    server = lab.frps(demo=False)
    assert server.api("/api/keys", "POST", body=b'{"name":"laptop"}').status == 200
    assert server.api("/api/keys", "POST", body=b'{"name":"laptop"}').status == 409
    server.stop()
    server = lab.frps("--data-dir", lab.folder / "frps-data", demo=False, name="again")
    assert lab.run("frps", "key", "revoke", "laptop", "--data-dir",
                   lab.folder / "frps-data").returncode == 0
    assert lab.run("frps", "key", "list", "--data-dir", lab.folder / "frps-data").returncode == 0
    assert lab.run("frps", "key", "revoke", "none", "--data-dir",
                   lab.folder / "frps-data").returncode == 1
    by_command, *rows = server.api("/api/audit").json()["data"]
    assert (by_command["who"], by_command["action"], by_command["what"]) == (
        "command line", "revoke key", "laptop")
    assert [(r["who"], r["action"], r["what"], r["outcome"]) for r in rows] == [
        ("loopback", "make key", "laptop", "there is a key `laptop` already"),
        ("loopback", "make key", "laptop", "done")]
    assert rows[0]["from"].startswith("127.0.0.1:") and rows[0]["at"] >= rows[1]["at"]


def test_pages_of_another_origin(lab):
    origin = "https://ops.example"
    closed, opened = lab.frps(), lab.frps("--api-cors", origin, name="cors")
    page = {"Origin": origin}
    preflight = {**page, "Access-Control-Request-Method": "DELETE"}
    assert closed.api("/api/clients", headers=page).status == 403
    assert closed.api("/api/clients", "OPTIONS", headers=preflight).status == 403
    read = opened.api("/api/clients", headers=page)
    assert read.status == 200 and read.get("Access-Control-Allow-Origin") == origin
    may = opened.api("/api/clients/a", "OPTIONS", headers=preflight)
    assert may.status == 204 and "DELETE" in may.get("Access-Control-Allow-Methods")
    foreign = opened.api("/api/clients", headers={"Origin": "https://evil.example"})
    assert foreign.status == 403 and foreign.get("Access-Control-Allow-Origin") is None
