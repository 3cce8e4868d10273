"""A run as JUnit XML, which every CI reads: one test case for each example and variant."""

import re
from collections import Counter
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from hone.core import text_in, utc
from hone.evals.reports._story import wrong
from hone.evals.runs._report import Run
from hone.store import Result

_LONG = 2_000
_TITLE = 100
# What XML 1.0 cannot hold, however it is written (https://www.w3.org/TR/xml/#charsets).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: Run) -> str:
    """The XML. An answer that fails a metric of right and wrong is a failure (`pass` alone, where tests have it), and a
    call that failed is an error. Every value is a property of its case, every mean one of its suite."""
    suites = [_suite(run, variant) for variant in run.variants]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{"".join(suites)}</testsuites>\n'


def _suite(run: Run, variant: str) -> str:
    mine = [each for each in run.results if each.variant == variant]
    name = f"{run.experiment.task}@{variant}"
    failures = sum(1 for each in mine if each.error is None and wrong(run, each))
    errors = sum(1 for each in mine if each.error is not None)
    seconds = sum(each.seconds or 0.0 for each in mine)
    head = (
        f'<testsuite name={_quoted(name)} tests="{len(mine)}" failures="{failures}" errors="{errors}" '
        f'time="{seconds:.3f}" timestamp="{utc(run.experiment.created):%Y-%m-%dT%H:%M:%S}">\n'
    )
    return f"{head}{_means(run, variant)}{''.join(_cases(run, name, mine))}</testsuite>\n"


def _means(run: Run, variant: str) -> str:
    lines = [_property("experiment", run.experiment.id), _property("dataset", run.experiment.dataset)]
    for metric in run.experiment.metrics:
        found = run.summary(variant, metric)
        if found.mean is not None:
            lines.append(_property(metric, f"{found.mean:.6g}"))
        if found.low is not None and found.high is not None:
            lines.append(_property(f"{metric} 95 % interval", f"{found.low:.6g} to {found.high:.6g}"))
    return f"<properties>\n{''.join(lines)}</properties>\n"


def _cases(run: Run, name: str, results: list[Result]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for each in results:
        seen[each.example] += 1
        again = f" #{seen[each.example]}" if seen[each.example] > 1 else ""
        title = f"{each.example}{again}: {_short(text_in(each.input))}"
        yield (
            f'<testcase classname={_quoted(name)} name={_quoted(title)} time="{each.seconds or 0.0:.3f}">\n'
            f"<properties>\n{''.join(_property(said.name, said.value) for said in each.judgements)}</properties>\n"
            f"{_outcome(run, each)}</testcase>\n"
        )


def _outcome(run: Run, result: Result) -> str:
    answer = f"answer: {result.output[:_LONG]}"
    if result.error is not None:
        return f"<error message={_quoted(result.error[:_LONG])}/>\n"
    found = wrong(run, result)
    if not found:
        return ""
    message = "; ".join(f"{said.name}: {said.explanation or said.value}" for said in found)[:_LONG]
    return f"<failure message={_quoted(message)}>{_text(answer)}</failure>\n"


def _property(name: str, value: object) -> str:
    return f"<property name={_quoted(name)} value={_quoted(str(value))}/>\n"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _TITLE else f"{flat[: _TITLE - 1]}…"


def _text(text: str) -> str:
    return escape(_allowed(text))


def _quoted(text: str) -> str:
    # Line ends in an attribute would be read as spaces.
    return quoteattr(_allowed(text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _allowed(text: str) -> str:
    r"""What XML has no place for, as Python writes it: `\x00`."""
    return _FORBIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
