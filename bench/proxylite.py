#!/usr/bin/env python3
"""A proxylite tunnel's speed: bulk and small exchanges with 1 and 100 visitors, and its beginning.

    bench/proxylite.py [--seconds 3] [--rounds 3] [--registrations 200]

Three ways in turn, in each round: without a tunnel; frplite-frpc with frps over a link, as our
programs do it; and the same two with --no-link, which is the public wire. Small exchanges are
keep-alive requests to an nginx that answers 23 bytes (wrk), bulk is iperf3. Prints the medians as a
table in Markdown. Everything runs on this machine's cores: take ratios, not absolutes.
"""

import argparse
import ctypes
import os
import socket
import statistics
import threading
import time

from measure import loads, machine
from measure.backends import Backends
from measure.ours import BIN, ProxyliteTunnel
from measure.processes import Stage
from measure.route import Route

SCENARIOS = {
    "bulk to 1 visitor, GB/s": ("bulk", loads.bulk(1, upwards=False)),
    "bulk from 1 visitor, GB/s": ("bulk", loads.bulk(1, upwards=True)),
    "bulk to 100 visitors, GB/s": ("bulk", loads.bulk(100, upwards=False)),
    "small exchanges/s, 1 visitor": ("web", loads.requests(1)),
    "median of 1 visitor, us": ("web", loads.latency()),
    "small exchanges/s, 100 visitors": ("web", loads.requests(100)),
}
REGISTRATION = "from register_service to the first byte, us"


class Registration(ctypes.Structure):
    _fields_ = [("outer_port", ctypes.c_uint16), ("inner_addr", ctypes.c_char_p),
                ("name", ctypes.c_char_p), ("message", ctypes.c_char_p),
                ("limits", ctypes.c_uint32 * 3)]


def speak_first(listening):
    while True:
        try:
            visitor, _ = listening.accept()
        except OSError:
            return
        with visitor:
            visitor.sendall(b"x")


def first_byte(tunnel, count):
    """Microseconds from register_service to the first byte through the tunnel, `count` times."""
    library = ctypes.CDLL(str(BIN.parent / "lib/libfrpx.so"))
    library.frpx_client_new.restype = ctypes.c_void_p
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=speak_first, args=(listening,), daemon=True).start()
    client = ctypes.c_void_p(library.frpx_client_new(b"127.0.0.1:%d" % tunnel.port, None, 0))
    what = Registration(tunnel.spare, b"127.0.0.1:%d" % listening.getsockname()[1], b"bench", None)
    took = []
    while len(took) < count:
        entry = ctypes.c_void_p()
        began = time.perf_counter()
        if library.frpx_client_register_service(client, ctypes.byref(what), 5000,
                                                ctypes.byref(entry)) != 0:
            continue  # the server hears of the last one's end a moment later
        with socket.create_connection(("127.0.0.1", tunnel.spare), timeout=5) as visitor:
            assert visitor.recv(1) == b"x"
            took.append((time.perf_counter() - began) * 1e6)
        library.frpx_entry_cancel(entry)
        library.frpx_entry_wait(entry, 5000)
        library.frpx_entry_free(entry)
    library.frpx_client_free(client)
    listening.close()
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--registrations", type=int, default=200)
    arguments = parser.parse_args()
    figures = {}
    with Stage() as stage:
        backends = Backends(stage, machine.raise_fd_limit())
        tunnels = {"link": ProxyliteTunnel(stage, "link", backends),
                   "public wire": ProxyliteTunnel(stage, "public", backends, "--no-link")}
        ways = {"direct": {"web": Route(backends.web_port), "bulk": Route(backends.bulk_port)},
                **{name: tunnel.routes() for name, tunnel in tunnels.items()}}
        for _ in range(arguments.rounds):
            for scenario, (kind, measure) in SCENARIOS.items():
                for way, routes in ways.items():
                    load = measure(routes[kind], arguments.seconds)
                    figures.setdefault((scenario, way), []).append(load.value)
        for way, tunnel in tunnels.items():
            figures[REGISTRATION, way] = first_byte(tunnel, arguments.registrations)
    print(f"| | {' | '.join(ways)} |\n|---|{'---|' * len(ways)}")
    for scenario in (*SCENARIOS, REGISTRATION):
        cells = [figures.get((scenario, way)) for way in ways]
        print(f"| {scenario} | " + " | ".join(
            f"{statistics.median(cell):.3g}" if cell else "" for cell in cells) + " |")


if __name__ == "__main__":
    os.chdir(machine.ROOT)
    main()
