"""Releases at run time: promotions through a gate, canaries, ways back, and what live traffic says."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hone.core import Score, Span, Target, new_id, new_span_id, new_trace_id, now_ns
from hone.errors import CallError, GateClosed, StoreError
from hone.local import Bench, Hone, House, Options
from hone.releases import Decision, Patrol, Releases
from hone.server import Server
from hone.store import EventQuery

FILE = """
project = "p"
[models.echo]
use = "fake/echo"
[models.deaf]
use = "fake/deaf"
parameters = { fake = { text = "What?" } }

[tasks.answer]
input = { question = "string" }
models = ["echo"]
[tasks.answer.variants.deaf]
models = ["deaf"]
[tasks.answer.variants.loud]
parameters = { temperature = 2 }

[metrics.contains]
kind = "boolean"
[metrics.stars]
kind = "number"

[releases.answer]
production = { baseline = 1 }
gate = { metric = "contains", not_worse_by = 0.1 }
rollback = { error_rate = 0.05, p95 = "2s" }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "hone.toml").write_text(FILE)
    return tmp_path


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    opened = House.open(folder)
    yield opened
    opened.close()


@pytest.fixture
def releases(house: House) -> Releases:
    return house.releases


def evaluate(house: House, *variants: str, **options: Any) -> None:
    hone = Hone(house)
    try:
        data = [{"input": {"question": f"question {n}"}, "expected": f"question {n}"} for n in range(160)]
        Bench(house, hone).evaluate(variants, data, Options(evaluators=["contains"], **options))
    finally:
        hone.stop()


# -- by hand


def test_a_canary_takes_its_share_and_a_rollback_gives_it_back(releases: Releases) -> None:
    made = releases.canary("answer", "loud", 0.2, by="ann", reason="try it")
    assert made.weights == {"baseline": pytest.approx(0.8), "loud": 0.2}
    releases.canary("answer", "deaf", 0.5, by="ann")
    assert releases.current("answer") == {"baseline": pytest.approx(0.4), "loud": pytest.approx(0.1), "deaf": 0.5}
    back = releases.rollback("answer", by="bob")
    assert back.weights == made.weights
    assert releases.rollback("answer", by="bob").weights == {"baseline": 1.0}, "done twice it goes back by two"
    with pytest.raises(CallError, match="no release before"):
        releases.rollback("answer", by="bob")
    assert [each.action for each in releases.history("answer")] == ["rollback", "rollback", "canary", "canary", "seed"]


def test_every_change_is_an_event_with_who_and_why(house: House, releases: Releases) -> None:
    releases.canary("answer", "loud", 0.2, by="ann", reason="try it")
    house.telemetry.flush()
    (event,) = house.telemetry.events(EventQuery(project="p", name="release"))
    assert event.subject == "task:answer"
    said = {key: event.attributes[key] for key in ("action", "by", "reason", "environment", "weights")}
    assert said == {
        "action": "canary", "by": "ann", "reason": "try it", "environment": "production",
        "weights": {"baseline": 0.8, "loud": 0.2},
    }  # fmt: skip


def test_the_next_call_goes_by_the_new_release(house: House, releases: Releases) -> None:
    hone = Hone(house)
    try:
        from hone.client import RunRequest

        assert hone.run(RunRequest(task="answer", text="hi")).variant == "answer@baseline"
        releases.promote("answer", "deaf", by="ann", force=True)
        assert hone.run(RunRequest(task="answer", text="hi")).variant == "answer@deaf"
    finally:
        hone.stop()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r.canary("answer", "laud", 0.1, by="x"), "did you mean `loud`"),
        (lambda r: r.canary("anwser", "loud", 0.1, by="x"), "did you mean `answer`"),
        (lambda r: r.canary("answer", "loud", 1.0, by="x"), "above 0 and below 1"),
        (lambda r: r.canary("answer", "baseline", 0.1, by="x"), "answers every call"),
        (lambda r: r.current("answer", "moon"), "no environment 'moon'"),
    ],
)
def test_a_mistake_changes_nothing_and_has_a_way_out(releases: Releases, change: Any, said: str) -> None:
    with pytest.raises(CallError, match=said):
        change(releases)
    assert releases.current("answer") == {"baseline": 1.0}


def test_two_who_roll_back_at_once_go_back_once(releases: Releases) -> None:
    releases.canary("answer", "loud", 0.2, by="ann")
    second = releases.canary("answer", "deaf", 0.2, by="ann")
    releases.rollback("answer", by="one", only=second.id)
    with pytest.raises(CallError, match="by somebody else meanwhile"):
        releases.rollback("answer", by="two", only=second.id)
    assert releases.history("answer")[0].by == "one"


# -- the gate


def test_a_variant_that_nobody_measured_does_not_pass(releases: Releases) -> None:
    said = r"(?s)no experiment compares loud with baseline by contains over all examples.*hone evals run"
    with pytest.raises(GateClosed, match=said):
        releases.promote("answer", "loud", by="ann")
    assert releases.current("answer") == {"baseline": 1.0}


def test_a_variant_that_is_not_worse_passes(house: House, releases: Releases) -> None:
    evaluate(house, "answer", "answer@loud")
    made = releases.promote("answer", "loud", by="ann")
    assert made.weights == {"loud": 1.0}
    assert "n = 160" in (made.reason or "")


def test_experiments_of_their_own_are_put_together(house: House, releases: Releases) -> None:
    evaluate(house, "answer")
    evaluate(house, "answer@loud")
    assert releases.gate("answer", "loud").open


def test_a_worse_variant_is_held_back_with_its_numbers_and_can_be_forced(house: House, releases: Releases) -> None:
    evaluate(house, "answer", "answer@deaf")
    with pytest.raises(GateClosed) as closed:
        releases.promote("answer", "deaf", by="ann")
    comparison = closed.value.details["gate"].comparison
    assert (comparison.verdict, comparison.difference, comparison.n) == ("fail", -1.0, 160)
    made = releases.promote("answer", "deaf", by="ann", reason="at night", force=True)
    assert made.reason == "at night (past the closed gate: fail)"


def test_an_experiment_of_an_older_configuration_does_not_count(house: House, folder: Path) -> None:
    evaluate(house, "answer", "answer@loud")
    (folder / "hone.toml").write_text(FILE.replace("temperature = 2", "temperature = 3"))
    edited = House.open(folder)
    try:
        assert not edited.releases.gate("answer", "loud").open
    finally:
        edited.close()


def test_the_dev_split_opens_no_gate(house: House, releases: Releases) -> None:
    evaluate(house, "answer", "answer@loud", split="dev")
    assert not releases.gate("answer", "loud").open
    evaluate(house, "answer", "answer@loud", split="held-out")
    assert releases.gate("answer", "loud").open


def test_a_run_over_a_few_examples_opens_no_gate_and_hides_no_whole_run(house: House, releases: Releases) -> None:
    evaluate(house, "answer", "answer@loud", limit=2)
    assert not releases.gate("answer", "loud").open
    evaluate(house, "answer", "answer@loud")
    evaluate(house, "answer", "answer@loud", limit=3, fresh=True)
    found = releases.gate("answer", "loud")
    assert found.comparison is not None
    assert (found.open, found.comparison.n) == (True, 160)


def test_a_variant_with_the_same_configuration_needs_no_proof(house: House, folder: Path) -> None:
    (folder / "hone.toml").write_text(FILE.replace("parameters = { temperature = 2 }", ""))
    twin = House.open(folder)
    try:
        assert "configured as baseline is" in twin.releases.gate("answer", "loud").reason
    finally:
        twin.close()


# -- live


def live(
    house: House,
    variant: str,
    n: int,
    *,
    failed: int = 0,
    seconds: float = 0.1,
    right: int | None = None,
    metric: str = "contains",
    values: list[float] | None = None,
    tags: tuple[str, ...] = (),
) -> None:
    """`n` calls of a variant, the first `failed` of them errors, the first `right` of them scored as right."""
    records: list[Span | Score] = []
    for k in range(n):
        start, trace = now_ns(), new_trace_id()
        records.append(
            Span(
                project="p", trace_id=trace, span_id=new_span_id(), kind="task", name="answer", task="answer",
                variant=variant, environment="production", start=start, end=start + int(seconds * 1e9),
                status="error" if k < failed else "ok", tags=tags,
            )
        )  # fmt: skip
        value = None if right is None else k < right
        if values is not None:
            value = values[k]  # type: ignore[assignment]
        if value is not None:
            kind = "boolean" if isinstance(value, bool) else "number"
            records.append(
                Score(
                    project="p", id=new_id(), time=start, target=Target("trace", trace), name=metric, value=value,
                    kind=kind, by="user",
                )  # type: ignore[arg-type]
            )  # fmt: skip
    house.recorder.record(records).wait(30)


@pytest.fixture
def canary(releases: Releases) -> int:
    return releases.canary("answer", "loud", 0.5, by="ann").id


def test_live_scores_stand_by_variant_with_their_doubt(house: House, releases: Releases, canary: int) -> None:
    live(house, "baseline", 40, right=30)
    live(house, "loud", 50, right=20)
    live(house, "loud", 500, right=500, tags=("eval", "x"))
    found = releases.live("answer", "contains")
    assert [(each.variant, each.n, each.mean) for each in found.variants] == [("baseline", 40, 0.75), ("loud", 50, 0.4)]
    assert found.comparison is not None
    assert (found.comparison.a, found.comparison.b) == ("answer@loud", "answer@baseline")
    assert found.comparison.difference == pytest.approx(-0.35)
    assert (found.comparison.verdict, found.comparison.method) == ("fail", "Newcombe")


def test_numbers_and_built_in_metrics_are_live_too(house: House, releases: Releases, canary: int) -> None:
    live(house, "baseline", 20, metric="stars", values=[4.0, 5.0] * 10, seconds=0.2)
    live(house, "loud", 20, metric="stars", values=[1.0, 2.0] * 10, failed=5)
    stars = releases.live("answer", "stars").comparison
    assert stars is not None
    assert (stars.verdict, stars.method, stars.difference) == ("fail", "Welch t", -3.0)
    assert [each.mean for each in releases.live("answer", "error_rate").variants] == [0.0, 0.25]
    assert [each.mean for each in releases.live("answer", "latency").variants] == pytest.approx([0.2, 0.1])


def test_one_variant_alone_is_compared_with_nobody(house: House, releases: Releases) -> None:
    live(house, "baseline", 5, right=5)
    releases.current("answer")
    assert releases.live("answer", "contains", since=1).comparison is None


def test_a_canary_that_does_well_stays(house: House, releases: Releases, canary: int) -> None:
    live(house, "baseline", 200, right=150)
    live(house, "loud", 200, right=150, failed=2)
    decision = releases.watch("answer")
    assert (decision.roll_back, decision.variant, decision.release) == (False, "loud", canary)
    assert [check.name for check in decision.checks] == ["error_rate", "p95", "contains"]
    assert releases.history("answer")[0].action == "canary"


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("error_rate", {"n": 40, "failed": 15, "right": 30}),
        ("p95", {"n": 40, "seconds": 3.0, "right": 30}),
        ("contains", {"n": 150, "right": 10}),
    ],
)
def test_a_bad_canary_is_rolled_back_and_says_why(
    house: House, releases: Releases, canary: int, name: str, calls: dict[str, Any]
) -> None:
    live(house, "baseline", 150, right=120)
    live(house, "loud", **calls)
    decision = releases.watch("answer")
    assert decision.roll_back
    assert [check.name for check in decision.checks if check.crossed] == [name]
    assert decision.rolled_back_to == {"baseline": 1.0}
    last = releases.history("answer")[0]
    assert (last.action, last.by) == ("rollback", "hone")
    assert f"answer@loud: {name}: " in (last.reason or "")
    assert releases.watch("answer").roll_back is False, "the way back is not on trial"


def test_an_upstream_that_is_down_for_all_does_not_unwind_the_history(house: House, releases: Releases) -> None:
    releases.promote("answer", "deaf", by="ann", force=True)
    releases.promote("answer", "loud", by="ann", force=True)
    live(house, "loud", 60, failed=60)
    assert releases.watch("answer").rolled_back_to == {"deaf": 1.0}
    live(house, "deaf", 60, failed=60)
    decision = releases.watch("answer")
    assert (decision.roll_back, decision.variant) == (False, None)
    assert releases.current("answer") == {"deaf": 1.0}


def test_a_promoted_variant_is_still_watched_for_errors(house: House, releases: Releases) -> None:
    releases.promote("answer", "loud", by="ann", force=True)
    live(house, "loud", 40, failed=20)
    assert releases.watch("answer").rolled_back_to == {"baseline": 1.0}


def test_scores_that_have_no_bounds_are_said_to_be_unwatched(house: House, folder: Path) -> None:
    (folder / "hone.toml").write_text(FILE.replace('metric = "contains"', 'metric = "stars"'))
    other = House.open(folder)
    try:
        other.releases.canary("answer", "loud", 0.5, by="ann")
        live(other, "baseline", 30, metric="stars", values=[5.0] * 30)
        live(other, "loud", 30, metric="stars", values=[1.0] * 30)
        (check,) = [each for each in other.releases.should_roll_back("answer").checks if each.name == "stars"]
        assert not check.crossed
        assert "only scores between 0 and 1" in check.said
    finally:
        other.close()


def test_looking_after_every_call_rarely_takes_back_a_good_canary() -> None:
    """Both variants are equally good, errors as likely as the limit allows: 500 calls, looked at after every tenth."""
    import numpy as np

    from hone.project import Gate, Rollback
    from hone.releases._live import Calls
    from hone.releases._watch import checks
    from hone.store import Metric

    random = np.random.default_rng(29)
    rollback, gate = Rollback(error_rate=0.05), Gate(metric="m", not_worse_by=0.0)
    taken_back = 0
    for _ in range(60):
        spans = [
            Span(
                project="p", trace_id=f"{n}", span_id=f"{n}", name="t", start=0, end=1,
                status="error" if random.random() < 0.05 else "ok", variant="ab"[n % 2],
            )
            for n in range(500)
        ]  # fmt: skip
        scores = {span.trace_id: bool(random.random() < 0.7) for span in spans}
        taken_back += any(
            check.crossed
            for seen in range(10, 501, 10)
            for check in checks(
                Calls(spans=spans[:seen], scores={"m": scores}), "a", ["b"],
                rollback=rollback, gate=gate, what=Metric(kind="boolean"),
            )
        )  # fmt: skip
    assert taken_back / 60 <= 0.05


def test_the_loop_of_a_server_may_ask_from_another_thread(house: House, releases: Releases, canary: int) -> None:
    async def look() -> bool:
        return (await asyncio.to_thread(releases.should_roll_back, "answer")).roll_back

    assert asyncio.run(look()) is False


def eventually(true: Callable[[], bool]) -> bool:
    """Waits for a thread, as long as it takes on a slow machine."""
    end = time.monotonic() + 30
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def test_a_server_takes_a_bad_canary_back_by_itself(house: House, releases: Releases, canary: int) -> None:
    live(house, "baseline", 150, right=120)
    live(house, "loud", 150, right=10)
    with Server(house, "127.0.0.1", 0, look_every=0.05):
        assert eventually(lambda: releases.history("answer")[0].action == "rollback")
    assert releases.current("answer") == {"baseline": 1.0}
    assert len([each for each in releases.history("answer") if each.action == "rollback"]) == 1


class _Broken:
    """Releases whose first look fails, as when a database is away for a moment."""

    def __init__(self, releases: Releases) -> None:
        self._releases, self.looks = releases, 0

    def has_limits(self, task: str) -> bool:
        return self._releases.has_limits(task)

    def watch(self, task: str) -> Decision:
        self.looks += 1
        if self.looks == 1:
            raise StoreError("the database does not answer")
        return self._releases.watch(task)


def test_a_look_that_fails_is_not_the_last_one(house: House, releases: Releases, canary: int) -> None:
    live(house, "baseline", 150, right=120)
    live(house, "loud", 150, right=10)
    broken = _Broken(releases)
    patrol = Patrol(broken, lambda: ["answer"], every=0.02)  # type: ignore[arg-type]
    patrol.start()
    assert eventually(lambda: releases.history("answer")[0].action == "rollback")
    patrol.stop()
    assert broken.looks >= 2


def test_tasks_without_limits_are_not_looked_at(house: House, folder: Path) -> None:
    assert house.releases.has_limits("answer")
    house.close()
    (folder / "hone.toml").write_text(FILE.partition("[releases.answer]")[0])
    without = House.open(folder)
    assert not without.releases.has_limits("answer")
    without.close()
