"""Plots of evaluations, as SVG of one size with attributes alone. The numbers stand beside each as text."""

from collections.abc import Sequence
from math import floor, log10

from markupsafe import Markup

from hone.datasets import Lengths
from hone.evals import Comparison, Estimate
from hone.server.ui._mark import joined, mark

_WIDE, _HIGH, _EDGE = 260, 20, 8


class Scale:
    """From values to places on a plot's width."""

    def __init__(self, low: float, high: float, wide: float = _WIDE, edge: float = _EDGE) -> None:
        self.low, self.high = low, high if high > low else low + 1.0
        self._wide, self._edge = wide, edge

    def x(self, value: float) -> float:
        """Kept on the plot, whatever the value."""
        share = (value - self.low) / (self.high - self.low)
        return self._edge + (self._wide - 2 * self._edge) * min(1.0, max(0.0, share))

    def at(self, value: float) -> str:
        return f"{self.x(value):.1f}"


def reach_of(ends: Sequence[float]) -> float:
    """A round number that no end is beyond, for a scale with 0 in its middle."""
    most = max((abs(each) for each in ends), default=0.0)
    if most <= 0:
        return 1.0
    ten = 10.0 ** floor(log10(most))
    return next(step * ten for step in (1, 1.5, 2, 3, 4, 5, 7.5, 10) if most <= step * ten * (1 + 1e-9))


def interval(middle: float | None, low: float | None, high: float | None, scale: Scale, tone: str = "plain") -> Markup:
    """A dot on its interval; a dot alone where the interval is unknown. A scale that holds 0 inside shows it."""
    if middle is None:
        return mark("")
    parts = []
    if scale.low < 0 < scale.high:
        parts.append(mark('<line class="zero" x1="{0}" x2="{0}" y1="0" y2="20"/>', scale.at(0.0)))
    if low is not None and high is not None:
        ends = scale.at(low), scale.at(high)
        parts.append(mark('<line class="reach" x1="{}" x2="{}" y1="10" y2="10"/>', *ends))
        parts += [mark('<line class="reach" x1="{0}" x2="{0}" y1="6" y2="14"/>', end) for end in ends]
    parts.append(mark('<circle cx="{}" cy="10" r="4"/>', scale.at(middle)))
    return mark('<svg class="dot {}" viewBox="0 0 260 20" aria-hidden="true">{}</svg>', tone, joined(parts))


def axis(scale: Scale, unit: str = "") -> Markup:
    """The ends and the middle of a scale, under its intervals."""
    middle = (scale.low + scale.high) / 2
    places = ((scale.low, "start", 0.0), (middle, "middle", scale.x(middle)), (scale.high, "end", float(_WIDE)))
    signed = scale.low < 0 < scale.high
    texts = [
        mark('<text x="{}" y="14" text-anchor="{}">{}{}</text>', f"{x:.1f}", anchor, _short(at, signed), unit)
        for at, anchor, x in places
    ]
    return mark('<svg class="dot axis" viewBox="0 0 260 20" aria-hidden="true">{}</svg>', joined(texts))


def _short(value: float, signed: bool) -> str:
    return f"{value:+.3g}".replace("-", "\N{MINUS SIGN}") if signed and value else f"{value:.3g}"


def tone_of(found: Comparison) -> str:
    """Open where the interval holds 0: then the data does not say which is better."""
    if found.difference is None or found.low is None or found.high is None or found.low <= 0 <= found.high:
        return "open"
    return "good" if (found.difference > 0) == (found.direction == "up") else "bad"


def histogram(found: Lengths) -> Markup:
    """One bar a bin, as high as it has values; the last may hold all that is beyond."""
    if not found.bins:
        return mark("")
    most = max(each.count for each in found.bins)
    width = 480 / len(found.bins)
    bars = [
        mark(
            '<rect x="{}" y="{}" width="{}" height="{}"><title>{} to {} characters: {}</title></rect>',
            f"{number * width + 1:.1f}", f"{100 - each.count / most * 96:.1f}", f"{width - 2:.1f}",
            f"{each.count / most * 96:.1f}", f"{each.low:,}", f"{each.high:,}", f"{each.count:,}",
        )
        for number, each in enumerate(found.bins)
    ]  # fmt: skip
    ends = [
        mark('<text x="{}" y="118" text-anchor="{}">{}</text>', x, anchor, f"{value:,}")
        for x, anchor, value in ((1, "start", found.bins[0].low), (479, "end", found.bins[-1].high))
    ]
    middle = found.p50
    place = next(
        (number + (middle - each.low) / (each.high - each.low + 1) for number, each in enumerate(found.bins)
         if each.low <= middle <= each.high), 0.0
    )  # fmt: skip
    line = mark('<line class="zero" x1="{0}" x2="{0}" y1="0" y2="100"/>', f"{place * width:.1f}")
    said = f"lengths from {found.least:,} to {found.most:,} characters, half of them up to {found.p50:,}"
    frame = '<svg class="histogram" viewBox="0 0 480 122" role="img" aria-label="{}">{}</svg>'
    return mark(frame, said, joined([*bars, line, *ends]))


def slope(found: Estimate) -> Markup:
    """What an answer gains by its length: a line with its 95 % fan, from a quarter as long to four times as long."""
    low, high = (found.mean if end is None else end for end in (found.low, found.high))
    reach = reach_of([2 * low, 2 * high])

    def place(doublings: float, gain: float) -> str:
        return f"{220 + doublings * 80:.1f},{70 - gain / reach * 60:.1f}"

    fan = " ".join([place(-2, -2 * low), place(0, 0), place(2, 2 * low), place(2, 2 * high), place(0, 0),
                    place(-2, -2 * high)])  # fmt: skip
    parts = [
        mark('<line class="zero" x1="60" x2="380" y1="70" y2="70"/>'),
        mark('<polygon class="fan" points="{}"/>', fan),
        mark('<polyline class="line" points="{} {}"/>', place(-2, -2 * found.mean), place(2, 2 * found.mean)),
    ]
    parts += [
        mark('<text x="{}" y="152" text-anchor="middle">{}</text>', 220 + at * 80, text)
        for at, text in ((-2, "¼ as long"), (-1, "½"), (0, "as long"), (1, "2×"), (2, "4×"))
    ]
    parts += [
        mark('<text x="52" y="{}" text-anchor="end">{}</text>', y, _short(value, signed=True))
        for y, value in ((14, reach), (74, 0.0), (134, -reach))
    ]
    said = f"twice as long gains {found.mean:+.3g}, 95 % interval {low:+.3g} to {high:+.3g}"
    frame = '<svg class="slope" viewBox="0 0 420 158" role="img" aria-label="{}">{}</svg>'
    return mark(frame, said, joined(parts))


def progress(done: int, total: int) -> Markup:
    """A rail as long as the run; the numbers beside it say the same."""
    frame = (
        '<svg class="progress" viewBox="0 0 240 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="all" width="240" height="8"/><rect class="gone" width="{}" height="8"/></svg>'
    )
    return mark(frame, f"{240 * min(1.0, done / total if total else 1.0):.1f}")
