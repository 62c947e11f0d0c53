"""A client's id belongs to the user who first brought a client in under it."""

import json

import pytest

from support.databases import Postgres
from support.fake_ollama import FakeOllama
from support.public_frpx import PublicClient
from support.waiting import wait_for

OWNER = ("owner@example.com", "a good password")
OTHER = ("other@example.com", "a good password")


class House:
    def __init__(self, lab, *options):
        self.lab, self.options = lab, options
        self.server = lab.frps(*options, demo=False)
        for user in (OWNER, OTHER):
            self.run("user", "add", user[0], password=user[1])

    def run(self, *arguments, password=None, code=0):
        env = {"FRPX_PASSWORD": password} if password else {}
        done = self.lab.run("frps", *arguments, *self.options, "--data-dir",
                            self.lab.folder / "frps-data", env=env)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def ids(self):
        return {row["client_id"]: row for row in json.loads(
            self.run("client", "list", "--json").stdout)}

    def come(self, client_id, user, **options):
        """A public client that was let in, or not: then its `refusal` says why."""
        client = PublicClient(self.server, client_id, 1, user=user, **options).start()
        wait_for(lambda: client.ended or client.reached == "registered", 10, "an answer")
        return client

    def leaves(self, client):
        client.stop()
        wait_for(lambda: client.client_id not in self.server.clients(), 10, "it has gone")


@pytest.fixture(params=["sqlite", "postgres"])
def house(lab, request):
    if request.param == "sqlite":
        return House(lab)
    postgres = lab.add(Postgres())
    return House(lab, "--database-url", postgres.database("frpx"),
                 "--token-secret-file", lab.folder / "secret")


def test_nobody_takes_an_id_while_its_owner_is_away(house):
    first = house.come("gpu-1", OWNER)
    assert first.refusal is None
    taken = house.come("gpu-1", OTHER)
    assert taken.refusal == "Client ID already in use", "the words that public clients know"
    house.leaves(first)
    refused = house.come("gpu-1", OTHER)
    assert "another account" in refused.refusal and "--client-id" in refused.refusal
    assert "frps client forget" in refused.refusal
    assert house.server.clients() == {}
    assert house.come("gpu-2", OTHER).refusal is None
    assert house.come("gpu-1", OWNER).refusal is None
    assert {i: row["user"] for i, row in house.ids().items()} == {
        "gpu-1": OWNER[0], "gpu-2": OTHER[0]}


def test_an_operator_frees_an_id(house):
    house.leaves(house.come("gpu-1", OWNER))
    said = house.run("client", "forget", "gpu-1").stdout
    assert "gpu-1" in said and OWNER[0] in said
    assert house.ids() == {}
    house.run("client", "forget", "gpu-1", code=1)
    assert house.come("gpu-1", OTHER).refusal is None
    assert "gpu-1" in house.run("client", "list").stdout


def test_the_ids_of_a_user_who_is_removed_are_free(house):
    first = house.come("gpu-1", OWNER)
    house.run("user", "remove", OWNER[0])
    wait_for(lambda: first.ended, 10, "its session ends")
    wait_for(lambda: house.come("gpu-1", OTHER).refusal is None, 10, "the id is anybody's")


def test_the_owner_is_remembered_by_another_server(lab, house):
    house.leaves(house.come("gpu-1", OWNER))
    house.server.stop()
    house.server = lab.frps(*house.options, "--data-dir", lab.folder / "frps-data", demo=False,
                            name="again")
    assert "another account" in house.come("gpu-1", OTHER).refusal
    assert house.come("gpu-1", OWNER).refusal is None


def test_rest_lists_ids_and_frees_them(lab):
    house = House(lab)
    client = house.come("gpu-1", OWNER)
    listed = house.server.api("/api/client-ids").json()["data"]
    assert [(row["client_id"], row["user"]) for row in listed] == [("gpu-1", OWNER[0])]
    assert listed[0]["since"] <= listed[0]["last_seen"]
    house.leaves(client)
    freed = house.server.api("/api/client-ids/gpu-1", "DELETE")
    assert freed.json()["data"] == {"client_id": "gpu-1", "user": OWNER[0]}
    assert house.server.api("/api/client-ids/gpu-1", "DELETE").status == 404
    assert house.come("gpu-1", OTHER).refusal is None


def test_frpc_says_whose_fault_it_is_and_comes_in_once_the_id_is_free(lab):
    house = House(lab)
    house.leaves(house.come("gpu-1", OWNER))
    client = lab.frpc(house.server, "gpu-1", lab.add(FakeOllama("a")).port, user=OTHER)
    client.says("belongs to another account.*frps client forget ID")
    house.run("client", "forget", "gpu-1")
    house.server.has("gpu-1", limit=30)


def test_a_key_of_nobody_takes_no_id_that_is_somebodys(lab):
    house = House(lab, "--keys-are-tokens")
    house.leaves(house.come("gpu-1", OWNER))
    made = json.loads(house.run("key", "add", "--name", "free", "--json").stdout)
    (lab.folder / "token.json").write_text(json.dumps({"token": made["key"]}))
    assert "another account" in house.come("gpu-1", None, folder=lab.folder).refusal
    assert house.come("gpu-2", None, folder=lab.folder).refusal is None
    assert set(house.ids()) == {"gpu-1"}


def test_in_the_demo_too(lab):
    server = lab.frps()
    body = json.dumps({"email": OTHER[0], "password": OTHER[1]}).encode()
    assert server.api("/api/users", "POST", body=body).status == 200
    first = PublicClient(server, "gpu-1", 1).start().registered()
    first.stop()
    server.has()
    intruder = PublicClient(server, "gpu-1", 1, user=OTHER).start()
    wait_for(lambda: intruder.ended, 10, "it is refused")
    assert "another account" in intruder.refusal
