"""Users and keys by command line on SQLite, beside a running server."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import frames, net
from support.fake_ollama import FakeOllama
from support.waiting import wait_for


@pytest.fixture
def server(lab):
    return lab.frps(demo=False)


@pytest.fixture
def frps(lab):
    """Runs a command of frps on the server's data folder."""
    def run(*arguments, password=None, code=0):
        env = {"FRPX_PASSWORD": password} if password is not None else {}
        done = lab.run("frps", *arguments, "--data-dir", lab.folder / "frps-data", env=env)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def add_key(frps, name):
    return json.loads(frps("key", "add", "--name", name, "--json").stdout)


def test_a_user_made_beside_the_server_logs_in(lab, server, frps):
    frps("user", "add", "new@example.com", password="a good password")
    service = lab.add(FakeOllama("a"))
    lab.frpc(server, "a", service.port, user=("new@example.com", "a good password"))
    server.has("a")


def test_a_key_made_beside_the_server_works(lab, server, frps):
    assert server.fetch(key="x").status == 401
    made = add_key(frps, "laptop")
    assert set(made) == {"id", "key", "name"} and made["name"] == "laptop"
    assert len(made["key"]) >= 40
    wait_for(lambda: server.fetch(key=made["key"]).status == 503, 5, "the key is valid")


def test_a_wrong_answer_is_forgotten_when_the_key_is_made(lab, server, frps):
    """A key that was asked for before it existed works within a second of being made."""
    first = add_key(frps, "one")
    wait_for(lambda: server.fetch(key=first["key"]).status == 503, 2, "the first key is valid")
    frps("key", "revoke", first["id"])
    wait_for(lambda: server.fetch(key=first["key"]).status == 401, 2, "it is revoked")


def test_a_key_is_shown_once(frps, server, lab):
    made = add_key(frps, "laptop")
    listed = frps("key", "list", "--json").stdout
    assert made["id"] in listed and "laptop" in listed and made["key"] not in listed
    assert made["key"] not in frps("key", "list").stdout
    for file in (lab.folder / "frps-data").rglob("*"):
        if file.is_file():
            assert made["key"].encode() not in file.read_bytes(), f"{file} holds the key itself"
    assert made["key"] not in server.log()


def test_a_key_that_could_not_be_shown_is_no_success(lab, server):
    with open("/dev/full", "w") as full:
        done = lab.run("frps", "key", "add", "--name", "k", "--data-dir", lab.folder / "frps-data",
                       stdout=full)
    assert done.returncode == 1
    assert "cannot be written: No space left on device" in done.stderr


def test_a_password_is_never_stored_as_it_is(frps, server, lab):
    frps("user", "add", "new@example.com", password="a good password")
    for file in (lab.folder / "frps-data").rglob("*"):
        if file.is_file():
            assert b"a good password" not in file.read_bytes(), file


def test_keys_and_users_outlive_the_server(lab, server, frps):
    made = add_key(frps, "laptop")
    frps("user", "add", "new@example.com", password="pw")
    server.stop()
    again = lab.frps("--data-dir", lab.folder / "frps-data", demo=False, name="again")
    assert again.fetch(key=made["key"]).status == 503
    lab.frpc(again, "a", lab.add(FakeOllama("a")).port, user=("new@example.com", "pw"))
    again.has("a")


def test_a_token_outlives_the_server(lab, server, frps):
    frps("user", "add", "new@example.com", password="pw")
    service = lab.add(FakeOllama("a"))
    client = lab.frpc(server, "a", service.port, user=("new@example.com", "pw"))
    server.has("a")
    wait_for((client.folder / "token.json").exists, 5, "a token is kept")
    client.stop()
    server.stop()
    again = lab.frps("--data-dir", lab.folder / "frps-data", "--control-port", server.control,
                     "--proxy-port", server.proxy, demo=False, name="again")
    lab.frpc(again, "a", service.port, user=None)
    again.has("a")


def test_the_same_user_twice(frps, server):
    frps("user", "add", "new@example.com", password="pw")
    done = frps("user", "add", "new@example.com", password="other", code=1)
    assert "new@example.com" in done.stderr


def test_changed_and_removed_users(lab, server, frps):
    frps("user", "add", "new@example.com", password="old")
    assert "new@example.com" in frps("user", "list").stdout
    assert "new@example.com" in json.dumps(json.loads(frps("user", "list", "--json").stdout))
    frps("user", "passwd", "new@example.com", password="fresh")
    service = lab.add(FakeOllama("a"))
    wrong = lab.frpc(server, "a", service.port, user=("new@example.com", "old"))
    assert wrong.ends() == 2
    lab.frpc(server, "b", service.port, user=("new@example.com", "fresh"))
    server.has("b")
    frps("user", "remove", "new@example.com")
    gone = lab.frpc(server, "c", service.port, user=("new@example.com", "fresh"))
    assert gone.ends() == 2


@pytest.mark.parametrize("email", ["", "a\n", "a\x1bb@c", "x" * 4000 + "@y"])
def test_bad_e_mail_addresses(lab, server, email):
    done = lab.run("frps", "user", "add", email, "--data-dir", lab.folder / "frps-data",
                   env={"FRPX_PASSWORD": "pw"})
    assert done.returncode in (1, 2)
    assert done.stderr


def test_no_password_and_no_terminal_says_what_to_pass(frps, server):
    done = frps("user", "add", "new@example.com", code=1)
    assert "FRPX_PASSWORD" in done.stderr


def test_two_writers_at_once(frps, server):
    """Ten commands beside the server, all at once: SQLite's lock is waited for."""
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda n: add_key(frps, f"key-{n}"), range(10)))
    assert len({m["key"] for m in made}) == 10
    for one in made:
        wait_for(lambda o=one: server.fetch(key=o["key"]).status == 503, 5, "it is valid")


def test_a_first_command_makes_the_store(lab, frps):
    """Before any server ran: the printed commands must work on a fresh machine."""
    assert add_key(frps, "first")["name"] == "first"
    assert sqlite3.connect(next((lab.folder / "frps-data").glob("*.db"))).execute(
        "select count(*) from sqlite_master").fetchone()[0] > 0


def test_guessed_passwords_are_refused_and_not_logged(server, frps):
    frps("user", "add", "new@example.com", password="right-one")

    def guess(password):
        with net.connect(server.control) as sock:
            sock.sendall(frames.encode("Login", email="new@example.com", pass_=password))
            payload = frames.receive(sock)
            return payload and frames.decode(payload)[1]

    refused = [guess(f"wrong-{n}") for n in range(12)]
    assert all(r is None or (r["success"] is False and not r.get("token")) for r in refused)
    assert "wrong-" not in server.log() and "right-one" not in server.log()
