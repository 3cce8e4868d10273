"""What a caller wrote in the dialect of the Messages API is the same after it has been said in the chat dialect."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hone.providers._plain import plain
from hone.providers._vendors import VENDORS
from hone.providers.anthropic import _request, _response
from hone.providers.anthropic._turns import Message, turns_of
from hone.server.anthropic._request import Asked, to_chat
from hone.server.anthropic._response import message_of
from hone.server.anthropic._turns import Turn, messages_of

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
ids = st.text("abcdefXYZ019_-", min_size=1, max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
marks = st.just({}) | st.just({"cache_control": {"type": "ephemeral"}})


def block(kind, **fields):
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


def marked(strategy):
    return st.builds(lambda one, mark: one | mark, strategy, marks)


texts = marked(block("text", text=words))
images = marked(
    block(
        "image",
        source=block("base64", media_type=st.sampled_from(["image/png", "image/webp"]), data=st.just("iVBORw0KGgo="))
        | block("url", url=st.just("https://example.org/a.png")),
    )
)
documents = marked(block("document", source=block("text", media_type=st.just("text/plain"), data=words)))
uses = marked(block("tool_use", id=ids, name=ids, input=st.dictionaries(words, values, max_size=3)))
shown = st.lists(texts | images, min_size=1, max_size=2)
results = marked(
    st.builds(
        lambda one, failed: one | failed,
        block("tool_result", tool_use_id=ids, content=shown),
        st.just({}) | st.just({"is_error": True}),
    )
)
thoughts = block("thinking", thinking=words, signature=ids) | block("redacted_thinking", data=ids)
searches = block("server_tool_use", id=ids, name=st.just("web_search"), input=st.just({}))

users = st.builds(
    lambda answers, parts: {"role": "user", "content": answers + parts},
    st.lists(results, max_size=2),
    st.lists(texts | images | documents, min_size=1, max_size=3),
)
assistants = st.builds(
    lambda thinking, said, calls: {"role": "assistant", "content": thinking + said + calls},
    st.lists(thoughts, max_size=2),
    st.lists(texts | searches, min_size=1, max_size=2),
    st.lists(uses, max_size=2),
)
conversations = st.lists(st.tuples(users, assistants), min_size=1, max_size=2).map(
    lambda pairs: [turn for pair in pairs for turn in pair]
)


def as_chat(conversation):
    return messages_of(None, msgspec.convert(conversation, list[Turn]))


@given(conversations)
def test_a_conversation_comes_to_an_anthropic_model_as_it_was_written(conversation):
    system, turns = turns_of(msgspec.convert(as_chat(conversation), list[Message]))
    assert (system, turns) == ([], conversation)


@given(conversations)
def test_another_server_is_told_every_text_and_every_call_with_its_id(conversation):
    body = msgspec.json.encode({"model": "m", "messages": as_chat(conversation)})
    plainly = msgspec.json.decode(plain(body, VENDORS["openai"]))["messages"]
    blocks = [block for turn in conversation for block in turn["content"]]
    calls = [call for message in plainly for call in message.get("tool_calls") or []]
    assert [
        (call["id"], call["function"]["name"], msgspec.json.decode(call["function"]["arguments"])) for call in calls
    ] == [(block["id"], block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"]
    answered = [message["tool_call_id"] for message in plainly if message["role"] == "tool"]
    assert answered == [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    said = "".join(
        str(message["content"])
        if isinstance(message["content"], str)
        else "".join(part.get("text", "") for part in message["content"] or [])
        for message in plainly
    )
    assert all(block["text"] in said for block in blocks if block["type"] == "text")
    assert all(set(call) == {"id", "type", "function"} for call in calls)


answers = st.builds(
    lambda thinking, said, calls: thinking + said + calls,
    st.lists(thoughts, max_size=2),
    st.lists(block("text", text=words), max_size=1),
    st.lists(block("tool_use", id=ids, name=ids, input=st.dictionaries(words, values, max_size=3)), max_size=2),
)
counts = st.integers(0, 10**6)


@given(answers, st.tuples(counts, counts, counts, counts))
def test_an_answer_of_anthropics_comes_back_as_it_was(content, tokens):
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    called = any(block["type"] == "tool_use" for block in content)
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": content,
        "stop_reason": "tool_use" if called else "end_turn",
        "stop_sequence": None,
        "usage": dict(zip(names, tokens, strict=True)),
    }
    chat = _response.translate("there", "application/json", msgspec.json.encode(message), False)
    assert msgspec.json.decode(message_of(chat)) == message


@given(st.lists(block("function", name=ids, description=words, input_schema=st.just({"type": "object"})), max_size=3))
def test_tools_and_settings_come_to_an_anthropic_model_as_they_were_written(tools):
    tools = [{name: value for name, value in tool.items() if name != "type"} for tool in tools]
    asked = {
        "model": "m",
        "max_tokens": 7,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
        "stop_sequences": ["END"],
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "thinking": {"type": "adaptive"},
    }
    if tools:
        asked |= {"tools": tools, "tool_choice": {"type": "any", "disable_parallel_tool_use": True}}
    raw = msgspec.json.decode(msgspec.json.encode(asked), type=dict[str, msgspec.Raw])
    chat = to_chat(raw, msgspec.convert(asked, Asked))
    back = _request.translate(msgspec.json.decode(msgspec.json.encode(chat)) | {"model": "m"}, stream=False)
    assert back == asked
