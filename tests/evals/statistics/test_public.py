"""What `hone.evals.statistics` offers, and what it does not load."""

import json
import subprocess
import sys
from importlib import import_module

import pytest

from hone.evals import statistics


def test_every_name_is_there_and_says_what_it_is() -> None:
    for name in statistics.__all__:
        found = getattr(statistics, name)
        assert name == "Verdict" or found.__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = statistics.nothing


def test_every_name_comes_from_the_home_that_is_written_down() -> None:
    homes = {name: home for home, names in statistics._HOMES.items() for name in names}
    assert sorted(homes) == sorted(statistics.__all__)
    for name, home in homes.items():
        assert hasattr(import_module(f"hone.evals.statistics.{home}"), name)


def test_scipy_and_scikit_learn_are_only_oracles() -> None:
    code = (
        "import sys, json; from hone.evals import statistics as s; [getattr(s, name) for name in s.__all__]; "
        "s.EarlyStop(5).see(1.0); s.roc_auc([True, False], [1, 0]); s.spearman([1, 2, 3, 4], [1, 3, 2, 4]); "
        "s.sight(s.PairedMeans(1.0), 20); s.rank([s.Bout('a', 'b', 1.0)]); s.krippendorff_alpha([[1, 1], [2, 1]]); "
        "print(json.dumps([name for name in ('scipy', 'sklearn') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert json.loads(done.stdout) == []
