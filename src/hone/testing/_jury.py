"""Who judges the cases of one `@hone.case`: its evaluators and those of its examples, made once, as in a run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hone.datasets import Example
    from hone.evals import Answer, Evaluator, Given, Question, Told
    from hone.project import Project
    from hone.store import Judgement
    from hone.testing._case import Spec


class Jury:
    """The evaluators of a test function. In a project its metrics, judges and files are there as in a run.

    The project is opened when a judge first needs it: cases that code judges open nothing.
    """

    def __init__(self, spec: "Spec", test_file: Path) -> None:
        self._asked = spec.evaluators
        self._test_file = test_file
        self._made: tuple[list[Evaluator], Callable[[Example], Sequence[Evaluator]]] | None = None

    def of(self, example: "Example") -> "tuple[list[Evaluator], Sequence[Evaluator]]":
        """Those that judge every example, and those that this one brings.

        Raises:
            ProjectError, CallError: one is asked for that there is not.
        """
        if self._made is None:
            every, own = _makers(self._test_file)
            self._made = list(every(self._asked)) if self._asked else [], own
        shared, own = self._made
        return shared, own(example)

    def said(self, example: "Example", answer: "Answer") -> "list[tuple[Evaluator, list[Judgement]]]":
        """What each of them says. One of the example itself takes the place of one that all share, as in a run."""
        shared, own = self.of(example)
        taken = {measure.name for each in own for measure in each.measures}
        said = [(each, each.judgements(example, answer)) for each in shared]
        return [
            *((each, [one for one in judgements if one.name not in taken]) for each, judgements in said),
            *((each, each.judgements(example, answer)) for each in own),
        ]


def _makers(test_file: Path) -> "tuple[Callable[..., list[Evaluator]], Callable[[Example], Sequence[Evaluator]]]":
    """What makes the evaluators of all, and those that an example brings: in a project as a run does."""
    from msgspec.structs import replace

    from hone.errors import ProjectError
    from hone.evals import Given, make
    from hone.local._grounding import embedding_here
    from hone.local._panel import Panel
    from hone.project import find, load

    given = Given(ask=_ask, embed=embedding_here())
    brought = replace(given, webhooks=())  # what a dataset says asks no address that no project names
    try:
        root = find(test_file.parent)
    except ProjectError:
        return (
            lambda asked: make(asked, given=given),
            lambda example: make(example.evaluators, given=brought) if example.evaluators else [],
        )
    project = load(root)
    panel = Panel(project, None, _with_judges(given, project))
    return panel.evaluators, panel.of


def _with_judges(given: "Given", project: "Project") -> "Given":
    from msgspec.structs import replace

    from hone.evals import Cards

    return replace(
        given, models=_identity, judges=_Judges(project.judges), card=Cards(project.state / "judges").sentence
    )  # fmt: skip


class _Judges(Mapping[str, "Callable[[Given], Evaluator]"]):
    """The judges of hone.toml by name; the project is opened for one that is asked for."""

    def __init__(self, declared: Mapping[str, Any]) -> None:
        self._declared = declared

    def __getitem__(self, name: str) -> "Callable[[Given], Evaluator]":
        from hone.local._given import judges_of
        from hone.local._sdk import bench

        if name not in self._declared:
            raise KeyError(name)
        return judges_of(bench().house)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)


async def _ask(question: "Question") -> "Told":
    from hone.local._sdk import bench

    return await bench().judging(question)


def _identity(model: str | None) -> str:
    from hone.local._sdk import bench

    return bench().judging.identity(model)
