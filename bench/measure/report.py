"""The results as Markdown, JSON and pictures."""

import json

from measure import pictures
from measure.results import verdicts


def number(value):
    if value is None:
        return ""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def ratio(value, base):
    return f"{value / base:.2f}" if value is not None and base else ""


def rows_of(scenario, results, peers):
    direct = results.median(scenario, "direct")
    best = results.best_rival(scenario, peers)
    for peer in peers:
        cell = results.of(scenario).get(peer.name)
        if cell is None:
            continue
        value = cell.median
        spread = (f"{number(min(cell.values))} to {number(max(cell.values))}"
                  if len(cell.loads) > 1 else "")
        shown = f"**{number(value)}**" if peer.ours and cell.loads else number(value)
        yield (peer.name, shown if cell.loads else "failed", spread,
               ratio(value, direct) if peer.name != "direct" else "",
               ratio(value, best and best[0]) if peer.name != "direct" else "",
               *(number(cpu) for cpu in cpu_columns(cell, scenario.is_of_bytes)), cell.notes())


def cpu_columns(cell, of_bytes):
    each = [cell.cpu_per_unit(side, of_bytes) for side in ("server", "client", "service", "load")]
    known = [cpu for cpu in each if cpu is not None]
    return [*each, sum(known) if known else None]


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(str(word).replace("|", "/") for word in row) + " |"
                    for row in rows]


def markdown(about, results, scenarios, targets, peers):
    lines = ["# Measured beside the peers", ""]
    lines += [f"- {name}: {value}" for name, value in about["run"].items()]
    lines += [f"- machine: {', '.join(f'{k} {v}' for k, v in about['machine'].items())}",
              f"- versions: {', '.join(f'{k} {v}' for k, v in about['versions'].items())}"]
    lines += [f"- {remark}" for remark in about["remarks"]]
    lines += ["", "Take ratios within a run, not absolute numbers: everything shares one machine. "
              "CPU is microseconds per request, or seconds per GB where streams are measured by "
              "bytes; *server* and *client* are the tunnel's two ends, *service* is what stands "
              "behind it, *load* the load generator, *all* their sum. docs/performance.md explains the scenarios.",
              ""]
    header = ("scenario", "peer", "median", "spread", "of direct", "of best peer", "CPU server",
              "CPU client", "CPU service", "CPU load", "CPU all", "notes")
    rows = []
    for scenario in scenarios:
        name = f"**{scenario.name}** ({scenario.unit})"
        for row in rows_of(scenario, results, peers):
            rows.append((name, *row))
            name = ""
    lines += table(header, rows)
    lines += ["", "What is asked of ours:", ""]
    lines += table(("what", "asked", "measured", "met"),
                   [(what, asked, measured, {True: "yes", False: "no", None: ""}[met])
                    for what, asked, measured, met in verdicts(results, scenarios, targets, peers)])
    lines += [""]
    for scenario in scenarios:
        if results.of(scenario):
            lines += [f"![{scenario.title}]({scenario.name}.svg)", ""]
    lines += table(("peer", "what it is"), [(peer.name, peer.what) for peer in peers])
    return "\n".join(lines) + "\n"


def as_json(about, results, scenarios, peers):
    measured = {}
    for scenario in scenarios:
        measured[scenario.name] = {
            "title": scenario.title, "unit": scenario.unit,
            "peers": {name: {"median": cell.median, "values": cell.values,
                             "failures": cell.failures,
                             "rounds": [{"requests": load.requests, "bytes": load.bytes,
                                         "cpu_seconds": cpu, "notes": load.notes}
                                        for load, cpu in zip(cell.loads, cell.cpu)]}
                      for name, cell in results.of(scenario).items()}}
    return json.dumps({**about, "scenarios": measured}, indent=1) + "\n"


def write(folder, about, results, scenarios, targets, peers):
    """Write table.md, table.json and a picture for each scenario; returns the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    text = markdown(about, results, scenarios, targets, peers)
    (folder / "table.md").write_text(text)
    (folder / "table.json").write_text(as_json(about, results, scenarios, peers))
    for scenario in scenarios:
        if picture := pictures.bars(scenario, results, peers):
            (folder / f"{scenario.name}.svg").write_text(picture)
    return text
