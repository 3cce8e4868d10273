"""What promptfoo's assertion types mean beyond what is written: thresholds and settings that they have by default."""

from collections.abc import Mapping
from typing import Any

PROMPTFOO: Mapping[str, Mapping[str, Any]] = {
    "contains": {"case": True},
    "rouge-n": {"threshold": 0.75},
    "rouge": {"threshold": 0.75},
    "bleu": {"threshold": 0.5},
    "gleu": {"threshold": 0.5},
    "meteor": {"threshold": 0.5},
    "levenshtein": {"threshold": 5},
    "similar": {"threshold": 0.75},
    "latency": {"unit": "ms"},
}
"""By type, what an assertion of promptfoo says where it does not say it: `{**PROMPTFOO[type], **assertion}`."""
