"""The main job: visitors' requests through frps and frpc to local services."""

import hashlib
import hmac
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support import raw_http
from support.fake_ollama import seeded, seeded_hash
from support.programs import BIN, DEMO_KEYS, Program
from support.waiting import wait_for


def test_both_clients_serve(lab):
    server, _, _ = lab.house("client_A", "client_B")
    seen = {}
    for _ in range(64):
        answer = server.fetch(target="/who")
        assert answer.status == 200
        seen[answer.get("X-Frpx-Client")] = answer.json()["served_by"]
        if len(seen) == 2:
            break
    # Random among two: 64 times the same has a chance of 2 in 2^64.
    assert seen == {"client_A": "client_A", "client_B": "client_B"}


def test_real_curl(lab):
    server, _, _ = lab.house("client_A")
    done = subprocess.run(
        ["curl", "-sS", "-H", f"Authorization: Bearer {DEMO_KEYS[0]}", "-d", "some data",
         "-w", "\n%{http_code}", f"http://127.0.0.1:{server.public}/path?q=1"],
        capture_output=True, text=True, timeout=20, check=True)
    body, code = done.stdout.rsplit("\n", 1)
    assert code == "200"
    assert '"target": "/path?q=1"' in body and '"size": 9' in body


def test_every_request_of_a_connection_is_routed(lab):
    server, _, _ = lab.house("client_A", "client_B")
    with server.visitor() as visitor:
        for name in ("client_A", "client_B", "client_A", "client_B"):
            answer = visitor.ask("GET", "/x", headers={"client_id": name})
            assert (answer.get("X-Frpx-Client"), answer.json()["served_by"]) == (name, name)


def test_every_request_of_a_connection_is_checked(lab):
    server, services, _ = lab.house("client_A")
    with server.visitor() as visitor:
        assert visitor.ask("GET", "/first").status == 200
        refused = visitor.ask("GET", "/second", key="wrong")
        assert (refused.status, refused.json()["message"]) == (401, "Invalid API key")
    assert not services["client_A"].seen("/second")


@pytest.mark.parametrize("given", [
    f"Bearer {DEMO_KEYS[0]}", f"bearer {DEMO_KEYS[0]}", f"BEARER {DEMO_KEYS[0]}", DEMO_KEYS[0],
    DEMO_KEYS[1]])
def test_forms_of_a_key(lab, given):
    server, services, _ = lab.house("client_A")
    answer = server.fetch(target="/x", key=None, headers={"Authorization": given})
    assert answer.status == 200
    # The key is the visitor's secret and none of the local service's business.
    assert services["client_A"].first("/x").get("Authorization") is None


def test_pipelined_requests_are_answered_in_order(lab):
    server, _, _ = lab.house("client_A", "client_B")
    with server.visitor() as visitor:
        visitor.send(b"".join(raw_http.request("POST", f"/{n}", b"x" * n) for n in range(20)))
        for n in range(20):
            echo = visitor.response().json()
            assert (echo["target"], echo["size"]) == (f"/{n}", n)


def test_streams_are_reused_between_requests(lab):
    server, services, _ = lab.house("client_A")
    with server.visitor() as visitor:
        connections = {visitor.ask("GET", "/x").json()["connection"] for _ in range(10)}
    assert len(connections) == 1, "ten requests in a row need one stream to the local service"
    with server.visitor() as other:
        other.ask("GET", "/x")
    assert services["client_A"].accepted < 10


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 5_000_000])
def test_bodies_are_the_same_on_the_other_side(lab, size):
    server, _, _ = lab.house("client_A")
    body = b"".join(seeded(size, size))
    answer = server.fetch("POST", "/up", body).json()
    assert (answer["size"], answer["sha256"]) == (size, hashlib.sha256(body).hexdigest())
    for framing in ("length", "chunked", "close"):
        answer = server.fetch(target=f"/bytes?size={size}&seed=3&framing={framing}")
        assert answer.sha256 == seeded_hash(3, size), framing


def test_many_visitors_at_once(lab):
    server, _, _ = lab.house("client_A", "client_B")

    def visit(number):
        size = 1000 + number * 997
        with server.visitor() as visitor:
            for _ in range(5):
                answer = visitor.ask("GET", f"/bytes?size={size}&seed={number}")
                assert answer.status == 200 and answer.sha256 == seeded_hash(number, size)
        return answer.get("X-Frpx-Client")

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(visit, range(128))) == {"client_A", "client_B"}


def test_heartbeats_bring_models_and_machine(lab):
    server, services, _ = lab.house("client_A", models=("llama3", "qwen2.5"))
    server.learns("client_A", "llama3", "qwen2.5")
    asked = services["client_A"].first("/v1/models")
    assert asked.method == "GET"
    info = wait_for(lambda: server.clients()["client_A"]["system_info"], 15, "system info")
    for metric in ("cpu_usage", "memory_usage", "disk_usage"):
        assert 0 <= info[metric] <= 100, metric


def test_log_lines_that_users_look_for(lab):
    server, _, clients = lab.house("client_A", options=["--access-log"])
    ports = server.ports
    server.says(f"FRPS listening on ports: Control={ports['control']}, Proxy={ports['proxy']}, "
                f"Public={ports['public']}, API={ports['api']}")
    server.says(r"Client client_A registered successfully\.")
    clients["client_A"].says(r"Successfully logged in\.")
    clients["client_A"].says(r"Successfully registered with the server\.")
    clients["client_A"].says(r"Successfully fetched 1 models from Ollama\.")
    server.fetch()
    server.says("Chose client 'client_A' for the new connection")
    server.learns("client_A", "tiny")
    server.fetch("POST", "/v1/chat/completions", b'{"model":"tiny"}')
    server.says("Found client 'client_A' for model 'tiny'")


def test_no_secret_is_logged(lab):
    server, _, clients = lab.house("client_A", options=["--log-level", "trace", "--access-log"])
    server.fetch()
    server.fetch(key="a-wrong-key-of-a-visitor")
    server.says("(?i)key")
    for log in (server.log(), clients["client_A"].log()):
        # The demo's loud line may name what everybody knows; what peers send may not appear.
        assert "a-wrong-key-of-a-visitor" not in log
    assert "123456" not in clients["client_A"].log()


@pytest.mark.parametrize("program", ["frps", "frpc"])
def test_help_and_version(lab, program):
    text = lab.run(program, "--help")
    assert text.returncode == 0
    for group in ("Network", "Security", "Monitoring", "General"):
        assert group in text.stdout, group
    assert "xample" in text.stdout
    assert lab.run(program, "-h").stdout == text.stdout
    assert re.search(r"\d+\.\d+\.\d+", lab.run(program, "-V").stdout)


def machine_ids(*files):
    """The lines of 32 hexadecimal digits in those of the files that are there."""
    texts = [file.read_text() for file in files if file.exists()]
    return {line.lower() for text in texts for line in re.findall(r"^[0-9a-fA-F]{32}$", text, re.M)}


def test_default_id_is_the_machine_id_of_the_public_client(lab):
    """On a machine without an id, as in a container, one that the client has made and keeps."""
    server, services, _ = lab.house("named")
    client = Program("frpc-default", [
        BIN / "frpc", "--control-port", server.control, "--proxy-port", server.proxy,
        "--local-port", services["named"].port, "--email", "test@example.com",
        "--password", "123456"], lab.folder / "default")
    lab.programs.append(client)
    wait_for(lambda: len(server.clients()) == 2, 10, "it is connected")
    ids = (machine_ids(Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
           or machine_ids(*client.folder.rglob("machine-id")))
    assert ids
    expected = hmac.new(b"mySecretKey", "|".join(sorted(ids)).encode(), "sha256").hexdigest()
    server.has("named", expected)
