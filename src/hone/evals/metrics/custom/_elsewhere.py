"""Evaluators in languages that hone does not run, and what to write instead."""

from typing import NoReturn

from hone.errors import CallError
from hone.evals._case import Given

_HINT = 'write it in Python, {"type": "python", "value": "grade.py:grade"}, or serve it, {"type": "webhook", ...}'


def javascript(_: Given) -> NoReturn:
    """
    Raises:
        CallError: always.
    """
    raise CallError("hone runs no JavaScript, so the evaluator `javascript` is not to be had", hint=_HINT)


def ruby(_: Given) -> NoReturn:
    """
    Raises:
        CallError: always.
    """
    raise CallError("hone runs no Ruby, so the evaluator `ruby` is not to be had", hint=_HINT)
