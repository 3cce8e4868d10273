"""Drawings as SVG made on the server: they need no script, and only attributes, which the content policy allows."""

from collections.abc import Sequence

from markupsafe import Markup

from hone.server.ui._mark import joined, mark
from hone.server.ui._shapes import Row, Share

_WIDE, _HIGH = 120, 28


def spark(points: Sequence[float | None]) -> Markup:
    """A line through the points that are known, gaps left open. Decoration: the figure beside it says the number."""
    known = [point for point in points if point is not None]
    if not known:
        return mark('<svg class="spark" viewBox="0 0 120 28" aria-hidden="true"></svg>')
    low, high = min(0.0, *known), max(known)
    step, span = _WIDE / max(1, len(points) - 1), (high - low) or 1.0
    runs: list[list[str]] = [[]]
    for index, point in enumerate(points):
        if point is None:
            runs.append([])
        else:
            runs[-1].append(f"{index * step:.1f},{2 + (_HIGH - 4) * (1 - (point - low) / span):.1f}")
    lines = joined([mark('<polyline points="{}"/>', " ".join(_at_least_two(run))) for run in runs if run])
    return mark('<svg class="spark" viewBox="0 0 120 28" preserveAspectRatio="none" aria-hidden="true">{}</svg>', lines)


def _at_least_two(run: list[str]) -> list[str]:
    """A lone point is drawn as a short stroke."""
    if len(run) > 1:
        return run
    x, y = run[0].split(",")
    return [f"{max(0.0, float(x) - 4):.1f},{y}", run[0]]


def bar(value: float, most: float) -> Markup:
    """A thin bar, as long as `value` is of `most`."""
    width = 60 * value / most if most else 0.0
    return mark(
        '<svg class="bar" viewBox="0 0 60 6" aria-hidden="true"><rect width="{}" height="6"/></svg>', f"{width:.1f}"
    )


def used_of(used: float, held: float, limit: float) -> Markup:
    """A rail as long as a limit: what is used of it, then what is held. The numbers beside it say the same."""
    whole = limit or 1.0
    first = min(1.0, used / whole) * 120
    second = min(120 - first, held / whole * 120)
    frame = (
        '<svg class="used{}" viewBox="0 0 120 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="all" width="120" height="6"/><rect class="gone" width="{}" height="6"/>'
        '<rect class="held" x="{}" width="{}" height="6"/></svg>'
    )
    return mark(frame, " full" if used + held >= whole else "", f"{first:.1f}", f"{first:.1f}", f"{second:.1f}")


def waterfall(row: Row) -> Markup:
    """The span as a bar in the time of its trace, its own time darker, a tick at the first token."""
    parts = [mark('<rect class="whole" x="{}" y="5" width="{}" height="10" rx="1"/>', *_place(row.at, row.long))]
    parts += [mark('<rect class="self" x="{}" y="5" width="{}" height="10"/>', *_place(*own)) for own in row.own]
    if row.first_token is not None:
        parts.append(mark('<rect class="tick" x="{}" y="1" width="2.5" height="18"/>', f"{row.first_token * 1000:.1f}"))
    frame = '<svg class="fall {}" viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
    return mark(frame, row.status, joined(parts))


def _place(at: float, long: float) -> tuple[str, str]:
    """What is too short to see is still drawn."""
    return f"{min(at * 1000, 997):.1f}", f"{max(long * 1000, 3):.1f}"


def shares(parts: Sequence[Share]) -> Markup:
    """A rail whose pieces are as long as their shares; the words beside it say which is which."""
    x, pieces = 0.0, []
    for index, part in enumerate(parts):
        pieces.append(
            mark(
                '<rect class="{}" x="{}" width="{}" height="8"><title>{}</title></rect>',
                "production" if index == 0 else "canary",
                f"{x:.1f}",
                f"{max(part.share * 200 - 1, 1):.1f}",
                part.name,
            )
        )
        x += part.share * 200
    said = ", ".join(f"{part.name} {part.share:.0%}" for part in parts)
    frame = '<svg class="shares" viewBox="0 0 200 8" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    return mark(frame, said, joined(pieces))
