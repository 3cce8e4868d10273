"""OpenAI's evals: an entry of the registry in YAML, its samples in JSONL."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hone.core import from_json
from hone.datasets import Example
from hone.errors import ProjectError
from hone.evals.interop._document import Document, Keys, read_document, text_of
from hone.evals.interop._files import kind, mapping
from hone.evals.interop._imported import Imported, pairings, slug
from hone.evals.interop._prompts import Written
from hone.evals.interop._providers import Model

_CLASSES = {
    "match": "samples-match", "includes": "samples-includes", "fuzzymatch": "samples-fuzzy-match",
    "jsonmatch": "samples-json-match",
}  # fmt: skip
_GRADED = {
    "fact": {"type": "factuality"},
    "closedqa": {"type": "model-graded-closedqa"},
}
_PROMPTS = {
    False: "# user\n\n{{ question }}\n",
    True: "# system\n\n{{ system }}\n\n# user\n\n{{ question }}\n",
}


def read_openai(path: Path, *, name: str | None = None, model: str | None = None) -> Imported:
    """One eval of a registry file, as a task with one prompt and examples that know how they are judged.

    Raises:
        ProjectError: something in it is wrong or has no place here; with file, line and the way out.
    """
    at = read_document(path)
    chosen, entry = _entry(at, name)
    keys: Keys = (chosen,)
    args = mapping(entry.get("args") or {}, at, (*keys, "args"), "`args`")
    samples = args.get("samples_jsonl")
    if not isinstance(samples, str):
        raise at.error("the eval names no samples", (*keys, "args"), "samples_jsonl: my_eval/samples.jsonl")
    judge = _judge(entry, args, at, keys)
    file = _samples(samples, at, (*keys, "args", "samples_jsonl"))
    examples = tuple(_examples(file, judge))
    if not examples:
        raise ProjectError(f"the file holds no sample ({file.name}:1)", hint='{"input": [...], "ideal": "..."}')
    system = any(isinstance(each.input, dict) and each.input["system"] for each in examples)
    source = _PROMPTS[system]
    prompt = Written(slug(chosen), chosen, source, ("question", "system") if system else ("question",))
    fields = ("system", "question") if system else ("question",)
    kept = [_only(each, fields) for each in examples]
    use = model or "openai/gpt-5-mini"
    made = Model(alias=slug(use.rpartition("/")[2]), use=use)
    told = () if model else (f"the config names no model: {use} stands in hone.toml, change it there",)
    return Imported(
        task=slug(name or chosen.split(".")[0]), prompts=(prompt,), models=(made,),
        pairings=pairings([prompt], [made]), inputs=dict.fromkeys(fields, "string"), examples=tuple(kept), notes=told,
    )  # fmt: skip


def _entry(at: Document, name: str | None) -> tuple[str, Mapping[str, Any]]:
    evals = {key: each for key, each in mapping(at.value, at, (), "the registry").items() if isinstance(each, dict)}
    usable = {key: each for key, each in evals.items() if "class" in each}
    while name in evals and name not in usable:  # the short name of a version
        name = str(evals[str(name)].get("id"))
    if name is not None and name not in usable:
        near = difflib.get_close_matches(name, usable, n=1)
        raise at.error(
            f"no eval {name!r}", (), f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(usable)}"
        )
    if name is None and len(usable) > 1:
        raise at.error(f"the file holds {len(usable)} evals", (), f"choose one: --name {next(iter(usable))}")
    chosen = name or next(iter(usable))
    return chosen, usable[chosen]


def _judge(entry: Mapping[str, Any], args: Mapping[str, Any], at: Document, keys: Keys) -> dict[str, Any]:
    place = (*keys, "class")
    written = str(entry["class"])
    kind_ = written.rpartition(":")[2].lower()
    if kind_ in _CLASSES:
        ignore = {"ignore_case": True} if args.get("ignore_case") else {}
        return {"type": _CLASSES[kind_], **ignore}
    if kind_ != "modelbasedclassify":
        raise at.error(f"evals of the class `{written}` are programs, and have no counterpart here", place,
                       "Match, Includes, FuzzyMatch, JsonMatch and ModelBasedClassify have one")  # fmt: skip
    spec = str(args.get("modelgraded_spec") or args.get("modelgraded_spec_file") or "")
    if spec not in _GRADED:
        raise at.error(f"the grading `{spec}` has no counterpart here", (*keys, "args"),
                       "fact and closedqa have one; write another as an llm-rubric of a promptfoo config")  # fmt: skip
    asked = _GRADED[spec]
    from hone.evals._registry import evaluators

    if asked["type"] not in evaluators.names():
        raise at.error(
            f"there is no evaluator `{asked['type']}` for `{spec}`", place, "hone evals evaluators lists them"
        )
    return dict(asked)


def _samples(name: str, at: Document, keys: Keys) -> Path:
    """Beside the registry file, or in the `data` folder of its registry."""
    places = [at.path.parent / name, at.path.parent.parent / "data" / name]
    for place, folder in zip(places, (at.path.parent, at.path.parent.parent / "data"), strict=True):
        if place.is_file():
            if not place.resolve().is_relative_to(folder.resolve()):
                raise at.error(f"{name!r} lies outside of the registry", keys, f"copy it into {folder}")
            return place
    raise at.error(f"no samples {name!r}", keys, f"looked for {places[0]} and {places[1]}")


def _examples(file: Path, judge: Mapping[str, Any]) -> Iterator[Example]:
    for number, line in enumerate(text_of(file, file.name).splitlines(), 1):
        if not line.strip():
            continue
        at = Document(file, file.name, None, {(): number})
        try:
            sample = mapping(from_json(line), at, (), "a sample")
        except ValueError as problem:
            raise at.error(f"this is not JSON: {problem}", (), "one sample a line") from None
        if "input" not in sample:
            raise at.error(
                "the sample has no `input`", (), '{"input": [{"role": "user", "content": "..."}], "ideal": "..."}'
            )
        ideal = sample.get("ideal", sample.get("criteria"))
        asked = dict(judge) | ({} if judge["type"].startswith("samples-") else {"value": _first(ideal)})
        if ideal is None:
            raise at.error("the sample has no `ideal`", (), "the right answer, or a list of right answers")
        yield Example(
            id=f"sample-{number}", input=_input(sample["input"], at), expected=ideal, evaluators=(asked,),
            metadata={key: value for key, value in sample.items() if key not in ("input", "ideal")},
        )  # fmt: skip


def _first(ideal: Any) -> str:
    return str(ideal[0] if isinstance(ideal, list) and ideal else ideal)


def _input(value: Any, at: Document) -> dict[str, Any]:
    """The system message and the last turn; turns between them stand before the question, as text."""
    if isinstance(value, str):
        return {"system": "", "question": value}
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(e, dict) and isinstance(e.get("content"), str) for e in value)
    ):
        raise at.error(f"the input is {kind(value)}, and should be a text or messages with a role and a content")
    system = [each["content"] for each in value if each.get("role") == "system" and "name" not in each]
    turns = [each for each in value if not (each.get("role") == "system" and "name" not in each)]
    if not turns:  # a sample that is one system message is a question all the same
        return {"system": "", "question": "\n\n".join(system)}
    earlier = [f"{_speaker(each)}: {each['content']}" for each in turns[:-1]]
    return {"system": "\n\n".join(system), "question": "\n\n".join([*earlier, turns[-1]["content"]])}


def _speaker(message: Mapping[str, Any]) -> str:
    """Examples of a conversation are system messages with the names example_user and example_assistant."""
    return str(message.get("name") or message.get("role") or "user").removeprefix("example_")


def _only(example: Example, fields: tuple[str, ...]) -> Example:
    assert isinstance(example.input, dict)
    return replace(example, input={name: example.input[name] for name in fields})
