"""Labels of metrics: names of the project. One that a caller made up is `other`, so that no caller adds series."""

from hone.core import Span
from hone.errors import HoneError
from hone.monitors._seen import error_class
from hone.project import Project
from hone.providers import registry

OTHER = "other"


class Labels:
    """What one edition of a project allows."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.models = {*project.models, *_named(project)}
        self._variants = {task.name: {*task.variants} for task in project.tasks.values()}
        self._providers = {*registry.names(), *(model.provider for model in project.models.values())}
        self._errors = {"Cancelled", *_errors(HoneError)}

    def model(self, name: str | None) -> str:
        return name if name in self.models and name is not None else OTHER

    def provider(self, name: str | None) -> str:
        return name if name in self._providers and name is not None else OTHER

    def task(self, span: Span) -> tuple[str, str]:
        """Task and variant; both empty where a model was called directly."""
        if span.task is None:
            return "", ""
        variants = self._variants.get(span.task)
        if variants is None:
            return OTHER, OTHER
        return span.task, span.variant if span.variant in variants and span.variant is not None else OTHER

    def error(self, span: Span) -> str:
        found = error_class(span)
        return found if not found or found in self._errors else OTHER


def _named(project: Project) -> set[str]:
    """Models that tasks name as `provider/name`."""
    variants = (variant for task in project.tasks.values() for variant in task.variants.values())
    return {name for variant in variants for name in variant.models}


def _errors(of: type[HoneError]) -> set[str]:
    return {of.__name__}.union(*(_errors(each) for each in of.__subclasses__()))
