"""One way to a number with its doubt: the values say which interval they need."""

from collections.abc import Hashable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hone.errors import CallError
from hone.evals.statistics._clusters import clustered_mean, clustered_rate
from hone.evals.statistics._intervals import Estimate, mean, rate

Value = bool | float
Values = Sequence[Value] | Sequence[Sequence[Value]]


def estimate(values: Values, groups: Sequence[Hashable] | None = None, *, boolean: bool | None = None) -> Estimate:
    """The mean of cases with its 95 % interval; `method` says which.

    A case is a value, or a sequence of the values of its K answers, which count as their mean: the spread of those
    means holds both parts of the variance, (between + within / K) / n (E. Miller, 2024, arXiv 2411.00640). `groups`
    names the group of each case; where no two cases share one, it makes no difference. `boolean` is seen from the
    values.

    Rates: Wilson, or Wilson over the effective number of cases. Numbers: t, or cluster-robust t.

    Raises:
        CallError: no values, a case without a value, or not one group for each case.
    """
    cases = [list(each) if isinstance(each, Sequence) else [each] for each in values]
    if not cases or not all(cases):
        raise CallError("there is no value to estimate a mean from" if not cases else "a case has no value")
    if groups is not None and len(groups) != len(cases):
        raise CallError(f"{len(cases)} cases have {len(groups)} groups", hint="name one group for each case")
    if boolean is None:
        boolean = all(isinstance(each, bool) for case in cases for each in case)
    repeated = any(len(case) > 1 for case in cases)
    shared = groups is not None and len(set(groups)) < len(groups)
    means = [sum(case) / len(case) for case in cases]
    if boolean and (repeated or shared):
        answers = sum(len(case) for case in cases) / len(cases)
        found = clustered_rate(means, groups if groups is not None and shared else range(len(cases)), answers)
    elif boolean:
        found = rate([bool(case[0]) for case in cases])
    else:
        found = clustered_mean(means, groups) if groups is not None and shared else mean(means)
    return replace(found, method=_named(found.method, cases, shared)) if repeated else found


def _named(method: str, cases: list[list[Value]], shared: bool) -> str:
    """The method with the answers a case has."""
    answers = sorted({len(case) for case in cases})
    of = f"{answers[0]}" if len(answers) == 1 else f"{answers[0]} to {answers[-1]}"
    base = method if shared else method.replace("clustered ", "").partition(" (")[0]
    return f"{base}, {of} answers a case"


class Parts(Struct, frozen=True):
    """The variance of a case's score: `between` cases, and `within` one case over its answers."""

    between: float
    within: float

    def error(self, cases: int, answers: int = 1) -> float:
        """The standard error of the mean of so many cases with so many answers each."""
        return float(((self.between + self.within / answers) / cases) ** 0.5)


def parts(values: Sequence[Sequence[Value]]) -> Parts:
    """The two parts of the variance, to see what more answers a case would bring (Miller 2024).

    The mean squares of a one-way layout (R. A. Fisher, 1925): within = pooled variance of a case's answers, between =
    variance of the cases' means less within / K, at least 0. K is the harmonic mean where cases have not all as many.

    Raises:
        CallError: fewer than two cases, or no case with two answers.
    """
    spare = sum(len(case) - 1 for case in values)
    if len(values) < 2 or spare == 0:
        raise CallError("two cases, and two answers of one of them, are the least that tell the two parts apart")
    means = [sum(case) / len(case) for case in values]
    within = sum((each - middle) ** 2 for case, middle in zip(values, means, strict=True) for each in case) / spare
    middle = sum(means) / len(means)
    total = sum((each - middle) ** 2 for each in means) / (len(means) - 1)
    return Parts(max(0.0, total - within * sum(1 / len(case) for case in values) / len(values)), within)
