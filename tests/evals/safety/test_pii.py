"""Personal data: what has a form or a checksum is found, look-alikes are not."""

import time

import pytest

from hone.datasets import Example
from hone.errors import CallError
from hone.evals import Answer, make
from hone.evals.metrics.safety._personal import iban, luhn, personal
from hone.store import Judgement


def found(text: str) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in personal(text)]


@pytest.mark.parametrize(
    ("kind", "text", "piece"),
    [
        ("email", "Write to Anna.Keller+a@mail.example.org.", "Anna.Keller+a@mail.example.org"),
        ("card", "My card is 4111 1111 1111 1111, thanks", "4111 1111 1111 1111"),
        ("card", "378282246310005", "378282246310005"),
        ("iban", "Pay to DE89 3704 0044 0532 0130 00 please", "DE89 3704 0044 0532 0130 00"),
        ("iban", "ch9300762011623852957", "ch9300762011623852957"),
        ("ssn", "SSN 123-45-6789", "123-45-6789"),
        ("ip", "from 203.0.113.7, at noon", "203.0.113.7"),
        ("ip", "2001:db8::8a2e:370:7334", "2001:db8::8a2e:370:7334"),
        ("phone", "Call +41 (0)31 555 01 23 now", "+41 (0)31 555 01 23"),
        ("phone", "(898)666-3621x0135", "(898)666-3621x0135"),
        ("phone", "my number is 668 5702.", "668 5702"),
    ],
)
def test_a_piece_is_found_whole(kind: str, text: str, piece: str) -> None:
    assert found(text) == [(kind, piece)]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # the check digit is wrong
        "GB82 WEST 1234 5698 7654 33",
        "000-45-6789",
        "on 2015-12-22 04:34:22, or 22.12.2015",
        "version 10.300.2.1 and 127.0.0.1",
        "from 12:30:45 to 13:00",
        "it costs $1,234,567.89 or 1 234 567 francs",
        "see pages 100-200 and 1984-1989",
        "a@b and @home",
        "order number 20391823",
        "pi is 3.14159265358979",
    ],
)
def test_look_alikes_are_none(text: str) -> None:
    assert found(text) == []


def test_check_digits_are_those_of_the_standards() -> None:
    assert luhn("79927398713")
    assert not any(luhn(f"7992739871{digit}") for digit in "012456789")
    assert iban("GB82 WEST 1234 5698 7654 32")
    assert not iban("GB82 WEST 1234 5698 7654 33")


def judged(text: str, **asked: object) -> Judgement:
    (evaluator,) = make([{"type": "pii"} | asked])
    (one,) = evaluator.judgements(Example(input="q"), Answer(text=text))
    return one


def test_the_evaluator_counts_pieces_and_gives_none_of_them_away() -> None:
    text = "anna@example.org, 203.0.113.7"
    one = judged(text)
    assert one.value == 2
    assert one.explanation == "email at 0: ...rg; ip at 18: ....7"
    assert judged(text, value="ip").value == 1
    assert judged(text, but=["Anna@example.org"]).value == 1
    assert judged(text, threshold=0).value is False
    assert judged("none", threshold=0).value is True


def test_a_kind_that_no_pattern_finds_is_refused() -> None:
    with pytest.raises(CallError, match="pii knows no kind"):
        make([{"type": "pii", "value": ["name"]}])


@pytest.mark.parametrize("piece", ["1", "1 ", "(", "a@", "1-", "AB12 ", ":", "1.1.1.", "+1(2)", "a@b.co "])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    personal(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 5  # a tenth of a second where nothing else runs; squares would be minutes
