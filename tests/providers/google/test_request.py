"""From the OpenAI dialect to the Gemini API: what is said otherwise there, what goes through, what is left out."""

import pytest

from hone.errors import CallError
from hone.providers.google._request import LEFT_OUT, translate
from hone.providers.google._turns import NO_SIGNATURE

HELLO = {"role": "user", "content": "hello"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}
NOW = {"id": "call_2", "type": "function", "function": {"name": "now", "arguments": ""}}
SCHEMA = {"type": "object", "properties": {"city": {"type": ["string", "null"]}}, "additionalProperties": False}
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "Weather of a city.", "parameters": SCHEMA, "strict": True},
}
SIGNED = {"extra_content": {"google": {"thought_signature": "abc"}}}


def sent(*messages, to="gemini-2.5-flash", **fields):
    return translate({"model": "m", "messages": list(messages or [HELLO]), **fields}, to)


def config(*, to="gemini-2.5-flash", **fields):
    return sent(to=to, **fields).get("generationConfig", {})


def parts_of(*parts):
    (content,) = sent({"role": "user", "content": list(parts)})["contents"]
    return content["parts"]


def test_the_smallest_request():
    assert sent(stream=True) == {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}


def test_system_and_developer_messages_become_the_system_instruction_wherever_they_stood():
    body = sent({"role": "system", "content": "Be kind."}, HELLO, {"role": "developer", "content": "Be brief."})
    assert body["systemInstruction"] == {"parts": [{"text": "Be kind."}, {"text": "Be brief."}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "hello"}]}]


def test_a_system_instruction_of_the_vendors_own_stands_before_them():
    own = {"role": "system", "parts": [{"text": "You are Gemini."}]}
    assert sent(systemInstruction=own)["systemInstruction"] == own
    body = sent({"role": "system", "content": "Be kind."}, HELLO, systemInstruction=own)
    assert body["systemInstruction"] == own | {"parts": [{"text": "You are Gemini."}, {"text": "Be kind."}]}


def test_an_assistant_is_the_model_and_messages_of_one_role_in_a_row_become_one():
    more = {"role": "user", "content": [{"type": "text", "text": "are you there?"}]}
    assert sent(HELLO, more, {"role": "assistant", "content": "Yes."}, HELLO)["contents"] == [
        {"role": "user", "parts": [{"text": "hello"}, {"text": "are you there?"}]},
        {"role": "model", "parts": [{"text": "Yes."}]},
        {"role": "user", "parts": [{"text": "hello"}]},
    ]


def test_empty_texts_are_left_out_because_the_api_refuses_them():
    blank = {"role": "user", "content": [{"type": "text", "text": ""}]}
    body = sent(HELLO, {"role": "assistant", "content": ""}, blank, {"role": "user", "content": "well?"})
    assert body["contents"] == [{"role": "user", "parts": [{"text": "hello"}, {"text": "well?"}]}]


def test_calls_and_their_results_carry_name_and_id_the_results_in_one_content():
    body = sent(
        HELLO,
        {"role": "assistant", "content": None, "tool_calls": [CALL, NOW]},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"sky": "rain"}'},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "noon"}]},
        {"role": "user", "content": "and?"},
    )
    assert body["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"id": "call_1", "name": "weather", "args": {"city": "Bern"}}},
                {"functionCall": {"id": "call_2", "name": "now", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "call_1", "name": "weather", "response": {"sky": "rain"}}},
                {"functionResponse": {"id": "call_2", "name": "now", "response": {"output": "noon"}}},
            ],
        },
        {"role": "user", "parts": [{"text": "and?"}]},
    ]


@pytest.mark.parametrize("text", ["rain", "[1, 2]", "5", "", "{not json"])
def test_a_result_that_is_no_object_becomes_one(text):
    body = sent(
        HELLO,
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": text},
    )
    assert body["contents"][2]["parts"][0]["functionResponse"]["response"] == {"output": text}


def test_an_id_that_comes_again_belongs_to_the_nearest_call_before():
    again = NOW | {"id": "call_1"}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "x"}
    body = sent(
        HELLO, {"role": "assistant", "tool_calls": [CALL]}, result, {"role": "assistant", "tool_calls": [again]}, result
    )
    named = [part["functionResponse"]["name"] for content in body["contents"][2::2] for part in content["parts"]]
    assert named == ["weather", "now"]


def test_images_in_a_result_stay_with_it():
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    body = sent(
        HELLO,
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "a map"}, shown]},
    )
    assert body["contents"][2]["parts"][0]["functionResponse"] == {
        "id": "call_1",
        "name": "weather",
        "response": {"output": "a map"},
        "parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}],
    }


def test_signatures_go_back_to_the_parts_that_they_came_with():
    body = sent(
        HELLO,
        {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL | SIGNED, NOW]},
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
        {"role": "tool", "tool_call_id": "call_2", "content": "noon"},
        {"role": "assistant", "content": "Rain at noon."} | SIGNED,
        to="gemini-3-pro-preview",
    )
    text, first, second = body["contents"][1]["parts"]
    assert text == {"text": "Let me see."}
    assert first["thoughtSignature"] == "abc"
    assert "thoughtSignature" not in second
    assert body["contents"][3]["parts"] == [{"text": "Rain at noon.", "thoughtSignature": "abc"}]


def test_a_signature_of_nothing_said_keeps_its_empty_text():
    body = sent(HELLO, {"role": "assistant", "content": None} | SIGNED)
    assert body["contents"][1]["parts"] == [{"text": "", "thoughtSignature": "abc"}]


def test_what_the_model_painted_goes_back_with_its_signature():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBOR"}} | SIGNED
    body = sent(HELLO, {"role": "assistant", "content": "Here.", "images": [image]})
    assert body["contents"][1]["parts"] == [
        {"text": "Here."},
        {"inlineData": {"mimeType": "image/png", "data": "iVBOR"}, "thoughtSignature": "abc"},
    ]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gemini-2.5-flash", [None, None]),
        ("models/gemini-2.0-flash", [None, None]),
        ("gemini-3-pro-preview", [NO_SIGNATURE, None]),
        ("models/gemini-flash-latest", [NO_SIGNATURE, None]),
    ],
)
def test_calls_that_another_model_made_are_taken_without_a_signature(model, expected):
    body = sent(HELLO, {"role": "assistant", "tool_calls": [CALL, NOW]}, to=model)
    assert [part.get("thoughtSignature") for part in body["contents"][1]["parts"]] == expected


def test_images_come_by_address_or_as_data():
    assert parts_of(
        {"type": "text", "text": "which?"},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png?size=2", "detail": "high"}},
        {"type": "image_url", "image_url": "https://example.org/picture"},
        {"type": "image_url", "image_url": {"url": "data:image/webp;base64,UklGRg=="}},
    ) == [
        {"text": "which?"},
        {"fileData": {"fileUri": "https://example.org/a.png?size=2", "mimeType": "image/png"}},
        {"fileData": {"fileUri": "https://example.org/picture"}},
        {"inlineData": {"mimeType": "image/webp", "data": "UklGRg=="}},
    ]


def test_sound_and_files_come_as_data():
    assert parts_of(
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
    ) == [
        {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
    ]


def test_parts_of_the_vendors_own_stay_as_they_are():
    video = {"fileData": {"fileUri": "https://youtu.be/x"}, "videoMetadata": {"fps": 1}}
    assert parts_of(video, {"type": "refusal", "refusal": "No."}) == [video, {"text": "No."}]


def test_functions_are_declared_in_one_tool_and_the_vendors_own_stay():
    bare = {"type": "function", "function": {"name": "now"}}
    addressed = {"type": "function", "function": {"name": "f", "parameters": SCHEMA | {"$schema": "https://x"}}}
    assert sent(tools=[WEATHER, {"googleSearch": {}}, bare, addressed])["tools"] == [
        {
            "functionDeclarations": [
                {"name": "weather", "description": "Weather of a city.", "parametersJsonSchema": SCHEMA},
                {"name": "now"},
                {"name": "f", "parametersJsonSchema": SCHEMA},
            ]
        },
        {"googleSearch": {}},
    ]


NAMED = {"type": "function", "function": {"name": "weather"}}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        (NAMED, {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [NAMED]}},
            {"mode": "ANY", "allowedFunctionNames": ["weather"]},
        ),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [NAMED]}},
            {"mode": "VALIDATED", "allowedFunctionNames": ["weather"]},
        ),
    ],
)
def test_which_tool_is_to_be_called(choice, expected):
    own = {"retrievalConfig": {"languageCode": "de"}}
    assert sent(tools=[WEATHER], tool_choice=choice)["toolConfig"] == {"functionCallingConfig": expected}
    body = sent(tools=[WEATHER], tool_choice=choice, toolConfig=own)
    assert body["toolConfig"] == own | {"functionCallingConfig": expected}


def test_parameters_have_other_names_and_zero_is_kept():
    assert config(
        temperature=0, top_p=0.9, top_k=5, seed=7, presence_penalty=0.1, frequency_penalty=0.2, n=1, stop=None
    ) == {
        "temperature": 0,
        "topP": 0.9,
        "topK": 5,
        "seed": 7,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"max_tokens": 10}, 10),
        ({"max_completion_tokens": 20}, 20),
        ({"max_tokens": 10, "max_completion_tokens": 20}, 20),
        ({"max_tokens": None}, None),
        ({"max_tokens": 0}, 0),
    ],
)
def test_how_much_may_be_said(given, expected):
    assert config(**given).get("maxOutputTokens") == expected


def test_where_to_stop():
    assert config(stop="END") == {"stopSequences": ["END"]}
    assert config(stop=["a", "b"]) == {"stopSequences": ["a", "b"]}
    assert config(stop=[]) == {}


def test_json_is_asked_for_with_and_without_a_schema():
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}
    assert config(response_format={"type": "json_object"}) == {"responseMimeType": "application/json"}
    assert config(response_format=wanted) == {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    assert config(response_format={"type": "text"}) == {}


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-flash", "low", {"thinkingBudget": 1024}),
        ("models/gemini-2.5-pro", "high", {"thinkingBudget": 24576}),
        ("gemini-3-pro-preview", "low", {"thinkingLevel": "LOW"}),
        ("gemini-flash-latest", "none", {"thinkingLevel": "MINIMAL"}),
        ("gemini-2.0-flash", "high", None),
        ("gemini-2.5-flash", None, None),
    ],
)
def test_how_much_to_think_is_a_number_for_some_models_and_a_word_for_others(model, effort, expected):
    assert config(to=model, reasoning_effort=effort).get("thinkingConfig") == expected


def test_what_the_vendors_own_configuration_says_stands():
    own = {"thinkingConfig": {"includeThoughts": True}, "topK": 3, "mediaResolution": "MEDIA_RESOLUTION_LOW"}
    assert config(generationConfig=own, top_k=5, reasoning_effort="low", seed=1) == {
        "seed": 1,
        "topK": 3,
        "mediaResolution": "MEDIA_RESOLUTION_LOW",
        "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 1024},
    }
    fixed = {"thinkingConfig": {"thinkingBudget": 99}}
    assert config(generationConfig=fixed, reasoning_effort="low") == fixed


def test_fields_of_the_vendors_own_go_through():
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    body = sent(safetySettings=safety, cachedContent="cachedContents/x", not_yet_known=[1, None])
    assert body["safetySettings"] == safety
    assert (body["cachedContent"], body["not_yet_known"]) == ("cachedContents/x", [1, None])


def test_fields_that_only_the_openai_dialect_knows_are_left_out():
    assert sent(**dict.fromkeys(LEFT_OUT, "x")) == sent()


@pytest.mark.parametrize(
    ("messages", "fields", "said"),
    [
        ([HELLO], {"n": 2}, "one choice, not n = 2"),
        ([HELLO], {"generationConfig": {"candidateCount": 2}}, "one choice, not n = 2"),
        ([HELLO], {"functions": [{"name": "f"}]}, "declare them as `tools`"),
        ([HELLO], {"tools": "weather"}, r"Expected `array \| null`, got `str` - at `\$.tools`"),
        ([HELLO], {"tool_choice": "sometimes"}, "tool_choice 'sometimes'"),
        ([HELLO], {"reasoning_effort": "heroic"}, "'heroic'"),
        ([{"role": "user", "content": 5}], {}, r"at `\$.messages\[0\].content`"),
        ([{"role": "function", "content": "5"}], {}, "role 'function'"),
        ([{"role": "tool", "content": "5"}], {}, "no tool_call_id"),
        ([{"role": "tool", "tool_call_id": "call_9", "content": "5"}], {}, "'call_9' follows no such call"),
        ([{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}], {}, "'input_audio'"),
        ([{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}], {}, "'file' without its data"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}], {}, "has no url"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], {}, "has no url"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/svg+xml,<svg/>"}}]}],
            {},
            "not base64",
        ),
        (
            [{"role": "assistant", "tool_calls": [CALL | {"function": {"name": "f", "arguments": "{"}}]}],
            {},
            "arguments of tool call 'call_1'",
        ),
    ],
)
def test_what_cannot_be_asked_is_the_callers_move(messages, fields, said):
    with pytest.raises(CallError, match=said):
        sent(*messages, **fields)
