"""What an agent is wanted to do, as it is written: names, patterns, and how often."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from hone.core import to_json
from hone.errors import CallError
from hone.evals.metrics.agents._steps import Step


class Wanted(Struct, frozen=True, kw_only=True):
    """A step by its name, or by a pattern with `*` and `?` that minds no case; and how often, where that is said."""

    name: str | None = None
    pattern: str | None = None
    least: int | None = None
    most: int | None = None

    def fits(self, name: str) -> bool:
        """Is this the name of such a step?"""
        return name == self.name if self.pattern is None else glob(self.pattern, name)

    def count(self, found: Iterable[Step]) -> int:
        """How many steps are of this kind."""
        return sum(self.fits(each.name) for each in found)

    @property
    def shown(self) -> str:
        return self.pattern or self.name or "*"

    @property
    def often(self) -> str:
        """How often it is wanted, in words."""
        if self.most is None:
            return f"at least {self._least}"
        return f"exactly {self.most}" if self._least == self.most else f"{self._least} to {self.most}"

    def allows(self, count: int) -> bool:
        """Is that as often as it is wanted?"""
        return count >= self._least and (self.most is None or count <= self.most)

    @property
    def _least(self) -> int:
        """Once, where nothing is said."""
        return self.least if self.least is not None else int(self.most is None)


def wanted(evaluator: str, value: Any) -> Wanted:
    """A name, or an object with `name` or `pattern`, `min` and `max`.

    Raises:
        CallError: it is neither.
    """
    if isinstance(value, str) and value:
        return Wanted(pattern=value) if "*" in value or "?" in value else Wanted(name=value)
    if isinstance(value, Mapping):
        name, pattern = value.get("name"), value.get("pattern")
        if isinstance(name, str) or isinstance(pattern, str):
            least, most = bounds(evaluator, value)
            return Wanted(name=name, pattern=pattern, least=least, most=most)
    raise CallError(f"{evaluator} knows no step like {to_json(value)}", hint='a name, or {"pattern": "search_*"}')


def several(evaluator: str, value: Any) -> list[Wanted]:
    """One or more of them; names may stand in one text, with commas between.

    Raises:
        CallError: there is none, or one cannot be read.
    """
    if isinstance(value, str):
        value = [each.strip() for each in value.split(",") if each.strip()]
    found = [wanted(evaluator, each) for each in (value if isinstance(value, Sequence) else [value])]
    if not found:
        raise CallError(f"{evaluator} needs the tools that are expected", hint='"value": ["search", "book"]')
    return found


def bounds(evaluator: str, value: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """`min` and `max`.

    Raises:
        CallError: one is no whole number.
    """
    found = value.get("min"), value.get("max")
    for each in found:
        if each is not None and (isinstance(each, bool) or not isinstance(each, int)):
            raise CallError(f"{evaluator} has a bound that is no whole number: {to_json(each)}", hint='{"min": 1}')
    return found


def glob(pattern: str, name: str) -> bool:
    """`*` is any text, `?` one character, and case does not count."""
    return fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))  # brackets mean themselves
