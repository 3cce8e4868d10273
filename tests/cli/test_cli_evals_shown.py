"""What `hone evals report` shows of answers that were wrong."""

import pytest

from hone.cli._evals_shown import show_worst
from hone.evals import Run
from hone.store import Experiment, Judgement, Metric, Result


def test_bad_news_is_wrong_and_a_judge_that_contradicts_itself_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = {
        "pairwise": Metric(kind="number", by="judge"),
        "pairwise.flipped": Metric(kind="boolean", direction="down", by="judge"),
        "harmful": Metric(kind="boolean", direction="down"),
    }
    experiment = Experiment(
        id="x", project="p", task="answer", dataset="d", dataset_sha256="d", split=None, examples=2,
        variants={"new": "sha"}, evaluators=list(metrics), metrics=metrics, key="k", created=1, by="test", state="done",
    )  # fmt: skip
    results = [
        Result(
            experiment="x", variant="new", example=f"e{n}", input=f'"question {n}"', output=f"answer {n}",
            judgements=[Judgement("pairwise.flipped", n == 0), Judgement("harmful", n == 1, "a threat")],
        )
        for n in range(2)
    ]  # fmt: skip
    show_worst(Run(experiment=experiment, results=results))
    shown = capsys.readouterr().out
    assert "new harmful: question 1" in shown
    assert "a threat" in shown
    assert "question 0" not in shown
