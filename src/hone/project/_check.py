"""What the parts of a project say about each other: every name they use must exist, and mean one thing."""

import math
import re
from collections.abc import Iterable, Iterator

from hone.project._lines import Keys
from hone.project._reader import Source
from hone.project._schemas import schema_of
from hone.project._shapes import Judge, ModelConfig, Project, Settings, Task

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_VERSION = re.compile(r"v[0-9]+")
_REDUCERS = {
    "boolean": ("majority", "unanimous", "min"),
    "category": ("majority", "unanimous"),
    "number": ("mean", "median", "min"),
    "pairwise": ("mean", "median", "min"),
}
_IN_PROCESS = frozenset({"extractive", "local", "fake"})  # providers that send nothing anywhere


def check(project: Project, source: Source) -> None:
    """
    Raises:
        ProjectError: a name is not defined, is not a name, or means two things; or numbers do not fit together.
    """
    _names(project, source)
    for alias, model in project.models.items():
        _model(model, source, ("models", alias))
    for alias in project.balanced:
        _balanced(project, source, alias)
    for task in project.tasks.values():
        _task(project, source, task)
    for name, judge in project.judges.items():
        _judge(project, source, judge, ("judges", name))
    for name, knowledge in project.knowledge.items():
        if knowledge.overlap and knowledge.chunk and knowledge.overlap >= knowledge.chunk:
            raise source.error("`overlap` must be less than `chunk`", ("knowledge", name, "overlap"))
    for task_name in project.releases:
        _release(project, source, task_name)


def _names(project: Project, source: Source) -> None:
    for path in _named(project):
        if NAME.fullmatch(path[-1]) is None:
            raise source.error(
                f"{path[-1]!r} cannot be a name", path, "letters, digits and _ . - after a first letter or digit"
            )
    for name in project.tasks:
        if name in project.models or name in project.balanced:
            raise source.error(
                f"{name!r} is a task and a model, so a caller could not say which", ("tasks", name), "rename one"
            )


def _named(project: Project) -> Iterator[Keys]:
    yield ("project", project.name)
    sections: dict[str, Iterable[str]] = {
        "models": [*project.models, *project.balanced],
        "tasks": project.tasks,
        "metrics": project.metrics,
        "judges": project.judges,
        "knowledge": project.knowledge,
        "budgets": project.budgets,
    }
    for section, names in sections.items():
        yield from ((section, name) for name in names)
    for task in project.tasks.values():
        yield from (("tasks", task.name, "variants", name) for name in task.variants)
    for name, weights in project.releases.items():
        yield from (("releases", name, environment) for environment in weights)


def _model(model: ModelConfig, source: Source, path: Keys) -> None:
    if not model.provider or not model.name:
        raise source.error(f"{model.use!r} is no model", (*path, "use"), 'write "provider/name": "openai/gpt-5-mini"')
    if model.price is not None and not (_is_amount(model.price.input) and _is_amount(model.price.output)):
        raise source.error("a price is dollars per million tokens, 0 or more", (*path, "price"))


def _balanced(project: Project, source: Source, alias: str) -> None:
    path = ("models", alias)
    for number, name in enumerate(project.deployments(alias)):
        if name in project.balanced:
            raise source.error(f"{name!r} stands for several models itself", (*path, "any"), "name those instead")
        if "/" not in name:
            _known(source, "model", "in [models]", name, project.models, (*path, "any", str(number)))
    one = project.balanced[alias]
    if one.balance == "latency" and isinstance(one.any, dict):
        raise source.error("weights say nothing where latency decides", (*path, "any"), 'write any = ["...", "..."]')


def _judge(project: Project, source: Source, judge: Judge, path: Keys) -> None:
    _known(source, "prompt", "in prompts/", judge.prompt, project.prompts, (*path, "prompt"))
    _model_name(project, source, judge.model, (*path, "model"))
    for number, model in enumerate(judge.jury):
        _model_name(project, source, model, (*path, "jury", str(number)))
    if judge.kind == "category" and len(set(judge.categories)) < 2:
        raise source.error("a judge that chooses needs categories, two at least", path, 'categories = ["yes", "no"]')
    low, high = judge.scale
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise source.error("`scale` is from a low number to a higher one", (*path, "scale"), "scale = [1, 5]")
    fitting = _REDUCERS[judge.kind]
    if judge.reducer is not None and judge.reducer not in fitting:
        raise source.error(
            f"{judge.reducer!r} makes no {judge.kind} of several",
            (*path, "reducer"),
            f"there are: {', '.join(fitting)}",
        )


def _is_amount(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _task(project: Project, source: Source, task: Task) -> None:
    path = ("tasks", task.name)
    schema_of(task.input, project.root, source, (*path, "input"))
    _cached(source, task, path)
    judged = {**project.metrics, **project.judges}
    for number, metric in enumerate(task.metrics):
        _known(source, "metric", "in [metrics] or [judges]", metric, judged, (*path, "metrics", str(number)))
    for name, variant in task.variants.items():
        at = path if name == "baseline" else (*path, "variants", name)
        _settings(project, source, variant, at)
        _cleared(project, source, task, variant, at)
        _selector(project, source, task, name, at)


def _cached(source: Source, task: Task, path: Keys) -> None:
    if task.cache_similarity is None:
        return
    at = (*path, "cache_similarity")
    if task.cache is None:
        raise source.error("`cache_similarity` needs `cache`", at, 'cache = "1h" says how long an answer is used')
    if task.question is None:
        raise source.error(
            "`cache_similarity` compares one text, so the task needs one string among its inputs", at,
            'input = { question = "string" }',
        )  # fmt: skip


def _settings(project: Project, source: Source, settings: Settings, path: Keys) -> None:
    if settings.prompt is not None:
        _known(source, "prompt", "in prompts/", settings.prompt, project.prompts, (*path, "prompt"))
    if settings.knowledge is not None:
        _known(source, "knowledge", "in [knowledge]", settings.knowledge, project.knowledge, (*path, "knowledge"))
    for number, model in enumerate(settings.models):
        _model_name(project, source, model, (*path, "models", str(number)))
    if settings.flow is not None:
        file, colon, function = settings.flow.rpartition(":")
        if not (colon and function.isidentifier() and (project.root / file).is_file()):
            raise source.error(
                f"no flow {settings.flow!r}", (*path, "flow"), 'write "flows/FILE.py:FUNCTION", with a file that exists'
            )


def cleared(privacy: str | None, mark: str | None, provider: str) -> bool:
    """May a model with this mark, or none, see what a task with that privacy is asked?"""
    return privacy is None or mark == privacy or provider in _IN_PROCESS


def _cleared(project: Project, source: Source, task: Task, variant: Settings, path: Keys) -> None:
    """What a task marks as private reaches models with the same mark alone, those of fallbacks and judges too."""
    judges = [
        (model, ("judges", name, "jury" if number else "model"))
        for name in task.metrics
        if name in project.judges
        for number, model in enumerate(project.judges[name].models)
    ]
    asked = [(model, (*path, "models", str(number))) for number, model in enumerate(variant.models)]
    for name, at in [(each, at) for one, at in [*asked, *judges] for each in project.deployments(one)]:
        model = project.models.get(name)
        provider = model.provider if model else name.partition("/")[0]
        mark = model.privacy if model else None
        if not cleared(task.privacy, mark, provider):
            raise source.error(
                f"the task {task.name!r} is {task.privacy}, and the model {name!r} is not cleared for that",
                at,
                f'privacy = "{task.privacy}" in [models.{name if model else "ALIAS"}], if it may see it',
            )


def _selector(project: Project, source: Source, task: Task, name: str, path: Keys) -> None:
    """`task@X` must mean one thing: a variant, an environment or a version `vN`."""
    if _VERSION.fullmatch(name):
        raise source.error(
            f"the variant {name!r} looks like a version: {task.name}@{name}", path, "give it another name"
        )
    environments = {*project.environments, *(each for each in project.releases.get(task.name, ())), "production"}
    if name in environments:
        raise source.error(
            f"{name!r} is a variant and an environment, so {task.name}@{name} could mean both", path, "rename one"
        )


def _release(project: Project, source: Source, task_name: str) -> None:
    path = ("releases", task_name)
    _known(source, "task", "in [tasks]", task_name, project.tasks, path)
    for environment, weights in project.releases[task_name].items():
        at = (*path, environment)
        if _VERSION.fullmatch(environment) or environment == "baseline":
            raise source.error(f"{environment!r} cannot be an environment: it is a variant or a version", at)
        for variant, weight in weights.items():
            _known(source, "variant", f"of {task_name!r}", variant, project.tasks[task_name].variants, (*at, variant))
            if not (math.isfinite(weight) and weight > 0):
                raise source.error(
                    f"a share must be more than 0, not {weight}", (*at, variant), "leave the variant out"
                )
        if abs(sum(weights.values()) - 1) > 0.001:
            raise source.error(f"the shares add up to {round(sum(weights.values()), 4)}, not to 1", at)
    gate = project.gates.get(task_name)
    if gate is not None:
        judged = {**project.metrics, **project.judges}
        _known(source, "metric", "in [metrics] or [judges]", gate.metric, judged, (*path, "gate", "metric"))


def _model_name(project: Project, source: Source, name: str, path: Keys) -> None:
    if "/" not in name:
        _known(source, "model", "in [models]", name, [*project.models, *project.balanced], path)


def _known(source: Source, what: str, where: str, name: str, known: Iterable[str], path: Keys) -> None:
    if name not in known:
        raise source.unknown(f"no {what} named `{name}` {where}", path, name, known)
