"""Changing what is released: by hand through a gate, or back by itself. Every change is kept, with who and why."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from hone.core import Event, new_id
from hone.errors import CallError, GateClosed
from hone.evals import shown as shown_verdict
from hone.releases._history import apply
from hone.releases._standing import Standing
from hone.releases._watch import Decision
from hone.store import Release


class Releases(Standing):
    """The releases of one project: `Standing` looks, this changes."""

    def promote(
        self,
        task: str,
        variant: str,
        environment: str | None = None,
        *,
        by: str,
        reason: str | None = None,
        force: bool = False,
    ) -> Release:
        """Give `variant` all of the traffic, if its gate is open.

        Raises:
            GateClosed: the experiments do not show what the gate asks for. `force` goes past it, and says so.
            CallError: there is no such task, variant or environment.
        """
        shown = self.gate(task, variant, environment)
        if not shown.open and not force:
            raise GateClosed(
                f"the gate of {task!r} is closed to {variant!r}: {shown.reason}",
                hint=f"hone evals run {task}@{variant} --data NAME --compare {task}@production, or --force",
                gate=shown,
            )
        why = reason or (str(shown.comparison) if shown.comparison and shown.open else shown.reason)
        if not shown.open:
            verdict = shown_verdict(shown.comparison.verdict) if shown.comparison else "no experiment"
            why = f"{reason or 'no reason given'} (past the closed gate: {verdict})"
        return self._release(task, environment, {variant: 1.0}, action="promote", by=by, reason=why)

    def canary(
        self,
        task: str,
        variant: str,
        share: float,
        environment: str | None = None,
        *,
        by: str,
        reason: str | None = None,
    ) -> Release:
        """Give `variant` a share (above 0, below 1) of the traffic; the others keep what they have of the rest.

        Raises:
            CallError: there is no such task, variant or environment, or the share is none.
        """
        self._variant(task, variant)
        if not 0 < share < 1:
            raise CallError(
                f"a canary's share is above 0 and below 1, not {share:g}", hint="0.05 is one call in twenty"
            )
        others = {name: each for name, each in self.current(task, environment).items() if name != variant}
        if not others:
            raise CallError(f"{variant!r} answers every call of {task!r} already", hint="a canary is a new variant")
        rest = sum(others.values())
        weights = {name: each / rest * (1 - share) for name, each in others.items()} | {variant: share}
        return self._release(task, environment, weights, action="canary", by=by, reason=reason)

    def apply(self, task: str, environment: str | None = None, *, by: str, reason: str | None = None) -> Release:
        """Release the shares that stand in hone.toml now."""
        where = environment or self._project.environment
        made = apply(self._catalog, self._project, where, self._known(task), by=by, reason=reason)
        return self._told(made)

    def rollback(
        self, task: str, environment: str | None = None, *, by: str, reason: str | None = None, only: int | None = None
    ) -> Release:
        """Back to the release before. Done twice, it goes back by two.

        With `only`, the id of a release, nothing happens unless that is the current one.

        Raises:
            CallError: there is none before, or somebody else has released meanwhile.
        """
        self.current(task, environment)
        stack = self._stack(task, environment)
        if len(stack) < 2:
            raise CallError(f"{task!r} has no release before this one", hint=f"hone releases show {task}")
        after = self._last(task, environment).id if only is None else only
        why = reason or f"back to release {stack[-2].id}"
        return self._release(
            task, environment, stack[-2].weights, action="rollback", by=by, reason=why, after=after
        )  # fmt: skip

    def watch(self, task: str, environment: str | None = None, *, by: str = "hone") -> Decision:
        """One look: `should_roll_back`, and the rollback itself when it says so."""
        decision = self.should_roll_back(task, environment)
        if not decision.roll_back:
            return decision
        try:
            made = self.rollback(task, environment, by=by, reason=decision.reason, only=decision.release)
        except CallError as problem:
            # Another process has just done the same, or a person was faster.
            return replace(decision, roll_back=False, reason=f"{decision.reason}; {problem.message}")
        return replace(decision, rolled_back_to=made.weights)

    def _release(
        self, task: str, environment: str | None, weights: Mapping[str, float], *, after: int | None = None, **how: Any
    ) -> Release:
        where = environment or self._project.environment
        self.current(task, where)  # the first release is what hone.toml says, so that there is a way back to it
        return self._told(self._catalog.add_release(self._project.name, where, task, weights, after=after, **how))

    def _told(self, made: Release) -> Release:
        self._changed(made.task, made.environment)
        attributes: dict[str, Any] = {
            "environment": made.environment,
            "weights": made.weights,
            "action": made.action,
            "by": made.by,
        }
        attributes |= {"reason": made.reason, "release": made.id}
        event = Event(
            project=made.project,
            id=new_id(),
            time=self._clock(),
            name="release",
            subject=f"task:{made.task}",
            attributes=attributes,
        )
        self._record([event])
        return made
