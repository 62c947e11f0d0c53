#!/usr/bin/env python3
"""What the gateway adds to a request for a model, against asking the local service directly.

    bench/gateway.py [--seconds 5] [--visitors 1 64 512] [--clients 1] [--policy random]

Small keep-alive POSTs to a model path, through `frps` and `frpc` on loopback, through HAProxy twice
(which checks a key, and knows of no models) and directly, to the same nginx: median and 99th
percentile (wrk), at a pace that leaves the machine mostly idle, and as fast as it goes, where most
of the time is waiting for a processor. At the easy pace much of what is added is the waking of
sleeping processes, which HAProxy's column tells apart from ours. Then the time to the first token of a stream, which a service in Python sends at once,
asked for by one visitor. Prints tables in Markdown. The programs come from FRPX_BIN, else from
build/release/bin.
"""

import argparse
import socket
import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tests")]

from measure import loads, machine  # noqa: E402
from measure.backends import nginx_frame, nginx_http_frame  # noqa: E402
from measure.ours import House  # noqa: E402
from measure.peers import haproxy_http  # noqa: E402
from measure.processes import Stage, await_that, find_program, free_port  # noqa: E402
from measure.route import Route  # noqa: E402
from support.fake_ollama import FakeOllama  # noqa: E402

PACE = 1000  # requests a second of all visitors together
PATH = "/v1/chat/completions"
MODEL = "llama3:latest"
BODY = ('{"model":"%s","stream":true,"messages":[{"role":"user","content":"%s"}]}'
        % (MODEL, "Why is the sky blue? " * 8))
LISTING = ('{"object":"list","data":[{"id":"%s","object":"model","created":1,"owned_by":"x"}]}'
           % MODEL)


class Service:
    """An nginx that answers a chat at once with a kilobyte, and lists one model."""

    def __init__(self, stage):
        self.web_port = free_port()
        folder = stage.make_folder("service")
        answer = '{"object":"chat.completion","choices":["%s"]}' % ("word " * 200)
        config = folder / "nginx.conf"
        config.write_text(nginx_frame(folder, 4096) + f"""http {{
{nginx_http_frame(folder)}
server {{ listen 127.0.0.1:{self.web_port} backlog=4096;
  location = {PATH} {{ default_type application/json; return 200 '{answer}'; }}
  location = /v1/models {{ default_type application/json; return 200 '{LISTING}'; }} }} }}
""")
        stage.start("service", [find_program("nginx"), "-p", folder, "-c", config],
                    folder).await_port(self.web_port)


def wrk(stage, route, visitors, seconds, pace):
    """(median, 99th percentile) in microseconds, at `pace` requests a second in all, or at full
    speed."""
    script = stage.folder / "chat.lua"
    pause = 2000 * visitors / pace if pace else 0  # milliseconds, at most; half of it on average
    script.write_text('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                      f"wrk.body = [[{BODY}]]\n"
                      + (f"function delay() return math.random() * {pause} end\n" if pace else ""))
    measured = loads.wrk(route, seconds, visitors, PATH, script=script)
    if measured["errors"]:
        raise SystemExit(f"wrong answers: {measured['errors']}")
    return measured["median"] * 1e6, measured["p99"] * 1e6


def table(stage, direct, ways, given, pace):
    head = f"| {f'{pace} requests/s' if pace else 'full speed'}, visitors | direct: median, p99 |"
    print("\n" + head + "".join(f" added by {name} |" for name in ways))
    print("|---" * (2 + len(ways)) + "|")
    for visitors in given.visitors:
        alone, alone_p99 = wrk(stage, direct, visitors, given.seconds, pace)
        row = f"| {visitors} | {alone:.0f}, {alone_p99:.0f} us |"
        for route in ways.values():
            median, p99 = wrk(stage, route, visitors, given.seconds, pace)
            row += f" {median - alone:.0f}, {p99 - alone_p99:.0f} us |"
        print(row, flush=True)


def first_token(route, times):
    """The median microseconds from a request to the first byte of its first token."""
    took = []
    head = "".join(f"{name}: {value}\r\n" for name, value in route.headers)
    request = (f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(BODY)}\r\n\r\n"
               f"{BODY}").encode()
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", route.port)) as visitor:
            visitor.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            began = time.perf_counter()
            visitor.sendall(request)
            said = b""
            while b"data: " not in said:
                piece = visitor.recv(65536)
                if not piece:
                    raise SystemExit(f"no token: {said[:200]}")
                said += piece
            took.append(time.perf_counter() - began)
            while b"[DONE]" not in said:
                said += visitor.recv(65536)
    return statistics.median(took) * 1e6


def ready(house):
    """The route, once a client with the model is there."""
    route = house.route()

    def lists():
        try:
            return MODEL.encode() in loads.fetch(route, "/v1/models")
        except loads.Failed:
            return False
    await_that(lists, 20, "the model is listed")
    return route


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 64, 512])
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--policy", default="random")
    given = parser.parse_args()
    machine.raise_fd_limit()
    print(f"{machine.processor()}, {machine.commit()}, {given.clients} clients, {given.policy}")
    with Stage() as stage:
        service = Service(stage)
        house = House(stage, "--policy", given.policy)
        for n in range(given.clients):
            house.add_client(f"c{n}", service.web_port)
        haproxy = haproxy_http(stage, service, machine.raise_fd_limit())
        ways = {"frpx": ready(house), "HAProxy twice": haproxy.routes["web"]}
        for pace in (PACE, None):
            table(stage, Route(service.web_port), ways, given, pace)
    with Stage() as stage:
        service = FakeOllama("first", [MODEL])
        house = House(stage)
        house.add_client("first", service.port)
        through, direct = ready(house), Route(service.port)
        alone, added = first_token(direct, 300), first_token(through, 300)
        print(f"\nFirst token: {alone:.0f} us direct, {added:.0f} us through, "
              f"{added - alone:.0f} us added.")
        service.stop()


if __name__ == "__main__":
    main()
