#!/usr/bin/env python3
"""Visitors, clients and services that come, go, die and misbehave, around one server of ours.

    soak.py --minutes N [--seed S]

In rounds: some twelve seconds of disorder, then calm. In the calm everything must work again, every
request, and what the server holds (file descriptors, memory, clients) must be back to what it held
after the first round. Every byte of every answer is checked, in disorder too. Exit code 0, or 1 with
what went wrong. Programs come from build/release/bin, or FRPX_BIN.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
import time
import urllib.request

from measure import machine, visitors
from measure.ours import House
from measure.processes import Failed, Stage, await_that, free_port

CLIENTS = 6
DISORDER_SECONDS = 12
CALM_REQUESTS = 60
# Memory may still grow a little while pools fill; what leaks grows on.
MEMORY_FACTOR, MEMORY_SLACK = 1.25, 8 * 2**20


class Site:
    """A client and the local service behind it, both of which can die and come back."""

    def __init__(self, stage, house, name, options):
        self._stage, self._house, self._name, self._options = stage, house, name, options
        self._folder = stage.make_folder(f"service-{name}")
        self._port = free_port()
        self.service = self.client = None
        self.start_service()
        self.start_client()

    def start_service(self):
        program = machine.ROOT / "bench/measure/echo_service.py"
        self.service = self._stage.start(
            f"service-{self._name}", [sys.executable, "-B", program, self._port], self._folder,
            env={"PYTHONPATH": str(machine.ROOT / "bench")})

    def start_client(self):
        self.client = self._house.add_client(self._name, self._port, *self._options)

    async def kill_client(self):
        self.client.kill()
        await asyncio.sleep(random.random() * 2)
        self.start_client()

    async def restart_client(self):
        """A gentle end: it drains."""
        self.client.send(signal.SIGTERM)
        await asyncio.to_thread(self.client.ends_with, 20)
        self.start_client()

    async def freeze_client(self):
        self.client.send(signal.SIGSTOP)
        await asyncio.sleep(random.choice((0.2, 2, 6)))
        self.client.send(signal.SIGCONT)

    async def kill_service(self):
        self.service.kill()
        await asyncio.sleep(random.random() * 2)
        self.start_service()

    async def freeze_service(self):
        self.service.send(signal.SIGSTOP)
        await asyncio.sleep(random.choice((0.2, 2)))
        self.service.send(signal.SIGCONT)

    ACCIDENTS = (kill_client, restart_client, freeze_client, kill_service, freeze_service)


class Soak:
    def __init__(self, stage):
        machine.raise_fd_limit()
        self.house = House(stage, workers=2)
        self.tally = visitors.Tally()
        self.accidents = 0
        self.sites = [Site(stage, self.house, f"site-{number}",
                           ("--no-link",) if number % 3 == 2 else ()) for number in range(CLIENTS)]

    def api(self, path):
        url = f"http://127.0.0.1:{self.house.ports['api']}{path}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    async def accidents_at(self, site, until):
        while time.monotonic() < until:
            await asyncio.sleep(random.random() * 4)
            self.accidents += 1
            await random.choice(Site.ACCIDENTS)(site)

    async def disorder(self, seconds):
        route, until = self.house.route(), time.monotonic() + seconds
        kinds = [visitors.checking] * 12 + [visitors.slow] * 4 + [visitors.dying] * 4 \
            + [visitors.idle] * 100 + [visitors.uninvited]
        running = [asyncio.ensure_future(kind(route, self.tally)) for kind in kinds]
        # One site stays whole, so that there is always somewhere to go.
        await asyncio.gather(*(self.accidents_at(site, until) for site in self.sites[1:]))
        await self.end_visitors(running)

    async def end_visitors(self, running):
        pending = set(running)
        while pending:  # more than once: wait_for may swallow a cancellation before Python 3.12
            for task in pending:
                task.cancel()
            done, pending = await asyncio.wait(pending, timeout=1)
            for task in done:
                if not task.cancelled() and task.exception():
                    self.tally.fault(f"a visitor of ours failed: {task.exception()!r}")

    async def calm(self):
        """Everything is connected again and serves each request; returns what the server holds."""
        await asyncio.to_thread(await_that, lambda: len(self.api("/api/clients")) == CLIENTS, 30,
                                f"all {CLIENTS} clients are back")
        # A kept stream may have died with its service; a POST on it is told so, as it should be. None
        # is kept for longer than 4 s.
        await asyncio.sleep(5)
        one = visitors.Visitor(self.house.route(), self.tally)
        right, until = 0, time.monotonic() + 20
        while right < 30 and time.monotonic() < until:  # services may still be starting
            before = self.tally.events["right"]
            await one.fetch(1000)
            right = right + 1 if self.tally.events["right"] > before else 0
        one.leave()
        strict = [visitors.Visitor(self.house.route(), self.tally, strict=True) for _ in range(5)]
        for number in range(CALM_REQUESTS):
            await strict[number % len(strict)].echo(visitors.some_size(), limit=30)
            if self.tally.faults:
                break
        for each in strict:
            each.leave()
        await asyncio.sleep(6)  # streams kept between requests go after 4 s
        return await asyncio.to_thread(self.settled)

    def settled(self):
        server = self.house.server
        server.must_run()
        seen = (server.fds(), server.memory().rss)
        for _ in range(50):  # the last visitors may still be lingering
            time.sleep(0.2)
            now = (server.fds(), server.memory().rss)
            if now[0] == seen[0]:
                break
            seen = now
        clients = [site.client.fds() for site in self.sites]
        return {"fds": seen[0], "memory": seen[1], "clients": len(self.api("/api/clients")),
                "most fds of a client": max(clients)}

    def compare(self, first, now):
        for name in ("fds", "clients", "most fds of a client"):
            if now[name] > first[name] + (0 if name == "clients" else 2):
                self.tally.fault(f"{name}: {now[name]}, after the first round {first[name]}")
        if now["memory"] > first["memory"] * MEMORY_FACTOR + MEMORY_SLACK:
            self.tally.fault(f"memory: {now['memory'] / 2**20:.1f} MiB, "
                             f"after the first round {first['memory'] / 2**20:.1f}")

    async def run(self, minutes):
        await asyncio.to_thread(await_that, lambda: len(self.api("/api/clients")) == CLIENTS, 30,
                                f"{CLIENTS} clients are connected")
        until, first, number = time.monotonic() + 60 * minutes, None, 0
        while number < 2 or time.monotonic() < until:
            number += 1
            await self.disorder(min(DISORDER_SECONDS, 60 * minutes / 3))
            held = await self.calm()
            first = first or held
            self.compare(first, held)
            print(f"round {number}: {self.accidents} accidents, {dict(self.tally.events)}, "
                  f"{self.tally.bytes_checked / 2**20:.0f} MiB checked; {held}", flush=True)
            if self.tally.faults:
                return
        if self.tally.events["right"] < 100 * minutes:
            self.tally.fault("hardly any request was served")

    def stop(self):
        for site in self.sites:
            site.client.stop(15)
        if (code := self.house.server.stop(15)) != 0:
            self.tally.fault(f"frps exited with {code}: {self.house.server.end_of_log()}")


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, help="of the accidents' and visitors' choices")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupted)
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().getrandbits(32)
    random.seed(seed)
    print(f"seed {seed}", flush=True)
    with Stage() as stage:
        try:
            soak = Soak(stage)
            asyncio.run(soak.run(arguments.minutes))
            soak.stop()
            faults = soak.tally.faults
        except Failed as failure:
            faults = [str(failure)]
    for fault in faults:
        print(f"FAULT: {fault}")
    print("soak: " + ("failed" if faults else "passed"))
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; everything started was ended")
