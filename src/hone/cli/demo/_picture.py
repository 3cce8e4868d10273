"""The report's drawings, as SVG with attributes alone."""

from collections.abc import Sequence

from markupsafe import Markup

from hone.cli.demo._failures import KINDS
from hone.cli.demo._story import Measured, Pile, Watched
from hone.evals import rate_always
from hone.store import Release

_WIDE = 640
_LEFT, _RIGHT = 96, 16
_ROW = 28
_TONES = {"not found": "bad", "not used": "warn", "made up": "canary"}


def intervals(found: Sequence[Measured]) -> Markup:
    """Each variant's share of right answers as a dot on its 95 % interval, on one scale."""
    low, high = min(one.low for one in found), max(one.high for one in found)
    low, high = max(0.0, low - 0.05 * (high - low)), min(1.0, high + 0.05 * (high - low))
    rows = []
    for place, one in enumerate(found):
        y = 14 + place * _ROW
        rows.append(
            Markup(
                '<g class="{}"><text x="0" y="{}">{}</text><line class="reach" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<circle cx="{}" cy="{}" r="4"/></g>'
            ).format(
                "open" if place == 0 else "good",
                y + 4,
                one.name,
                _x(one.low, low, high),
                _x(one.high, low, high),
                y,
                y,
                _x(one.mean, low, high),
                y,
            )
        )
    bottom = len(found) * _ROW
    axis = [
        Markup('<text class="axis" x="{}" y="{}" text-anchor="{}">{}</text>').format(
            _x(at, low, high), bottom + 14, anchor, f"{at:.0%}"
        )
        for at, anchor in ((low, "start"), ((low + high) / 2, "middle"), (high, "end"))
    ]
    said = "; ".join(f"{one.name} {one.mean:.1%}, {one.low:.1%} to {one.high:.1%}" for one in found)
    return _frame(bottom + 20, said, [*rows, *axis])


def piles(found: Sequence[tuple[Pile, int]]) -> Markup:
    """The failures of each version as a share of its calls, by what failed."""
    most = max(pile.total / n for pile, n in found) or 1.0
    rows: list[Markup] = []
    for place, (pile, n) in enumerate(found):
        y, x = place * _ROW, float(_LEFT)
        rows.append(Markup('<text x="0" y="{}">{}</text>').format(y + 18, pile.variant))
        for kind in KINDS:
            width = (_WIDE - _LEFT - 60) * pile.counts[kind] / n / most
            rows.append(
                Markup('<rect class="{}" x="{}" y="{}" width="{}" height="16"><title>{}</title></rect>').format(
                    _TONES[kind], f"{x:.1f}", y + 6, f"{max(width - 1, 0):.1f}", f"{kind}: {pile.counts[kind]} of {n}"
                )
            )
            x += width
        rows.append(
            Markup('<text class="axis" x="{}" y="{}">{}</text>').format(f"{x + 6:.1f}", y + 18, f"{pile.total / n:.0%}")
        )
    said = "; ".join(
        f"{pile.variant}: " + ", ".join(f"{pile.counts[kind]} {kind}" for kind in KINDS) for pile, _ in found
    )
    return _frame(len(found) * _ROW + 4, said, rows)


def watch(seen: Watched) -> Markup:
    """What is known of the canary and of the others after every call: bounds that hold at every look."""
    high = 150
    parts = [
        Markup('<text class="axis" x="{}" y="{}" text-anchor="end">{}</text>').format(_LEFT - 8, y, text)
        for y, text in ((14, "100 % right"), (high, "0 %"))
    ]
    step = (_WIDE - _LEFT - _RIGHT) / max(1, len(seen.right) - 1)
    for canary, tone in ((False, "good"), (True, "bad")):
        right = n = 0
        upper, lower, line = [], [], []
        for place, (theirs, was_right) in enumerate(seen.right):
            if theirs == canary:
                right, n = right + was_right, n + 1
            if n:
                low, top = rate_always(right, n, 0.025)
                x = _LEFT + place * step
                upper.append(f"{x:.1f},{_y(top, high)}")
                lower.append(f"{x:.1f},{_y(low, high)}")
                line.append(f"{x:.1f},{_y(right / n, high)}")
        if line:
            band = " ".join([*upper, *reversed(lower)])
            parts.append(Markup('<polygon class="band {}" points="{}"/>').format(tone, band))
            parts.append(Markup('<polyline class="line {}" points="{}"/>').format(tone, " ".join(line)))
    parts.append(
        Markup('<text class="axis" x="{}" y="{}" text-anchor="end">{}</text>').format(
            _WIDE - _RIGHT, high + 18, f"call {len(seen.right)}" + (": taken back" if seen.rolled_back else "")
        )
    )
    said = f"Share of right answers of {seen.variant} and of the others, call by call, with bounds that always hold"
    return _frame(high + 24, said, parts)


def rail(history: Sequence[Release]) -> Markup:
    """Who answered which share, release after release."""
    names = list(dict.fromkeys(name for each in history for name in each.weights))
    tones = {name: f"tone{place % 5}" for place, name in enumerate(names)}
    rows: list[Markup] = []
    for place, each in enumerate(history):
        y, x = place * _ROW, float(_LEFT)
        rows.append(Markup('<text x="0" y="{}">{}</text>').format(y + 18, each.action))
        for name, share in sorted(each.weights.items(), key=lambda item: names.index(item[0])):
            width = (_WIDE - _LEFT) * share
            rows.append(
                Markup('<rect class="{}" x="{}" y="{}" width="{}" height="18"/>').format(
                    tones[name], f"{x:.1f}", y + 5, f"{max(width - 1, 1):.1f}"
                )
            )
            rows.append(
                Markup('<text class="on" x="{}" y="{}">{}</text>').format(f"{x + 6:.1f}", y + 18, f"{name} {share:.0%}")
            )
            x += width
    said = "; ".join(
        f"{each.action}: " + ", ".join(f"{name} {share:.0%}" for name, share in each.weights.items())
        for each in history
    )
    return _frame(len(history) * _ROW, said, rows)


def _frame(high: int, said: str, parts: Sequence[Markup]) -> Markup:
    frame = Markup('<svg class="drawing" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return frame.format(_WIDE, high, said, Markup("").join(parts))


def _x(share: float, low: float, high: float) -> str:
    return f"{_LEFT + (_WIDE - _LEFT - _RIGHT) * (share - low) / ((high - low) or 1):.1f}"


def _y(share: float, high: int) -> str:
    return f"{10 + (high - 10) * (1 - share):.1f}"
