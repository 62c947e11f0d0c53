"""Whose an outer port is: the same one for the same name, and for the accounts that may."""

import json

from support import net, services
from support.net import free_ports
from support.programs import DEMO_USER
from support.services import ask, expose, port_of, ranges, serves, server_with
from support.waiting import wait_for


def test_the_same_port_for_the_same_name(lab, echo, greeter):
    """After restarts of both sides, and whoever comes first."""
    ports = free_ports(4)

    def start(name):
        server = lab.frps("--outer-ports", ranges(ports), name=name, demo=False, ready=False)
        return server
    lab.run("frps", "user", "add", DEMO_USER[0], "--data-dir", lab.folder / "frps-data",
            env={"FRPX_PASSWORD": DEMO_USER[1]})
    server = start("frps").ready()
    pair = {"one": {"name": "one", "local_port": echo.port},
            "two": {"name": "two", "local_port": greeter.port}}
    client = expose(lab, server, "a", pair["one"], pair["two"])
    first = {name: port_of(client, name) for name in pair}
    assert len(set(first.values())) == 2 and set(first.values()) <= set(ports)
    client.stop()
    server.kill()  # and not in order
    server = start("frps").ready()
    again = expose(lab, server, "b", pair["two"])
    assert port_of(again, "two") == first["two"]
    other = expose(lab, server, "c", pair["one"])
    assert port_of(other, "one") == first["one"]

    listed = lab.run("frps", "lease", "list", "--json", "--data-dir", lab.folder / "frps-data")
    rows = {row["proxy"]: row["port"] for row in json.loads(listed.stdout)["leases"]}
    assert rows == {f"{DEMO_USER[0]}/{name}": port for name, port in first.items()}
    other.stop()
    done = lab.run("frps", "lease", "release", f"{DEMO_USER[0]}/one",
                   "--data-dir", lab.folder / "frps-data")
    assert done.returncode == 0 and f"port {first['one']}" in done.stdout, done.stderr


def test_nobody_takes_a_promised_port(lab, echo):
    server, _ = server_with(lab, 1)
    holder = expose(lab, server, "a", {"name": "mine", "local_port": echo.port})
    port = port_of(holder, "mine")
    holder.stop()
    wait_for(lambda: services.is_closed(port), 5, "it is closed")
    thief = services.start(lab, server, "b",
                           {"name": "other", "local_port": echo.port, "outer_port": port},
                           {"name": "any", "local_port": echo.port})
    thief.says("refused other: the outer port is in use, or promised to another service")
    thief.says("refused any: all ports of the ranges are leased")
    assert services.is_closed(port)


def test_two_accounts_with_the_same_name(lab, echo, greeter):
    ports = free_ports(4)
    data = ("--data-dir", lab.folder / "frps-data")
    users = [("one@example.com", "secret-one"), ("two@example.com", "secret-two")]
    for email, password in users:
        lab.run("frps", "user", "add", email, *data, env={"FRPX_PASSWORD": password})
    server = lab.frps("--outer-ports", ranges(ports), demo=False)
    first = expose(lab, server, "a", {"name": "ssh", "local_port": echo.port}, user=users[0])
    second = expose(lab, server, "b", {"name": "ssh", "local_port": greeter.port}, user=users[1])
    assert port_of(first, "ssh") != port_of(second, "ssh")
    assert ask(port_of(first, "ssh")) == b"ping"
    assert ask(port_of(second, "ssh")) == b"hello\nping"


def test_ports_are_for_the_accounts_that_may_have_them(lab, echo):
    ports = free_ports(3)
    data = ("--data-dir", lab.folder / "frps-data")

    def says(*command, code=0):
        done = lab.run("frps", "user", *command, *data, env={"FRPX_PASSWORD": "secret"})
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr
    assert "ports: " in says("add", "me@example.com", "--ports", "9000-8000", code=1)
    says("add", "me@example.com", "--ports", ports[1])
    assert f"me@example.com  client  {ports[1]}" in says("list")
    server = lab.frps("--outer-ports", ranges(ports), demo=False)
    client = services.start(lab, server, "a",
                            {"name": "theirs", "local_port": echo.port, "outer_port": ports[0]},
                            {"name": "any", "local_port": echo.port},
                            {"name": "more", "local_port": echo.port},
                            user=("me@example.com", "secret"))
    client.says(r"refused theirs: this account may not have that outer port \(frps user ports\)")
    one, other = client.says(r"\b(any|more) is open")[1], client.says(r"refused (any|more): all")[1]
    assert {one, other} == {"any", "more"} and port_of(client, one) == ports[1]
    assert services.is_closed(ports[0]) and services.is_closed(ports[2])

    says("ports", "me@example.com", f"{ports[0]},{ports[1]}")
    client.says(f"{other} is open on the server's port {ports[0]}", limit=25)
    assert ask(ports[0]) == b"ping", "it counts for a client that is here"
    client.stop()

    says("ports", "me@example.com", "any")
    client = expose(lab, server, "a",
                    {"name": "theirs", "local_port": echo.port, "outer_port": ports[2]},
                    {"name": other, "local_port": echo.port},
                    user=("me@example.com", "secret"))
    assert ask(ports[2]) == b"ping" and port_of(client, other) == ports[0]
    client.stop()

    says("ports", "me@example.com", ports[1])  # a lease is no right to a port
    client = services.start(lab, server, "a", {"name": other, "local_port": echo.port},
                            user=("me@example.com", "secret"))
    client.says(f"refused {other}: this account may not have that outer port")


def test_an_account_has_no_more_ports_than_it_may(lab, echo):
    ports = free_ports(6)
    data = ("--data-dir", lab.folder / "frps-data")

    def run(*command):
        done = lab.run("frps", *command, *data, env={"FRPX_PASSWORD": "a long password"})
        assert done.returncode == 0, done.stderr
        return done.stdout
    me, you = "me@example.com", "you@example.com"
    for email in (me, you):
        run("user", "add", email)
    server = lab.frps("--outer-ports", ranges(ports), "--max-leases", "2", demo=False)

    def named(*names):
        return [{"name": name, "local_port": echo.port} for name in names]
    client = expose(lab, server, "a", *named("one"), user=(me, "a long password"))
    client.stop()  # the lease stays
    client = services.start(lab, server, "b", *named("two", "three"),
                            {"name": "four", "local_port": echo.port, "outer_port": ports[5]},
                            user=(me, "a long password"))
    opened = client.says(r"\b(two|three|four) is open")[1]
    others = {"two", "three", "four"} - {opened}
    for name in others:
        client.says(rf"refused {name}: this account has as many outer ports as it may "
                    r"\(frps --max-leases\).*frps lease release NAME.*frps user leases EMAIL N")
    expose(lab, server, "c", *named("one", "two"), user=(you, "a long password"))

    leases = json.loads(run("lease", "list", "--json"))["leases"]
    held = [row["user"] for row in leases]
    assert held.count(you) == 2 and held.count(me) == 1 + (opened != "four")
    listed = server.api("/api/leases?account=" + me).json()["data"]
    assert {row["name"] for row in listed} >= {f"{me}/one"}
    assert f"{me}  {me}/one" in run("lease", "list")

    run("lease", "release", f"{me}/one")
    client.says(rf"\b({'|'.join(others)}) is open", limit=25)
    run("user", "leases", me, "3")
    assert {row["email"]: row["leases"] for row in json.loads(run("user", "list", "--json"))} == {
        me: 3, you: None}
    for name in others:
        client.says(rf"\b{name} is open", limit=25)


def test_a_named_port_counts_while_it_is_open(lab, echo):
    server, ports = server_with(lab, 3, "--max-leases", "1")
    entry = {"name": "named", "local_port": echo.port, "outer_port": ports[2]}
    first = expose(lab, server, "a", entry)
    second = services.start(lab, server, "b", {"name": "other", "local_port": echo.port})
    second.says("refused other: this account has as many outer ports as it may")
    first.stop()
    second.says("other is open", limit=25)


def test_a_client_that_comes_back_has_its_ports_again(lab, echo):
    server, ports = server_with(lab)
    entry = {"name": "s", "local_port": echo.port, "outer_port": ports[0]}
    client = expose(lab, server, "a", entry)
    open_one = net.connect(ports[0])
    open_one.sendall(b"x")
    assert open_one.recv(1) == b"x"
    client.kill()
    assert net.end_of(open_one)[0] == "rst", "its visitors are not left waiting"
    wait_for(lambda: services.is_closed(ports[0]), 5, "the port is closed with its client")
    expose(lab, server, "a", entry)
    serves(ports[0])


def test_a_server_that_restarts_has_the_ports_again(lab, echo):
    server, ports = server_with(lab)
    client = expose(lab, server, "a",
                    {"name": "s", "local_port": echo.port, "outer_port": ports[0]})
    assert ask(ports[0]) == b"ping"
    server.stop()
    client.says("trying until it works")
    lab.frps("--outer-ports", ranges(ports), "--control-port", server.control, "--proxy-port",
             server.proxy, name="frps-again")
    serves(ports[0], limit=25)


def test_one_service_of_two_machines_needs_no_name(lab, echo, greeter):
    """The same local port on both: each has a name and an outer port of its own, for life."""
    server, _ = server_with(lab)
    names = {}
    for client_id, local in (("home", echo), ("office", echo)):
        client = lab.frpc(server, client_id, None, "expose", "tcp", local.port)
        names[client_id] = port_of(client, f"tcp-{local.port}-{client_id}")
    assert len(set(names.values())) == 2
    for port in names.values():
        serves(port)
    shared = [lab.frpc(server, f"{each}-of-two", None, "expose", "tcp", greeter.port,
                       "--group", "both") for each in ("first", "second")]
    assert len({port_of(client, f"tcp-{greeter.port}") for client in shared}) == 1


def test_a_name_that_is_taken_is_refused_with_what_to_do(lab, echo):
    server, _ = server_with(lab)
    for client_id in ("home", "office"):
        client = lab.frpc(server, client_id, None, "expose", "tcp", echo.port, "--name", "ssh")
        if client_id == "home":
            port_of(client, "ssh")
    said = client.says("refused ssh: (.*)")[1]
    assert "choose another with --name" in said and "--group" in said


def test_a_port_of_an_old_default_name_stays_with_the_first_who_asks(lab, echo):
    """A client of an earlier version has it as `tcp-PORT`; after its update, by its new name."""
    server, _ = server_with(lab)
    old = f"tcp-{echo.port}"
    with services.Peer(server, "home") as before:
        before.send("RegisterService", name=old, kind="tcp", outer_port=0)
        port = before.receive("RegisterServiceResult")["outer_port"]
        other = lab.frpc(server, "office", None, "expose", "tcp", echo.port)
        assert port_of(other, f"{old}-office") != port, "it is open under its old name"
    wait_for(lambda: services.is_closed(port), 10, "it is closed")
    updated = lab.frpc(server, "home", None, "expose", "tcp", echo.port)
    assert port_of(updated, f"{old}-home") == port
    server.says(f"Port {port}, which was promised to .*/{old}, belongs to .*/{old}-home now")
    late = lab.frpc(server, "cellar", None, "expose", "tcp", echo.port)
    assert port_of(late, f"{old}-cellar") != port


def test_a_named_port_of_an_old_default_name_is_no_longer_anothers(lab, echo):
    server, _ = server_with(lab)
    old = f"tcp-{echo.port}"
    with services.Peer(server, "home") as before:
        before.send("RegisterService", name=old, kind="tcp", outer_port=0)
        port = before.receive("RegisterServiceResult")["outer_port"]
    wait_for(lambda: services.is_closed(port), 10, "it is closed")
    updated = lab.frpc(server, "home", None, "expose", "tcp", echo.port, "--outer-port", port)
    assert port_of(updated, f"{old}-home") == port
