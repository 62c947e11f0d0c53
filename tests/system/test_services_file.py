"""frpc's file of services: what is refused, and what a change touches."""

import os
import signal
import socket
import stat

import pytest

from support import net, services
from support.net import free_ports
from support.programs import under_sanitizer
from support.services import ask, expose, ranges, serves, toml
from support.waiting import seconds, wait_for

WRONG = '''
server-addr = "127.0.0.1"
[[services]]
name = "a b"
local-port = 22
[[services]]
name = "ssh"
[[services]]
name = "ssh"
local-port = 70000
outer-prt = 9931
allow = ["10.0.0.1/8"]
[[services]]
name = "u"
kind = "udp"
local-port = 53
proxy-protocol = "v2"
bandwidth = "fast"
'''

PROBLEMS = [
    "f.toml:10: local-port \"70000\" must be a port",
    "f.toml:11: unknown key \"outer-prt\" of a service; did you mean \"outer-port\"?",
    "f.toml:18: bandwidth \"fast\" must be bytes a second",
    "f.toml:3: service \"a b\": name \"a b\" must be 1 to 128",
    "f.toml:6: service \"ssh\": local-port is missing",
    "f.toml:8: service \"ssh\": allow \"10.0.0.1/8\" is not a network",
    "f.toml:8: service \"ssh\": the name stands at f.toml:6 already",
    "f.toml:13: service \"u\": proxy-protocol is for tcp and http",
]


def test_all_problems_at_once(lab):
    assert PROBLEMS
    (lab.folder / "f.toml").write_text(WRONG)
    done = lab.run("frpc", "validate", "f.toml")
    assert done.returncode == 2
    for problem in PROBLEMS:
        assert problem in done.stderr, f"{problem!r} is not in\n{done.stderr}"
    assert len(done.stderr.splitlines()) == len(PROBLEMS) + 1, done.stderr


def test_a_valid_file(lab):
    (lab.folder / "f.toml").write_text(
        '[[services]]\nname = "ssh"\nlocal-port = 22\nbandwidth = "10M"\n'
        'metadata = { owner = "ops", rack = 7 }\nallow = ["10.0.0.0/8", "::1"]\n')
    done = lab.run("frpc", "validate", "f.toml")
    assert done.returncode == 0 and "1 services" in done.stdout, done.stderr
    shown = lab.run("frpc", "--config", "f.toml", "--print-config")
    (lab.folder / "again.toml").write_text(shown.stdout)
    assert lab.run("frpc", "validate", "again.toml").returncode == 0, shown.stdout
    assert 'bandwidth = "10M"' in shown.stdout and '"10.0.0.0/8", "::1"' in shown.stdout


@pytest.fixture
def running(lab):
    """A client with two services, its file, and the server's ports."""
    echo = lab.add(net.Listener(services.echo))
    ports = free_ports(4)
    server = lab.frps("--outer-ports", ranges(ports))
    entries = [{"name": name, "local_port": echo.port, "outer_port": port}
               for name, port in zip(("one", "two"), ports)]
    client = expose(lab, server, "a", *entries)
    client.entries, client.ports, client.echo = entries, ports, echo
    client.ask = lambda word: lab.run("frpc", word, "-c", "a", "--data-dir", client.data)
    return client


@pytest.mark.parametrize("how", ["reload", "SIGHUP"])
def test_a_change_touches_only_what_changed(running, how):
    kept = net.connect(running.ports[0])
    changed = net.connect(running.ports[1])
    for sock in (kept, changed):
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
    one, two = running.entries
    running.file.write_text(toml([one, {**two, "outer_port": running.ports[2]},
                                  {**one, "name": "three", "outer_port": running.ports[3]}]))
    if how == "reload":
        done = running.ask("reload")
        assert done.returncode == 0 and "3 services" in done.stdout, done.stderr
    else:
        running.process.send_signal(signal.SIGHUP)
    serves(running.ports[2])
    serves(running.ports[3])
    assert net.end_of(changed)[0] == "rst"
    kept.sendall(b"y")
    assert kept.recv(1) == b"y", "its visitor notices nothing"
    assert running.log().count("one is open") == 1

    running.file.write_text(toml([one]))
    assert running.ask("reload").returncode == 0
    wait_for(lambda: all(services.is_closed(port) for port in running.ports[1:]), 5, "closed")
    kept.sendall(b"z")
    assert kept.recv(1) == b"z"
    kept.close()


def test_a_wrong_file_changes_nothing(running):
    running.file.write_text(toml([{"name": "one"}]))
    done = running.ask("reload")
    assert done.returncode == 2 and "local-port is missing" in done.stderr
    assert ask(running.ports[0]) == b"ping" and ask(running.ports[1]) == b"ping"


def test_status(running):
    done = running.ask("status")
    assert done.returncode == 0 and "registered, 2 services" in done.stdout, done.stderr
    for entry in running.entries:
        assert any(line.split()[0] == entry["name"] and str(entry["outer_port"]) in line
                   and "open" in line for line in done.stdout.splitlines()), done.stdout


def test_the_admin_socket_is_for_its_owner_alone(running):
    [path] = running.data.glob("frpc-*.sock")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    running.stop()
    assert not path.exists()
    done = running.ask("status")
    assert done.returncode == 1 and "no client a runs here" in done.stderr


def test_a_refused_service_is_tried_until_it_works(lab):
    echo = lab.add(net.Listener(services.echo))
    ports = free_ports(2)
    taken = net.Listener(services.echo, port=ports[0])
    server = lab.frps("--outer-ports", ranges(ports))
    client = services.start(lab, server, "a", {"name": "s", "local_port": echo.port,
                                               "outer_port": ports[0]})
    client.says("refused s: the outer port is in use")
    taken.stop()
    client.says("s is open on the server's port", limit=25)
    assert ask(ports[0]) == b"ping"


def order(client, word):
    """What `frpc reload` and `frpc status` do, without a process for each."""
    where, = client.data.glob("frpc-*.sock")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(seconds(10))
        sock.connect(str(where))
        sock.sendall(word.encode() + b"\n")
        code, _, text = net.end_of(sock)[1].decode().partition("\n")
    assert code == "0", text
    return text


def test_thousands_of_reloads_leak_nothing(lab):
    """Each cancels one service and registers another."""
    echo = lab.add(net.Listener(services.echo))
    ports = free_ports(2)
    server = lab.frps("--outer-ports", ranges(ports))
    entries = [{"name": name, "local_port": echo.port, "outer_port": port}
               for name, port in zip("ab", ports)]
    client = expose(lab, server, "c", entries[0])

    def go(rounds):
        for number in range(rounds):
            client.file.write_text(toml([entries[(number + 1) % 2]]))
            order(client, "reload")
        serves(ports[0])
        assert services.is_closed(ports[1])
        assert "open" in order(client, "status")
    go(200)
    before = [(each.fds(), each.memory()) for each in (server, client)]
    go(200 if under_sanitizer() else 2_000)
    for each, (fds, memory) in zip((server, client), before):
        wait_for(lambda each=each, fds=fds: each.fds() <= fds, 10,
                 lambda each=each: f"{each.name} has {each.fds()} descriptors")
        if not under_sanitizer():
            assert each.memory() - memory < 4 << 20, each.name
