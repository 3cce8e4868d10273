"""From the `model` a caller names to the variant that answers: task, task@X, alias, or provider/name."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from hone.errors import CallError, NotAllowed, ProjectError, UnknownModel
from hone.gateway._key import Key
from hone.gateway._load import Load
from hone.gateway._pick import pick
from hone.project import BASELINE, ModelConfig, Project, Task, Variant, cleared
from hone.providers import Model, registry

Weights = Callable[[str, str], Mapping[str, float]]
"""The release of (task, environment): variant -> share."""

_VERSION = re.compile(r"v([1-9][0-9]*)")


class Route(Struct, frozen=True, kw_only=True):
    """Who answers. A plain model call has no task; `prompt_version` is set when `task@vN` asked for one."""

    chain: tuple[Model, ...]  # in order of fallback
    task: Task | None = None
    variant: Variant | None = None
    environment: str
    prompt_version: int | None = None


class Router:
    """Resolves names against one project."""

    def __init__(self, project: Project, weights: Weights, load: Load) -> None:
        self._project = project
        self._weights = weights
        self._load = load
        self._models = {alias: _as_model(alias, config) for alias, config in project.models.items()}

    def resolve(self, name: str, session: str | None, key: Key | None = None, models: tuple[str, ...] = ()) -> Route:
        """`models` are asked in place of those of a task's variant.

        Raises:
            NotAllowed: the key is not for that, or the task is private and a model not cleared for it.
            UnknownModel: nothing has that name.
            ProjectError: the name leads to something that is not set up.
        """
        task_name, at, selector = name.partition("@")
        task = self._project.tasks.get(task_name)
        environment = self._project.environment
        if key is not None:
            key.check(task_name if task else None, name)
            environment = key.environment or environment
        if task is not None:
            route = self._task_route(task, selector if at else None, session, environment, key)
            return replace(route, chain=self._instead(task, models, key)) if models else route
        if models:
            raise CallError(f"{name!r} is a model: other models stand in for those of a task")
        return Route(chain=self._chain((name,)), environment=environment)

    def _task_route(
        self, task: Task, selector: str | None, session: str | None, environment: str, key: Key | None
    ) -> Route:
        version = None
        if selector is None:
            variant = self._released(task, environment, session)
        elif selector in task.variant_names:
            variant = selector
        elif (found := _VERSION.fullmatch(selector)) is not None:
            variant, version = "baseline", int(found[1])
        else:
            _same_environment(key, selector)
            environment, variant = selector, self._released(task, selector, session)
        resolved = task.variant(variant)
        chain = self._chain(resolved.models)
        if not chain and resolved.flow is None:
            raise ProjectError(
                f"the task {task.name!r} has no models", hint=f'add models = ["..."] to [tasks.{task.name}]'
            )
        return Route(chain=chain, task=task, variant=resolved, environment=environment, prompt_version=version)

    def _instead(self, task: Task, models: tuple[str, ...], key: Key | None) -> tuple[Model, ...]:
        for name in models:
            if key is not None:
                key.check(None, name)
        chain = self._chain(models)
        for model in chain:
            if not cleared(task.privacy, model.privacy, model.provider):
                raise NotAllowed(f"the task {task.name!r} is {task.privacy}, and the model {model.alias!r} is not")
        return chain

    def _released(self, task: Task, environment: str, session: str | None) -> str:
        weights = self._weights(task.name, environment)
        if not weights:
            names = [*task.variant_names, *sorted(self._project.releases.get(task.name, {}))]
            raise UnknownModel(
                f"the task {task.name!r} has no variant, environment or version {environment!r}",
                hint=_near(environment, names),
            )
        # A variant that has just been taken out of hone.toml may still stand in the release.
        known = {name: share for name, share in weights.items() if name in task.variants} or {BASELINE: 1.0}
        return pick(known, session and f"{task.name}\0{session}")

    def _chain(self, names: Iterable[str]) -> tuple[Model, ...]:
        """The models of these names, each once; for a balanced one its deployments, in the order of this call."""
        found: dict[str, Model] = {}
        for name in names:
            if (balanced := self._project.balanced.get(name)) is None:
                found.setdefault(name, self.model(name))
                continue
            for one in self._load.order(balanced):
                found.setdefault(one, replace(self.model(one), balanced=name))
        return tuple(found.values())

    def model(self, name: str) -> Model:
        """
        Raises:
            UnknownModel: no alias has that name, and no provider.
        """
        if (model := self._models.get(name)) is not None:
            return model
        provider, slash, vendor_name = name.partition("/")
        if slash and vendor_name and provider in registry:
            return Model(alias=name, provider=provider, name=vendor_name)
        known = [*self._project.tasks, *self._models, *self._project.balanced]
        raise UnknownModel(f"no task or model named {name!r}", hint=_near(name, known))

    def names(self) -> list[str]:
        """Everything a caller may ask for by a name of the project's own."""
        tasks = self._project.tasks.values()
        return [
            *(task.name for task in tasks),
            *(f"{task.name}@{variant}" for task in tasks for variant in task.variant_names),
            *self._models,
            *self._project.balanced,
        ]


def _same_environment(key: Key | None, asked: str) -> None:
    if key is not None and key.environment not in (None, asked):
        error = NotAllowed(f"the key {key.name!r} is for the environment {key.environment!r}, not for {asked!r}")
        error.status = 403
        raise error


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(names) or 'none'}"


def _as_model(alias: str, config: ModelConfig) -> Model:
    return Model(
        alias=alias,
        provider=config.provider,
        name=config.name,
        base_url=config.base_url,
        api_key=config.api_key,
        price=config.price,
        parameters=config.parameters,
        privacy=config.privacy,
        retries=config.retries,
        timeout=config.timeout,
        missing=config.missing,
    )
