"""The vendor's own SDK reads our fake upstream: so the fake, and what is recorded here, are in the real dialect."""

from pathlib import Path

import pytest

from hone.testing import FakeGoogle, Step

genai = pytest.importorskip("google.genai")

RECORDED = Path(__file__).parent / "recorded"
MODEL = "gemini-3-pro-preview"
CALLS = [
    {"type": "function", "function": {"name": "weather", "arguments": '{"city": "Zürich"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "now", "arguments": "{}"}},
]
TOOLS = {
    "tools": [{"function_declarations": [{"name": "weather"}, {"name": "now"}]}],
    "automatic_function_calling": {"disable": True},
}


@pytest.fixture(scope="module")
def upstream():
    with FakeGoogle() as server:
        yield server


@pytest.fixture(scope="module")
def sdk(upstream):
    options = {"base_url": upstream.url.removesuffix("/v1beta"), "api_version": "v1beta"}
    return genai.Client(api_key="any", http_options=options)


def test_an_answer_and_a_stream(sdk):
    config = {"system_instruction": "Be kind.", "temperature": 0, "thinking_config": {"thinking_level": "LOW"}}
    answer = sdk.models.generate_content(model=MODEL, contents="hello there", config=config)
    assert (answer.text, answer.candidates[0].finish_reason.value) == ("hello there", "STOP")
    pieces = list(sdk.models.generate_content_stream(model=MODEL, contents="hello there"))
    assert "".join(piece.text or "" for piece in pieces) == "hello there"
    assert pieces[-1].usage_metadata.candidates_token_count == 2


def test_calls_and_their_results(sdk, upstream):
    upstream.script(Step(tool_calls=CALLS), Step(text="Rain."))
    first = sdk.models.generate_content(model=MODEL, contents="hi", config=TOOLS)
    assert [(call.id, call.name, call.args) for call in first.function_calls] == [
        (None, "weather", {"city": "Zürich"}),
        ("call_2", "now", {}),
    ]
    results = [
        {"function_response": {"id": call.id, "name": call.name, "response": {"output": "rain"}}}
        for call in first.function_calls
    ]
    turns = [
        {"role": "user", "parts": [{"text": "hi"}]},
        first.candidates[0].content,
        {"role": "user", "parts": results},
    ]
    assert sdk.models.generate_content(model=MODEL, contents=turns, config=TOOLS).text == "Rain."


def test_embeddings(sdk):
    found = sdk.models.embed_content(
        model="gemini-embedding-001", contents=["a", "b"], config={"output_dimensionality": 2}
    )
    assert [each.values for each in found.embeddings] == [[97 / 128, 0.25], [98 / 128, 0.25]]


def test_an_error_is_the_sdks_own(sdk, upstream):
    upstream.script(Step(status=404, error="as scripted"))
    with pytest.raises(genai.errors.ClientError, match="as scripted") as caught:
        sdk.models.generate_content(model=MODEL, contents="hi")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


def test_what_is_recorded_here_is_in_the_dialect(sdk, upstream):
    for name in ("answer", "blocked"):
        upstream.script(Step(raw=(RECORDED / f"{name}.json").read_text(), content_type="application/json"))
    answer = sdk.models.generate_content(model=MODEL, contents="hi")
    assert [call.name for call in answer.function_calls] == ["weather", "weather", "now"]
    assert answer.usage_metadata.thoughts_token_count == 40
    blocked = sdk.models.generate_content(model=MODEL, contents="hi")
    assert blocked.prompt_feedback.block_reason.value == "PROHIBITED_CONTENT"
    for name, last in (("text", ""), ("thinking_and_tools", ""), ("code_run", "42.")):
        upstream.script(Step(raw=(RECORDED / f"{name}.sse").read_text(), content_type="text/event-stream"))
        *_, piece = sdk.models.generate_content_stream(model=MODEL, contents="hi")
        (candidate,) = piece.candidates
        assert (candidate.content.parts[-1].text, candidate.finish_reason.value) == (last, "STOP")
