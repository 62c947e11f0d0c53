"""Load on one route: wrk and iperf3, and idle visitors, which those two cannot be.

Each function returns a `Load`: the number that the scenario is about, and what was done for it, so
that CPU time can be related to it. An answer that is wrong or missing is Failed, not a number.
"""

import json
import re
import resource
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from measure.ours import BIN
from measure.processes import Failed, Memory, find_program
from measure.route import Route

NO_MEMORY = Memory(0, 0)
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0,
         "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}


@dataclass
class Load:
    value: float
    requests: int = 0
    bytes: int = 0
    cpu_seconds: float = 0.0  # of the load generator itself
    notes: dict = field(default_factory=dict)


def with_unit(text):
    number, unit = re.fullmatch(r"([\d.]+)(\w*)", text).groups()
    return float(number) * UNITS.get(unit, 1)


def fetch(route, path="/23", seconds=5):
    """The body of one answer; Failed when it is not 200."""
    request = urllib.request.Request(f"http://127.0.0.1:{route.port}{path}",
                                     headers=dict(route.headers))
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.read()
    except (OSError, urllib.error.URLError) as error:
        raise Failed(f"GET {path}: {error}") from None


def answers(route):
    try:
        return bool(fetch(route))
    except Failed:
        return False


def without_headers(route):
    return Route(route.port, keys=route.keys)


def run(command, seconds, stop_after=None):
    """Run a load generator; returns its output and its CPU time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen([find_program(command[0]), *map(str, command[1:])], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        if stop_after is not None:
            try:
                process.wait(stop_after)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]} did not end") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return output, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wrk(route, seconds, visitors, path="/23", headers=(), script=None):
    """What wrk measured, as a dict: requests, bytes, rate, median, p99, cpu. One thread."""
    command = ["wrk", "-t1", f"-c{visitors}", "-d60s", "--timeout", "10s", "--latency"]
    for name, value in (*route.headers, *headers):
        command += ["-H", f"{name}: {value}"]
    if script:
        command += ["-s", script]
    command.append(f"http://127.0.0.1:{route.port}{path}")
    # wrk takes whole seconds only, but an interrupt ends it at any time, and in order.
    output, cpu = run(command, 30, stop_after=seconds)
    totals = re.search(r"(\d+) requests in ([\d.]+\w+), ([\d.]+\w+) read", output)
    if not totals or not int(totals[1]):
        raise Failed(f"wrk got no answer: {' '.join(output.split())[-200:]}")
    errors = re.search(r"Non-2xx[^\d]*\d+|Socket errors: .*", output)
    took = with_unit(totals[2])
    median, p99 = (re.search(rf"{part}%\s+([\d.]+\w+)", output) for part in (50, 99))
    return {"requests": int(totals[1]), "bytes": int(with_unit(totals[3])), "cpu": cpu,
            "rate": int(totals[1]) / took, "bytes_per_second": with_unit(totals[3]) / took,
            "median": with_unit(median[1]), "p99": with_unit(p99[1]),
            "errors": errors[0] if errors else None}


def load_of(measured, value):
    load = Load(value, measured["requests"], measured["bytes"], measured["cpu"])
    if measured["errors"]:
        load.notes["errors"] = measured["errors"]
    return load


def requests(visitors, path="/23", headers=(), script=None):
    """Requests per second of `visitors` at once."""
    def measure(route, seconds):
        measured = wrk(route, seconds, visitors, path, headers, script)
        return load_of(measured, measured["rate"])
    return measure


def requests_of_h2(connections, streams, path="/23"):
    """Requests per second of HTTP/2, `streams` at once on each of `connections` (h2load)."""
    def measure(route, seconds):
        command = ["h2load", "-t1", f"-c{connections}", f"-m{streams}",
                   f"--duration={round(seconds * 1000)}ms"]
        for name, value in route.headers:
            command += ["-H", f"{name.lower()}: {value}"]
        output, cpu = run([*command, f"http://127.0.0.1:{route.port}{path}"], 30 + seconds)
        totals = re.search(r"requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored", output)
        rate = re.search(r"finished in .*?, ([\d.]+) req/s", output)
        data = re.search(r"\((\d+)\) data", output)
        if not totals or not int(totals[1]):
            raise Failed(f"h2load got no answer: {' '.join(output.split())[-200:]}")
        load = Load(float(rate[1]), int(totals[1]), int(data[1]), cpu)
        # What is under way when the time is over counts as errored, unlike what is refused.
        if int(totals[2]) - int(totals[3]) > 0:
            load.notes["errors"] = totals[0]
        return load
    return measure


def download(visitors, path):
    """Payload in MB/s (10^6) of keep-alive downloads."""
    def measure(route, seconds):
        measured = wrk(route, seconds, visitors, path)
        return load_of(measured, measured["bytes_per_second"] / 1e6)
    return measure


def latency(path="/23"):
    """Median microseconds of one visitor that asks again and again."""
    def measure(route, seconds):
        measured = wrk(route, seconds, 1, path)
        return load_of(measured, measured["median"] * 1e6)
    return measure


def iperf3(command, seconds):
    """Run iperf3 until its server, which may still be ending the last test, is free for it."""
    deadline = time.monotonic() + 5
    while True:
        output, cpu = run(command, seconds)
        try:
            report = json.loads(output)
        except ValueError:
            raise Failed(f"iperf3: {output[-200:]}") from None
        trouble = report.get("error")
        if not trouble:
            return report, cpu
        if "busy" not in trouble or time.monotonic() > deadline:
            raise Failed(f"iperf3: {trouble}")
        time.sleep(0.1)


def bulk(streams, upwards):
    """GB/s (10^9) of iperf3. Upwards: from the visitors to the service."""
    def measure(route, seconds):
        command = ["iperf3", "-c", "127.0.0.1", "-p", route.port, "-P", streams, "-J",
                   "-t", max(1, round(seconds))]
        report, cpu = iperf3(command if upwards else [*command, "-R"], 30 + seconds)
        received = report["end"]["sum_received"]
        return Load(received["bits_per_second"] / 8e9, 0, received["bytes"], cpu)
    return measure


def datagrams(size):
    """Datagrams a second at the peak; the note tells the loss at half of that."""
    def measure(route, seconds):
        program = BIN / "udp_load"
        if not program.exists():
            raise Failed("udp_load is not built; run ninja -C build/release udp_load")
        output, cpu = run([program, route.service_port, route.port, size, seconds], 60 + seconds)
        try:
            said = json.loads(output)
        except ValueError:
            raise Failed(f"udp_load: {output.strip()[-200:]}") from None
        loss = f"{said['half_loss']:.3%} at half the peak"
        return Load(said["peak"], said["arrived"], said["arrived"] * size, cpu, {"loss": loss})
    return measure


class IdleVisitors:
    """Many keep-alive connections that have each had one answer and stay open."""

    def __init__(self, route, path="/23"):
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{route.port}",
                 *(f"{name}: {value}" for name, value in route.headers)]
        self._request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self._port = route.port
        self._connections = []

    def __len__(self):
        return len(self._connections)

    def add(self, count):
        """Further visitors, each from its first byte to its answer; Failed when one has none.

        They come from 127.0.0.2 and up, 10,000 from each, so that no address runs out of ports.
        """
        for _ in range(count):
            source = f"127.0.0.{2 + len(self._connections) // 10_000}"
            connection = socket.socket()
            self._connections.append(connection)
            connection.settimeout(10)
            try:
                connection.bind((source, 0))
                connection.connect(("127.0.0.1", self._port))
                connection.sendall(self._request)
                answer = connection.recv(4096)
            except OSError as error:
                raise Failed(f"idle visitor {len(self)}: {error}") from None
            if b" 200 " not in answer.split(b"\r\n", 1)[0]:
                raise Failed(f"idle visitor {len(self)} was answered {answer[:60]!r}")

    def gone(self):
        """How many of them have been ended by the other side."""
        count = 0
        for connection in self._connections:
            connection.setblocking(False)
            try:
                count += connection.recv(1) == b""
            except BlockingIOError:
                pass
            except OSError:
                count += 1
        return count

    def close(self):
        for connection in self._connections:
            connection.close()
        self._connections.clear()


def settle(read, seconds=2.0):
    """Read a number until it stays within 1 % for a while, at most `seconds`; returns it."""
    deadline = time.monotonic() + seconds
    value = read()
    while time.monotonic() < deadline:
        time.sleep(0.2)
        again = read()
        if abs(again - value) <= 0.01 * value:
            return again
        value = again
    return value
