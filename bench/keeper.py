#!/usr/bin/env python3
"""The port keeper's speed: known and new leases, by connections and by the number of leases.

    bench/keeper.py [--bin build/release/bin] [--seconds 3] [--leases 10 10000 60000]

Drives the program with wrk, on loopback, with the bytes that frps sends. New leases are `udp` ones
beside the `tcp` ones that are there (--share-tcp-udp), so that ports do not run out. Prints a table
in Markdown; the machine's own rate of flushes is printed beside it, to judge the new leases by.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

SCRIPT = """
local count, prefix, kind = %d, "%s", "%s"
local next = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-Frp-Reqid"] = "9b1f7f2f0a5c4f43"
request = function()
  local name = prefix .. (count > 0 and next %% count or next)
  next = next + 1
  return wrk.format(nil, "/port-registrations?op=NewProxy&version=0.1.0", nil,
    '{"version":"0.1.0","op":"NewProxy","content":{"user":{"user":"u","metas":null,' ..
    '"run_id":"6a3f1c0de8b2aa01"},"proxy_name":"' .. name .. '","proxy_type":"' .. kind ..
    '","use_encryption":true,"remote_port":0}}')
end
response = function(status, headers, body)
  if status ~= 200 or not body:find('"unchange":false') then
    print("UNEXPECTED " .. status .. " " .. body)
  end
end
"""


class Keeper:
    def __init__(self, binary, folder):
        ready = folder / "ready.json"
        self.process = subprocess.Popen(
            [binary, "--listen", "127.0.0.1:0", "--allow-ports", "1024-65535", "--max-leases", "0",
             "--share-tcp-udp",
             "--database-url", f"sqlite:{folder}/keeper.db", "--ready-file", ready,
             "--log-level", "warn"], cwd=folder)
        while not ready.exists():
            assert self.process.poll() is None, "the keeper ended"
            time.sleep(0.01)
        self.port = json.loads(ready.read_text())["port"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0

    def wrk(self, folder, connections, seconds, count, prefix, kind):
        """Requests a second and the 99th percentile."""
        script = folder / "load.lua"
        script.write_text(SCRIPT % (count, prefix, kind))
        said = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script,
             f"http://127.0.0.1:{self.port}"], capture_output=True, text=True, check=True).stdout
        assert "UNEXPECTED" not in said and "Non-2xx" not in said, said[-600:]
        return (float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
                re.search(r"^\s+99%\s+(\S+)", said, re.MULTILINE)[1])

    def fill(self, folder, count):
        """At least `count` tcp leases, asked for by name."""
        while self.leases() < count:
            self.wrk(folder, 64, 1, count, "p", "tcp")

    def leases(self):
        said = subprocess.run(["curl", "-sf", f"http://127.0.0.1:{self.port}/healthz"],
                              capture_output=True, text=True, check=True).stdout
        return json.loads(said)["leases"]


def flushes_a_second(folder):
    """How many small appends a second the disk makes durable, one after the other."""
    end = time.monotonic() + 1
    count = 0
    with open(folder / "flush", "wb", buffering=0) as file:
        while time.monotonic() < end:
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            count += 1
    return count


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--bin", default="build/release/bin", type=Path)
    options.add_argument("--seconds", default=3, type=int)
    options.add_argument("--leases", default=[10, 10_000, 60_000], type=int, nargs="+")
    chosen = options.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        flushes = flushes_a_second(folder)
        for leases in chosen.leases:
            place = folder / str(leases)
            place.mkdir()
            keeper = Keeper(chosen.bin.resolve() / "frp-port-keeper", place)
            try:
                keeper.fill(place, leases)
                for connections in (1, 64):
                    known = keeper.wrk(place, connections, chosen.seconds, leases, "p", "tcp")
                    new = keeper.wrk(place, connections, chosen.seconds, 0, f"n{connections}.",
                                     "udp")
                    rows.append((leases, connections, *known, *new))
            finally:
                keeper.stop()
    print(f"flushes of the disk, one after the other: {flushes} per s; load {os.getloadavg()[0]:.1f}")
    print("\n| leases | connections | known/s | p99 | new/s | p99 |\n|---|---|---|---|---|---|",
          flush=True)
    for leases, connections, known, known_p99, new, new_p99 in rows:
        print(f"| {leases} | {connections} | {known:.0f} | {known_p99} | {new:.0f} | {new_p99} |")


if __name__ == "__main__":
    main()
