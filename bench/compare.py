#!/usr/bin/env python3
"""Measures frpx beside its peers, all before the same nginx and iperf3, on this machine.

    compare.py --quick                  about two minutes
    compare.py --full                   at most thirty: every scenario, longer, more rounds
    compare.py --only latency --only memory [--peer haproxy-tcp ...]
    compare.py --list

Peers that Debian packages are always run (scripts/install-deps.sh bench); others when their programs
are named: PEER_FRPS and PEER_FRPC, PEER_RATHOLE, PEER_FRPX_FRPS and PEER_FRPX_FRPC, PEER_PROXYLITE
(a folder). Ours come from build/release/bin, or FRPX_BIN. A peer that fails is shown as failed.
Results are written to bench/results/quick or bench/results/full (with --congestion's name behind
it), or --out.
"""

import argparse
import shlex
import signal
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from measure import loads, machine, report
from measure.backends import SIZES, Backends
from measure.crowds import Measurement
from measure.peers import PEERS
from measure.processes import Failed, Stage
from measure.results import Results
from measure.scenarios import SCENARIOS, TARGETS

RESULTS = Path(__file__).resolve().parent / "results"


class Comparison:
    """One run: starts all peers, measures in rounds, ends everything."""

    def __init__(self, stage, scenarios, peers, arguments):
        self.stage, self.scenarios, self.peers = stage, scenarios, peers
        self.quick, self.rounds, self.seconds = arguments.quick, arguments.rounds, arguments.seconds
        self.remarks = []
        self.results = Results()
        self.fd_limit = machine.raise_fd_limit()
        self.backends = Backends(stage, self.fd_limit)
        self.running = {}  # peer's name: Started, or why it is not

    def remark(self, text):
        self.remarks.append(text)
        print("  " + text, file=sys.stderr)

    def start_peers(self):
        for peer in self.peers:
            try:
                started = peer.start(self.stage, self.backends, self.fd_limit)
                if "web" in started.routes:
                    self._await_right_answers(started.routes["web"])
                self.running[peer.name] = started
            except Failed as failure:
                self.running[peer.name] = str(failure)
                self.remark(f"{peer.name} does not run: {failure}")

    def _await_right_answers(self, route):
        """A peer counts as running when it answers each size byte for byte."""
        deadline = time.monotonic() + 10
        while not loads.answers(route) and time.monotonic() < deadline:
            time.sleep(0.05)
        for path in SIZES:
            right = (self.backends.files / path[1:]).read_bytes()
            if loads.fetch(route, path) != right:
                raise Failed(f"answers {path} with other bytes than the service")

    def takes_part(self, peer, scenario):
        """Whether a scenario is about this peer; one that failed to start still is."""
        if scenario.only_ours and not peer.ours or scenario.only_keyed and not (
                peer.checks_keys or peer.name == "direct"):
            return False
        if scenario.fresh and peer.name == "direct":
            return False
        started = self.running[peer.name]
        return isinstance(started, str) or scenario.route in started.routes

    def run(self):
        for number in range(self.rounds):
            for scenario in self.scenarios:
                if scenario.rounds and number >= scenario.rounds:
                    continue
                print(f"round {number + 1} of {self.rounds}: {scenario.name}", file=sys.stderr)
                taking_part = [p for p in self.peers if self.takes_part(p, scenario)]
                turn = number % max(1, len(taking_part))
                for peer in taking_part[turn:] + taking_part[:turn]:
                    self.measure(scenario, peer)

    def measure(self, scenario, peer):
        cell = self.results.cell(scenario, peer)
        started = self.running[peer.name]
        try:
            if isinstance(started, str):
                raise Failed(started)
            if scenario.fresh:
                cell.loads.append(scenario.load(Measurement(
                    self.stage, peer, self.backends, self.fd_limit, self.seconds, self.quick,
                    self.remark)))
                cell.cpu.append({})
                return
            for process in started.processes.values():
                process.must_run()
            if scenario.route == "bulk":
                self.backends.await_free_bulk()
            before = self._cpu_seconds(started)
            load = scenario.load(started.routes[scenario.route], self.seconds)
            after = self._cpu_seconds(started)
            cell.loads.append(load)
            cell.cpu.append({"load": load.cpu_seconds,
                             **{side: after[side] - before[side] for side in after}})
            if load.notes.get("errors"):
                raise Failed(load.notes.pop("errors"))
        except Failed as failure:
            cell.failures.append(str(failure))
            print(f"  {peer.name} failed: {failure}", file=sys.stderr)
            self.backends.must_run()
            if scenario.route == "bulk":
                self.backends.renew_bulk()

    def _cpu_seconds(self, started):
        sides = {"service": self.backends.web.cpu_seconds() + self.backends.bulk.cpu_seconds()}
        for name, process in started.processes.items():
            side = name.partition("-")[0]
            sides[side] = sides.get(side, 0.0) + process.cpu_seconds()
        return sides


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="about two minutes (default)")
    length.add_argument("--full", action="store_true", help="at most thirty minutes")
    parser.add_argument("--only", action="append", metavar="SCENARIO", default=[])
    parser.add_argument("--peer", action="append", metavar="PEER", default=[],
                        help="these only; direct is always there")
    parser.add_argument("--rounds", type=int, help="how often each number is measured")
    parser.add_argument("--seconds", type=float, help="how long, each time")
    parser.add_argument("--congestion", metavar="NAME",
                        help="in a network of its own with this TCP congestion control, such as "
                        "cubic (needs root); else as the machine is")
    parser.add_argument("--out", type=Path, help="folder for the results")
    parser.add_argument("--list", action="store_true", help="name scenarios and peers, and end")
    arguments = parser.parse_args(words)
    arguments.quick = not arguments.full
    arguments.rounds = arguments.rounds or (2 if arguments.quick else 3)
    name = "quick" if arguments.quick else "full"
    arguments.out = arguments.out or RESULTS / "-".join(filter(None, (name, arguments.congestion)))
    for chosen, known in ((arguments.only, SCENARIOS), (arguments.peer, PEERS)):
        for name in chosen:
            if name not in {each.name for each in known}:
                parser.error(f"there is no {name!r}; see --list")
    return arguments


def choose(arguments):
    """The scenarios and peers of this run, and how long each measurement lasts."""
    scenarios = [s for s in SCENARIOS
                 if s.name in arguments.only or not arguments.only and (arguments.full or s.quick)]
    peers = [p for p in PEERS if p.is_available()
             and (not arguments.peer or p.name in arguments.peer or p.name == "direct")]
    if not arguments.seconds:
        cells = arguments.rounds * sum(not s.fresh for s in scenarios) * len(peers)
        budget = 75 if arguments.quick else 22 * 60  # what starting, memory and crowd need is apart
        arguments.seconds = min(5.0, max(0.5, budget / max(1, cells)))
    return scenarios, peers


def list_all():
    for scenario in SCENARIOS:
        print(f"{scenario.name:15} {scenario.title} ({scenario.unit})"
              + ("" if scenario.quick else "; --full only"))
    print()
    for peer in PEERS:
        needs = "" if peer.is_available() else f"; needs {' and '.join(peer.needs)}"
        print(f"{peer.name:15} {peer.what}{needs}")


def interrupted(*_):
    raise KeyboardInterrupt


def main(words):
    arguments = parse(words)
    if arguments.list:
        return list_all()
    signal.signal(signal.SIGTERM, interrupted)
    if arguments.congestion:
        try:
            machine.enter_network_with(arguments.congestion)
        except OSError as failure:
            sys.exit(f"compare.py: --congestion {arguments.congestion}: {failure}")
    scenarios, peers = choose(arguments)
    began = datetime.now(timezone.utc)
    about_machine = machine.description(machine.raise_fd_limit())
    with Stage() as stage:
        comparison = Comparison(stage, scenarios, peers, arguments)
        comparison.start_peers()
        foreign = machine.foreign_load(seconds=1.0)
        comparison.run()
    took = (datetime.now(timezone.utc) - began).total_seconds()
    about = {
        "run": {"command": shlex.join(["bench/compare.py", *words]),
                "commit": machine.commit(), "when": began.strftime("%Y-%m-%d %H:%M UTC"),
                "took": f"{took:.0f} s", "each measurement": f"{arguments.seconds:.2g} s, "
                f"{arguments.rounds} rounds, interleaved",
                "busy with other things before": f"{foreign:.0%} of all processors"},
        "machine": about_machine, "versions": machine.versions(), "remarks": comparison.remarks}
    text = report.write(arguments.out, about, comparison.results, scenarios, TARGETS, peers)
    print(text)
    print(f"written to {arguments.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("interrupted; everything started was ended, no result was written")
