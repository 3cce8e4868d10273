"""A run against judgements in TREC's files, scored as trec_eval scores them."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import exp, log
from pathlib import Path

from msgspec import Struct

from hone.errors import DatasetError
from hone.evals.metrics.retrieval import _measures as plain
from hone.evals.metrics.retrieval import _more_measures as more
from hone.evals.metrics.retrieval._ranking import Grades, Ranking, by_score, ranking

Measures = Mapping[str, float]
_CUTS = (5, 10, 15, 20, 30, 100, 200, 500, 1000)
_LEAST = 1e-5  # what a geometric mean takes a 0 for
_COUNTS = ("num_ret", "num_rel", "num_rel_ret", "num_nonrel_judged_ret")


class Scored(Struct, frozen=True):
    """The measures of every query that has both documents and judgements, and those of all of them together."""

    queries: Mapping[str, Measures]
    whole: Measures


def score_run(run: Mapping[str, Mapping[str, float]], qrels: Mapping[str, Grades]) -> Scored:
    """trec_eval's measures of a run: by query the documents with their scores, against their grades by query.

    Queries that are in one of both only are left out. Counts are summed over queries, `gm_` measures are geometric
    means, all others means.

    Raises:
        DatasetError: no query is in both.
    """
    both = [query for query in sorted(run) if query in qrels]
    if not both:
        raise DatasetError("no query of the run is judged", hint="the first column of both files is the query")
    queries = {query: measures_of(ranking(by_score(run[query]), qrels[query])) for query in both}
    names = queries[both[0]]
    whole = {name: _together(name, [each[name] for each in queries.values()]) for name in names}
    for name in ("map", "bpref"):
        whole[f"gm_{name}"] = exp(sum(log(max(each[name], _LEAST)) for each in queries.values()) / len(both))
    whole["num_q"] = float(len(both))
    return Scored(queries, whole)


def measures_of(ranked: Ranking) -> Measures:
    """All measures of one ranking, by the names of trec_eval's option `-m all_trec`."""
    return {name: float(measure(ranked)) for name, measure in _all()}


def read_run(path: Path) -> dict[str, dict[str, float]]:
    """A run in TREC's format, `query Q0 document rank score name`: by query the documents with their scores.

    Raises:
        DatasetError: it cannot be read, or a line is another; with file and line.
    """
    found: dict[str, dict[str, float]] = {}
    for number, parts in _lines(path, 6, "query Q0 document rank score name"):
        try:
            score = float(parts[4])
        except ValueError:
            raise _wrong(path, number, f"the score {parts[4]!r} is no number") from None
        if parts[2] in found.setdefault(parts[0], {}):
            raise _wrong(path, number, f"the document {parts[2]!r} stands there twice for the query {parts[0]!r}")
        found[parts[0]][parts[2]] = score
    return found


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Judgements in TREC's format, `query 0 document grade`: by query the documents with their grades.

    Raises:
        DatasetError: it cannot be read, or a line is another; with file and line.
    """
    found: dict[str, dict[str, int]] = {}
    for number, parts in _lines(path, 4, "query 0 document grade"):
        try:
            found.setdefault(parts[0], {})[parts[2]] = int(parts[3])
        except ValueError:
            raise _wrong(path, number, f"the grade {parts[3]!r} is no whole number") from None
    return found


def _all() -> Iterator[tuple[str, Callable[[Ranking], float]]]:
    yield from _counts()
    yield "map", plain.average_precision
    yield "Rprec", plain.r_precision
    yield "bpref", more.bpref
    yield "recip_rank", plain.reciprocal_rank
    yield "infAP", more.inferred_average_precision
    yield "11pt_avg", more.eleven_points
    yield "ndcg", plain.ndcg
    yield "ndcg_rel", more.ndcg_over_relevant
    yield "Rndcg", more.ndcg_over_levels
    yield "G", more.g
    yield "binG", partial(more.g, binary=True)
    yield "rbp", more.rank_biased_precision
    yield "rbp_resid", more.rank_biased_residual
    yield from _at_cuts()
    yield from _of_sets()


def _counts() -> Iterator[tuple[str, Callable[[Ranking], float]]]:
    yield "num_ret", lambda ranked: len(ranked.grades)
    yield "num_rel", lambda ranked: ranked.relevant
    yield "num_rel_ret", lambda ranked: ranked.found()
    yield "num_nonrel_judged_ret", lambda ranked: ranked.grades.count(0)


def _at_cuts() -> Iterator[tuple[str, Callable[[Ranking], float]]]:
    for k in _CUTS:
        yield f"P_{k}", partial(plain.precision, k=k)
        yield f"recall_{k}", partial(plain.recall, k=k)
        yield f"ndcg_cut_{k}", partial(plain.ndcg, k=k)
        yield f"map_cut_{k}", partial(plain.average_precision, k=k)
        yield f"relative_P_{k}", partial(more.relative_precision, k=k)
    for k in (1, 5, 10):
        yield f"success_{k}", partial(plain.hit, k=k)
    for k in (5, 10, 20):
        yield f"unj_{k}", partial(more.unjudged, k=k)
    for tenth in range(11):
        yield f"iprec_at_recall_{tenth / 10:.2f}", partial(more.interpolated_precision, recall=tenth / 10)
    for fifth in range(1, 11):
        yield f"Rprec_mult_{fifth / 5:.2f}", partial(plain.r_precision, times=fifth / 5)


def _of_sets() -> Iterator[tuple[str, Callable[[Ranking], float]]]:
    yield "set_P", lambda ranked: _share(ranked.found(), len(ranked.grades))
    yield "set_recall", plain.recall
    yield "set_relative_P", lambda ranked: _share(ranked.found(), min(len(ranked.grades), ranked.relevant))
    yield "set_map", lambda ranked: _share(ranked.found() ** 2, len(ranked.grades) * ranked.relevant)
    yield "set_F", lambda ranked: _share(2 * ranked.found(), len(ranked.grades) + ranked.relevant)
    yield "utility", lambda ranked: 2 * ranked.found() - len(ranked.grades)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _together(name: str, values: list[float]) -> float:
    return sum(values) if name in _COUNTS else sum(values) / len(values)


def _lines(path: Path, columns: int, form: str) -> Iterator[tuple[int, list[str]]]:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise DatasetError(f"{path} cannot be read: {problem}") from None
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split()
        if parts and len(parts) != columns:
            raise _wrong(path, number, f"{len(parts)} columns instead of {columns}", hint=form)
        if parts:
            yield number, parts


def _wrong(path: Path, number: int, what: str, hint: str | None = None) -> DatasetError:
    return DatasetError(f"{what} ({path.name}:{number})", hint=hint)
