"""`bias`: is a metric another one for some group of examples than for the rest?"""

from collections.abc import Iterable, Sequence

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Figure, Given, Judged
from hone.evals.metrics._measured import only
from hone.evals.metrics.safety._groups import Value, apart, group_of
from hone.store import Judgement


def bias(given: Given) -> Evaluator:
    """Differences of other evaluators' metrics between groups of examples; it says nothing of a single answer.

    `bias:gender` groups by `metadata.gender`. The `value` names the metrics that are compared, all of them when there
    is none. Each figure is one group's mean less that of the others, with its interval: see `_groups.apart`.

    Raises:
        CallError: it does not say by what to group.
    """
    only("bias", given, "by")
    by = given.option or given.settings.get("by")
    if not isinstance(by, str) or not by:
        raise CallError("bias needs the name of what parts the examples", hint="bias:gender, for metadata.gender")
    value = given.value
    if value is not None and not isinstance(value, str | list):
        raise CallError(f"bias compares metrics by name, not {to_json(value)}", hint='"value": ["exact"]')
    metrics = [value] if isinstance(value, str) else value

    def judge(_: Example, __: Answer) -> list[Judgement]:
        return []

    def sum_up(judged: Sequence[Judged]) -> Iterable[Figure]:
        found: dict[str, dict[str, list[Value]]] = {}
        for one in judged:
            group = group_of(one.example.metadata, by)
            for said in one.judgements if group is not None else ():
                if not isinstance(said.value, str) and (metrics is None or said.name in metrics):
                    found.setdefault(said.name, {}).setdefault(str(group), []).append(said.value)
        for name, groups in found.items():
            yield from apart(name, by, groups)

    return Evaluator(name=f"bias:{by}", measures=(), judge=judge, sum_up=sum_up)
