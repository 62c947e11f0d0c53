"""What a table needs to be understood later: the machine, its limits, versions, the commit."""

import ctypes
import os
import platform
import re
import resource
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESERVED_FDS = 64
CONGESTION = Path("/proc/sys/net/ipv4/tcp_congestion_control")
CLONE_NEWNET = 0x40000000  # <linux/sched.h>

# How each program tells its version; the first number with a dot in what it prints is taken.
VERSION_COMMANDS = {
    "haproxy": ("haproxy", "-v"), "nginx": ("nginx", "-v"), "iperf3": ("iperf3", "--version"),
    "wrk": ("wrk", "-v"), "ssh": ("ssh", "-V"), "socat": ("socat", "-V"),
    "clang": ("clang++-19", "--version"),
}


def raise_fd_limit():
    """Take all the file descriptors that are allowed; returns how many that are."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def has_connections(port):
    """Whether a TCP connection over IPv4 has this local port, but for those that wait out their
    time."""
    listening, timed_wait = "0A", "06"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(int(row[1].partition(":")[2], 16) == port and row[3] not in (listening, timed_wait)
               for row in rows)


def enter_network_with(congestion):
    """Go on in a network of our own where connections begin with this congestion control."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "a network of its own needs root")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    CONGESTION.write_text(congestion)


def connections_within(limit, fds_each):
    """How many connections of `fds_each` descriptors one process may hold."""
    return max(0, (limit - RESERVED_FDS) // fds_each)


def output_of(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False,
                              cwd=ROOT, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip()


def versions():
    found = {}
    for name, command in VERSION_COMMANDS.items():
        match = re.search(r"\d+\.\d+[\w.]*", output_of(*command))
        found[name] = match[0] if match else "not installed"
    return found


def commit():
    """The commit that is measured, marked when the tree differs from it."""
    name = output_of("git", "rev-parse", "--short=12", "HEAD") or "unknown"
    changed = output_of("git", "status", "--porcelain", "--untracked-files=no")
    return name + (" with changes" if changed else "")


def processor():
    match = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return match[1] if match else platform.machine()


def processor_times():
    """(all, idle) seconds of all processors since boot."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(fields) / ticks, (fields[3] + fields[4]) / ticks


def foreign_load(seconds):
    """The share of all processors that is busy while nothing of ours has anything to do."""
    before = processor_times()
    time.sleep(seconds)
    after = processor_times()
    total = after[0] - before[0]
    return 1 - (after[1] - before[1]) / total if total else 0.0


def description(fd_limit):
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "processor": processor(), "processors": os.cpu_count(),
        "memory_gib": round(int(memory[1]) / 2**20, 1), "kernel": platform.release(),
        "fd_limit": fd_limit, "congestion_control": CONGESTION.read_text().strip(),
        "load_at_start": os.getloadavg()[0], "nice": os.nice(0),
    }
