"""The tokens of a batch."""

import json

from hone.batches._usage import Total
from hone.store import BatchUsage


def total(*usages: object) -> BatchUsage:
    found = Total()
    for usage in usages:
        found.add(json.dumps({"response": {"status_code": 200, "body": {"usage": usage}}}).encode())
    return found.usage


def test_tokens_of_chat_and_responses_are_added_up():
    chat = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 3}}  # fmt: skip
    responses = {"input_tokens": 100, "output_tokens": 50, "input_tokens_details": {"cached_tokens": 40},
                 "output_tokens_details": {"reasoning_tokens": 30}}  # fmt: skip
    embedding = {"prompt_tokens": 1, "total_tokens": 1}
    assert total(chat, responses, embedding) == BatchUsage(input=111, cached=44, output=55, reasoning=33)


def test_an_answer_that_does_not_say_counts_as_nothing():
    assert total(None, {}, "many", {"prompt_tokens": "x"}, {"prompt_tokens_details": None}) == BatchUsage()
