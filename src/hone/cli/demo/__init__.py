"""`hone demo`: the whole loop on real input, from a first version to a better one that was released through a gate."""

from hone.cli.demo._command import command

__all__ = ["command"]
