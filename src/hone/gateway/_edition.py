"""What a project's files said at one time. A call is answered by one edition, from its beginning to its end."""

from msgspec import Struct

from hone.core import Clock
from hone.gateway._budgets import Budgets
from hone.gateway._load import Load
from hone.gateway._prepare import Preparer, Prompts, Search
from hone.gateway._route import Router, Weights
from hone.project import Project


class Edition(Struct, frozen=True, kw_only=True):
    """`version` names it on every span."""

    project: Project
    prompts: Prompts
    version: str


class Current:
    """An edition, and what routes and prepares by it."""

    def __init__(self, edition: Edition, search: Search, weights: Weights, load: Load, clock: Clock) -> None:
        self.project = edition.project
        self.version = edition.version
        self.router = Router(edition.project, weights, load)
        self.budgets = Budgets(edition.project)
        self.preparer = Preparer(edition.prompts, search, clock)
