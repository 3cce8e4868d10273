"""Who judges the answers of a task: evaluators for all of its examples, and those that single examples bring along."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from hone.core import to_json
from hone.datasets import Dataset, Example
from hone.errors import ProjectError
from hone.evals import Answer, Evaluator, Figure, Given, Judged, make
from hone.project import Project
from hone.store import Judgement, Metric

Asked = str | Mapping[str, Any] | Callable[..., Any] | Evaluator


class Panel:
    """Makes evaluators for one task of a project, or for none. `given` has what they ask and embed with."""

    def __init__(self, project: Project, task: str | None, given: Given) -> None:
        self._root = project.root
        about = None if task is None else project.tasks[task]
        self._given = replace(
            given, schema=None if about is None else about.schema, read_schema=self._schema, root=project.root,
            mark=None if about is None else about.privacy,
        )  # fmt: skip
        self._brought = replace(self._given, webhooks=project.webhooks)  # for what comes from a dataset
        self._declared = {
            name: Metric(kind=each.kind, direction=each.direction, within=each.within)
            for name, each in project.metrics.items()
        }
        self._made: dict[str, tuple[Evaluator, ...]] = {}

    def evaluators(self, asked: Iterable[Asked]) -> list[Evaluator]:
        """What judges every answer, made from names, objects and functions.

        Raises:
            ProjectError: a metric is declared as something else.
            CallError: two have one name.
        """
        return self._checked(make(asked, given=self._given, metrics=self._declared))

    def _checked(self, made: list[Evaluator]) -> list[Evaluator]:
        for measure in (measure for each in made for measure in each.measures):
            known = self._declared.get(measure.name)
            if known is not None and known.kind != measure.metric.kind:
                raise ProjectError(
                    f"[metrics.{measure.name}] is declared as {known.kind}, and the evaluator gives a "
                    f"{measure.metric.kind}",
                    hint=f'kind = "{measure.metric.kind}"',
                )
        return made

    def own(self, dataset: Dataset) -> dict[str, Sequence[Evaluator]]:
        """What judges single examples, by their id; of two with one name, the second is called `NAME-2`.

        Raises:
            CallError, ProjectError: an example asks for something that there is not.
        """
        return {each.id: self.of(each) for each in dataset if each.evaluators}

    def of(self, example: Example) -> Sequence[Evaluator]:
        """What judges one example beside the others, made once for all that bring the same."""
        key = to_json(example.evaluators)
        if key not in self._made:
            found: list[Evaluator] = []
            for asked in example.evaluators:
                found.append(self._named(asked, {measure.name for each in found for measure in each.measures}))
            self._made[key] = tuple(found)
        return self._made[key]

    def _named(self, asked: str | Mapping[str, Any], taken: set[str]) -> Evaluator:
        (made,) = self._checked(make([asked], given=self._brought, metrics=self._declared))
        names = {}
        for measure in made.measures:
            number, name = 2, measure.name
            while name in taken:
                name, number = f"{measure.name}-{number}", number + 1
            names[measure.name] = name
        return made if all(old == new for old, new in names.items()) else _renamed(made, names)

    def _schema(self, path: str) -> Mapping[str, Any]:
        file, root = (self._root / path).resolve(), self._root.resolve()
        if not file.is_relative_to(root):
            raise ProjectError(f"{path!r} is not inside the project {root}", hint="copy it into the project")
        try:
            found: Any = json.loads(file.read_bytes())
        except (OSError, ValueError) as problem:
            raise ProjectError(f"{path!r} is no JSON Schema: {problem}") from None
        if not isinstance(found, dict):
            raise ProjectError(f"{path!r} is no JSON Schema: it holds no object")
        return found


def _renamed(made: Evaluator, names: Mapping[str, str]) -> Evaluator:
    """The same evaluator, whose metrics have other names, and its figures after the first of them."""
    old, (first, other) = {new: name for name, new in names.items()}, next(iter(names.items()))

    def renamed(said: Iterable[Judgement]) -> list[Judgement]:
        return [replace(each, name=names.get(each.name, each.name)) for each in said]

    async def judge(example: Example, answer: Answer) -> list[Judgement]:
        return renamed(await made.said(example, answer))

    async def choose(example: Example, answers: Mapping[str, Answer]) -> dict[str, list[Judgement]]:
        assert made.choose is not None
        return {variant: renamed(said) for variant, said in (await made.choose(example, answers)).items()}

    def sum_up(judged: Sequence[Judged]) -> list[Figure]:
        assert made.sum_up is not None
        its = [
            Judged(
                each.example, each.answer, tuple(replace(s, name=old[s.name]) for s in each.judgements if s.name in old)
            )
            for each in judged
        ]
        return [
            replace(each, name=other + each.name.removeprefix(first)) if each.name.startswith(first) else each
            for each in made.sum_up(its)
        ]

    measures = tuple(replace(each, name=names[each.name]) for each in made.measures)
    return replace(
        made,
        measures=measures,
        judge=judge,
        choose=None if made.choose is None else choose,
        sum_up=None if made.sum_up is None else sum_up,
        apart=False,
    )
