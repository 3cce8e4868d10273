"""How a task's releases stand: what is current and was before, how it does live, and what stands before a promotion."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from hone.core import Clock, Event, now_ns
from hone.errors import CallError
from hone.evals import Comparison
from hone.project import Project
from hone.releases import _live, _watch
from hone.releases._gate import Configuration, GateResult, gate
from hone.releases._history import current, history
from hone.releases._live import BUILT_IN, LiveSummary
from hone.releases._watch import Decision
from hone.store import Catalog, Experiments, Metric, Release, Telemetry

_ALL = 10_000


class Live(Struct, frozen=True, kw_only=True):
    """A metric in live traffic: every variant, and the one on trial (else the smallest) against the largest."""

    task: str
    environment: str
    metric: str
    since: int  # ns
    variants: list[LiveSummary]
    comparison: Comparison | None


class Standing:
    """The looking half of `Releases`."""

    def __init__(
        self,
        project: Callable[[], Project],
        catalog: Catalog,
        experiments: Experiments,
        telemetry: Telemetry,
        *,
        record: Callable[[Sequence[Event]], Any],
        configuration: Configuration,
        changed: Callable[[str, str], None] = lambda task, environment: None,  # noqa: ARG005
        clock: Clock = now_ns,
    ) -> None:
        """`project` is asked each time, for its file may change. `record` takes the events, `changed` is told the task
        and environment of every change."""
        self._now = project
        self._catalog = catalog
        self._experiments = experiments
        self._telemetry = telemetry
        self._record = record
        self._configuration = configuration
        self._changed = changed
        self._clock = clock

    @property
    def _project(self) -> Project:
        return self._now()

    def current(self, task: str, environment: str | None = None) -> Mapping[str, float]:
        """The shares of each variant now.

        Raises:
            CallError: there is no such task or environment.
        """
        where = environment or self._project.environment
        weights = current(self._catalog, self._project, where, self._known(task))
        if not weights:
            raise CallError(f"{task!r} has no environment {where!r}", hint=self._environments(task))
        return weights

    def history(self, task: str, environment: str | None = None, *, limit: int = 100) -> list[Release]:
        """Every release so far, newest first."""
        where = environment or self._project.environment
        return history(self._catalog, self._project, where, self._known(task), limit=limit)

    def before(self, task: str, environment: str | None = None) -> Release | None:
        """What a rollback would bring back; None when nothing came before the current release."""
        self.current(task, environment)
        stack = self._stack(task, environment)
        return stack[-2] if len(stack) > 1 else None

    def gate(self, task: str, variant: str, environment: str | None = None) -> GateResult:
        """What stands between `variant` and a promotion."""
        self._variant(task, variant)
        others = {name: share for name, share in self.current(task, environment).items() if name != variant}
        if not others:
            return GateResult(open=True, reason=f"{variant} answers every call already")
        largest = max(others, key=lambda name: others[name])
        return gate(self._experiments, self._project, task, variant, largest, self._configuration)

    def live(self, task: str, metric: str, environment: str | None = None, *, since: int | None = None) -> Live:
        """A metric of the calls since the current release, or since `since` (ns).

        `error_rate` and `latency` (seconds) are there without scores.
        """
        weights = self.current(task, environment)
        where, start = environment or self._project.environment, since or self._last(task, environment).created
        calls = _live.calls_of(self._telemetry, self._project.name, where, task, since=start, metrics=[metric])
        what = self._metric(metric, calls)
        found = _live.summaries(calls, metric, what)
        trial = self._on_trial(task, environment)
        order = sorted((each.variant for each in found), key=lambda name: (name != trial, weights.get(name, 0.0), name))
        compared = None
        if len(order) > 1:
            margin = self._margin(task, metric)
            compared = _live.compare(calls, task, order[0], order[-1], metric, what, margin)
        return Live(task=task, environment=where, metric=metric, since=start, variants=found, comparison=compared)

    def has_limits(self, task: str) -> bool:
        """Is there anything that could take a release of the task back?"""
        return task in self._project.rollbacks or task in self._project.gates

    def should_roll_back(self, task: str, environment: str | None = None) -> Decision:
        """Does the variant that gained traffic by the current release cross a limit of [releases.TASK]?

        May be asked as often as one likes; see `hone.releases._watch`.
        """
        weights, last = self.current(task, environment), self._last(task, environment)
        where, variant = environment or self._project.environment, self._on_trial(task, environment)
        rollback, wanted = self._project.rollbacks.get(task), self._project.gates.get(task)
        about: dict[str, Any] = {"task": task, "environment": where, "release": last.id, "variant": variant}
        if variant is None:
            return Decision(**about, roll_back=False, checks=[], reason="no variant gained traffic by this release")
        metrics = [wanted.metric] if wanted else []
        calls = _live.calls_of(self._telemetry, self._project.name, where, task, since=last.created, metrics=metrics)
        what = self._metric(wanted.metric, calls) if wanted else None
        others = [name for name in weights if name != variant]
        found = _watch.checks(calls, variant, others, rollback=rollback, gate=wanted, what=what)
        crossed = [each for each in found if each.crossed]
        reason = "; ".join(f"{each.name}: {each.said}" for each in crossed) or (
            "no limit is crossed" if found else "no limit is set"
        )
        return Decision(**about, roll_back=bool(crossed), checks=found, reason=f"{task}@{variant}: {reason}")

    # -- for both halves

    def _stack(self, task: str, environment: str | None) -> list[Release]:
        """The releases that rollbacks have not taken back, oldest first; the last of them is what is current."""
        stack: list[Release] = []
        for each in reversed(self.history(task, environment, limit=_ALL)):
            if each.action == "rollback" and stack:
                stack.pop()
            else:
                stack.append(each)
        return stack

    def _on_trial(self, task: str, environment: str | None) -> str | None:
        """The variant that gained most traffic by the current release.

        After a rollback there is none: what it went back to was released before, and an upstream that is down for
        everybody must not unwind the history, release by release.
        """
        if self._last(task, environment).action == "rollback":
            return None
        stack = self._stack(task, environment)
        return _watch.rising(stack[-1].weights, stack[-2].weights) if len(stack) > 1 else None

    def _last(self, task: str, environment: str | None) -> Release:
        return self.history(task, environment, limit=1)[0]

    def _metric(self, name: str, calls: _live.Calls) -> Metric:
        if name in BUILT_IN:
            return BUILT_IN[name]
        if name in self._project.metrics:
            declared = self._project.metrics[name]
            return Metric(kind=declared.kind, direction=declared.direction)
        values = calls.scores.get(name, {}).values()
        return Metric(kind="boolean" if all(isinstance(value, bool) for value in values) else "number")

    def _margin(self, task: str, metric: str) -> float:
        wanted = self._project.gates.get(task)
        return wanted.not_worse_by if wanted is not None and wanted.metric == metric else 0.0

    def _known(self, task: str) -> str:
        if task not in self._project.tasks:
            raise CallError(f"no task {task!r}", hint=_near(task, list(self._project.tasks)))
        return task

    def _variant(self, task: str, variant: str) -> None:
        known = self._project.tasks[self._known(task)].variant_names
        if variant not in known:
            raise CallError(f"the task {task!r} has no variant {variant!r}", hint=_near(variant, known))

    def _environments(self, task: str) -> str:
        known = sorted({"production", *self._project.environments, *self._project.releases.get(task, {})})
        return f"there are: {', '.join(known)}"


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known) or 'none'}"
