"""Programs under measurement: started in a folder of their own, watched in /proc, always ended."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")

# A run that is killed leaves nothing behind (util-linux; execs the program, same pid).
OUR_END_IS_ITS_END = ("setpriv", "--pdeathsig", "KILL")


class Failed(Exception):
    """A program or a measurement did not do what it should; the text says what."""


def find_program(name):
    """The path of an installed program; Failed if there is none. sbin counts."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Failed(f"{name} is not installed")
    return path


def await_that(condition, seconds, what):
    """Wait until `condition()` is true; Failed after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.01)


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def udp_port_is_open(port):
    """Whether a UDP socket is bound to `port` (proc(5), /proc/net/udp)."""
    return any(line.split()[1].endswith(f":{port:04X}")
               for line in Path("/proc/net/udp").read_text().splitlines()[1:])


def free_port(taken=set(), low=20000, high=32000):
    """A port nobody listens on, outside of the range that connections get theirs from."""
    for _ in range(1000):
        port = random.randrange(low, high)
        if port in taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        taken.add(port)
        return port
    raise Failed("no free port")


@dataclass(frozen=True)
class Memory:
    """Bytes. `pss` shares what several processes have in common, `rss` counts it for each."""
    rss: int
    pss: int

    def __add__(self, other):
        return Memory(self.rss + other.rss, self.pss + other.pss)


def stat_fields(pid):
    """/proc/PID/stat from the third field on; None when the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def children_of(pid):
    children = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            text = Path(f"/proc/{pid}/task/{task}/children").read_text()
            children += [int(word) for word in text.split()]
    except OSError:
        pass
    return children


class Process:
    """One started program and its descendants. Output goes to NAME.log in its folder."""

    def __init__(self, name, command, folder, env=None):
        self.name, self.folder = name, folder
        self.log_file = folder / f"{name}.log"
        with open(self.log_file, "ab") as log:
            self._process = subprocess.Popen(
                [*OUR_END_IS_ITS_END, *map(str, command)], cwd=folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
                env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
                     **(env or {})})

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process.poll() is None

    def tree(self):
        """The pids of the program and all that it started."""
        found, pending = [], [self.pid]
        while pending:
            pid = pending.pop()
            found.append(pid)
            pending += children_of(pid)
        return found

    def cpu_seconds(self):
        """User and system time of the tree so far, ended and awaited descendants included."""
        ticks = 0
        for pid in self.tree():
            if fields := stat_fields(pid):
                ticks += sum(int(field) for field in fields[11:15])
        return ticks / TICKS

    def memory(self):
        total = Memory(0, 0)
        for pid in self.tree():
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
            except OSError:
                continue
            sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines}
            total += Memory(sizes["Rss:"], sizes["Pss:"])
        return total

    def fds(self):
        """How many descriptors are open, without those of pipes: ours keeps each pipe that it ever
        needed for another splice, up to 64 per worker."""
        folder, count = Path(f"/proc/{self.pid}/fd"), 0
        for name in os.listdir(folder):
            try:
                count += not os.readlink(folder / name).startswith("pipe:")
            except FileNotFoundError:
                pass  # closed meanwhile
        return count

    def end_of_log(self):
        lines = self.log_file.read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:])[-300:]

    def await_port(self, port, seconds=10):
        """Wait until the program listens on `port`; Failed with its log if it ends before."""
        await_that(lambda: is_listening(port) or not self.running, seconds,
                   f"{self.name} listens: {self.end_of_log()}")
        self.must_run()

    def must_run(self):
        if not self.running:
            code = self._process.returncode
            how = f"by signal {-code}" if code < 0 else f"with {code}"
            raise Failed(f"{self.name} ended {how}: {self.end_of_log()}")

    def send(self, number):
        self._process.send_signal(number)

    def ends_with(self, seconds=10):
        """Wait for the program's own end; returns its exit code."""
        return self._process.wait(seconds)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self, seconds=3):
        """SIGTERM, and SIGKILL for whatever of the tree is still there after `seconds`."""
        family = self.tree()
        if self.running:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pid in family[1:]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return self._process.returncode


class Stage:
    """Where programs run: a temporary folder, and the promise that all of them end with it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="frpx-bench-"))
        self.folder.chmod(0o755)  # nginx may give up root and must still read its files
        self._processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def make_folder(self, name):
        folder = Path(tempfile.mkdtemp(prefix=name + "-", dir=self.folder))
        folder.chmod(0o755)
        return folder

    def start(self, name, command, folder, env=None):
        process = Process(name, command, folder, env)
        self._processes.append(process)
        return process

    def end(self, processes):
        """End these before the stage does."""
        for process in reversed(processes):
            process.stop()
            self._processes.remove(process)
