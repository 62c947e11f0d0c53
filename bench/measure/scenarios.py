"""What is measured, and what is asked of ours. One line adds a scenario."""

from dataclasses import dataclass

from measure import crowds, loads


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    unit: str
    route: str               # "web", "bulk", "h2" or "udp"; peers without it are left out
    load: object             # (route, seconds) -> Load; if fresh (measurement) -> Load
    more_is_better: bool = True
    quick: bool = True       # also part of --quick
    fresh: bool = False      # on a peer started for it alone
    only_ours: bool = False
    only_keyed: bool = False  # only peers that check a key on each request
    rounds: int = 0          # 0: as many as the run has

    @property
    def is_of_bytes(self):
        return self.unit in ("GB/s", "MB/s")


def keyed(visitors):
    """Requests that show a different key each time, in turn."""
    def measure(route, seconds):
        script = crowds.key_script(route.keys)
        try:
            return loads.requests(visitors, script=script)(loads.without_headers(route), seconds)
        finally:
            script.unlink()
    return measure


SCENARIOS = (
    Scenario("bulk-1-down", "One bulk stream, service to visitor", "GB/s", "bulk",
             loads.bulk(1, upwards=False)),
    Scenario("bulk-1-up", "One bulk stream, visitor to service", "GB/s", "bulk",
             loads.bulk(1, upwards=True), quick=False),
    Scenario("bulk-8-down", "Eight bulk streams, service to visitors", "GB/s", "bulk",
             loads.bulk(8, upwards=False)),
    Scenario("bulk-8-up", "Eight bulk streams, visitors to service", "GB/s", "bulk",
             loads.bulk(8, upwards=True), quick=False),
    Scenario("bulk-100-down", "A hundred bulk streams, service to visitors", "GB/s", "bulk",
             loads.bulk(100, upwards=False), quick=False),
    Scenario("download-1m", "1 MiB downloads over 8 connections", "MB/s", "web",
             loads.download(8, "/1m")),
    Scenario("keepalive-64", "Keep-alive requests of 64 visitors, 23 B answers", "requests/s",
             "web", loads.requests(64)),
    Scenario("keepalive-1", "Keep-alive requests of one visitor, 23 B answers", "requests/s",
             "web", loads.requests(1), quick=False),
    Scenario("keepalive-8", "Keep-alive requests of 8 visitors, 23 B answers", "requests/s",
             "web", loads.requests(8), quick=False),
    Scenario("keepalive-100", "Keep-alive requests of 100 visitors, 23 B answers", "requests/s",
             "web", loads.requests(100), quick=False),
    Scenario("keepalive-512", "Keep-alive requests of 512 visitors, 23 B answers", "requests/s",
             "web", loads.requests(512), quick=False),
    *(Scenario(f"size-{path[1:]}", f"Keep-alive requests of 64 visitors, answers of {size}",
               "requests/s", "web", loads.requests(64, path), quick=False)
      for path, size in (("/1k", "1 KiB"), ("/16k", "16 KiB"), ("/64k", "64 KiB"),
                         ("/256k", "256 KiB"), ("/1m", "1 MiB"))),
    Scenario("gateway-key", "64 visitors, another of 16 keys with each request", "requests/s",
             "web", keyed(64), only_keyed=True),
    Scenario("h2-gateway", "HTTP/2: 16 requests at once on each of 4 connections, 23 B answers",
             "requests/s", "h2", loads.requests_of_h2(4, 16)),
    Scenario("connect-32", "A new connection for each request, 32 at once", "requests/s", "web",
             loads.requests(32, headers=(("Connection", "close"),))),
    Scenario("latency", "One connection, median", "us", "web", loads.latency(),
             more_is_better=False),
    *(Scenario(f"udp-{size}", f"Datagrams of {size} B, one visitor, at the peak", "datagrams/s",
               "udp", loads.datagrams(size), quick=size == 1200) for size in (64, 1200, 8000)),
    Scenario("memory", "Memory per idle connection, all processes together (PSS)", "KB", "web",
             crowds.memory, more_is_better=False, fresh=True, rounds=1),
    Scenario("crowd", "Median of one more visitor beside 15,000 idle ones and 500 clients", "us",
             "web", crowds.crowd, more_is_better=False, quick=False, fresh=True, only_ours=True,
             rounds=1),
)


@dataclass(frozen=True)
class Target:
    """What is asked: ours in this scenario, at least `of_direct` and `of_best` peer's number.

    Where less is better, at most. `most` is an absolute bound.
    """
    what: str
    scenario: str
    ours: str
    of_direct: float | None = None
    of_best: float | None = None
    most: float | None = None


TARGETS = (
    Target("one bulk stream", "bulk-1-down", "tcp-link", of_direct=0.6, of_best=1.4),
    Target("keep-alive requests through a TCP service", "keepalive-64", "tcp-link", of_best=1.3),
    Target("keep-alive HTTP requests through the gateway", "keepalive-64", "gateway-link",
           of_best=1.0),
    Target("a new connection per request, gateway", "connect-32", "gateway-link", of_best=1.5),
    Target("a new connection per request, TCP service", "connect-32", "tcp-link", of_best=1.5),
    Target("median latency, gateway", "latency", "gateway-link", of_best=1.0),
    Target("median latency, TCP service", "latency", "tcp-link", of_best=1.0),
    Target("datagrams of 1200 B", "udp-1200", "udp-link", of_best=2.0),
    Target("memory per idle connection, gateway", "memory", "gateway-link", most=4.0),
    Target("memory per idle connection, TCP service", "memory", "tcp-link", most=4.0),
)
