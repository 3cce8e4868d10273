"""The report's drawings, as SVG with attributes alone: intervals of means, and differences around no difference."""

from collections.abc import Sequence

from markupsafe import Markup

from hone.evals.runs._report import Summary
from hone.evals.statistics._compare import Comparison

_WIDE, _ROW = 720, 26
_LEFT, _RIGHT = 236, 168
_ALPHA = 0.05


def means(found: Sequence[Summary]) -> Markup:
    """One metric of each variant as a dot on its 95 % interval, on one scale."""
    known = [each for each in found if each.mean is not None]
    if not known:
        return Markup("")
    ends = [end for each in known for end in (each.low, each.high, each.mean) if end is not None]
    scale = _Scale(min(ends), max(ends))
    rows = [
        _row(
            number,
            each.variant,
            scale,
            _low(each),
            each.mean or 0.0,
            _high(each),
            _said(each.mean, each.low, each.high),
        )
        for number, each in enumerate(known)
    ]
    said = "; ".join(f"{each.variant} {_said(each.mean, each.low, each.high)}" for each in known)
    return _frame(len(known), said, [*rows, *scale.axis(len(known))])


def forest(found: Sequence[Comparison], adjusted: Sequence[float | None]) -> Markup:
    """Differences with their intervals. Each row has a scale of its own, for metrics differ in unit; the line in the
    middle is no difference. The first is what was asked; the others have the colour that their `adjusted` p allows."""
    known = [each for each in found if each.difference is not None]
    open_ = [each for each, p in zip(found[1:], adjusted[1:], strict=True) if p is not None and p >= _ALPHA]
    if not known:
        return Markup("")
    rows = []
    for number, each in enumerate(known):
        middle = each.difference or 0.0
        low = middle if each.low is None else each.low
        high = middle if each.high is None else each.high
        reach = max(abs(low), abs(high), abs(middle)) or 1.0
        label = f"{each.metric}, against {each.b.partition('@')[2] or each.b}"
        text = _said(each.difference, each.low, each.high, "+")
        rows.append(
            _row(
                number, label, _Scale(-reach, reach), low, middle, high, text, "open" if each in open_ else _tone(each)
            )
        )
    line = Markup('<line class="zero" x1="{0}" x2="{0}" y1="0" y2="{1}"/>').format(
        f"{_LEFT + (_WIDE - _LEFT - _RIGHT) / 2:.1f}", len(known) * _ROW
    )
    said = "; ".join(f"{each.metric} {_said(each.difference, each.low, each.high, '+')}" for each in known)
    return _frame(len(known), said, [line, *rows], axis=False)


class _Scale:
    """From values to places on the page, with a little air at both ends."""

    def __init__(self, low: float, high: float) -> None:
        air = 0.04 * ((high - low) or abs(high) or 1.0)
        self.low, self.high = low - air, high + air

    def x(self, value: float) -> str:
        share = (value - self.low) / (self.high - self.low)
        return f"{_LEFT + (_WIDE - _LEFT - _RIGHT) * share:.1f}"

    def axis(self, rows: int) -> list[Markup]:
        places = ((self.low, "start"), ((self.low + self.high) / 2, "middle"), (self.high, "end"))
        return [
            Markup('<text class="axis" x="{}" y="{}" text-anchor="{}">{}</text>').format(
                self.x(at), rows * _ROW + 14, anchor, f"{at:.3g}"
            )
            for at, anchor in places
        ]


def _row(
    number: int, label: str, scale: _Scale, low: float, middle: float, high: float, text: str, tone: str = "plain"
) -> Markup:
    y = number * _ROW + _ROW // 2
    return Markup(
        '<g class="{}"><text x="0" y="{}">{}</text><line class="reach" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<line class="end" x1="{}" x2="{}" y1="{}" y2="{}"/><line class="end" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<circle cx="{}" cy="{}" r="4"/><text class="said" x="{}" y="{}" text-anchor="end">{}</text></g>'
    ).format(
        tone, y + 4, label if len(label) <= 34 else f"{label[:33]}…", scale.x(low), scale.x(high), y, y,
        scale.x(low), scale.x(low), y - 4, y + 4, scale.x(high), scale.x(high), y - 4, y + 4,
        scale.x(middle), y, _WIDE, y + 4, text,
    )  # fmt: skip


def _frame(rows: int, said: str, parts: Sequence[Markup], *, axis: bool = True) -> Markup:
    frame = Markup('<svg class="drawing" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return frame.format(_WIDE, rows * _ROW + (20 if axis else 4), said, Markup("").join(parts))


def _tone(row: Comparison) -> str:
    """Open where the interval holds 0: then the data does not say which is better."""
    if row.difference is None or row.low is None or row.high is None or row.low <= 0 <= row.high:
        return "open"
    return "good" if (row.difference > 0) == (row.direction == "up") else "bad"


def _low(each: Summary) -> float:
    return each.low if each.low is not None else each.mean or 0.0


def _high(each: Summary) -> float:
    return each.high if each.high is not None else each.mean or 0.0


def _said(value: float | None, low: float | None, high: float | None, sign: str = "") -> str:
    if value is None:
        return "?"
    ends = "" if low is None or high is None else f" [{low:{sign}.3g}, {high:{sign}.3g}]"
    return f"{value:{sign}.3g}{ends}"
