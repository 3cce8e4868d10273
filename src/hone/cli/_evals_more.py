"""`hone evals` with all its verbs: those about experiments, and those that have files of their own."""

from hone.cli._evals import command
from hone.cli._evals_import import import_

command.add_command(import_)

__all__ = ["command"]
