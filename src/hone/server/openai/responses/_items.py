"""The items of `output`: what the model thought, what it said, what it calls."""

from typing import Any

from hone.server.openai._chat import Said
from hone.server.openai.responses._thinking import packed

Item = dict[str, Any]


def text_part(said: Said) -> Item:
    annotations = [citation(cited) for cited in said.citations]
    return {"type": "output_text", "text": said.text, "annotations": annotations, "logprobs": [*said.logprobs]}


def citation(cited: dict[str, Any]) -> Item:
    """A page that the text rests on."""
    return {"type": "url_citation"} | cited


def refusal_part(text: str) -> Item:
    return {"type": "refusal", "refusal": text}


def thought_part(text: str) -> Item:
    return {"type": "reasoning_text", "text": text}


def reasoning(id: str, status: str, parts: list[Item], thinking: list[dict[str, Any]]) -> Item:
    sealed = packed(thinking)
    item = {"id": id, "type": "reasoning", "status": status, "summary": [], "content": parts}
    return item if sealed is None else item | {"encrypted_content": sealed}


def message(id: str, status: str, parts: list[Item]) -> Item:
    return {"id": id, "type": "message", "status": status, "role": "assistant", "content": parts}


def function_call(id: str, status: str, call_id: str, name: str, arguments: str) -> Item:
    item = {"id": id, "type": "function_call", "status": status}
    return item | {"call_id": call_id, "name": name, "arguments": arguments}


class Ids:
    """Ids of one response and its items. Their stem is the id of the span that tells of the call."""

    def __init__(self, response: str) -> None:
        self._stem = response.partition("_")[2]

    def reasoning(self, index: int) -> str:
        return f"rs_{self._stem}_{index}"

    def message(self, index: int) -> str:
        return f"msg_{self._stem}_{index}"

    def function_call(self, index: int) -> str:
        return f"fc_{self._stem}_{index}"

    def call(self, index: int, given: str) -> str:
        """What a result refers to: the model's own id, where it gave one."""
        return given or f"call_{self._stem}_{index}"
