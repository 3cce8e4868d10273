"""A run as one HTML file that needs nothing beside it: no script, no font, no picture from elsewhere."""

from typing import Any

from hone.core import utc
from hone.evals.reports import _drawing
from hone.evals.reports._story import Story
from hone.evals.statistics._compare import shown

_DETAILED = 60  # cases that are shown with their answers
_LISTED = 500
_FAILED = 50
_LONG = 320
_SIGNS = {"pass": "✓", "fail": "✗", "cannot_tell": "?", None: ""}


def page(told: Story) -> str:
    """The page; all text of people and models is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("hone.evals.reports", "templates"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {"number": _number, "signed": _signed, "cut": _cut, "utc": utc, "shown": shown}
    by_metric: dict[str, list[Any]] = {}
    for each in told.summaries:
        by_metric.setdefault(each.metric, []).append(each)
    text = made.get_template("report.html").render(
        told=told, at=told.run.experiment, draw=_drawing, by_metric=by_metric, cost=_cost(told), signs=_SIGNS,
        failed=told.failed[:_FAILED], detailed=told.cases[:_DETAILED], listed=told.cases[_DETAILED:_LISTED],
        left=max(0, len(told.cases) - _LISTED),
    )  # fmt: skip
    # What no encoding can hold, half a surrogate pair, is shown as a question mark.
    return text.encode("utf-8", "replace").decode()


def _cost(told: Story) -> str:
    """What this run has paid: an answer of an earlier one cost nothing here."""
    paid = [each.cost for each in told.run.results if each.source is None and each.error is None]
    known = [cost for cost in paid if cost is not None]
    unknown = len(paid) - len(known)
    text = f"${sum(known):.4f}" if known or not paid else "unknown"
    return f"{text}, {unknown} calls unknown" if known and unknown else text


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:.4g}" if isinstance(value, float | int) else str(value)


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.3g}"


def _cut(text: str | None, long: int = _LONG) -> str:
    flat = (text or "").strip()
    return flat if len(flat) <= long else f"{flat[: long - 1]}…"
