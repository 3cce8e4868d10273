"""The steps, in the order of the loop: serve, see, listen, collect, judge, release, watch; and then once more."""

import platform
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from hone.cli._building import build_with_progress
from hone.cli.demo._failures import MEANING, Call, calls_of, failures
from hone.cli.demo._model import Chosen
from hone.cli.demo._project import CARELESS, FAILURES, KNOWLEDGE, METRIC, PRECISE, QUESTIONS, TASK, Ideas
from hone.cli.demo._stage import Stage
from hone.cli.demo._story import Case, Measured, Phase, Pile, Story, Turn, Watched, measured, of_run, phase, pile
from hone.cli.demo._visitors import Visitors, correct
from hone.client import Remote
from hone.core import new_id, text_in
from hone.datasets import DatasetFile
from hone.errors import GateClosed
from hone.evals import Comparison, Run, sentence
from hone.local import Bench, House, Options, grow
from hone.project import BASELINE
from hone.prompts import diff
from hone.releases import GateResult
from hone.server import Server
from hone.store import Release, SpanQuery

_BY = "demo"
_SHARE = 0.25  # of the canary
_PATIENCE = 120.0  # seconds that the watching server gets to see what it must


class Loop:
    """Runs the demonstration in a house that is served at `server`."""

    def __init__(
        self, house: House, server: Server, model: Chosen, ideas: Ideas, *, limit: int | None = None, at_once: int = 4
    ) -> None:
        self.house = house
        self.stage = Stage()
        self._server = server
        self._model = model
        self._ideas = ideas
        self._limit = limit
        self._at_once = at_once
        self._run = f"demo-{new_id()[-8:]}"
        self._start, self._begun = time.monotonic(), house.clock()
        self._phases: list[Phase] = []
        self._ab: Comparison | None = None

    def run(self) -> Story:
        """
        Raises:
            HoneError: a step cannot be done at all; a verdict that nobody wished for is none of these.
        """
        self.house.releases.apply(TASK, by=_BY, reason="the demonstration begins")
        chunks = build_with_progress(self.house, KNOWLEDGE).chunks
        python = f"Python {platform.python_version()}"
        self.stage.say("knowledge", f"{chunks:,} passages from the docstrings of {python}")
        self._dataset = DatasetFile(self.house.project.root / "datasets", QUESTIONS).read()
        self._dev = self._dataset.split("dev")[: self._limit]
        self.stage.say("serve", f"{self._server.url}/v1, all of the traffic to {BASELINE}: search by words")
        with closing(Remote(self._server.url)) as connection, Visitors(self._server.url, self._run) as self._visitors:
            self._bench = Bench(self.house, connection, own=True)
            return self._story(chunks, python)

    def _story(self, chunks: int, python: str) -> Story:
        first = self._turn("traffic", self._ask("traffic"), BASELINE, [PRECISE, self._ideas.first.name], ab=True)
        production = first.chosen if first.released else BASELINE
        canary, calls = self._canary(production)
        mine = [call for call in calls if call.span.variant == production]
        second = self._turn("canary", mine, production, [self._ideas.second.name], ab=False)
        return Story(
            run=self._run,
            model=self._model.use,
            generative=self._model.generative,
            by_meaning="search" in self._ideas.first.settings,
            python=python,
            chunks=chunks,
            questions=len(self._dev) + first.comparison.n,
            prompt=diff(self.house.prompts["answer"].source, self.house.prompts["answer-precise"].source).changes,
            turns=[first, second],
            phases=self._phases,
            ab=self._ab,
            canary=canary,
            history=self._history(),
            seconds=time.monotonic() - self._start,
            cost=self._cost(),
        )

    # -- serve, see, listen

    def _ask(self, name: str) -> list[Call]:
        """Every dev question through the gateway. Users ask the same things again, the held-out ones never."""
        with self.stage.bar("users ask") as bar:
            self._visitors.ask(self._dev, name, bar)
        calls = calls_of(self.house, f"{self._run}-{name}", self._dev)
        self._phases.append(phase(name, calls))
        return calls

    # -- one turn: failures, ideas, judgement, release

    def _turn(self, name: str, calls: Sequence[Call], against: str, ideas: list[str], *, ab: bool) -> Turn:
        seen = self._failures(name, calls, against)
        dev = self._try([against, *ideas])
        chosen = max(dev[1:], key=lambda one: one.mean).name
        run = self._evaluate([against, chosen], "held-out")
        comparison = run.compare(chosen, against, METRIC, not_worse_by=self._margin)
        told = f"{comparison.n} held-out questions, which no user asks: {_shares(of_run(run, METRIC, run.variants))}"
        self.stage.say("judge", told, sentence(comparison))
        gate = self._gate(chosen)
        released = gate.open and (not ab or self._half(chosen)) and self._promote(chosen)
        return Turn(
            failures=seen,
            dev=dev,
            chosen=chosen,
            against=against,
            held_out=of_run(run, METRIC, [against, chosen]),
            comparison=comparison,
            gate=gate.reason,
            released=released,
            cases=self._cases(run, chosen, against),
        )

    def _failures(self, name: str, calls: Sequence[Call], variant: str) -> Pile:
        rate = _right(variant, calls)
        if name == "traffic":
            failed = sum(call.right is None for call in calls)
            self.stage.say(
                "traffic", f"{len(calls)} calls with the official openai SDK" + (f", {failed} failed" if failed else "")
            )
        else:
            self.stage.say("again", f"the second turn begins with what {variant} answered meanwhile")
        self.stage.say(
            "listen", f"known answers stand in for the users' thumbs: {rate.mean:.1%} right {_interval(rate)}"
        )
        found = failures(self.house, calls)
        file = DatasetFile(self.house.project.root / "datasets", FAILURES)
        right = {call.span.trace_id: list(call.example.expected) for call in calls}
        grown = grow(
            self.house, file, [call.span for call in calls if call.right is False],
            limit=len(calls), corrected=right, tags=[name], by=_BY,
        ) if found else None  # fmt: skip
        made = pile(variant, found)
        told = [f"{count:>4} {kind}: {MEANING[kind]}" for kind, count in made.counts.items() if count]
        kept = (
            f", {grown.added} new ones into datasets/{FAILURES}.jsonl with what would have been right" if grown else ""
        )
        self.stage.say("collect", f"{len(found)} failures{kept}", *told)
        return made

    def _try(self, names: list[str]) -> list[Measured]:
        abouts = {idea.name: idea.about for idea in (self._ideas.first, self._ideas.second)}
        abouts[PRECISE] = "the prompt, with a stricter instruction"
        for name in names[1:]:
            self.stage.say("idea", f"{name}: {abouts[name]}")
        dev = of_run(self._evaluate(names, "dev"), METRIC, names)
        best = max(dev[1:], key=lambda one: one.mean)
        lines = [f"{one.name:<10} {one.mean:.1%} {_interval(one)}" for one in dev]
        self.stage.say("try", f"on the {dev[0].n} dev questions; {best.name} goes on", *lines)
        return dev

    def _evaluate(self, names: list[str], split: Any) -> Run:
        with self.stage.bar(f"{', '.join(names)} on {split}") as bar:
            options = Options(
                evaluators=[correct], split=split, limit=self._limit, concurrency=self._at_once, by=_BY, progress=bar
            )
            return self._bench.evaluate([f"{TASK}@{name}" for name in names], self._dataset, options)

    def _gate(self, chosen: str) -> GateResult:
        gate = self.house.releases.gate(TASK, chosen)
        self.stage.say("gate", f"open to {chosen}" if gate.open else f"closed to {chosen}: nothing is released")
        return gate

    def _promote(self, chosen: str) -> bool:
        try:
            self.house.releases.promote(TASK, chosen, by=_BY)
        except GateClosed:  # it was open a moment ago, and experiments are made by whoever likes
            return False
        self.stage.say("release", f"{chosen} answers every call")
        return True

    @property
    def _margin(self) -> float:
        return self.house.project.gates[TASK].not_worse_by

    def _cases(self, run: Run, a: str, b: str) -> list[Case]:
        """Where one was right and the other was not."""
        ours, theirs = run.values(a, METRIC), run.values(b, METRIC)
        said = {(each.variant, each.example): each for each in run.results}
        known = {each.id: each for each in self._dataset}
        return [
            Case(
                question=text_in(said[a, id].input),
                wanted=" or ".join(known[id].expected),
                a=" ".join(said[a, id].output.split()),
                b=" ".join(said[b, id].output.split()),
                a_is_right=bool(ours[id]),
            )
            for id in ours  # noqa: A001
            if ours[id] != theirs[id]
        ]

    # -- live

    def _half(self, chosen: str) -> bool:
        """Half of the users get the new one, since held-out questions are no users; is it still there afterwards?"""
        begun = self.house.releases.canary(TASK, chosen, 0.5, by=_BY, reason="A/B at 50 %, the gate is open")
        self._ask("ab")
        if (back := self._after(begun.id)) is not None:
            self.stage.say("A/B", f"{chosen} was taken back from half of the users", back.reason or "")
            return False
        live = self.house.releases.live(TASK, METRIC)
        rates = [measured(one.variant, round((one.mean or 0) * one.n), one.n) for one in live.variants]
        told = sentence(live.comparison) if live.comparison else "only one of them was asked"
        self.stage.say("A/B", f"live at 50 %: {_shares(rates)}", told)
        self._ab = live.comparison
        return True

    def _canary(self, production: str) -> tuple[Watched, list[Call]]:
        """A bad variant gets a share, and nobody looks but the server itself."""
        begun = self.house.releases.canary(TASK, CARELESS, _SHARE, by=_BY, reason="bad on purpose")
        self.stage.say("canary", f"{CARELESS}, bad on purpose, gets {_SHARE:.0%}; the server looks by itself")
        calls = self._ask("canary")
        back = self._back(begun.id)
        until = [call for call in calls if back is None or call.span.start < back.created]
        theirs = [call for call in until if call.span.variant == CARELESS]
        reason = (back.reason or "") if back else "no limit was crossed"
        told = f"taken back after {len(theirs)} calls of its own" if back else "still there: no limit was crossed"
        self.stage.say("watch", f"{CARELESS} {told}", reason)
        if back is None:
            self.house.releases.rollback(TASK, by=_BY, reason="the demonstration goes on without it")
        watched = Watched(
            variant=CARELESS,
            share=_SHARE,
            rolled_back=back is not None,
            calls=len(theirs),
            of=len(until),
            reason=reason,
            right=[(call.span.variant == CARELESS, call.right) for call in until if call.right is not None],
        )
        return watched, calls

    def _back(self, canary: int) -> Release | None:
        """The rollback of the canary; where a limit is crossed, the server gets the time to see it."""
        end = time.monotonic() + _PATIENCE
        while (back := self._after(canary)) is None:
            if time.monotonic() > end or not self.house.releases.should_roll_back(TASK).roll_back:
                return self._after(canary)
            time.sleep(0.2)
        return back

    def _after(self, release: int) -> Release | None:
        """What came right after a release."""
        later = [each for each in self.house.releases.history(TASK) if each.id > release]
        return later[-1] if later else None

    def _history(self) -> list[Release]:
        """Of this demonstration, oldest first."""
        found = self.house.releases.history(TASK)
        begun = next(i for i, each in enumerate(found) if each.action == "apply")
        return found[begun::-1]

    def _cost(self) -> float | None:
        """Of every model call, those of the experiments among them."""
        self.house.telemetry.flush()
        seen = self.house.telemetry.percentiles(
            SpanQuery(project=self.house.project.name, kind="llm", since=self._begun)
        )
        return seen[0].cost if seen else None


def _right(variant: str, calls: Sequence[Call]) -> Measured:
    scored = [call.right for call in calls if call.right is not None]
    return measured(variant, sum(scored), len(scored))


def _shares(found: Sequence[Measured]) -> str:
    return ", ".join(f"{one.name} {one.mean:.1%} {_interval(one)}" for one in found)


def _interval(one: Measured) -> str:
    return f"({one.low:.0%} to {one.high:.0%}, n = {one.n})"
