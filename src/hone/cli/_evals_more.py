"""`hone evals` with all its verbs: those about experiments, and those that have files of their own."""

from hone.cli._evals import command
from hone.cli._evals_bench import bench
from hone.cli._evals_import import import_
from hone.cli._evals_promptfoo import promptfoo

for verb in (import_, promptfoo, bench):
    command.add_command(verb)

__all__ = ["command"]
