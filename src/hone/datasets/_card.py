"""A dataset's card: what people say of it at the top, and what can be counted between two marks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from msgspec import Struct

from hone.core import utc
from hone.datasets._duplicates import Duplicates
from hone.datasets._leaks import Leaks
from hone.datasets._statistics import Lengths, Statistics
from hone.errors import DatasetError
from hone.store import DatasetVersion

CARD_SUFFIX = ".card.md"
BEGIN = "<!-- counted by hone: what stands between these marks is replaced -->"
END = "<!-- end of what hone counted -->"

_FIELDS = ("licence", "source", "languages", "contact")
_SPELLINGS = {"license": "licence", "language": "languages"}
_SHOWN = 10
_WIDTH = 40  # characters of the longest bar


class Counted(Struct, frozen=True, kw_only=True):
    """What a card is made of."""

    name: str
    sha256: str
    statistics: Statistics
    duplicates: Duplicates
    leaks: Leaks
    versions: Sequence[DatasetVersion] = ()


def card_of(counted: Counted, old: str = "", shown: str = "the card") -> str:
    """The card as Markdown. Of an `old` one everything stays that does not stand between the marks.

    The front matter of the old card may say `licence`, `source`, `languages`, `contact` and more; a person writes it.

    Raises:
        DatasetError: the front matter is not YAML, or a mark is missing.
    """
    about = _front_matter(old, shown)
    body = f"{BEGIN}\n\n" + "\n".join(_lines(counted, about)) + f"\n{END}"
    if not old.strip():
        return f"{_EMPTY}\n# {counted.name}\n\n{body}\n"
    if (BEGIN in old) != (END in old) or old.count(BEGIN) > 1 or old.find(END) < old.find(BEGIN):
        raise DatasetError(
            f"{shown} has not both marks of what hone counted, one after the other",
            hint="remove what is left of them: they are added again at the end",
        )
    if BEGIN not in old:
        return f"{old.rstrip()}\n\n{body}\n"
    return old[: old.index(BEGIN)] + body + old[old.index(END) + len(END) :]


_EMPTY = """\
---
# What only a person knows. Everything here is optional.
licence:
source:
languages: []
contact:
---
"""


def _front_matter(text: str, shown: str) -> dict[str, Any]:
    if not text.startswith("---\n"):
        return {}
    head, found, _ = text[4:].partition("\n---")
    try:
        value = yaml.safe_load(head) if found else None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise DatasetError(f"this is not YAML: {getattr(problem, 'problem', '')} ({shown}:{line})") from None
    if not found:
        raise DatasetError(f"the front matter does not end ({shown}:1)", hint="close it with a line of ---")
    given = value if isinstance(value, dict) else {}
    return {_SPELLINGS.get(str(key), str(key)): item for key, item in given.items()}


def _lines(counted: Counted, about: Mapping[str, Any]) -> Iterator[str]:
    numbers = counted.statistics
    yield f"{numbers.examples:,} examples · version {_version(counted)}"
    yield ""
    yield from _table([("", ""), *((name, _given(about.get(name))) for name in _FIELDS)])
    yield "## What is in it"
    yield ""
    yield from _table([("", "examples"), *_counts(numbers)])
    yield "## Lengths"
    yield ""
    yield from _lengths("input", numbers.input)
    yield from _lengths("expected", numbers.expected_length)
    yield "## Duplicates"
    yield ""
    yield from _duplicates(counted.duplicates)
    yield "## Leaks"
    yield ""
    yield from _leaks(counted.leaks)
    yield "## Versions"
    yield ""
    yield from _versions(counted.versions)


def _counts(numbers: Statistics) -> Iterator[tuple[str, str]]:
    for what, values in (("split", numbers.splits), ("origin", numbers.origins), ("tag", numbers.tags)):
        shown = list(values.items())[:_SHOWN]
        yield from ((f"{what} `{name or '-'}`", f"{count:,}") for name, count in shown)
        if len(values) > len(shown):
            yield f"{len(values) - len(shown):,} more {what}s", f"{sum(list(values.values())[_SHOWN:]):,}"
    yield "with an expected answer", f"{numbers.expected:,}"
    yield "with several right answers", f"{numbers.alternatives:,}"
    yield "with evaluators of their own", f"{sum(numbers.evaluators.values()):,}"
    yield "with a known inclusion probability", f"{numbers.sampled:,}"
    groups = numbers.groups
    if groups.groups:
        yield f"in {groups.groups:,} groups, the largest of {groups.largest:,}", f"{numbers.examples - groups.alone:,}"


def _lengths(name: str, lengths: Lengths) -> Iterator[str]:
    if not lengths.n:
        yield f"{name}: none"
        yield ""
        return
    yield (
        f"{name}, characters: median {lengths.p50:,}, a quarter below {lengths.p25:,} and a quarter above "
        f"{lengths.p75:,}, one in twenty above {lengths.p95:,}; "
        f"{lengths.least:,} to {lengths.most:,} (n = {lengths.n:,})"
    )
    yield ""
    yield from (f"    {line}" for line in histogram(lengths))
    yield ""


def histogram(lengths: Lengths) -> list[str]:
    """A histogram as text: one line a bin."""
    most = max((each.count for each in lengths.bins), default=1)
    labels = [f"{each.low:,}-{each.high:,}" for each in lengths.bins]
    width = max(map(len, labels), default=0)
    counts = max((len(f"{each.count:,}") for each in lengths.bins), default=0)
    return [
        f"{label:>{width}}  {each.count:>{counts},}  {'#' * -(-each.count * _WIDTH // most)}".rstrip()
        for label, each in zip(labels, lengths.bins, strict=True)
    ]


def _duplicates(found: Duplicates) -> Iterator[str]:
    how = f"same words but for case and space, or {found.near:g} of their runs of three words in common"
    if found.similarity is not None:
        how += f", or a cosine of {found.similarity:g} between their embeddings"
    if not found.groups:
        yield f"None: {how}."
        yield ""
        return
    yield f"{found.extra:,} examples repeat another one, in {len(found.groups):,} groups ({how})."
    yield ""
    yield from (f"- {len(each.ids)}x {each.by}: {_short(each.text)}" for each in found.groups[:_SHOWN])
    yield ""


def _leaks(found: Leaks) -> Iterator[str]:
    sides = f"{found.test:,} held out against {found.train:,} of {found.against}, by {', '.join(found.compared)}"
    if not found.leaks:
        yield f"None ({sides})."
        yield ""
        return
    kinds = ", ".join(f"{count:,} by {kind}" for kind, count in found.kinds.items())
    yield f"**{found.contaminated:,} of {found.test:,} held-out examples are known from {found.against}**: {kinds}."
    yield ""
    yield f"Compared: {sides}."
    yield ""
    yield from (
        f"- `{each.test}` from `{each.train}`, {each.kind}: {_short(each.text)}" for each in found.leaks[:_SHOWN]
    )
    yield ""


def _versions(versions: Sequence[DatasetVersion]) -> Iterator[str]:
    if not versions:
        yield "None is recorded yet."
        return
    rows = [
        (f"v{each.version}", f"{each.examples:,}", f"{utc(each.created):%Y-%m-%d}", f"`{each.sha256[:12]}`")
        for each in versions
    ]
    yield from _table([("version", "examples", "first seen", "SHA-256"), *rows[:_SHOWN]])


def _version(counted: Counted) -> str:
    known = next((each for each in counted.versions if each.sha256 == counted.sha256), None)
    return f"{'v' + str(known.version) if known else 'not recorded'} (`{counted.sha256[:12]}`)"


def _table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        if number == 0:
            yield "|" + "---|" * len(row)
    yield ""


def _given(value: Any) -> str:
    if value in (None, "", []):
        return "unknown"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _short(text: str) -> str:
    line = " ".join(text.split()).replace("`", "'").replace("<", "&lt;")
    return line if len(line) <= 100 else f"{line[:97]}..."
