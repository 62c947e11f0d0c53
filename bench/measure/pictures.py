"""One picture for each scenario: a bar for each peer, with the spread over its rounds."""

from xml.sax.saxutils import escape

WIDTH, LABELS, NUMBERS = 760, 150, 110
ROW, TOP, BOTTOM = 26, 44, 30
COLOURS = {"ours": "#1f6f8b", "peer": "#a8b5ba", "direct": "#dfe4e6"}


def bars(scenario, results, peers):
    """An SVG picture; empty when nothing was measured."""
    shown = [(peer, cell) for peer in peers
             if (cell := results.of(scenario).get(peer.name)) is not None]
    longest = max((max(cell.values) for _, cell in shown if cell.loads), default=0)
    if not longest:
        return ""
    scale = (WIDTH - LABELS - NUMBERS) / longest
    height = TOP + ROW * len(shown) + BOTTOM
    better = "more is better" if scenario.more_is_better else "less is better"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="22" font-size="14" font-weight="bold">{escape(scenario.title)}</text>',
        f'<text x="12" y="{height - 10}" fill="#667">{scenario.unit}, {better}; '
        "the line shows the least and the most of all rounds</text>"]
    for row, (peer, cell) in enumerate(shown):
        parts += one_bar(TOP + ROW * row, peer, cell, scale)
    return "\n".join([*parts, "</svg>"]) + "\n"


def one_bar(top, peer, cell, scale):
    middle = top + ROW / 2
    yield (f'<text x="{LABELS - 8}" y="{middle + 4}" text-anchor="end">'
           f"{escape(peer.name)}</text>")
    if not cell.loads:
        yield f'<text x="{LABELS}" y="{middle + 4}" fill="#b00020">failed</text>'
        return
    kind = "ours" if peer.ours else "direct" if peer.name == "direct" else "peer"
    yield (f'<rect x="{LABELS}" y="{top + 4}" width="{cell.median * scale:.1f}" '
           f'height="{ROW - 8}" fill="{COLOURS[kind]}"/>')
    low, high = (LABELS + value * scale for value in (min(cell.values), max(cell.values)))
    yield (f'<path d="M{low:.1f} {middle} H{high:.1f} M{low:.1f} {middle - 4} v8 '
           f'M{high:.1f} {middle - 4} v8" stroke="#222" fill="none"/>')
    yield (f'<text x="{high + 6:.1f}" y="{middle + 4}">{cell.median:,.4g}</text>'
           if cell.median < 1000 else
           f'<text x="{high + 6:.1f}" y="{middle + 4}">{cell.median:,.0f}</text>')
