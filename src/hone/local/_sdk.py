"""`hone.dataset` and `hone.evaluate`: measuring from a script or a notebook."""

import atexit
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal, TypedDict, Unpack, overload

from msgspec.structs import replace

from hone.client import connection
from hone.core import Span, now_ns
from hone.datasets import (
    NEAR,
    Dataset,
    DatasetDiff,
    DatasetFile,
    Duplicates,
    Embed,
    Exported,
    Format,
    Grown,
    Origin,
    Split,
    Wanted,
    diff_datasets,
    examples_from,
    export,
    find_duplicates,
    open_source,
    pick_spans,
    read_source,
)
from hone.evals import Comparison, Run, Stopping, Summary, cards_in
from hone.local._evaluate import Bench, Data, Options
from hone.local._given import cards_of
from hone.local._hone import Hone
from hone.local._house import House
from hone.local._panel import Asked
from hone.local._plane import Plane
from hone.project import find
from hone.store import DatasetVersion, Result

_beside: House | None = None  # the project here, while calls go to a server


def bench() -> Bench:
    """The project of the working directory. With `HONE_URL` calls go to that server; datasets and results stay here.

    Raises:
        ProjectError: there is no project here.
    """
    to = connection()
    return Bench(to.house, to) if isinstance(to, Hone) else Bench(_house(), to)


def _house() -> House:
    global _beside  # noqa: PLW0603 - one per program, as the connection is
    to = connection()
    if isinstance(to, Hone):
        return to.house
    if _beside is None:
        _beside = House.open(find(Path.cwd()))
        atexit.register(_beside.close)
    return _beside


class DataFile(DatasetFile):
    """A dataset of the project: iterate over its examples, or let it grow."""

    def grow(
        self,
        traces: Iterable[Span] | str | None = None,
        *,
        task: str | None = None,
        since: float | None = None,
        limit: int = 100,
        corrected: dict[str, Any] | None = None,
        tags: Iterable[str] = (),
    ) -> Grown:
        """Add calls as examples: spans, or the newest calls with a score, such as `grow("helpful:false", since=86400)`.

        `since` is in seconds back from now. `corrected` gives right answers by trace id; a text score named
        `correction` counts as one too.
        """
        return grow(_house(), self, traces, task=task, since=since, limit=limit, corrected=corrected, tags=tags)

    def load(
        self,
        path: Path | str,
        columns: Mapping[str, str] | None = None,
        *,
        tags: Iterable[str] = (),
        origin: Origin | None = None,
        code: bool = False,
    ) -> Grown:
        """Add what a file or folder of any known kind holds; inputs that are there already are left out.

        `columns` says which column is what: `{"input.question": "Frage", "expected": "Antwort"}`. The rest is guessed
        by name. With `code` the Python of promptfoo's tests is taken over into the project, and runs with every run.

        Raises:
            DatasetError: a row is wrong, with its place. Nothing is added then.
        """
        said = [f"{part}={column}" for part, column in (columns or {}).items()]
        from hone.evals.interop import keep_code, promptfoo_tests

        found = read_source(
            open_source(Path(path)), said, tags=tags, origin=origin, promptfoo=partial(promptfoo_tests, code=code)
        )
        house = bench().house
        keep_code(found.code, house.project.root)
        grown = self.add(found.examples)
        record(house, self, by="sdk")
        return grown

    def versions(self) -> list[DatasetVersion]:
        """What this dataset has been, newest first; as it is now it is one of them."""
        house = bench().house
        record(house, self, by="sdk")
        return house.versions.all(self.name)

    def at(self, version: str | int) -> Dataset:
        """The dataset as it was: `at("v2")`.

        Raises:
            NotFound: there is no such version, or its content was not kept.
        """
        return bench().house.versions.read(self.name, version)

    def diff(self, old: str | int, new: str | int | None = None) -> DatasetDiff:
        """What changed since a version, or between two: by id, and word by word where it is text."""
        after = self.read() if new is None else self.at(new)
        return diff_datasets(self.at(old), after, old_name=str(old), new_name="now" if new is None else str(new))

    def duplicates(self, *, near: float = NEAR, embed: Embed | None = None) -> Duplicates:
        """Examples that ask the same: equal texts, near ones by MinHash, and with `embed` those near in meaning."""
        return find_duplicates(self.name, self.read().examples, near=near, embed=embed)

    def export(self, as_: Format, path: Path | str, *, split: Split | Literal["all"] | None = None) -> Exported:
        """Write it as `jsonl`, `csv`, `parquet`, `hf`, `openai-finetune` or `promptfoo`."""
        return export(self.read(), as_, Path(path), split=split)


def grow(
    house: House,
    file: DatasetFile,
    traces: Iterable[Span] | str | None,
    *,
    task: str | None = None,
    since: float | None = None,
    limit: int = 100,
    corrected: dict[str, Any] | None = None,
    tags: Iterable[str] = (),
    by: str = "sdk",
) -> Grown:
    """Let a dataset grow from calls of a house; see `DataFile.grow`."""
    house.telemetry.flush()
    name = house.project.name
    if traces is None or isinstance(traces, str):
        start = None if since is None else now_ns() - int(since * 1e9)
        spans = pick_spans(house.telemetry, name, Wanted.where(traces, task=task, since=start, limit=limit))
    else:
        spans = list(traces)[:limit]
    scores = house.telemetry.scores_of(name, [id for span in spans for id in (span.trace_id, span.span_id)])  # noqa: A001
    grown = file.add(examples_from(spans, scores, corrected=corrected, tags=tags))
    record(house, file, by=by)
    return grown


def record(house: Plane, file: DatasetFile, *, by: str) -> None:
    """Note the version that a dataset's file is now, and keep its content."""
    if file.path.exists():
        house.versions.record(file.read(), by=by)


Judge = Asked | Literal["exact", "contains", "f1", "rouge", "json-schema", "latency", "cost"]


class Settings(TypedDict, total=False):
    """The options of `evaluate`."""

    split: Split | None
    limit: int | None
    models: Sequence[str]  # each in the place of the variants' own
    parameters: Mapping[str, Sequence[Any]]
    repeats: int
    concurrency: int
    retries: int  # of a call whose failure may pass
    max_cost: float | None  # dollars
    stop_early: bool
    metric: str | None  # that decides when to stop; by default that of the task's gate, else the first
    not_worse_by: float | None
    fresh: bool
    progress: Callable[[int, int], None] | None  # answers that are there, of so many
    on_result: Callable[[Result], None] | None


class Evaluation:
    """What `hone.evaluate` found: print it, ask for `summaries`, or `compare` it."""

    def __init__(self, bench: Bench, run: Run, data: Data, options: Options) -> None:
        self._bench = bench
        self._data = data
        self._options = options
        self.run = run

    @property
    def id(self) -> str:
        """Of the experiment."""
        return self.run.experiment.id

    @property
    def summaries(self) -> list[Summary]:
        return self.run.summaries()

    def __getitem__(self, metric: str) -> Summary:
        """The metric of the variant that was asked for first."""
        return self.run.summary(self.run.variants[0], metric)

    def compare(self, other: str, metric: str | None = None, *, not_worse_by: float | None = None) -> Comparison:
        """The first variant against `other`, case by case. What `other` has not answered yet it is asked now.

        Without a metric it is that of the task's gate, else the first one; without `not_worse_by` the gate's margin.
        """
        return self._bench.compare(
            self.run,
            self.run.variants[0],
            other,
            data=self._data,
            options=self._options,
            metric=metric,
            not_worse_by=not_worse_by,
        )

    def __str__(self) -> str:
        return "\n".join(_lines(self.run, cards_of(self._bench.house).sentence))


class Stream:
    """Results as they are kept, once; then `evaluation`. Leaving the iteration early interrupts the run."""

    def __init__(self, bench: Bench, names: Sequence[str], data: Data, options: Options) -> None:
        self._results: SimpleQueue[Result | None] = SimpleQueue()
        self._stopping = Stopping()
        self._work = ThreadPoolExecutor(1, "hone-evaluate")
        options = replace(options, on_result=_both(options.on_result, self._results.put), stopping=self._stopping)
        self._found = self._work.submit(self._run, bench, names, data, options)
        self._work.shutdown(wait=False)

    def __iter__(self) -> Iterator[Result]:
        try:
            while (result := self._results.get()) is not None:
                yield result
            self._found.result()
        finally:
            self._stopping.ask("it was left")

    @property
    def evaluation(self) -> Evaluation:
        """All of it, once the run is over.

        Raises:
            hone.errors.HoneError: as for `evaluate`.
        """
        return self._found.result()

    def _run(self, bench: Bench, names: Sequence[str], data: Data, options: Options) -> Evaluation:
        try:
            return Evaluation(bench, bench.evaluate(names, data, options), data, options)
        finally:
            self._results.put(None)


def _both(first: Callable[[Result], None] | None, second: Callable[[Result], None]) -> Callable[[Result], None]:
    def told(result: Result) -> None:
        if first is not None:
            first(result)
        second(result)

    return told


def _lines(run: Run, card: Callable[[str], str | None]) -> Iterator[str]:
    at = run.experiment
    part = f", {at.split}" if at.split else ""
    yield f"experiment {at.id}: {at.task} over {at.dataset}{part}, {at.examples} examples"
    for each in run.summaries():
        doubt = "" if each.low is None else f"  95 % interval {each.low:.4g} to {each.high:.4g}"
        value = "?" if each.mean is None else f"{each.mean:.4g}"
        yield f"  {at.task}@{each.variant:<16} {each.metric:<14} {value:>8}  n = {each.n}{doubt}"
    if run.errors:
        yield f"  {len(run.errors)} calls failed, the first with: {run.errors[0].error}"
    yield from (f"  {each}" for each in run.broken)
    yield from (f"  {card}" for card in cards_in(at.metrics, card))


def dataset(name: str) -> DataFile:
    """The dataset `datasets/NAME.jsonl` of the project here; it need not exist before it grows.

    Raises:
        ProjectError: there is no project here.
    """
    return DataFile(bench().house.project.root / "datasets", name)


@overload
def evaluate(
    variants: str | Sequence[str],
    data: Data,
    evaluators: Sequence[Judge] = (),
    *,
    stream: Literal[False] = False,
    **options: Unpack[Settings],
) -> Evaluation: ...


@overload
def evaluate(
    variants: str | Sequence[str],
    data: Data,
    evaluators: Sequence[Judge] = (),
    *,
    stream: Literal[True],
    **options: Unpack[Settings],
) -> Stream: ...


def evaluate(
    variants: str | Sequence[str],
    data: Data,
    evaluators: Sequence[Judge] = (),
    *,
    stream: bool = False,
    **options: Unpack[Settings],
) -> Evaluation | Stream:
    """Run variants of a task (`"answer"`, `"answer@concise"`, or several) over a dataset, and judge every answer.

    `data` is a dataset, its name, or a list of examples. Evaluators are names, objects such as
    `{"type": "contains", "value": "Paris"}`, or functions of (example, output). `models` and `parameters`
    (`{"temperature": [0, 1]}`) make a matrix of the variants; each of them answers every example `repeats` times. What
    was asked before is not asked again unless `fresh`.

    `max_cost` is a ceiling in dollars, `stop_early` ends the run as soon as the comparison of the first two variants is
    decided. With `stream`, iterate over the results as they are kept; the evaluation is its `evaluation` at the end.

    Raises:
        hone.errors.HoneError: what is wrong and whose move it is. A call that fails is a result, not an error.
    """
    names = [variants] if isinstance(variants, str) else list(variants)
    at, asked = bench(), Options(evaluators=evaluators, **options)
    if stream:
        return Stream(at, names, data, asked)
    return Evaluation(at, at.evaluate(names, data, asked), data, asked)
