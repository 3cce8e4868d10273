"""The cases of a run, many at once: asked or found, judged, kept, and told."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from hone.evals.runs._asking import Asking
from hone.evals.runs._judging import answer_of, details_of, input_of, judge
from hone.evals.runs._keeper import Keeper
from hone.evals.runs._plan import Case, Keys, Place, Plan
from hone.evals.runs._rig import TAG, Progress, Rig, record
from hone.store import Experiment, Result

_LOOKS = 50  # so often a run that may end early looks whether it is decided


class Work:
    """One run from its first case to its last. `results` are those that are committed, earlier ones included."""

    def __init__(
        self,
        plan: Plan,
        rig: Rig,
        experiment: Experiment,
        done: Sequence[Result],
        known: Mapping[Place, Result],
        keys: Keys,
    ) -> None:
        """`done` stand in the experiment already; `known` are answers of other experiments, by where they go."""
        self._plan = plan
        self._rig = rig
        self._experiment = experiment
        self.results = list(done)
        self._known = known
        self._keys = keys
        self._asking = Asking(rig, (TAG, experiment.id))
        self._keeper = Keeper(self._write, self._kept)
        self._total = len(plan.examples) * len(plan.cells) * plan.repeats
        self._reused = self._failed = self._looked = 0
        self._begun = time.perf_counter()
        self._broken: BaseException | None = None

    async def run(self, todo: Sequence[Case]) -> None:
        """Ask and keep all of them; what was asked is kept whatever happens.

        Raises:
            HoneError: no call would go better than one that failed, or a result could not be kept.
        """
        self._looked = len(self.results)
        self.tell()
        self._cases = iter(todo)
        watch = asyncio.create_task(self._open())
        workers = asyncio.gather(*(self._worker() for _ in range(min(self._rig.concurrency, len(todo)))))
        try:
            await asyncio.shield(workers)
        except asyncio.CancelledError:
            # What was asked already is paid for: it is kept, and nothing more is asked.
            self._rig.stopping.ask("it was cancelled")
            await workers
            raise
        finally:
            watch.cancel()
            await self._keeper.close()
        if self._broken is not None:
            raise self._broken

    async def _open(self) -> None:
        await self._rig.stopping.wait()
        self._asking.open()

    async def _worker(self) -> None:
        for case in self._cases:
            if self._rig.stopping.asked:
                return
            try:
                await self._one(case)
            except BaseException as problem:
                self._broken = self._broken or problem
                self._rig.stopping.ask("it could not go on")
                if isinstance(problem, asyncio.CancelledError):
                    raise
                return

    async def _one(self, case: Case) -> None:
        if (known := self._known.get(case.place)) is not None:
            judgements = await judge(self._plan, case.example, answer_of(known, self._rig.spans))
            cell, example, repeat = case.place
            moved = replace(
                known,
                experiment=self._experiment.id,
                variant=cell,
                example=example,
                repeat=repeat,
                key=known.key or self._keys.of(case),
                source=known.source or known.experiment,
                group=case.example.group,
                tags=case.example.tags,
                judgements=judgements,
                created=self._rig.clock(),
            )
            self._reused += 1
            self._keeper.keep(moved)  # nobody waits for it: it is kept elsewhere already
            await asyncio.sleep(0)
            return
        answer = await self._asking.ask(case)
        if answer is None:
            return
        await self._keeper.keep(
            Result(
                experiment=self._experiment.id,
                variant=case.cell.name,
                example=case.example.id,
                repeat=case.repeat,
                key=self._keys.of(case),
                input=input_of(case.example),
                group=case.example.group,
                tags=case.example.tags,
                output=answer.text,
                error=answer.error,
                judgements=await judge(self._plan, case.example, answer),
                trace_id=answer.trace_id,
                span_id=answer.span_id,
                seconds=answer.seconds,
                cost=answer.cost,
                details=details_of(answer),
                created=self._rig.clock(),
            )
        )

    def _write(self, batch: Sequence[Result]) -> None:
        self._rig.store.keep(batch)
        record(self._rig, self._experiment, batch)

    def _kept(self, batch: Sequence[Result]) -> None:
        self.results += batch
        self._failed += sum(each.error is not None for each in batch)
        if self._rig.on_result is not None:
            for each in batch:
                self._rig.on_result(each)
        self.tell()
        if self._rig.early is not None and len(self.results) - self._looked >= self._total / _LOOKS:
            self._looked = len(self.results)
            if (why := self._rig.early.decided(self.results)) is not None:
                self._rig.stopping.ask(why, decided=True)

    def tell(self) -> None:
        """How far it is."""
        done, seconds = len(self.results), time.perf_counter() - self._begun
        calls = self._asking.calls
        rate = calls / seconds if seconds > 0 else 0.0
        self._rig.progress(
            Progress(
                done=done,
                total=self._total,
                kept=self._reused,
                failed=self._failed,
                seconds=seconds,
                rate=rate,
                left=(self._total - done) / rate if rate else None,
                cost=self._asking.purse.spent,
                at_once=self._asking.pace.at_once,
            )
        )
