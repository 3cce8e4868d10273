"""The pytest plugin behind `@hone.case`: one test for each example, and what they come to together.

Loaded by the entry point `pytest11` whenever pytest starts, so nothing heavy is imported before a case is met. Under
xdist each worker judges its cases; what they found travels with their reports, and the criteria are looked at where the
run is told.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hone.testing._case import ATTRIBUTE

if TYPE_CHECKING:
    from hone.datasets import Example
    from hone.testing._case import Spec
    from hone.testing._criteria import Finding
    from hone.testing._judged import Outcome
    from hone.testing._jury import Jury

_PROPERTY = "hone"
_PARAMETER = "example"
_LEDGER = "hone-ledger"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hone", "cases judged by hone's evaluators")
    group.addoption("--hone-json", metavar="FILE", help="write what the cases of @hone.case came to, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Ledger(config), _LEDGER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    spec: Spec | None = getattr(metafunc.function, ATTRIBUTE, None)
    if spec is None:
        return
    from hone.errors import HoneError
    from hone.testing._judged import examples_of

    if _PARAMETER not in metafunc.fixturenames:
        raise pytest.Collector.CollectError(f"{metafunc.function.__name__} takes no `{_PARAMETER}`")
    try:
        examples = examples_of(spec, Path(str(metafunc.module.__file__)))
    except HoneError as problem:
        raise pytest.Collector.CollectError(str(problem)) from None
    metafunc.parametrize(_PARAMETER, examples, ids=[each.id for each in examples])


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    spec: Spec | None = getattr(pyfuncitem.obj, ATTRIBUTE, None)
    if spec is None:
        return None
    import msgspec

    from hone.testing._judged import judged

    names = pyfuncitem._fixtureinfo.argnames  # what the function itself takes, as pytest's own call reads it
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    function = pyfuncitem.nodeid.partition("[")[0]
    example: Example = pyfuncitem.funcargs[_PARAMETER]  # type: ignore[assignment]
    ledger: _Ledger = pyfuncitem.config.pluginmanager.get_plugin(_LEDGER)  # type: ignore[assignment]
    jury = ledger.jury(function, spec, pyfuncitem.path)
    outcome, raised = judged(spec, jury, function, example, lambda: pyfuncitem.obj(**arguments))
    pyfuncitem.user_properties.append((_PROPERTY, msgspec.json.encode(outcome).decode()))
    if spec.together:
        return True
    if raised is not None:
        raise raised
    if outcome.wrong:
        pytest.fail("\n".join([*outcome.wrong, f"the answer: {outcome.answer}"]), pytrace=False)
    return True


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """A wrong case that fails nothing by itself is shown as what it is."""
    if report.when != "call" or not report.passed:
        return None
    found = _outcome(report)
    return ("wrong", "w", ("WRONG", {"yellow": True})) if found is not None and found.wrong else None


def _outcome(report: pytest.TestReport) -> "Outcome | None":
    text = next((value for name, value in report.user_properties if name == _PROPERTY), None)
    if text is None:
        return None
    import msgspec

    from hone.testing._judged import Outcome

    return msgspec.json.decode(str(text), type=Outcome)


class _Ledger:
    """Who judges, and what was found, in the process that tells it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._outcomes: list[Outcome] = []
        self._findings: list[Finding] | None = None
        self._juries: dict[str, Jury] = {}

    def jury(self, function: str, spec: "Spec", test_file: Path) -> "Jury":
        """Who judges the cases of a function, made once."""
        from hone.testing._jury import Jury

        return self._juries.setdefault(function, Jury(spec, test_file))

    @property
    def findings(self) -> "list[Finding]":
        if self._findings is None:
            from hone.testing._criteria import findings

            # Workers answer in any order; what they found is told in one.
            self._outcomes.sort(key=lambda each: (each.function, each.example))
            self._findings = findings(self._outcomes) if self._outcomes else []
        return self._findings

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found = _outcome(report) if report.when == "call" else None
        if found is not None:
            self._outcomes.append(found)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(self._config, "workerinput") or not self._outcomes:
            return
        if any(each.fails for each in self.findings) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if path := self._config.getoption("--hone-json"):
            self._write(Path(path))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.findings:
            return
        terminalreporter.section("hone")
        shown = ""
        for each in self.findings:
            if each.function != shown:
                terminalreporter.write_line(shown := each.function)
            colour = {"pass": {"green": True}, "fail": {"red": True}, "cannot_tell": {"yellow": True}}
            terminalreporter.write_line(f"  {each}", **colour.get(each.verdict or "", {}))

    def _write(self, path: Path) -> None:
        import msgspec

        value = {
            "findings": [msgspec.to_builtins(each) | {"fails": each.fails} for each in self.findings],
            "cases": msgspec.to_builtins(self._outcomes),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value, indent=2, default=str), "utf-8")
