"""Clients that die, hang, come back, or share one id; and that nothing of them remains."""

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from support import frames, net, raw_http
from support.chaos_proxy import ChaosProxy
from support.fake_ollama import FakeOllama
from support.programs import BIN, DEMO_USER, Program, under_sanitizer
from support.public_frpx import PublicClient
from support.waiting import holds_for, wait_for

# Heartbeats come every 10 s; a client that speaks the public protocol has a limit of its own.
SILENCE = ("--client-silence", "12s", "--public-client-silence", "12s")


@pytest.fixture
def ollama(lab):
    return lab.add(FakeOllama("local"))


def test_a_killed_client_is_gone_at_once(lab):
    server, _, clients = lab.house("a", "b")
    clients["a"].kill()
    server.has("b", limit=2)
    for _ in range(8):
        assert server.fetch().get("X-Frpx-Client") == "b"


def test_a_client_that_comes_back(lab):
    server, services, clients = lab.house("a")
    for _ in range(3):
        clients["a"].kill()
        server.has(limit=5)
        clients["a"] = lab.frpc(server, "a", services["a"].port)
        server.has("a")
        assert server.fetch().status == 200


def test_clients_come_back_when_the_server_does(lab, ollama):
    server = lab.frps()
    clients = [lab.frpc(server, name, ollama.port) for name in ("a", "b")]
    server.has("a", "b")
    server.kill()
    again = lab.frps("--control-port", server.control, "--proxy-port", server.proxy, name="again")
    again.has("a", "b", limit=25)
    assert all(client.running for client in clients)
    assert again.fetch().status == 200


def test_a_client_does_not_give_up_on_a_server_that_is_away(lab, ollama):
    server = lab.frps()
    client = lab.frpc(server, "a", ollama.port)
    server.has("a")
    server.stop()
    client.says("(?i)(lost|gone|closed|refused|again|reconnect)")
    holds_for(lambda: client.running, 1.0, "the client stays")
    lines = client.log().count("\n")
    holds_for(lambda: client.log().count("\n") < lines + 5, 1.5, "one line per change of state")
    lab.frps("--control-port", server.control, "--proxy-port", server.proxy,
             name="again").has("a", limit=25)


def test_a_local_service_that_comes_later(lab):
    server = lab.frps()
    service = lab.add(FakeOllama("late"))
    service.refuse()
    lab.frpc(server, "a", service.port)
    server.has("a")
    assert server.fetch().status in (502, 503)
    service.accept()
    wait_for(lambda: server.fetch().status == 200, 5, "it serves")


def test_a_frozen_client_is_removed(lab):
    server, _, clients = lab.house("a", "b", options=SILENCE)
    clients["a"].freeze()
    server.has("b", limit=25)
    assert all(server.fetch().status == 200 for _ in range(5))
    clients["a"].thaw()
    server.has("a", "b", limit=20)


def test_a_busy_local_service_does_not_stop_heartbeats(lab):
    """The heartbeat has a timer of its own, never behind the model fetch."""
    server = lab.frps(*SILENCE)
    service = lab.add(FakeOllama("busy"))
    service.mode = "hang"
    client = lab.frpc(server, "a", service.port)
    server.has("a")
    holds_for(lambda: "a" in server.clients(), 14, "the client stays")
    assert client.log().count("Successfully registered") == 1


# --- the same id again ----------------------------------------------------------------------------


def test_a_live_id_is_refused(lab, ollama):
    server = lab.frps()
    first = lab.frpc(server, "same", ollama.port)
    server.has("same")
    # Another folder: another token, as on another machine.
    folder = lab.folder / "other-machine"
    second = Program("second", [
        BIN / "frpc", "-c", "same", "--control-port", server.control, "--proxy-port", server.proxy,
        "--local-port", ollama.port, "--email", DEMO_USER[0], "--password", DEMO_USER[1]], folder)
    lab.programs.append(second)
    second.says("Client ID already in use")
    assert second.running, "it waits for the id to become free"
    assert server.fetch().status == 200
    first.kill()
    second.says("Successfully registered", limit=25)
    server.has("same")


def session_by_hand(server, client_id, **login):
    """(socket, RegisterResult) of a session that logs in as given."""
    sock = net.connect(server.control)
    command = "LoginByToken" if "token" in login else "Login"
    sock.sendall(frames.encode(command, **login))
    result = frames.decode(frames.receive(sock))[1]
    assert result["success"], result
    sock.sendall(frames.encode("Register", client_id=client_id))
    answer = frames.decode(frames.receive(sock))[1]
    answer["token"] = result.get("token")
    return sock, answer


def test_the_token_of_the_old_session_replaces_it_once(lab):
    """Two programs with one cloned id (and token) must not evict each other for ever."""
    server = lab.frps()
    credentials = {"email": DEMO_USER[0], "pass_": DEMO_USER[1]}
    first, answer = session_by_hand(server, "cloned", **credentials)
    token = answer["token"]
    refused, answer = session_by_hand(server, "cloned", **credentials)
    assert answer["success"] is False and answer["error"].startswith("Client ID already in use")
    second, answer = session_by_hand(server, "cloned", token=token)
    assert answer["success"] is True
    assert net.end_of(first, 5)[0] in ("fin", "rst"), "the old session ends"
    third, answer = session_by_hand(server, "cloned", token=token)
    assert answer["success"] is False and "--client-id" in answer["error"]
    assert net.peer_has_ended(second) is None
    for sock in (first, refused, second, third):
        sock.close()


def test_the_same_instance_replaces_itself(lab, ollama):
    """A client whose connection died unseen comes back before the server noticed."""
    server = lab.frps()
    path = lab.add(ChaosProxy(server.control))

    class Through:
        control, proxy = path.port, server.proxy

    client = lab.frpc(Through, "a", ollama.port)
    server.has("a")
    path.forsake()
    client.says("(?s)Successfully registered.*Successfully registered", limit=20)
    assert server.fetch().status == 200


# --- nothing remains ------------------------------------------------------------------------------


def test_a_thousand_deaths_leave_nothing(lab, ollama):
    """Clients that die in every state: fds, memory and tables as before."""
    server = lab.frps("--first-frame-timeout", "1s", "--login-timeout", "2s",
                      "--stream-timeout", "1s", "--stream-total-timeout", "1s")
    lab.frpc(server, "honest", ollama.port)
    server.has("honest")
    token = PublicClient(server, "token", ollama.port).start().registered()
    token.kill()
    server.has("honest")

    def die(number):
        sock, answer = session_by_hand(server, f"mortal-{number}", token=token.token)
        assert answer["success"], answer
        if number % 3 == 0:
            sock.sendall(frames.encode("Heartbeat", models=[])[:7])
        (net.reset if number % 2 else net.close)(sock)

    def die_with_streams(number):
        client = PublicClient(server, f"busy-{number}", ollama.port).start().registered()
        before = len(ollama.seen("/hang"))
        visitors = [raw_http.Visitor(server.public) for _ in range(3)]
        for visitor in visitors:
            visitor.send(raw_http.request("POST", "/hang", b"x",
                                          headers={"client_id": client.client_id}))
        wait_for(lambda: len(ollama.seen("/hang")) == before + 3, 10, "the service has them")
        client.kill()
        for visitor in visitors:
            assert visitor.response().status == 502
            visitor.close()

    def batch(first, last):
        workers = [threading.Thread(target=lambda s=s: [die(n) for n in range(s, last, 8)])
                   for s in range(first, first + 8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    batch(0, 200)  # first uses fill caches and pools
    for number in range(3):
        die_with_streams(number)
    server.has("honest", limit=20)
    descriptors, memory = server.fds(), server.memory()
    batch(200, 1200)
    for number in range(3, 13):
        die_with_streams(number)
    server.has("honest", limit=20)
    wait_for(lambda: server.fds() <= descriptors + 2, 15,
             lambda: f"{descriptors} descriptors before, {server.fds()} after")
    if not under_sanitizer():
        grown = server.memory() - memory
        assert grown < 8 << 20, f"{grown} bytes more"
    assert server.fetch().status == 200


# --- a network of its own -------------------------------------------------------------------------


NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
AVAILABLE = "/proc/sys/net/ipv4/tcp_available_congestion_control"

# What each of the scripts below begins with; `house` takes the client's options.
NETWORK = """
import json, pathlib, re, subprocess, sys
sys.path.insert(0, sys.argv[2])
from support import raw_http
from support.programs import Lab
from support.waiting import wait_for

def house():
    lab = Lab(pathlib.Path(sys.argv[1]))
    return lab, *lab.house("a", options=sys.argv[3:])

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
"""

PULLED_CABLE = """
lab, server, services, _ = house()
with server.visitor() as visitor:
    visitor.send(raw_http.request("GET", "/hang"))
    services["a"].first("/hang")
    # The cable is pulled: nothing arrives any more, and nobody is told.
    subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
    server.says("(?i)(silent|silence|gone|timed out|no heartbeat)", limit=25)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    server.has("a", limit=30)
    wait_for(lambda: server.fetch().status == 200, 10, "it serves again")
lab.close()
print(json.dumps("healed"))
"""

CONGESTION = """
try:
    pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").write_text("bbr")
except OSError:
    sys.exit(print("null"))
lab, server, services, _ = house()
with server.visitor() as visitor:
    assert visitor.ask("GET", "/x").status == 200
    table = subprocess.run(["ss", "-tnipOH", "state", "established"], check=True,
                           capture_output=True, text=True).stdout
lab.close()
found = re.findall(r'users:\\(\\("(\\w+)".*?\\s(bbr|reno)\\s', table)
print(json.dumps({name: sorted({how for who, how in found if who == name}) for name, _ in found}))
"""


def said_in_a_network_of_its_own(lab, script, *options):
    """What `script` prints, as JSON; it has the machine's network to itself."""
    folder = lab.folder / "namespace"
    folder.mkdir()
    tests = Path(__file__).parents[1]
    probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("no network namespace may be made here")
    done = subprocess.run(["unshare", "--net", "/usr/bin/python3", "-c", NETWORK + script, folder,
                           tests, *options], capture_output=True, text=True, timeout=120,
                          check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    logs = "\n".join(f.read_text() for f in folder.rglob("*.log"))
    assert done.returncode == 0, done.stderr + logs
    return json.loads(done.stdout)


@NEEDS_ROOT
def test_a_pulled_cable(lab):
    assert said_in_a_network_of_its_own(lab, PULLED_CABLE, *SILENCE) == "healed"


@NEEDS_ROOT
@pytest.mark.skipif("bbr" not in Path(AVAILABLE).read_text(), reason="this kernel has no BBR")
def test_nothing_is_paced_within_a_machine(lab):
    """Where BBR is the system's choice; the service and the visitor go by it, as others do."""
    how = said_in_a_network_of_its_own(lab, CONGESTION)
    if how is None:
        pytest.skip("the system's congestion control cannot be set here")
    assert how["frps"] == how["frpc"] == ["reno"], how
    assert how["python3"] == ["bbr"], how
