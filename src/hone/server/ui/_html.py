"""Templates, and how values look in them: numbers with a muted unit, drawings as SVG without inline style."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from hone.core import Change, Rate, from_json, to_json, utc
from hone.server.ui import _draw, _plots
from hone.server.ui._mark import joined, mark
from hone.server.ui._shapes import Figure
from hone.server.ui._static import static_url
from hone.traces import wording

_RELATIVE = {"count", "dollars", "latency"}  # the other units are shares, whose change is in points
NOTHING = mark('<span class="none">–</span>')


def render(template: str, **values: Any) -> str:
    return _environment.get_template(template).render(**values)


def unit(number: str, name: str) -> Markup:
    return mark('{}<span class="unit"> {}</span>', number, name)


def latency(ns: int | None) -> Markup:
    if ns is None:
        return NOTHING
    if ns < 1_000_000_000:
        digits = 2 if ns < 1_000_000 else 1 if ns < 10_000_000 else 0
        return unit(f"{ns / 1e6:.{digits}f}", "ms")
    return unit(f"{ns / 1e9:.2f}" if ns < 100e9 else f"{ns / 1e9:,.0f}", "s")


def dollars(cost: float | None) -> Markup:
    """Unknown is a dash and never 0."""
    if cost is None:
        return NOTHING
    digits = 2 if cost == 0 or cost >= 1 else 4 if cost >= 0.01 else 6
    return mark('<span class="unit">$</span>{}', f"{cost:,.{digits}f}")


def count(number: float | None) -> Markup:
    return NOTHING if number is None else escape(f"{number:,.0f}")


def percent(share: float | None, digits: int = 1) -> Markup:
    return NOTHING if share is None else unit(f"{share * 100:.{digits}f}".removesuffix(".0"), "%")


def rate(found: Rate | None) -> Markup:
    """`0.82 ±0.03`: half the width of the interval stands beside the mean, the exact ends and n in the title."""
    if found is None:
        return NOTHING
    title = f"95 % interval {found.low:.3f} to {found.high:.3f}, n = {found.n:,}"
    frame = '<span title="{}">{} <span class="unit">±{} n={}</span></span>'
    return mark(frame, title, f"{found.mean:.2f}", f"{(found.high - found.low) / 2:.2f}", f"{found.n:,}")


def moment(ns: int) -> Markup:
    """UTC to the second, with the date where it is not today's."""
    when = utc(ns)
    today = when.date() == datetime.now(UTC).date()
    text = f"{when:%H:%M:%S}" if today else f"{when:%m-%d %H:%M}"
    frame = '<time datetime="{}" title="{} UTC">{}</time>'
    return mark(frame, f"{when:%Y-%m-%dT%H:%M:%S.%fZ}", f"{when:%Y-%m-%d %H:%M:%S}", text)


def change(figure: Figure) -> Markup:
    """What became of the figure since the window before: an arrow, a word's worth of colour, the amount."""
    now, before = figure.value, figure.before
    if now is None or before is None or (before == 0 and figure.unit in _RELATIVE):
        return mark('<span class="muted">no earlier figure</span>')
    moved = (now - before) / before if figure.unit in _RELATIVE else now - before
    if abs(moved) < 0.0005:
        return mark('<span class="muted">unchanged</span>')
    up = moved > 0
    tone = "muted" if figure.better is None else "good" if up == (figure.better == "up") else "bad"
    amount = f"{abs(moved) * 100:.0f} %" if figure.unit in _RELATIVE else f"{abs(moved) * 100:.1f} points"
    return mark('<span class="{}">{} {}</span>', tone, "▲" if up else "▼", amount)


def amount(number: float, measure: str) -> Markup:
    """Of a budget: dollars, calls or tokens."""
    return dollars(number) if measure == "spend" else unit(f"{number:,.0f}", measure)


def short(value: float | None, signed: bool = False) -> Markup:
    """Three digits, whatever the size; a dash for what is unknown."""
    return NOTHING if value is None else escape(f"{value:+.3g}" if signed and value else f"{value:.3g}")


def pretty(value: Any) -> str:
    text = to_json(value)
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:  # half a surrogate pair
        return json.dumps(from_json(text), indent=2)


def verdict(value: bool | float | str) -> Markup:
    """The value of a score: yes and no carry a shape and a word, not a colour alone."""
    if isinstance(value, bool):
        return mark('<span class="good">✓ yes</span>' if value else '<span class="bad">✗ no</span>')
    return escape(f"{value:.3g}" if isinstance(value, float | int) else value)


def doubt(low: float | None, high: float | None, signed: bool = False) -> str:
    """The interval beside a number, empty where it is unknown."""
    if low is None or high is None:
        return ""
    return f"[{low:+.3g}, {high:+.3g}]" if signed else f"[{low:.3g}, {high:.3g}]"


def changes(found: Iterable[Change], side: str) -> Markup:
    """The `old` text with what was taken out marked, or the `new` one with what was put in."""
    hidden = {"old": "added", "new": "removed"}[side]
    return joined([_changed(each) for each in found if each.kind != hidden])


def _changed(each: Change) -> Markup:
    if each.kind == "same":
        return escape(each.text)
    return mark("<del>{}</del>", each.text) if each.kind == "removed" else mark("<ins>{}</ins>", each.text)


def again(query: str, **changed: Any) -> str:
    """The query of this page with other values; None leaves a name out."""
    known = dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True)) | changed
    return f"?{urlencode({name: value for name, value in known.items() if value not in (None, '')})}"


def traces_url(text: str) -> str:
    return f"/traces?{urlencode({'q': text})}"


def _made() -> Environment:
    made = Environment(
        loader=PackageLoader("hone.server.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "latency": latency, "dollars": dollars, "count": count, "percent": percent, "rate": rate, "moment": moment,
        "change": change, "json": pretty, "short": short, "python": repr, "verdict": verdict, "amount": amount,
        "changes": changes,
    }  # fmt: skip
    made.globals |= {
        "static": static_url, "spark": _draw.spark, "waterfall": _draw.waterfall,
        "shares": _draw.shares, "bar": _draw.bar, "traces_url": traces_url, "wording": wording,
        "used_of": _draw.used_of, "again": again, "doubt": doubt, "Scale": _plots.Scale, "interval": _plots.interval,
        "axis": _plots.axis, "tone_of": _plots.tone_of, "histogram": _plots.histogram, "slope": _plots.slope,
        "progress": _plots.progress, "reach_of": _plots.reach_of,
    }  # fmt: skip
    return made


_environment = _made()
