"""The request for the rest of an answer that was cut off."""

from typing import Any

import msgspec
from msgspec import Raw

from hone.gateway._prepare import Prepared

_GO_ON = (
    "Your answer was cut off. Go on exactly where it stopped, even in the middle of a word: repeat nothing of it, "
    "and say nothing about the interruption."
)
# Servers that let a model go on with an assistant's turn as its own, and what they want to be told for it.
_FIELDS: dict[str, dict[str, Any]] = {
    "vllm": {"continue_final_message": True, "add_generation_prompt": False},
    "sglang": {"continue_final_message": True},
    "mistral": {},
}
_TURN: dict[str, dict[str, Any]] = {"mistral": {"prefix": True}}


def going_on(prepared: Prepared, said: str, provider: str) -> Prepared:
    """The request for the rest of an answer whose beginning is `said`."""
    if not said:
        return prepared
    turns = msgspec.json.decode(prepared.fields["messages"])
    turns.append({"role": "assistant", "content": said} | _TURN.get(provider, {}))
    if provider not in _FIELDS:
        turns.append({"role": "user", "content": _GO_ON})
    more = {"messages": turns} | _FIELDS.get(provider, {})
    fields = prepared.fields | {name: Raw(msgspec.json.encode(value)) for name, value in more.items()}
    return msgspec.structs.replace(prepared, fields=fields)
