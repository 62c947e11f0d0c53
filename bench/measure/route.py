"""Where load is sent, and what was started for it."""

from dataclasses import dataclass

# The keys that visitors show where keys are checked. Ours makes keys of its own instead.
KEYS = tuple(f"Bearer bench-key-{number:04}-{number * 7919:032x}" for number in range(16))


@dataclass(frozen=True)
class Route:
    port: int
    headers: tuple = ()  # of every request
    keys: tuple = KEYS   # values of Authorization that are valid there, where keys are checked
    service_port: int = 0  # "udp" only: where the load's own service has to listen


@dataclass(frozen=True)
class Started:
    routes: dict     # "web", "bulk", "udp", perhaps "h2": a Route
    processes: dict  # "server", "client", perhaps with "-something": a Process
