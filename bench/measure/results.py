"""What the rounds yield, and what is said of it: medians, spread, ratios."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Cell:
    """One peer in one scenario: a Load for each round that went well, a reason for each other."""
    loads: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    cpu: list = field(default_factory=list)  # of each load: {side: seconds}

    @property
    def values(self):
        return [load.value for load in self.loads]

    @property
    def median(self):
        return median(self.values) if self.loads else None

    def cpu_per_unit(self, side, of_bytes):
        """Microseconds per request; or seconds per GB (10^9), `of_bytes`."""
        shares = []
        for load, cpu in zip(self.loads, self.cpu):
            done = load.bytes / 1e9 if of_bytes else load.requests / 1e6
            if side in cpu and done:
                shares.append(cpu[side] / done)
        return median(shares) if shares else None

    def notes(self):
        said = [f"{name}: {value}" for name, value in
                (self.loads[-1].notes.items() if self.loads else ())]
        if self.failures:
            lost = f"{len(self.failures)} of {len(self.failures) + len(self.loads)} rounds"
            said.append(f"failed ({lost}): {self.failures[-1]}")
        return "; ".join(said)


class Results:
    """Cells by scenario and peer, in the order in which they are to be shown."""

    def __init__(self):
        self._cells = {}

    def cell(self, scenario, peer):
        return self._cells.setdefault(scenario.name, {}).setdefault(peer.name, Cell())

    def of(self, scenario):
        return self._cells.get(scenario.name, {})

    def median(self, scenario, peer_name):
        cell = self.of(scenario).get(peer_name)
        return cell.median if cell else None

    def best_rival(self, scenario, peers):
        """(median, name) of the best peer that is not ours and not direct, or None."""
        rivals = [(cell.median, peer.name) for peer in peers
                  if not peer.ours and peer.name != "direct"
                  and (cell := self.of(scenario).get(peer.name)) and cell.loads]
        if not rivals:
            return None
        return max(rivals) if scenario.more_is_better else min(rivals)


def verdicts(results, scenarios, targets, peers):
    """For each target: (what, asked, measured, whether it is met or None)."""
    by_name = {scenario.name: scenario for scenario in scenarios}
    for target in targets:
        scenario = by_name.get(target.scenario)
        value = scenario and results.median(scenario, target.ours)
        asked, measured, met = [], [], []
        best = scenario and results.best_rival(scenario, peers)
        direct = scenario and results.median(scenario, "direct")
        for factor, base, of in ((target.of_direct, direct, "of direct"),
                                 (target.of_best, best and best[0], "of the best peer")):
            if factor is None:
                continue
            asked.append(f"{factor:g} {of}")
            if value is not None and base:
                ratio = value / base
                measured.append(f"{ratio:.2f} {of}" + (f" ({best[1]})" if base == (best or [0])[0]
                                                       else ""))
                met.append(ratio >= factor if scenario.more_is_better else ratio <= factor)
        if target.most is not None:
            asked.append(f"at most {target.most:g} {scenario.unit if scenario else ''}".strip())
            if value is not None:
                measured.append(f"{value:.2f}")
                met.append(value <= target.most)
        yield (f"{target.what} ({target.ours})", ", ".join(asked),
               ", ".join(measured) or "not measured", all(met) if met else None)
