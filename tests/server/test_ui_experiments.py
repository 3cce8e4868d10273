"""Experiments on pages: every number with its interval, and two variants compared case by case."""

import json
import re

import pytest

from hone.core import now_ns
from hone.datasets import Example
from hone.evals.judges._calibrate import Verdict, card_of
from hone.evals.judges._labels import Labelled
from hone.local import House, cards_of
from hone.store import Experiment, Judgement, Metric, Result

HTML = {"accept": "text/html"}
HOSTILE = "<script>alert(1)</script>"
METRICS = {
    "right": Metric(kind="boolean"),
    "overlap": Metric(kind="number"),
    "latency": Metric(kind="number", direction="down"),
    "helpful": Metric(kind="boolean", by="judge"),
}


def measured(house: House, name: str = "e1", *, cases: int = 30, better: int = 12, state="done", until=None, **fields):
    """`brief` is right where `baseline` is not in the first `better` cases and wrong in the last; both are right in
    the rest. It takes half the time."""
    about = {
        "id": name, "project": "parcels", "task": "answer", "dataset": "lost", "dataset_sha256": "d" * 64,
        "split": None, "examples": cases, "variants": {"baseline": "a" * 64, "brief": "b" * 64},
        "evaluators": list(METRICS), "metrics": METRICS, "key": name, "state": state,
        "created": now_ns() - 60_000_000_000, "by": "cli",
    }  # fmt: skip
    made = Experiment(**about | fields)
    house.experiments.begin(made)
    house.experiments.keep(
        [result(made, variant, n, cases, better) for n in range(cases if until is None else until)
         for variant in made.variants]
    )  # fmt: skip
    return made


def result(at: Experiment, variant: str, n: int, cases: int, better: int) -> Result:
    brief = variant == "brief"
    right = (n < cases - 1) if brief else n >= better
    error = "UpstreamTimeout: no answer" if brief and n == cases - 1 else None
    said = [
        Judgement("right", right, f"because {HOSTILE}" if n == 0 else None),
        Judgement("overlap", 0.5 + n / 100 + (0.1 if brief else 0)),
        Judgement("helpful", n % 3 > 0),
    ]
    if error is None:
        said.append(Judgement("latency", (1.0 if brief else 2.0) + n % 4 / 10))
    return Result(
        experiment=at.id, variant=variant, example=f"case {n}",
        input=json.dumps({"question": f"What is {n}? {HOSTILE}"}),
        output="" if error else f"The parcel number {n} came {'early' if brief else 'late'} to Bern {HOSTILE}",
        error=error, judgements=said, tags=("odd" if n % 2 else "even",), trace_id="a" * 32, seconds=1.5, cost=0.002,
        created=at.created + n * 1_000_000_000,
    )  # fmt: skip


class TestTheExperiment:
    def test_every_metric_of_every_variant_has_its_interval_as_numbers_and_as_a_bar(self, http, house):
        made = measured(house)
        seen = http.get(f"/experiments/{made.id}.json").json()
        assert [each["metric"] for each in seen["metrics"]] == list(METRICS)
        right = {row["variant"]: row for row in seen["metrics"][0]["rows"]}
        assert (right["baseline"]["mean"], right["baseline"]["n"]) == (18 / 30, 30)
        assert right["baseline"]["low"] < 0.6 < right["baseline"]["high"]
        page = http.get(f"/experiments/{made.id}", headers=HTML).text
        assert page.count('<svg class="dot plain"') >= 8
        assert f"[{right['baseline']['low']:.3g}, {right['baseline']['high']:.3g}]" in page
        assert f'href="/experiments/{made.id}/compare?a=brief&amp;b=baseline"' in page

    def test_an_evaluator_that_failed_is_told_above_the_numbers_that_count_it_as_worst(self, http, house):
        made = measured(house)
        why = "the evaluator failed: ValueError: <no>"
        house.experiments.keep(
            [Result(experiment=made.id, variant="brief", example=f"more {n}", input='"?"', output="a",
                    judgements=[Judgement("overlap", 0.0, why), Judgement("right", True)]) for n in range(3)]
        )  # fmt: skip
        (told,) = http.get(f"/experiments/{made.id}.json").json()["broken"]
        assert (told["name"], told["failed"], told["judged"]) == ("overlap", 3, 62)
        page = http.get(f"/experiments/{made.id}", headers=HTML).text
        assert "the evaluator overlap failed on 3 of 62, the first with ValueError: &lt;no&gt;" in page

    def test_failed_calls_are_shown_with_their_traces(self, http, house):
        made = measured(house)
        seen = http.get(f"/experiments/{made.id}.json").json()
        assert (seen["failures"], [row["example"] for row in seen["failed"]]) == (1, ["case 29"])
        page = http.get(f"/experiments/{made.id}", headers=HTML).text
        assert "UpstreamTimeout: no answer" in page
        assert f'href="/traces/{"a" * 32}"' in page

    def test_cost_counts_what_was_asked_here_and_is_a_dash_where_a_price_is_unknown(self, http, house):
        made = measured(house)
        kept = house.experiments.results(made.id)
        rows = {row["variant"]: row for row in http.get(f"/experiments/{made.id}.json").json()["variants"]}
        assert rows["baseline"]["cost"] == pytest.approx(0.06)
        assert rows["brief"]["cost"] == pytest.approx(0.058)  # a call that failed is not billed
        assert rows["brief"]["seconds"] == 1.5
        assert len(kept) == 60
        other = measured(house, "e2", cases=5)
        house.experiments.keep([Result(experiment=other.id, variant="brief", example="more", input='"?"', output="a")])
        rows = {row["variant"]: row for row in http.get(f"/experiments/{other.id}.json").json()["variants"]}
        assert rows["brief"]["cost"] is None
        assert '<span class="none">–</span>' in http.get(f"/experiments/{other.id}", headers=HTML).text

    def test_figures_of_a_whole_variant_stand_beside_the_means(self, http, house):
        figure = {"variant": "brief", "name": "right.auc", "value": 0.83, "low": 0.7, "high": 0.9, "n": 30,
                  "direction": "up", "method": "ROC AUC, DeLong"}  # fmt: skip
        made = measured(house, figures=[figure])
        page = http.get(f"/experiments/{made.id}", headers=HTML).text
        assert "right.auc" in page
        assert "[0.7, 0.9]" in page
        assert "ROC AUC, DeLong" in page

    def test_slices_are_corrected_for_how_many_there_are(self, http, house):
        made = measured(house)
        seen = http.get(f"/experiments/{made.id}.json?metric=overlap").json()
        assert (seen["metric"], sorted(each["tag"] for each in seen["slices"])) == ("overlap", ["even", "odd"])
        ps = [each["comparison"]["p"] for each in seen["slices"]]
        assert all(each["adjusted"] >= p for each, p in zip(seen["slices"], ps, strict=True))
        assert "Benjamini-Hochberg" in http.get(f"/experiments/{made.id}", headers=HTML).text

    def test_a_judge_that_nobody_checked_is_said_to_be_one(self, http, house):
        made = measured(house)
        page = http.get(f"/experiments/{made.id}", headers=HTML).text
        assert "never held against people: hone judges calibrate helpful --data LABELS" in page

    def test_a_judge_has_its_own_card_and_not_that_of_another_of_its_name(self, http, house):
        for key, labels in (("a" * 64, 40), ("b" * 64, 60)):
            rows = [Labelled(example=Example(input=f"q{n}"), answer="a", labels=(n % 2 > 0,)) for n in range(labels)]
            verdicts = [Verdict(value=n % 2 > 0) for n in range(labels)]
            cards_of(house).keep(card_of("tone", key, "boolean", "l.jsonl", rows, verdicts, now_ns()))
        judge = Metric(kind="boolean", by="judge", judge="a" * 64)
        metrics = {**METRICS, "tone": judge, "tone.spread": Metric(kind="number", by="judge", judge="a" * 64)}
        made = measured(
            house, "toned", metrics={**metrics, "other": Metric(kind="number", by="judge", judge="c | d 1")}
        )
        seen = {each["metric"]: each for each in http.get(f"/experiments/{made.id}.json").json()["judges"]}
        assert seen.keys() == {"helpful", "tone", "other"}
        assert "on 40 labels" in seen["tone"]["sentence"]
        assert seen["other"]["card"] is None

    def test_a_running_one_says_how_far_it_is_and_refreshes_that_piece(self, http, house):
        made = measured(house, state="running", until=10)
        seen = http.get(f"/experiments/{made.id}.json").json()["progress"]
        assert (seen["done"], seen["total"]) == (20, 60)
        assert seen["left"] == pytest.approx(18)  # twenty answers in 9 seconds
        assert seen["quiet"] == pytest.approx(51, abs=20)
        page = http.get(f"/experiments/{made.id}", headers=HTML).text
        assert f'hx-get="/experiments/{made.id}" hx-trigger="every' in page
        piece = http.get(f"/experiments/{made.id}", headers={**HTML, "hx-target": "div#progress"}).text
        assert piece.lstrip().startswith('<div id="progress"')
        assert "<html" not in piece
        house.experiments.end(made.id, "interrupted", note="the cost ceiling was reached")
        ended = http.get(f"/experiments/{made.id}", headers=HTML).text
        assert "hx-trigger" not in ended
        assert "interrupted: the cost ceiling was reached" in ended

    def test_one_without_a_single_answer_opens(self, http, house):
        made = measured(house, state="running", until=0)
        assert http.get(f"/experiments/{made.id}", headers=HTML).status_code == 200
        assert http.get(f"/experiments/{made.id}/compare", headers=HTML).status_code == 200

    def test_one_of_one_variant_offers_no_comparison(self, http, house):
        made = measured(house, variants={"baseline": "a" * 64})
        assert "/compare" not in http.get(f"/experiments/{made.id}", headers=HTML).text
        page = http.get(f"/experiments/{made.id}/compare", headers=HTML).text
        assert "Nothing to compare yet" in page


class TestTheComparison:
    def test_the_verdict_stands_first_as_a_sentence(self, http, house):
        made = measured(house)
        page = http.get(f"/experiments/{made.id}/compare", headers=HTML).text
        assert re.search(r'<p class="verdict good">✓ brief beats baseline on right: \+0.367, 95 % interval', page)
        assert page.index("verdict") < page.index("Differences")
        worse = http.get(f"/experiments/{made.id}/compare?a=baseline&b=brief", headers=HTML).text
        assert "✗ baseline is worse than brief" in worse

    def test_what_it_costs_is_said_beside_the_verdict_when_that_is_sure(self, http, house):
        made = measured(house)
        assert http.get(f"/experiments/{made.id}/compare.json").json()["also"] == ["takes 47 % less time"]
        assert http.get(f"/experiments/{made.id}/compare.json?a=baseline").json()["also"] == ["takes 87 % more time"]
        assert "It takes 47 % less time." in http.get(f"/experiments/{made.id}/compare", headers=HTML).text

    def test_the_forest_has_shares_on_one_scale_and_the_rest_relative_to_the_other(self, http, house):
        made = measured(house)
        points, percent = http.get(f"/experiments/{made.id}/compare.json").json()["forest"]
        assert (points["unit"], [row["comparison"]["metric"] for row in points["rows"]]) == (
            "points",
            ["right", "overlap", "helpful"],
        )
        assert points["rows"][0]["at"] == pytest.approx(100 * 11 / 30)
        assert all(abs(row["high"] or 0) <= points["reach"] for row in points["rows"])
        (latency,) = percent["rows"]
        assert latency["at"] == pytest.approx(-100 / 2.14, abs=1)  # half a second of two is less than half of it
        page = http.get(f"/experiments/{made.id}/compare", headers=HTML).text
        assert '<svg class="dot good"' in page  # less latency is better
        assert '<svg class="dot open"' in page  # nobody differs in what is helpful

    def test_wins_losses_and_ties_are_counted_and_filtered(self, http, house):
        made = measured(house)
        seen = http.get(f"/experiments/{made.id}/compare.json").json()
        assert seen["counts"] == {"wins": 12, "losses": 1, "ties": 17}
        assert seen["cases"][0]["better"] is False  # of equal changes the losses come first
        losses = http.get(f"/experiments/{made.id}/compare.json?show=losses").json()["cases"]
        assert [(each["id"], each["change"]) for each in losses] == [("case 29", -1.0)]
        ties = http.get(f"/experiments/{made.id}/compare.json?show=ties").json()
        assert ties["open"]["row"]["id"] == ties["cases"][0]["id"]  # without a case in the URL the first one is open
        faster = http.get(f"/experiments/{made.id}/compare.json?metric=latency").json()
        assert faster["counts"] == {"wins": 29, "losses": 0, "ties": 0}
        assert "Nothing matches" in http.get(
            f"/experiments/{made.id}/compare?metric=latency&show=ties", headers=HTML
        ).text  # fmt: skip

    def test_both_answers_stand_side_by_side_with_what_differs(self, http, house):
        made = measured(house)
        page = http.get(f"/experiments/{made.id}/compare?case=case+0", headers=HTML).text
        assert "came <ins>early</ins> to Bern" in page
        assert "came <del>late</del> to Bern" in page
        assert "because &lt;script&gt;" in page
        assert "<script>alert" not in page
        assert page.count(f'href="/traces/{"a" * 32}"') == 2
        piece = http.get(f"/experiments/{made.id}/compare?case=case+3", headers={**HTML, "hx-target": "section#case"})
        assert piece.text.lstrip().startswith('<section id="case"')
        assert "What is 3?" in piece.text

    def test_answers_that_have_nothing_in_common_are_not_marked(self, http, house):
        made = measured(house, cases=6, better=2)
        seen = http.get(f"/experiments/{made.id}/compare.json?case=case+5").json()
        assert seen["open"]["a"]["error"] == "UpstreamTimeout: no answer"
        assert seen["open"]["changes"] is None

    def test_another_experiment_over_the_same_examples_is_the_other_side(self, http, house):
        first, second = measured(house), measured(house, "e2", better=20)
        measured(house, "e3", dataset_sha256="f" * 64)
        seen = http.get(f"/experiments/{first.id}/compare.json?with={second.id}&a=baseline").json()
        assert [each["id"] for each in seen["others"]] == [second.id]
        assert (seen["a"], seen["b"], seen["other"]["id"]) == ("baseline", "baseline", second.id)
        assert seen["counts"]["wins"] == 8
        assert seen["comparisons"][0]["experiments"] == [first.id, second.id]
        assert http.get(f"/experiments/{first.id}/compare?with=e3", headers=HTML).status_code == 400

    def test_many_cases_come_in_pages(self, http, house):
        made = measured(house, cases=120)
        seen = http.get(f"/experiments/{made.id}/compare.json?page=3").json()
        assert (seen["pages"], len(seen["cases"])) == (3, 20)

    @pytest.mark.parametrize("query", ["a=nobody", "b=nobody", "metric=nothing", "page=x"])
    def test_what_is_not_there_is_the_callers_mistake(self, http, house, query):
        made = measured(house)
        assert http.get(f"/experiments/{made.id}/compare?{query}", headers=HTML).status_code == 400


class TestTheAnswers:
    def test_every_number_leads_to_the_answers_it_was_counted_from(self, http, house):
        made = measured(house)
        page = http.get(f"/experiments/{made.id}", headers=HTML).text
        link = re.search(r'href="([^"]+/answers[?]variant=baseline&amp;metric=right)">30<', page)[1]
        seen = http.get(link.replace("&amp;", "&"), headers={"accept": "application/json"}).json()
        assert (seen["all"], seen["wrong"], seen["failed"]) == (30, 12, 0)
        assert [row["value"] for row in seen["rows"]] == [False] * 12 + [True] * 18

    def test_the_worst_come_first_whichever_way_is_better(self, http, house):
        made = measured(house)
        slow = http.get(f"/experiments/{made.id}/answers.json?variant=brief&metric=latency").json()["rows"]
        assert [row["value"] for row in slow[:-1]] == sorted((row["value"] for row in slow[:-1]), reverse=True)
        assert slow[-1]["value"] is None  # the call failed, and it has no latency
        little = http.get(f"/experiments/{made.id}/answers.json?metric=overlap").json()["rows"]
        assert little[0]["value"] == 0.5

    def test_wrong_ones_and_failed_calls_can_be_seen_alone(self, http, house):
        made = measured(house)
        failed = http.get(f"/experiments/{made.id}/answers?variant=brief&show=failed", headers=HTML).text
        assert "UpstreamTimeout: no answer" in failed
        assert failed.count('<a class="row"') == 1
        wrong = http.get(f"/experiments/{made.id}/answers?show=wrong", headers=HTML).text
        assert wrong.count('<a class="row"') == 12
        assert "because &lt;script&gt;" in wrong
        assert "<script>alert" not in wrong

    @pytest.mark.parametrize("query", ["variant=nobody", "metric=nothing", "show=some", "page=x"])
    def test_what_is_not_there_is_the_callers_mistake(self, http, house, query):
        made = measured(house)
        assert http.get(f"/experiments/{made.id}/answers?{query}", headers=HTML).status_code == 400
