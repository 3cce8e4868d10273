"""trec_eval's own test: its run, its judgements, and what it prints for them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hone.errors import DatasetError
from hone.evals import read_qrels, read_run, score_run

Published = Callable[[str], Path]


def test_every_measure_is_that_of_trec_eval(published: Published) -> None:
    run, qrels = read_run(published("trec_eval/results.test")), read_qrels(published("trec_eval/qrels.test"))
    whole = score_run(run, qrels).whole
    printed = [line.split() for line in published("trec_eval/out.test.a").read_text().splitlines()]
    theirs = {name: float(value) for name, _, value in printed if name != "runid"}
    assert len(theirs) == 98
    assert {name: round(whole[name], 4) for name in theirs} == pytest.approx(theirs, abs=1e-9)


def test_a_run_and_judgements_of_other_queries_are_refused() -> None:
    with pytest.raises(DatasetError, match="no query of the run is judged"):
        score_run({"1": {"d": 1.0}}, {"2": {"d": 1}})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1 Q0 d 1 high name\n", r"the score 'high' is no number \(run:1\)"),
        ("1 Q0 d 1 2.0 name\n\n1 Q0 d 2 1.0 name\n", r"'d' stands there twice for the query '1' \(run:3\)"),
        ("1 Q0 d 1\n", r"4 columns instead of 6 \(run:1\)\nhint: query Q0 document rank score name"),
    ],
)
def test_a_broken_run_is_named_by_its_line(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "run").write_text(content)
    with pytest.raises(DatasetError, match=said):
        read_run(tmp_path / "run")


def test_broken_judgements_are_named_by_their_line(tmp_path: Path) -> None:
    (tmp_path / "qrels").write_text("1 0 d 1\n1 0 e high\n")
    with pytest.raises(DatasetError, match=r"the grade 'high' is no whole number \(qrels:2\)"):
        read_qrels(tmp_path / "qrels")
