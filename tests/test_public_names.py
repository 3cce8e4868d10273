"""What `import hone` gives, and what it does not load."""

import json
import subprocess
import sys

import pytest

import hone


def test_every_public_name_is_there():
    for name in hone.__all__:
        assert getattr(hone, name) is not None
    assert set(hone.__all__) <= set(dir(hone))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = hone.nothing


def test_importing_hone_loads_no_third_party_package_but_msgspec():
    code = (
        "import sys; before = set(sys.modules); import hone, json; "
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout))
    assert loaded - set(sys.stdlib_module_names) <= {"hone", "msgspec"}


def test_the_sdk_itself_loads_no_third_party_package_but_msgspec():
    code = (
        "import sys; before = set(sys.modules); import hone, json; hone.span, hone.run, hone.trace; "
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout))
    # msgspec itself looks for typing_extensions when it meets the first struct.
    assert loaded - set(sys.stdlib_module_names) <= {"hone", "msgspec", "typing_extensions"}


@pytest.mark.parametrize(
    "room", ["core", "store", "providers", "client", "traces", "feedback", "datasets", "evals", "prompts", "knowledge",
             "models", "releases", "gateway", "local", "server", "cli", "testing", "project", "batches",
             "evals.interop", "evals.benchmarks", "evals.reports"]
)  # fmt: skip
def test_every_name_a_room_offers_is_there(room):
    from importlib import import_module

    module = import_module(f"hone.{room}")
    assert module.__doc__
    for name in module.__all__:
        assert getattr(module, name) is not None
