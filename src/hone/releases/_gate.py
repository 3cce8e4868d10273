"""The gate before a promotion: what the kept experiments say about a variant and the one it would replace."""

from collections.abc import Callable

from msgspec import Struct

from hone.evals import Comparison, kept_pair
from hone.project import Project
from hone.store import Experiments

Configuration = Callable[[str, str], str]
"""The SHA-256 of how (task, variant) is configured at this moment."""


class GateResult(Struct, frozen=True, kw_only=True):
    """`open` is what the promotion goes by. Without a gate in hone.toml there is nothing to show."""

    open: bool
    reason: str
    comparison: Comparison | None = None


def gate(
    experiments: Experiments, project: Project, task: str, variant: str, other: str, configuration: Configuration
) -> GateResult:
    """The newest finished experiments of both variants over the same examples, as both are configured now.

    Experiments over the dev split do not count: it is where the variant was chosen. Nor do those of a part of the
    examples.
    """
    wanted = project.gates.get(task)
    if wanted is None:
        return GateResult(open=True, reason=f"[releases.{task}] has no gate")
    shas = {each: configuration(task, each) for each in (variant, other)}
    if shas[variant] == shas[other]:
        return GateResult(open=True, reason=f"{variant} is configured as {other} is")
    found = kept_pair(
        experiments,
        project.name,
        task,
        variant,
        other,
        metric=wanted.metric,
        not_dev=True,
        whole=True,
        configurations=shas,
    )
    if found is None:
        reason = (
            f"no experiment compares {variant} with {other} by {wanted.metric} over all examples, as both are "
            "configured now"
        )
        return GateResult(open=False, reason=reason)
    run, against = found
    compared = run.compare(variant, other, wanted.metric, not_worse_by=wanted.not_worse_by, other=against)
    return GateResult(open=compared.verdict == "pass", reason=str(compared), comparison=compared)
