"""Prompts: files with a front matter and roles, compiled once and rendered in a sandbox."""

from hone.core import Change, Diff, diff
from hone.prompts._prompt import Prompt, load_folder, parse

__all__ = ["Change", "Diff", "Prompt", "diff", "load_folder", "parse"]
