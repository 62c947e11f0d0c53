"""The port keeper as a process, and the public frp server as it asks one."""

import json

from support import raw_http
from support.programs import BIN, Program
from support.waiting import wait_for

PATH = "/port-registrations"
UNCHANGED = b'{"reject":false,"unchange":true}'
INVALID = (b'{"error":"VALIDATEERR","message":"Invalid inputs. '
           b'Please check your frpc.ini config"}')
EXHAUSTED = b'{"reject":true,"reject_reason":"NO_MORE_FREE_PORTS_LEFT"}'


def compact(value):
    """JSON as Go's encoder writes it: no white space."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def content_of(name, kind="tcp", user="u", run_id="r1", **more):
    """The content of a NewProxy as frp 0.5x and 0.6x send it; fields come only when set."""
    return compact({"user": {"user": user, "metas": None, "run_id": run_id}, "proxy_name": name,
                    "proxy_type": kind, **more})


def request(op, content, path=PATH, host="127.0.0.1:8080"):
    """The exact bytes of one call."""
    body = f'{{"version":"0.1.0","op":"{op}","content":{content}}}'.encode()
    head = (f"POST {path}?op={op}&version=0.1.0 HTTP/1.1\r\nHost: {host}\r\n"
            f"User-Agent: Go-http-client/1.1\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/json\r\nX-Frp-Reqid: 9b1f7f2f0a5c4f43\r\n"
            "Accept-Encoding: gzip\r\n\r\n")
    return head.encode() + body


class Keeper(Program):
    """A running `frp-port-keeper`."""

    def __init__(self, folder, options, name="keeper", env=None):
        self.ready_file = folder / f"{name}.ready.json"
        self.ready_file.unlink(missing_ok=True)
        place = [] if "--listen" in options or "PORT" in (env or {}) else ["--listen",
                                                                          "127.0.0.1:0"]
        super().__init__(name, [BIN / "frp-port-keeper", *place, "--ready-file", self.ready_file,
                                *options], folder, env)

    def ready(self, limit=10):
        wait_for(lambda: self.ready_file.exists() or not self.running, limit,
                 lambda: f"{self.name} listens:\n{self.log()[-3000:]}")
        assert self.running, f"{self.name} ended at once:\n{self.log()[-3000:]}"
        self.port = json.loads(self.ready_file.read_text())["port"]
        return self

    def visitor(self):
        return raw_http.Visitor(self.port)

    def ask(self, op, content, path=PATH):
        """One call of frps; returns the answer."""
        with self.visitor() as frps:
            return frps.send(request(op, content, path)).response()

    def new_proxy(self, name, kind="tcp", **more):
        """The port that a proxy gets, or the reason why not."""
        answer = self.ask("NewProxy", content_of(name, kind, **more))
        assert answer.status == 200, answer
        said = answer.json()
        if said.get("reject"):
            return said["reject_reason"]
        assert said["unchange"] is False
        return said["content"]["remote_port"]

    def fetch(self, method, target, body=None, headers=(), host=None):
        body = body.encode() if body is not None else None
        return raw_http.fetch(self.port, method, target, body, key=None, headers=headers,
                              host=host or f"127.0.0.1:{self.port}")

    def leases(self):
        """All leases by name, as the API lists them."""
        answer = self.fetch("GET", "/leases")
        assert answer.status == 200, answer
        return {one["proxy"]: one for one in answer.json()["leases"]}


def start(lab, *options, name="keeper", env=None, ready=True, folder=None):
    """Start a keeper that keeps its leases in the lab's folder."""
    if not any("database" in str(o) for o in options) and "DB_PATH" not in (env or {}):
        options = (*options, "--database-url", f"sqlite:{lab.folder}/keeper.db")
    keeper = Keeper(folder or lab.folder, options, name, env)
    lab.programs.append(keeper)
    return keeper.ready() if ready else keeper


def command(lab, *arguments, env=None):
    """`frp-port-keeper lease ...` on the lab's leases."""
    return lab.run("frp-port-keeper", "lease", *arguments, "--database-url",
                   f"sqlite:{lab.folder}/keeper.db", env=env)
