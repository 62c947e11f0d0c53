"""A real PostgreSQL and a real Redis, as Debian installs them, in temporary folders on loopback."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from support.net import free_port
from support.waiting import seconds, wait_for

DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")


def newest_postgres():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "there is no PostgreSQL; run scripts/install-deps.sh test"
    return found[-1].parent


class _Server:
    def _start(self, answers):
        """Start the process until it answers; a port that was taken is exchanged, once."""
        for _ in range(5):
            with open(self.folder / "log", "ab") as log:
                self.process = subprocess.Popen(self._command(), stdout=log, stderr=log,
                                                stdin=subprocess.DEVNULL, cwd="/")
            wait_for(lambda: self.process.poll() is not None or answers(), 30,
                     lambda: (self.folder / "log").read_text(errors="replace")[-2000:])
            if self.process.poll() is None:
                return
            if not self.has_started:
                self.port = free_port()
        raise AssertionError((self.folder / "log").read_text(errors="replace")[-2000:])

    def _signal(self, number):
        for pid in self._processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def freeze(self):
        """Hang: connections are taken by the kernel, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)

    def kill(self):
        """The end, at once."""
        if self.process.poll() is None:
            self.thaw()
            self.process.send_signal(self.END)
            self.process.wait(seconds(30))

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres(_Server):
    """One cluster; `url(name)` of a database made by `database()`."""

    END = signal.SIGQUIT

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="frpx-postgres-"))
        self.programs = newest_postgres()
        self.port, self.has_started = free_port(), False
        self.user = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self.user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
        subprocess.run([*self.user, self.programs / "initdb", "-D", self.folder / "data", "-U",
                        "frpx", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                        "--no-instructions"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.start()

    def _command(self):
        settings = ["fsync=off", "full_page_writes=off", "shared_buffers=16MB", "autovacuum=off"]
        return [*self.user, *DIES_WITH_US, self.programs / "postgres", "-D", self.folder / "data",
                "-k", self.folder, "-h", "127.0.0.1", "-p", str(self.port),
                *(word for setting in settings for word in ("-c", setting))]

    def _processes(self):
        """The server and its children, each of which is a process group of its own."""
        pids = [self.process.pid]
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid:
                pids.append(int(stat.parent.name))
        return pids

    def start(self):
        self._start(lambda: self._psql("postgres", "SELECT 1").returncode == 0)
        self.has_started = True

    def _psql(self, name, sql):
        return subprocess.run([self.programs / "psql", "-X", "-q", "-A", "-t", "-v",
                               "ON_ERROR_STOP=1", "-d", self.url(name), "-c", sql],
                              capture_output=True, text=True, check=False, timeout=seconds(20))

    def sql(self, name, sql):
        """Run SQL as somebody would by hand; returns the rows as a list of texts."""
        done = self._psql(name, sql)
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\n")[:-1]

    def database(self, name):
        self.sql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.sql("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name):
        return f"postgres://frpx@127.0.0.1:{self.port}/{name}"


class Redis(_Server):
    END = signal.SIGKILL

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="frpx-redis-"))
        self.port, self.has_started = free_port(), False
        self.start()

    def _command(self):
        return [*DIES_WITH_US, "/usr/bin/redis-server", "--bind", "127.0.0.1", "--port",
                str(self.port), "--save", "", "--appendonly", "no", "--dir", str(self.folder)]

    def _processes(self):
        return [self.process.pid]

    def start(self):
        self._start(lambda: self.cli("PING") == "PONG")
        self.has_started = True

    def cli(self, *words):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True,
                              text=True, check=False, timeout=seconds(20))
        return done.stdout.strip()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"
