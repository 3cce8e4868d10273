"""Configs of other tools: read, run here, or taken over into a project."""

from typing import TYPE_CHECKING

from hone.core import lazily

if TYPE_CHECKING:
    from hone.evals.interop._cases import promptfoo_tests
    from hone.evals.interop._imported import Imported
    from hone.evals.interop._read import read
    from hone.evals.interop._unfold import Unfolded, keep_code, taken_over, unfold

NAMES: dict[str, str] = {
    "promptfoo-test": "hone.evals.interop._test:promptfoo_test",
    "samples-includes": "hone.evals.interop._samples:includes",
    "samples-fuzzy-match": "hone.evals.interop._samples:fuzzy_match",
    "samples-json-match": "hone.evals.interop._samples:json_match",
    "samples-match": "hone.evals.interop._samples:match",
}
"""Evaluators by name, as `module:factory`."""

# YAML, templates and files come with it, and who asks for an evaluator by name does without them.
__getattr__ = lazily(
    __name__,
    {
        "Imported": "_imported",
        "Unfolded": "_unfold",
        "keep_code": "_unfold",
        "promptfoo_tests": "_cases",
        "read": "_read",
        "taken_over": "_unfold",
        "unfold": "_unfold",
    },
)

__all__ = ["NAMES", "Imported", "Unfolded", "keep_code", "promptfoo_tests", "read", "taken_over", "unfold"]
