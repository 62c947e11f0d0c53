"""Our own programs, started as a user would: SQLite, a user, keys, one client."""

import json
import os
import subprocess
from pathlib import Path

from measure import machine
from measure.processes import Failed, await_that, free_port, udp_port_is_open
from measure.route import KEYS, Route, Started

BIN = Path(os.environ.get("FRPX_BIN") or machine.ROOT / "build/release/bin").absolute()
EMAIL, PASSWORD = "bench@example.com", "only for the benchmark"


class House:
    """An `frps` with its store in a folder of the stage, and clients of it."""

    def __init__(self, stage, *options, workers=None, keys=len(KEYS)):
        self._stage = stage
        self.folder = stage.make_folder("frpx")
        self.data = self.folder / "data"
        for program in ("frps", "frpc"):
            if not (BIN / program).exists():
                raise Failed(f"{program} is not built; run scripts/build.sh release frps frpc")
        self._frps("user", "add", EMAIL)
        self.keys = tuple("Bearer " + self._frps("key", "add", "--name", f"bench-{number}")["key"]
                          for number in range(keys))
        ready = self.folder / "ready.json"
        ports = [word for name in ("control", "proxy", "public", "api")
                 for word in (f"--{name}-port", 0)]
        count = ["--workers", workers] if workers else []
        self.server = stage.start(
            "frps", [BIN / "frps", "--bind", "127.0.0.1", "--data-dir", self.data, *ports, *count,
                     "--log-level", "warn", "--ready-file", ready, *options], self.folder)
        await_that(lambda: ready.exists() or not self.server.running, 10,
                   f"frps listens: {self.server.end_of_log()}")
        self.server.must_run()
        self.ports = json.loads(ready.read_text())

    def _frps(self, *command):
        done = subprocess.run(
            [BIN / "frps", "--data-dir", self.data, *command, "--json"], text=True, check=False,
            capture_output=True, timeout=20, cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "FRPX_PASSWORD": PASSWORD})
        if done.returncode != 0:
            raise Failed(f"frps {' '.join(command[:2])}: {done.stderr.strip()[-200:]}")
        return json.loads(done.stdout)

    def add_client(self, client_id, local_port, *options, control=None, proxy=None):
        """Start a client; it may not be connected yet when this returns."""
        folder = self.folder / client_id
        folder.mkdir(exist_ok=True)
        return self._stage.start(
            f"frpc-{client_id}", [
                BIN / "frpc", "-c", client_id, "-s", "127.0.0.1", "--email", EMAIL,
                "--control-port", control or self.ports["control"],
                "--proxy-port", proxy or self.ports["proxy"],
                *(["--local-port", local_port] if local_port else []), "--data-dir", folder,
                "--log-level", "warn", *options], folder, env={"FRPX_PASSWORD": PASSWORD})

    def route(self):
        return Route(self.ports["public"], (("Authorization", self.keys[0]),), self.keys)


class ProxyliteTunnel:
    """frps and frplite-frpc, and a proxylite tunnel between them to each backend."""

    def __init__(self, stage, name, backends, *options):
        folder = stage.make_folder(name)
        ready = folder / "ready.json"
        self.outer = {"web": free_port(), "bulk": free_port()}
        self.spare = free_port()  # for a tunnel of the caller's
        ports = [word for port in ("control", "proxy", "public", "api", "proxylite")
                 for word in (f"--{port}-port", 0)]
        server = stage.start(f"{name}-frps", [
            BIN / "frps", "--demo", *ports, "--log-level", "warn", "--ready-file", ready,
            "--outer-ports", ",".join(map(str, [*self.outer.values(), self.spare])), *options],
            folder)
        await_that(ready.exists, 10, "frps listens")
        self.port = json.loads(ready.read_text())["proxylite"]
        inner = {"web": backends.web_port, "bulk": backends.bulk_port}
        ini = folder / "frpc.ini"
        ini.write_text(f"[common]\nserver_addr = 127.0.0.1\nserver_port = {self.port}\n" + "".join(
            f"[{kind}]\ntype = tcp\nlocal_port = {inner[kind]}\nremote_port = {self.outer[kind]}\n"
            for kind in inner))
        client = stage.start(f"{name}-client", [BIN / "frplite-frpc", "-c", ini], folder)
        # Not by connecting: iperf3 would take that for a test.
        await_that(lambda: client.log_file.read_text().count("is open on port") == len(inner), 10,
                   "the tunnels are open")
        self.processes = {"server": server, "client": client}

    def routes(self):
        return {kind: Route(port) for kind, port in self.outer.items()}


def proxylite_tunnel(*options):
    """A peer: our proxylite tunnels; with --no-link they speak the public wire."""
    def start(stage, backends, fd_limit):
        name = "our-proxylite" + "".join(options)
        tunnel = ProxyliteTunnel(stage, name, backends, *options)
        return Started(tunnel.routes(), tunnel.processes)
    return start


def udp_service(stage, backends, fd_limit):
    """A UDP service on an outer port, its datagrams on the link."""
    port = free_port()
    house = House(stage, "--outer-ports", port)
    config = house.folder / "services.toml"
    config.write_text(f'[[services]]\nname = "bench"\nkind = "udp"\n'
                      f"local-port = {backends.udp_port}\nouter-port = {port}\n")
    client = house.add_client("bench", backends.web_port, "--config", config)
    await_that(lambda: udp_port_is_open(port), 10, f"UDP port {port} opens: {client.end_of_log()}")
    return Started({"udp": Route(port, service_port=backends.udp_port)},
                   {"server": house.server, "client": client})


def gateway(link):
    """Our gateway before one client; `link` or a connection for each stream."""
    def start(stage, backends, fd_limit):
        options = () if link else ("--no-link",)
        house = House(stage, *options)
        client = house.add_client("bench", backends.web_port, *options)
        # HTTP/2 is found on the same port.
        return Started({"web": house.route(), "h2": house.route()},
                       {"server": house.server, "client": client})
    return start


def outer_ports(stage, backends, fd_limit):
    """Our outer TCP ports before one client, streams on links."""
    ports = {"web": free_port(), "bulk": free_port()}
    targets = {"web": backends.web_port, "bulk": backends.bulk_port}
    house = House(stage, "--outer-ports", ",".join(map(str, ports.values())))
    file = house.folder / "services.toml"
    file.write_text("".join(
        f'[[services]]\nname = "{name}"\nlocal-port = {targets[name]}\nouter-port = {port}\n'
        for name, port in ports.items()))
    client = house.add_client("bench", None, "--config", file)
    for port in ports.values():
        client.await_port(port)
    return Started({name: Route(port) for name, port in ports.items()},
                   {"server": house.server, "client": client})
