"""Draws the ratios of a run as an SVG: a group of bars for each query, one bar for each system."""
from html import escape

COLOURS = {"hand-written C++": "#9aa7c0", "DuckDB": "#d8b365", "Braid": "#2b6cb0"}
LEFT, RIGHT, BAR, GAP, TOP, WIDTH = 70, 150, 12, 12, 48, 760


def draw(title: str, ratios: dict) -> str:
    """`ratios`: by query, then by system. The longest bar ends at the largest ratio."""
    most = max(value for systems in ratios.values() for value in systems.values())
    scale = (WIDTH - LEFT - RIGHT) / most
    shapes, y = [], TOP
    for query, systems in ratios.items():
        middle = y + len(systems) * BAR / 2 + 4
        shapes.append(f'<text x="{LEFT - 10}" y="{middle:.0f}" text-anchor="end" class="q">{escape(query)}</text>')
        for system, value in systems.items():
            colour = COLOURS.get(system, "#666")
            shapes.append(f'<rect x="{LEFT}" y="{y}" width="{max(value * scale, 1):.1f}" height="{BAR - 2}" fill="{colour}"/>')
            shapes.append(f'<text x="{LEFT + value * scale + 6:.1f}" y="{y + BAR - 3}" class="v">{value:.2f}</text>')
            y += BAR
        y += GAP
    one = LEFT + scale
    shapes.append(f'<line x1="{one:.1f}" y1="{TOP - 6}" x2="{one:.1f}" y2="{y - GAP + 4}" stroke="#444" stroke-dasharray="3 3"/>')
    legend, x = [], LEFT
    for system in next(iter(ratios.values())):
        legend.append(f'<rect x="{x}" y="26" width="10" height="10" fill="{COLOURS.get(system, "#666")}"/>'
                      f'<text x="{x + 15}" y="35" class="v">{escape(system)}</text>')
        x += 30 + 8 * len(system)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif">\n'
            '<style>.q{font-size:13px;fill:#1d2740}.v{font-size:11px;fill:#444}.h{font-size:14px;fill:#1d2740}</style>\n'
            f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>\n<text x="{LEFT}" y="17" class="h">{escape(title)}</text>\n'
            + "\n".join(legend + shapes) + "\n</svg>\n")
