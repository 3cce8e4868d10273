"""`promptfooconfig.yaml`, read."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hone.datasets import Example
from hone.evals.interop._assertions import ACROSS, Around, check_code, evaluator, transform
from hone.evals.interop._code import taken_in, webhooks
from hone.evals.interop._document import Document, NoCounterpart, read_document
from hone.evals.interop._files import content, is_file, mapping
from hone.evals.interop._imported import Imported, pairings, task_name, with_inputs
from hone.evals.interop._prompts import prompts
from hone.evals.interop._providers import Model, models, use_of
from hone.evals.interop._references import resolved
from hone.evals.interop._test import TEST
from hone.evals.interop._tests import Test, tests

_KEYS = {"prompts", "providers", "targets", "tests", "defaultTest", "scenarios", "description"}
_PASSED_OVER = {
    "$schema", "env", "sharing", "outputPath", "evaluateOptions", "commandLineOptions", "metadata", "tags", "tracing",
    "writeLatestResults", "assertionTemplates", "extensions", "derivedMetrics", "nunjucksFilters", "redteam", "strict",
}  # fmt: skip
_TOLD = {"extensions", "derivedMetrics", "redteam", "env", "nunjucksFilters"}


def read_promptfoo(path: Path, name: str | None = None, *, leave_out: bool = False) -> Imported:
    """A config of promptfoo as prompts, models, a task with variants, and examples with their evaluators.

    `name` is the task's; by default that of the file's folder. With `leave_out`, assertions that have no counterpart
    here are told in the notes, and the rest of their test is judged without them.

    Raises:
        ProjectError: something in it is wrong or has no place here; with file, line and the way out.
    """
    at = read_document(path)
    at = replace(at, value=resolved(at))
    config = mapping(at.value, at, (), "the config")
    notes = _check_keys(config, at)
    written = prompts(config.get("prompts"), at, ("prompts",))
    place = "targets" if "providers" not in config and "targets" in config else "providers"
    providers = models(_spread(config.get(place), at, place), at, (place,))
    pairs = pairings(written, providers)
    if not pairs:
        raise at.error("no provider takes any of the prompts", (place,), "its `prompts` are labels of prompts")
    known = known_types()
    found = tests(config, at)
    inputs, examples = with_inputs(
        [example_of(each, known, notes if leave_out else None) for each in found],
        sorted({name for each in written for name in each.variables}),
    )
    examples, code = taken_in(examples)
    notes += [f"not carried over: {each}" for model in providers for each in model.left_out]
    bare = sum(not each.evaluators for each in examples)
    notes += [f"{bare} of {len(examples)} tests have no assertion, so nothing judges them"] if bare else []
    asked = webhooks(examples)
    notes += told(asked)
    return Imported(
        task=task_name(name, path.resolve().parent.name),
        prompts=tuple(written), models=_used(providers, {each.model for each in pairs}), pairings=pairs, inputs=inputs,
        examples=examples, code=code, webhooks=asked, notes=tuple(notes),
    )  # fmt: skip


def _evaluators(test: Test, around: Around, left_out: list[str] | None) -> Iterator[dict[str, Any]]:
    """Each assertion; what has no counterpart is told in `left_out`, where there is one."""
    for each in test.asserts:
        try:
            yield evaluator(each.value, each.at, each.keys, around)
        except NoCounterpart as problem:
            if left_out is None:
                raise
            note = f"left out: {problem.message}"
            left_out += [] if note in left_out else [note]


def told(asked: Sequence[str]) -> list[str]:
    """That tests ask services."""
    where = "hone.toml has to name that above its tables, as `webhooks`"
    return [f"answers go to {', '.join(asked)}: {where}"] if asked else []


def known_types() -> frozenset[str]:
    from hone.evals._registry import evaluators

    return frozenset(evaluators.names())


def _used(all_: list[Model], aliases: set[str]) -> tuple[Model, ...]:
    return tuple(each for each in all_ if each.alias in aliases)


def _spread(value: Any, at: Document, place: str) -> Any:
    """Providers may stand in files of their own."""
    if is_file(value) and str(value).endswith((".yaml", ".yml", ".json")):
        return content(value, at, (place,))
    if not isinstance(value, list):
        return value
    made: list[Any] = []
    for number, each in enumerate(value):
        if is_file(each) and str(each).endswith((".yaml", ".yml", ".json")):
            inner = content(each, at, (place, str(number)))
            made += inner if isinstance(inner, list) else [inner]
        else:
            made.append(each)
    return made


def _check_keys(config: Mapping[str, Any], at: Document) -> list[str]:
    for key in config:
        if key not in _KEYS | _PASSED_OVER:
            near = difflib.get_close_matches(key, sorted(_KEYS), n=1)
            raise at.error(f"unknown key `{key}`", (key,), f"did you mean `{near[0]}`?" if near else None)
    if "prompts" not in config and "providers" not in config and "targets" not in config:
        raise at.error("this is no config of promptfoo: it has neither prompts nor providers")
    return [f"not carried over: `{key}` ({at.shown}:{at.line((key,))})" for key in config if key in _TOLD]


def example_of(test: Test, known: frozenset[str], left_out: list[str] | None, *, code: bool = True) -> Example:
    """One test with its evaluators, those in Python only with `code`. What has no counterpart is told in `left_out`,
    where there is one.

    Raises:
        ProjectError: an assertion is wrong or has no counterpart; with file, line and the way out.
    """
    options, at, keys = test.options, test.at, (*test.keys, "options")
    model = options.get("provider")
    around = Around(
        vars=test.vars,
        known=known,
        model=None if model is None else use_of(model, at, (*keys, "provider")),
        code=code,
    )
    made = list(_evaluators(test, around, left_out))
    inside = [each for each in made if each["type"] not in ACROSS]
    evaluators: list[Any] = [each for each in made if each["type"] in ACROSS]
    if inside:
        whole: dict[str, Any] = {"type": TEST, "assert": inside}
        if test.threshold is not None:
            whole["threshold"] = test.threshold
        changed = options.get("transform", options.get("postprocess"))
        if changed is not None:
            check_code(code, at, (*keys, "transform"))
            whole["transform"] = transform(changed, at, (*keys, "transform"))
        evaluators.insert(0, whole)
    about = {"description": test.description} if test.description else {}
    return Example(
        id=test.name, input=dict(test.vars), evaluators=tuple(evaluators), metadata={**test.metadata, **about},
        context=test.vars.get("context"),
    )  # fmt: skip
