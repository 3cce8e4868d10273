"""`hone demo` as a newcomer runs it, and its report counted again from what it left in the store."""

import json
import os
import subprocess
import sys

from hone.core import wilson
from hone.local import House
from hone.store import ScoreQuery, SpanQuery


def test_the_demonstration_answers_traces_and_scores_real_questions(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}
    done = subprocess.run(
        [sys.executable, "-m", "hone", "demo", "--json", "--keep", str(tmp_path / "demo")],
        capture_output=True, text=True, timeout=300, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the model is extractive" in done.stderr.splitlines()[0]
    report = json.loads(done.stdout)
    assert report["questions"] >= 40
    assert report["chunks"] > 3000
    assert report["answerable"]["low"] > 0.3  # far above chance among thousands of chunks

    house = House.open(tmp_path / "demo")
    try:
        roots = house.telemetry.spans(SpanQuery(kind="task", limit=10_000))
        scores = house.telemetry.scores(ScoreQuery(name="correct", limit=10_000))
    finally:
        house.close()
    assert len(roots) == len(scores) == report["questions"]
    assert {score.target.id for score in scores} == {root.span_id for root in roots}
    right = sum(score.value is True for score in scores)
    told = sum(round(report[part]["mean"] * report[part]["n"]) for part in ("answerable", "unanswerable"))
    assert right == told
    again = wilson(round(report["answerable"]["mean"] * report["answerable"]["n"]), report["answerable"]["n"])
    assert (again.low, again.high) == (report["answerable"]["low"], report["answerable"]["high"])
