"""hone: the whole life of an LLM application in one package.

    import hone
    reply = hone.run("answer", question="Where is my parcel?")

Every public name is loaded when it is first used, so that `import hone` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hone.client import Reply, arun, ascore, flush, run, score, span, trace
    from hone.errors import HoneError
    from hone.local import dataset, evaluate
    from hone.testing import case

__version__ = "0.1.0"

__all__ = [
    "HoneError",
    "Reply",
    "__version__",
    "arun",
    "ascore",
    "case",
    "dataset",
    "evaluate",
    "flush",
    "run",
    "score",
    "span",
    "trace",
]

_HOMES = {
    "HoneError": "hone.errors",
    "Reply": "hone.client",
    "arun": "hone.client",
    "ascore": "hone.client",
    "case": "hone.testing",
    "dataset": "hone.local",
    "evaluate": "hone.local",
    "flush": "hone.client",
    "run": "hone.client",
    "score": "hone.client",
    "span": "hone.client",
    "trace": "hone.client",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hone' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
