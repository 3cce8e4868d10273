"""One registry for everything pluggable: names of a group to the objects behind them, loaded on first use.

Built-in names are written as `module:object`, or stand for an object that is light enough to be there. A package adds
its own through an entry point of the group, such as `[project.entry-points."hone.providers"] mine =
"my_package:MyProvider"`. Built-in names cannot be taken over.
"""

import difflib
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from hone.errors import ProjectError


class Registry:
    """The plug-ins of one group."""

    def __init__(self, group: str, builtin: Mapping[str, Any]) -> None:
        self.group = group
        self._builtin = dict(builtin)

    def __contains__(self, name: str) -> bool:
        """Can it be loaded? What packages bring along is only looked for where no built-in has the name."""
        return name in self._builtin or bool(entry_points(group=self.group, name=name))

    def names(self) -> list[str]:
        """Every name that can be loaded."""
        return sorted({*self._builtin, *(point.name for point in entry_points(group=self.group))})

    def load(self, name: str) -> Any:
        """The object called `name`.

        Raises:
            ProjectError: nothing in the group has that name.
        """
        if name in self._builtin:
            known = self._builtin[name]
            if not isinstance(known, str):
                return known
            module, _, attribute = known.partition(":")
            return getattr(import_module(module), attribute)
        for point in entry_points(group=self.group, name=name):
            return point.load()
        near = difflib.get_close_matches(name, self.names(), n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(self.names())}"
        raise ProjectError(f"nothing called {name!r} among {self.group}", hint=hint)
