"""`hone evals` with all its verbs: those about experiments, and those that have files of their own."""

from hone.cli._evals import command
from hone.cli._evals_bench import bench
from hone.cli._evals_import import import_

for verb in (import_, bench):
    command.add_command(verb)

__all__ = ["command"]
