"""Our fake upstream refuses what the vendor refuses, so that a translation that slips is found here."""

import httpx2 as httpx
import pytest

from hone.testing import FakeGoogle

PARTS = [{"text": "hello there"}]
HELLO = {"contents": [{"role": "user", "parts": PARTS}]}
CALL = {"functionCall": {"name": "weather", "args": {"city": "Bern"}, "id": "call_1"}}
RESULT = {"functionResponse": {"name": "weather", "response": {"output": "rain"}, "id": "call_1"}}
WEATHER = [{"functionDeclarations": [{"name": "weather"}]}]


@pytest.fixture(scope="module")
def post():
    with FakeGoogle() as server, httpx.Client(base_url=server.url, headers={"x-goog-api-key": "any"}) as client:
        yield lambda body, path="models/gemini-2.5-flash:generateContent", **more: client.post(path, json=body, **more)


def turns(*given: tuple[str, dict]) -> dict:
    return {"contents": [{"role": role, "parts": [part]} for role, part in given]}


def test_a_good_request_is_answered(post):
    good = HELLO | {
        "systemInstruction": {"parts": PARTS},
        "tools": WEATHER,
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}},
        "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
    }
    assert post(good).json()["candidates"][0]["content"]["parts"] == PARTS
    assert post(turns(("user", PARTS[0]), ("model", CALL), ("user", RESULT))).status_code == 200


def test_a_field_may_be_written_either_way(post):
    assert post(HELLO | {"generation_config": {"max_output_tokens": 7}}).status_code == 200


def test_no_key_and_a_key_in_the_address_are_refused(post):
    for more in ({"headers": {"x-goog-api-key": ""}}, {"params": {"key": "any"}}):
        answer = post(HELLO, **more)
        assert (answer.status_code, answer.json()["error"]["status"]) == (403, "PERMISSION_DENIED")


def test_a_path_that_there_is_not_is_refused(post):
    assert post(HELLO, "models/gemini-2.5-flash:chat").status_code == 404
    assert post(HELLO, "models/gemini-2.5-flash:streamGenerateContent").status_code == 400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "contents is not specified"),
        (HELLO | {"seed": 7}, 'Unknown name "seed"'),
        (HELLO | {"generationConfig": {"max_tokens": 7}}, 'Unknown name "max_tokens"'),
        (HELLO | {"generationConfig": {"temperature": 3}}, "temperature"),
        (HELLO | {"generationConfig": {"stopSequences": list("abcdef")}}, "stop_sequences"),
        (HELLO | {"generationConfig": {"responseJsonSchema": {}}}, "response_mime_type"),
        (HELLO | {"generationConfig": {"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}}}, "only one"),
        (HELLO | {"generationConfig": {"thinkingConfig": {"thinkingLevel": "low-ish"}}}, "thinking_level"),
        (HELLO | {"systemInstruction": {"parts": []}}, "system_instruction"),
        (turns(("assistant", PARTS[0])), "valid role"),
        ({"contents": [{"role": "user", "parts": []}]}, "must not be empty"),
        (turns(("user", {"text": ""})), "oneof field 'data'"),
        (turns(("user", {"type": "text", "text": "x"})), 'Unknown name "type"'),
        (turns(("model", {"functionCall": {"name": "f", "args": "{}"}})), "Struct"),
        (turns(("user", PARTS[0]), ("model", CALL)), "function response parts"),
        (turns(("user", PARTS[0]), ("model", CALL), ("user", PARTS[0])), "function response parts"),
        (turns(("user", PARTS[0]), ("user", RESULT)), "function response parts"),
        (
            turns(
                ("user", PARTS[0]),
                ("model", CALL),
                ("user", {"functionResponse": RESULT["functionResponse"] | {"id": "call_2"}}),
            ),
            "does not match",
        ),
        (HELLO | {"toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}}, "without function_declarations"),
        (
            HELLO
            | {
                "tools": WEATHER,
                "toolConfig": {"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": ["weather"]}},
            },
            "ANY or VALIDATED",
        ),
        (
            HELLO
            | {
                "tools": WEATHER,
                "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
            },
            "not a declared function",
        ),
        (HELLO | {"tools": WEATHER, "toolConfig": {"functionCallingConfig": {"mode": "any"}}}, "mode"),
        (HELLO | {"tools": [{"functionDeclarations": [{"name": "f", "strict": True}]}]}, 'Unknown name "strict"'),
        (HELLO | {"tools": [{"functionDeclarations": [{"description": "d"}]}]}, "FIELD_INVALID"),
    ],
)
def test_it_refuses_what_the_vendor_refuses(post, body, said):
    answer = post(body)
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert said in answer.json()["error"]["message"]


def test_later_models_ask_for_the_signature_of_a_call_in_the_turn_at_hand(post):
    path = "models/gemini-3-pro-preview:generateContent"
    unsigned = turns(("user", PARTS[0]), ("model", CALL), ("user", RESULT))
    assert "missing a thought_signature" in post(unsigned, path).json()["error"]["message"]
    signed = turns(("user", PARTS[0]), ("model", CALL | {"thoughtSignature": "abc"}), ("user", RESULT))
    assert post(signed, path).status_code == 200
    later = {"contents": [*unsigned["contents"], *HELLO["contents"]]}
    assert post(later, path).status_code == 200


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        ([], "at most 100"),
        ([{"model": "models/e", "content": {"parts": PARTS}}] * 101, "at most 100"),
        ([{"model": "e", "content": {"parts": PARTS}}], "unexpected model name"),
        ([{"model": "models/e", "content": {"parts": [{"text": ""}]}}], "must not be empty"),
        ([{"model": "models/e", "content": {"parts": PARTS}, "dimensions": 3}], 'Unknown name "dimensions"'),
    ],
)
def test_it_refuses_embedding_requests_that_the_vendor_refuses(post, requests, said):
    answer = post({"requests": requests}, "models/e:batchEmbedContents")
    assert (answer.status_code, said in answer.json()["error"]["message"]) == (400, True)
