"""Measurements with many visitors that do nothing: their memory, and whether they hurt the others."""

import json
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from measure import loads, machine
from measure.ours import House
from measure.processes import Failed, await_that

QUICK_IDLE, FULL_IDLE = 500, 2000
CROWD_VISITORS, CROWD_CLIENTS = 15_000, 500


@dataclass(frozen=True)
class Measurement:
    """What a scenario that starts its own peer is given."""
    stage: object
    peer: object
    backends: object
    fd_limit: int
    seconds: float
    quick: bool
    say: object  # (text): a remark for the report


def key_script(keys):
    """A wrk script that shows one key after the other; the caller deletes it."""
    listed = ", ".join(json.dumps(key) for key in keys)
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as file:
        file.write(f"""local requests, turn = {{}}, 0
function init()
  for _, key in ipairs({{ {listed} }}) do
    requests[#requests + 1] = wrk.format("GET", nil, {{ Authorization = key }})
  end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
""")
    return Path(file.name)


def memory_of(processes):
    return sum((process.memory() for process in processes), start=loads.NO_MEMORY)


def memory(on):
    """KB (1024) that each idle connection adds to the peer's processes together."""
    started = on.peer.start(on.stage, on.backends, on.fd_limit)
    processes = list(started.processes.values())
    route = started.routes["web"]
    wanted = min(QUICK_IDLE if on.quick else FULL_IDLE, on.peer.most_idle)
    count = min(wanted, machine.connections_within(on.fd_limit, on.peer.fds_per_visitor))
    if count < wanted:
        on.say(f"memory, {on.peer.name}: {count} idle visitors instead of {wanted}, for the fd limit")
    visitors = loads.IdleVisitors(route)
    try:
        await_that(lambda: loads.answers(route), 10, f"{on.peer.name} answers")
        loads.wrk(route, 0.5, 8)  # what is made once and kept is made before
        idle = loads.settle(lambda: memory_of(processes).pss)
        visitors.add(count)
        held = loads.settle(lambda: memory_of(processes).pss)
        if gone := visitors.gone():
            raise Failed(f"{gone} of {count} idle visitors were ended")
        at_rest = memory_of(processes)
        return loads.Load((held - idle) / 1024 / count, notes={
            "idle visitors": count, "MB at rest (PSS)": round(idle / 2**20, 1),
            "MB with them (RSS)": round(at_rest.rss / 2**20, 1)})
    finally:
        visitors.close()
        on.stage.end(processes)


def crowd(on):
    """Median microseconds of a further visitor beside a crowd; what it was without is noted."""
    options = () if on.peer.name.endswith("-link") else ("--no-link",)
    visitors_wanted = min(CROWD_VISITORS, machine.connections_within(on.fd_limit, 1) - 3000)
    if visitors_wanted < CROWD_VISITORS:
        on.say(f"crowd: {visitors_wanted} idle visitors instead of {CROWD_VISITORS}, for the fd limit")
    house = House(on.stage, "--max-visitors", visitors_wanted + 100, *options)
    clients, visitors = [], loads.IdleVisitors(house.route())
    try:
        clients.append(house.add_client("c0", on.backends.web_port, *options))
        await_that(lambda: loads.answers(house.route()), 10, "the gateway answers")
        before = loads.latency()(house.route(), on.seconds).value
        while len(clients) < CROWD_CLIENTS:
            for _ in range(min(20, CROWD_CLIENTS - len(clients))):
                clients.append(house.add_client(f"c{len(clients)}", on.backends.web_port, *options))
            await_that(lambda: client_count(house) == len(clients), 60,
                       f"{len(clients)} clients are connected")
        visitors.add(visitors_wanted)
        measured = loads.latency()(house.route(), on.seconds)
        gone = visitors.gone()
        if gone or client_count(house) != CROWD_CLIENTS:
            raise Failed(f"{gone} idle visitors ended, {client_count(house)} clients connected")
        measured.notes |= {"idle visitors": visitors_wanted, "clients": CROWD_CLIENTS,
                           "us without them": round(before, 1),
                           "MB of the server (RSS)": round(house.server.memory().rss / 2**20, 1)}
        return measured
    finally:
        visitors.close()
        on.stage.end([house.server, *clients])


def client_count(house):
    with urllib.request.urlopen(f"http://127.0.0.1:{house.ports['api']}/api/clients",
                                timeout=10) as answer:
        return len(json.load(answer)["data"])
