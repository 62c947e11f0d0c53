"""The programs under test, started as a user starts them: real processes, port 0, own folders.

A `Lab` starts everything a test needs and ends it afterwards: each program that still runs gets
SIGTERM and must exit with 0, no program may have written a sanitizer's report, and the logs of a
failed test are shown. Programs come from the folder in FRPX_BIN, else from build/release/bin.
"""

import functools
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from support import raw_http
from support.waiting import seconds, wait_for

BIN = Path(os.environ.get("FRPX_BIN") or Path(__file__).parents[2] / "build/release/bin")

DEMO_USER = ("test@example.com", "123456")
DEMO_KEYS = ("abc123", "test-api-key-123")

# The drain deadline of the programs (10 s), and a little for a loaded machine.
STOP_LIMIT = 12

# A test run that is killed leaves nothing behind (util-linux; execs the program, same pid).
OUR_END_IS_ITS_END = ("setpriv", "--pdeathsig", "KILL")

SANITIZER_REPORT = re.compile(
    r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|WARNING: ThreadSanitizer|runtime error:")


def environment(folder, **more):
    """What a program sees: nothing of the caller's but the path, and a home of its own."""
    fixed = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "LANG": "C.UTF-8",
        "ASAN_OPTIONS": "detect_leaks=1:exitcode=99",
        "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99:print_stacktrace=1",
        "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "exitcode=99"),
    }
    return {**fixed, **{name: str(value) for name, value in more.items()}}


def tool(name):
    """The path of a program that `scripts/install-deps.sh test` installs; fails without it."""
    path = shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")
    assert path, f"{name} is missing: scripts/install-deps.sh test"
    return path


class Program:
    """One started program. Standard output and error go to one log file."""

    def __init__(self, name, arguments, folder, env=None, **popen):
        self.name, self.folder = name, folder
        self.log_file = folder / f"{name}.log"
        self.expected_code = 0
        self._asked = self._checked = False
        folder.mkdir(parents=True, exist_ok=True)
        popen.setdefault("stdin", subprocess.DEVNULL)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [*OUR_END_IS_ITS_END, *map(str, arguments)], cwd=folder,
                env=environment(folder, **(env or {})), stdout=log, stderr=log,
                start_new_session=True, **popen)

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process.poll() is None

    def log(self):
        return self.log_file.read_text(errors="replace")

    def says(self, text, limit=10):
        """Wait until the log matches the regular expression `text`; returns the match."""
        return wait_for(lambda: re.search(text, self.log()), limit,
                        lambda: f"{self.name} logs {text!r}:\n{self.log()[-3000:]}")

    def ends(self, limit=10):
        """Wait for the program's own end; returns its exit code."""
        wait_for(lambda: not self.running, limit,
                 lambda: f"{self.name} ends:\n{self.log()[-3000:]}")
        self._checked = True
        return self.process.returncode

    def ask_to_stop(self):
        """SIGTERM, once; a frozen program is thawed first."""
        if self.running and not self._asked:
            self._asked = True
            self.thaw()
            self.process.terminate()

    def stop(self, limit=STOP_LIMIT):
        """SIGTERM; it must exit with 0 within `limit` seconds."""
        if self.running:
            self.ask_to_stop()
            try:
                self.process.wait(seconds(limit))
            except subprocess.TimeoutExpired:
                self.kill()
                late = f"{self.name} outlived SIGTERM by {seconds(limit):g} s"
                raise AssertionError(late) from None
        if not self._checked:
            self._checked = True
            code = self.process.returncode
            assert code == self.expected_code, f"{self.name} exited with {code}"

    def kill(self):
        """kill -9, and the end awaited."""
        self._checked = True
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def fds(self):
        """How many file descriptors it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory(self):
        """Resident memory in bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def report(self):
        """The sanitizer's report in its log, or None."""
        log = self.log()
        found = SANITIZER_REPORT.search(log)
        return log[found.start():][:4000] if found else None


class Server(Program):
    """A running `frps`; `control`, `proxy`, `public` and `api` are its ports."""

    PORTS = ("--control-port", "--proxy-port", "--public-port", "--api-port")

    def __init__(self, folder, name, options, env=None, binary=BIN / "frps", **popen):
        self.ready_file = folder / f"{name}.ready.json"
        self.ready_file.unlink(missing_ok=True)
        free = [word for port in self.PORTS if port not in options for word in (port, 0)]
        super().__init__(name, [binary, *free, "--ready-file", self.ready_file, *options], folder,
                         env, **popen)

    def ready(self, limit=10):
        """Wait until all ports listen; returns itself."""
        wait_for(lambda: self.ready_file.exists() or not self.running, limit,
                 lambda: f"{self.name} listens:\n{self.log()[-3000:]}")
        assert self.running, f"{self.name} ended at once:\n{self.log()[-3000:]}"
        self.ports = json.loads(self.ready_file.read_text())
        self.control, self.proxy = self.ports["control"], self.ports["proxy"]
        self.public, self.api_port = self.ports["public"], self.ports["api"]
        return self

    def fetch(self, *arguments, **options):
        """One request to the public port (see raw_http.fetch)."""
        return raw_http.fetch(self.public, *arguments, **options)

    def visitor(self, **options):
        return raw_http.Visitor(self.public, **options)

    def api(self, target, method="GET", host=None, headers=(), body=None):
        """One request to the API, which needs no key."""
        return raw_http.fetch(self.api_port, method, target, body, key=None, headers=headers,
                              host=host or f"127.0.0.1:{self.api_port}")

    def clients(self):
        """The clients that the API lists, by id."""
        answer = self.api("/api/clients")
        assert answer.status == 200, answer
        return {entry["client_id"]: entry for entry in answer.json()["data"]}

    def has(self, *ids, limit=10):
        """Wait until exactly these clients are connected; returns the server."""
        wait_for(lambda: set(self.clients()) == set(ids), limit,
                 lambda: f"clients are {ids}, not {set(self.clients())}")
        return self

    def models_of(self, client_id):
        """The names of the models that a client reported."""
        entry = self.clients().get(client_id) or {}
        return {m["id"] if isinstance(m, dict) else m for m in entry.get("models") or []}

    def learns(self, client_id, *models, limit=15):
        """Wait until the client is known to have exactly these models."""
        wait_for(lambda: self.models_of(client_id) == set(models), limit,
                 lambda: f"{client_id} reports {models}: {self.clients()}")


class Lab:
    """Everything one test started, and the promise that it ends well."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.programs = []
        self._others = []

    def add(self, thing):
        """Have `thing.stop()` called at the end; returns `thing`."""
        self._others.append(thing)
        return thing

    def frps(self, *options, name="frps", demo=True, ready=True, env=None, workers=2, **popen):
        """Start a server: `--demo`, or on SQLite in a data folder named after it."""
        kind = ["--demo"] if demo else ["--bind", "127.0.0.1"]
        if not demo and "--data-dir" not in options:
            kind += ["--data-dir", self.folder / f"{name}-data"]
        server = Server(self.folder, name, [*kind, "--workers", workers, *options], env, **popen)
        self.programs.append(server)
        return server.ready() if ready else server

    def frpc(self, server, client_id, local_port, *options, user=DEMO_USER, env=None, host=None,
             **popen):
        """Start a client in a folder of its own; `server` needs `control` and `proxy`.

        Without a `local_port` its services are named by the options.
        """
        login = ["--email", user[0], "--password", user[1]] if user else []
        # So that what reaches the service is what the test is about.
        quiet = [] if "--models-interval" in options else ["--models-interval", "10s"]
        arguments = [BIN / "frpc", "-c", client_id, "-s", host or "127.0.0.1",
                     "--control-port", server.control, "--proxy-port", server.proxy,
                     *(["--local-port", local_port] if local_port else []),
                     *login, *quiet, *options]
        folder = self.folder / f"client-{client_id}"
        client = Program(f"frpc-{client_id}", arguments, folder, env, **popen)
        self.programs.append(client)
        return client

    def run(self, program, *arguments, limit=30, env=None, folder=None, **options):
        """Run a program to its end; returns what subprocess.run returns, with text output."""
        folder = folder or self.folder
        folder.mkdir(parents=True, exist_ok=True)
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **options}
        done = subprocess.run([str(BIN / program), *map(str, arguments)], cwd=folder, text=True,
                              stderr=subprocess.PIPE, timeout=seconds(limit), check=False,
                              start_new_session=True, env=environment(folder, **(env or {})),
                              **options)
        found = SANITIZER_REPORT.search(done.stderr)
        assert not found, done.stderr
        return done

    def house(self, *ids, options=(), models=("tiny",), client=()):
        """A demo server and, for each id, a local service of that name with a client before it,
        which gets the options `client`.

        Returns (server, {id: service}, {id: client}), everything connected.
        """
        from support.fake_ollama import FakeOllama
        server = self.frps(*options)
        services = {i: self.add(FakeOllama(i, models)) for i in ids}
        clients = {i: self.frpc(server, i, services[i].port, *client) for i in ids}
        server.has(*ids)
        return server, services, clients

    def close(self):
        """End everything, all programs at once; raises with all that went wrong."""
        problems = []
        for program in self.programs:
            program.ask_to_stop()
        started = [*reversed(self.programs), *reversed(self._others)]
        for thing in started:
            try:
                thing.stop()
            except AssertionError as problem:
                problems.append(str(problem))
        for program in self.programs:
            if report := program.report():
                problems.append(f"{program.name}: {report}")
        assert not problems, "\n".join(problems)

    def logs(self):
        """The log of every program, for the report of a failed test."""
        return [(p.name, p.log()[-8000:]) for p in self.programs]


@functools.cache
def under_sanitizer():
    """Whether the programs under test were built with a sanitizer, which slows them down."""
    frps = BIN / "frps"
    return frps.exists() and bool(re.search(rb"__[at]san_init", frps.read_bytes()))
