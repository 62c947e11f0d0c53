"""What is taken from a key, a token or a user ends what came in by it, within a second."""

import json
import threading

import pytest

from support import raw_http, websocket
from support.databases import Postgres, Redis
from support.fake_ollama import FakeOllama
from support.h2_visitor import H2Visitor
from support.waiting import holds_for, wait_for
from system.test_events import Listener
from system.test_http import WEBSOCKET

USER = ("me@example.com", "a good password")
AT_ONCE = 1  # second, that may pass until a revocation is felt


class House:
    """A server with a user, a client of theirs, and commands beside it."""

    def __init__(self, lab, *options, name="frps"):
        self.lab, self.options = lab, options
        self.server = lab.frps(*options, demo=False, name=name)

    def run(self, *arguments, password=None):
        env = {"FRPX_PASSWORD": password} if password else {}
        done = self.lab.run("frps", *arguments, *self.options, "--data-dir",
                            self.lab.folder / "frps-data", env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def add_user(self, role="client"):
        self.run("user", "add", USER[0], "--role", role, password=USER[1])

    def add_key(self, name, *options):
        made = json.loads(self.run("key", "add", "--name", name, "--json", *options))
        wait_for(lambda: self.server.fetch(key=made["key"]).status != 401, 5, "the key is valid")
        return made

    def client(self, *options, **more):
        service = self.lab.add(FakeOllama("a"))
        made = self.lab.frpc(self.server, "a", service.port, *options, user=USER, **more)
        self.server.has("a")
        return made


class Visits:
    """Everything that may last, begun with one key: each tells in `ends` how it ended."""

    LASTING = 5  # of them have a place at the client

    def __init__(self, lab, server, key):
        self.server, self.key = server, key
        self.ends = {}
        self.lab = lab

    def begin(self):
        self.socket = self._visitor()
        self.socket.send(self._request("GET", "/websocket", headers=WEBSOCKET))
        assert self.socket.response().status == 101
        self.answer = self._visitor()
        self.answer.send(self._request("GET", "/slow?size=100000&gap=0.05"))
        assert self.answer.head().start.split(" ")[1] == "200"
        self.unanswered = self._visitor()
        self.unanswered.send(self._request("GET", "/hang"))
        self.h2 = H2Visitor(self.server.public, key=self.key)
        self.running = self.h2.request("GET", "/slow?size=100000&gap=0.05")
        assert self.h2.until(lambda: self.h2.answers[self.running].body)
        self.uploading = self._visitor()
        self.uploading.send(self._request("POST", "/early-not", headers={"Content-Length": "1000"}))
        self.uploading.send(b"half a ")
        self.naming = self._visitor()
        self.naming.send(self._request("POST", "/v1/chat/completions",
                                       headers={"Content-Length": "1000"}))
        self.naming.send(b'{"mod')
        wait_for(lambda: self._in_flight() >= self.LASTING, 10, "they run")

    def queue(self):
        self.queued = self._visitor()
        self.queued.send(self._request("GET", "/queued"))
        wait_for(lambda: self.server.api("/api/stats").json()["data"]["waiting_requests"], 10,
                 "it waits for a place")

    def all_end(self):
        """Each within AT_ONCE from now: what has no answer yet gets one, what has is cut off."""
        for name, visitor in (("websocket", self.socket), ("answer", self.answer)):
            assert visitor.end(AT_ONCE) == "rst", f"{name} goes on"
        for name in ("unanswered", "uploading", "naming", "queued"):
            if visitor := getattr(self, name, None):
                visitor.sock.settimeout(AT_ONCE * 10)
                assert visitor.response().status == 401, name
        assert self.h2.answer(self.running).reset is not None
        assert self.h2.fetch("GET", "/again").status == 401, "and the connection is of no use"

    def go_on(self):
        self.socket.send(websocket.frame(2, b"here", mask=b"mask"))
        assert websocket.read_frame(self.socket.reader) == (2, b"here")
        assert self.answer.reader.some(1)
        assert self.h2.answers[self.running].reset is None
        had = len(self.h2.answers[self.running].body)
        assert self.h2.until(lambda: len(self.h2.answers[self.running].body) > had)

    def _visitor(self):
        visitor = raw_http.Visitor(self.server.public)
        self.lab.add(_Closed(visitor))
        return visitor

    def _request(self, method, target, **options):
        return raw_http.request(method, target, key=self.key, **options)

    def _in_flight(self):
        return sum(each["inflight"] for each in self.server.clients().values())


class _Closed:
    def __init__(self, visitor):
        self.stop = visitor.close


def by_the_command_line(house, key):
    house.run("key", "revoke", key["id"])


def by_rest(house, key):
    assert house.server.api(f"/api/keys/{key['id']}", "DELETE").status == 200


def by_its_end(house, key):
    house.run("key", "set", key["id"], "--expires", "1s")


def by_its_owners_removal(house, key):
    house.run("user", "remove", "owner@example.com")


@pytest.mark.parametrize("ends", [by_the_command_line, by_rest, by_its_end, by_its_owners_removal])
def test_a_key_takes_everything_along_that_came_by_it(lab, ends):
    house = House(lab)
    house.add_user()
    house.run("user", "add", "owner@example.com", password="a good password")
    house.client("--max-inflight", str(2 * Visits.LASTING))
    key = house.add_key("k", "--owner", "owner@example.com")
    visits = Visits(lab, house.server, key["key"])
    others = Visits(lab, house.server, house.add_key("other")["key"])
    visits.begin()
    others.begin()
    visits.queue()
    ends(house, key)
    if ends == by_its_end:
        wait_for(lambda: house.server.fetch(key=key["key"]).status == 401, 5, "it has expired")
    visits.all_end()
    others.go_on()


def test_a_key_that_gets_more_time_ends_nothing(lab):
    house = House(lab)
    house.add_user()
    house.client()
    key = house.add_key("k", "--expires", "3s")
    visits = Visits(lab, house.server, key["key"])
    visits.begin()
    house.run("key", "set", key["id"], "--expires", "1h")
    holds_for(lambda: house.server.fetch(key=key["key"]).status == 200, 4, "the key is good")
    visits.go_on()


def test_a_key_that_expires_ends_what_came_by_it(lab):
    house = House(lab)
    house.add_user()
    house.client()
    visits = Visits(lab, house.server, house.add_key("k", "--expires", "4s")["key"])
    visits.begin()
    wait_for(lambda: house.server.fetch(key=visits.key).status == 401, 10, "it has expired")
    visits.all_end()


@pytest.mark.parametrize("with_redis", [False, True])
def test_another_server_hears_of_it(lab, with_redis):
    postgres = lab.add(Postgres())
    options = ["--database-url", postgres.database("frpx"),
               "--token-secret-file", lab.folder / "secret"]
    if with_redis:
        options += ["--redis-url", lab.add(Redis()).url]
    house = House(lab, *options)
    other = lab.frps(*options, demo=False, name="other")
    house.add_user()
    house.client()
    key = house.add_key("k")
    visits = Visits(lab, house.server, key["key"])
    visits.begin()
    assert other.api(f"/api/keys/{key['id']}", "DELETE").status == 200
    visits.all_end()


# --- users --------------------------------------------------------------------------------------


class Operator:
    """A login at the API, and a listener to its events."""

    def __init__(self, lab, house):
        self.server = house.server
        body = json.dumps({"email": USER[0], "password": USER[1]}).encode()
        answer = house.server.api("/api/session", "POST", body=body)
        assert answer.status == 200, answer
        self.headers = {"Authorization": "Bearer " + answer.json()["data"]["token"]}
        self.listener = Listener(lab, house.server, "-H",
                                 f"Authorization: {self.headers['Authorization']}")
        wait_for(self._hears, 10, "it listens")

    def _hears(self):
        self.server.api("/api/log-level", "PUT", body=b'{"level":"info"}')
        self.server.api("/api/keys", "POST", body=b'{"name":"ping"}')
        self.server.api("/api/keys/ping", "DELETE")
        return self.listener.events()

    def may(self, method="GET", target="/api/keys", body=None):
        return self.server.api(target, method, headers=self.headers, body=body).status

    def is_out(self):
        return self.may() == 401 and self.listener.process.poll() == 0


def by_another_password(house):
    house.run("user", "passwd", USER[0], password="another password")


def by_another_password_over_rest(house):
    assert house.server.api(f"/api/users/{USER[0]}", "PATCH",
                            body=b'{"password":"another password"}').status == 200


def by_removal(house):
    house.run("user", "remove", USER[0])


@pytest.mark.parametrize("changed", [by_another_password, by_another_password_over_rest,
                                     by_removal])
def test_a_user_who_is_changed_has_nothing_left(lab, changed):
    house = House(lab)
    house.add_user("admin")
    client = house.client()
    operator = Operator(lab, house)
    changed(house)
    wait_for(lambda: not house.server.clients(), AT_ONCE, "the session has ended")
    wait_for(operator.is_out, AT_ONCE, "the login and its listener have ended")
    assert client.ends() == 2, "neither token nor password are good any more"
    assert all(row["status"] == "revoked"
               for row in json.loads(house.run("token", "list", "--json")))


def test_a_client_that_knows_the_new_password_comes_back(lab):
    house = House(lab)
    house.add_user()
    old = house.client()
    old.stop()
    by_another_password(house)
    service = lab.add(FakeOllama("a"))
    lab.frpc(house.server, "a", service.port, user=(USER[0], "another password"))
    house.server.has("a")


def test_a_role_ends_what_it_does_not_allow_and_no_more(lab):
    house = House(lab)
    house.add_user("admin")
    client = house.client()
    operator = Operator(lab, house)

    house.run("user", "role", USER[0], "client")
    wait_for(operator.is_out, AT_ONCE, "a client is no operator")
    holds_for(lambda: "a" in house.server.clients(), 1, "and brings clients in")

    house.run("user", "role", USER[0], "viewer")
    wait_for(lambda: not house.server.clients(), AT_ONCE, "a viewer brings none in")
    client.says("may not connect clients")

    viewer = Operator(lab, house)
    house.run("user", "role", USER[0], "admin")
    holds_for(lambda: not viewer.is_out(), 1, "who may do more loses nothing")
    wait_for(lambda: viewer.may("POST", "/api/keys", b'{"name":"mine"}') == 200, 5,
             "and may do it")
    house.run("user", "role", USER[0], "viewer")
    wait_for(lambda: viewer.may("DELETE", "/api/keys/mine") == 403, AT_ONCE, "that is over")
    assert not viewer.is_out(), "a viewer may look on"
