#!/usr/bin/env python3
"""What the REST API serves while many clients are connected, and what looking costs the visitors.

    bench/api.py [--seconds 5] [--clients 1000]

Requests per second, median and 99th percentile of what dashboards and scrapers ask for (wrk, 16
connections), the size and time of a scrape, and the gateway's latency at 1,000 requests/s with and
without ten listeners to the events, of which each reads the clients every two seconds as the
dashboard does, and a scrape every second. Prints tables in Markdown. The programs come from
FRPX_BIN, else from build/release/bin.
"""

import argparse
import sys
import threading
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tests")]

import gateway  # noqa: E402
from measure import loads, machine  # noqa: E402
from measure.ours import EMAIL, PASSWORD, House  # noqa: E402
from measure.processes import Stage, await_that  # noqa: E402
from measure.route import Route  # noqa: E402
from support.public_frpx import PublicClient  # noqa: E402

TARGETS = ("/api/stats", "/api/clients/c7", "/api/clients?limit=20", "/api/clients",
           "/api/models", "/metrics")
ROUNDS = 3


def fetch(port, target):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{target}", timeout=30) as answer:
        return answer.read()


def add_clients(house, count):
    """So many clients of the public kind, which log in by the token that the first one got."""
    folder = house.folder / "crowd"
    folder.mkdir()
    server = SimpleNamespace(control=house.ports["control"], proxy=house.ports["proxy"])
    first = PublicClient(server, "c0", 0, user=(EMAIL, PASSWORD), folder=folder,
                         models=["llama3:latest"], deaf=True).start().registered(60)
    crowd = [first]
    for number in range(1, count):
        crowd.append(PublicClient(server, f"c{number}", 0, folder=folder, deaf=True,
                                  models=["llama3:latest"]).start().registered(60))
    return crowd


def api_table(port, seconds):
    print("\n| 16 connections | requests/s | median | p99 | bytes |\n|---|---|---|---|---|")
    for target in TARGETS:
        took = loads.wrk(Route(port), seconds, 16, target)
        if took["errors"]:
            raise SystemExit(f"{target}: {took['errors']}")
        print(f"| {target} | {took['rate']:.0f} | {took['median'] * 1e3:.2f} ms "
              f"| {took['p99'] * 1e3:.2f} ms | {len(fetch(port, target))} |", flush=True)


class Watchers:
    """Ten dashboards and a scraper."""

    def __init__(self, port):
        self.port, self.over = port, threading.Event()
        self.threads = [threading.Thread(target=self.listen, daemon=True) for _ in range(10)]
        self.threads += [threading.Thread(target=self.every, args=pair, daemon=True)
                         for pair in [(2, "/api/clients")] * 10 + [(1, "/metrics")]]
        for each in self.threads:
            each.start()

    def listen(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/events",
                                    timeout=60) as events:
            while not self.over.is_set() and events.readline():
                pass

    def every(self, seconds, target):
        while not self.over.wait(seconds):
            fetch(self.port, target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--clients", type=int, default=1000)
    given = parser.parse_args()
    machine.raise_fd_limit()
    print(f"{machine.processor()}, {machine.commit()}, {given.clients} clients")
    with Stage() as stage:
        house = House(stage)
        port = house.ports["api"]
        crowd = add_clients(house, given.clients)
        await_that(lambda: fetch(port, "/api/models").count(b'"id"') >= given.clients, 60,
                   "all have reported")
        api_table(port, given.seconds)
        began, cpu = time.perf_counter(), house.server.cpu_seconds()
        for _ in range(50):
            fetch(port, "/metrics")
        print(f"\nA scrape: {(time.perf_counter() - began) * 20:.1f} ms, of them "
              f"{(house.server.cpu_seconds() - cpu) * 20:.1f} ms of the server's processor")
        for each in crowd:
            each.stop()
    with Stage() as stage:
        house = House(stage)
        service = gateway.Service(stage)
        house.add_client("c0", service.port)
        route = gateway.ready(house)
        print("\n| 64 visitors, 1000 requests/s | median | p99 |\n|---|---|---|")
        for _ in range(ROUNDS):
            for name in ("nobody looks", "ten dashboards, a scrape each second"):
                watchers = None if name == "nobody looks" else Watchers(house.ports["api"])
                median, p99 = gateway.wrk(stage, route, 64, given.seconds, 1000)
                print(f"| {name} | {median:.0f} us | {p99:.0f} us |", flush=True)
                if watchers:
                    watchers.over.set()


if __name__ == "__main__":
    main()
