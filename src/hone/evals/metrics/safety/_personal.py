"""Personal data that a pattern can find: what has a form of its own, and mostly a checksum.

Names, addresses, dates of birth and what else only its meaning makes personal are out of reach of patterns: a text
in which nothing is found may be full of them.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Literal, get_args

from msgspec import Struct

Kind = Literal["email", "card", "iban", "ssn", "ip", "phone"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){11,18}(?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?(?!\w)")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
# Every group but the last ends with a separator or a bracket, so there is one way to read a row of digits.
_PHONE = re.compile(
    r"(?<![\w.,/:#$€£-])(?:\+ ?)?(?:\(\d{1,5}\)[ .-]?|\d{1,8}[ .-](?=[\d(])|\d{1,8}(?=\()){0,6}\d{1,15}"
    r"(?:(?:x| ?ext\.? ?)\d{1,6})?(?!\w|-\d|[.,:/]\d)"
)

# Dates, and numbers in the shape of an SSN that is none.
_NO_PHONE = re.compile(r"\d{4}[-. ]\d{1,2}[-. ]\d{1,2}|\d{1,2}[-. ]\d{1,2}[-. ]\d{4}|\d{3}-\d{2}-\d{4}")
_CALLED = re.compile(r"\b(?:phone|tel|telephone|mobile|cell|call|fax|reach|number|dial|whatsapp|sms)\b", re.IGNORECASE)
_OTHER = re.compile(r"\b(?:licen[cs]e|account|order|invoice|passport|tracking|ticket|serial)\b", re.IGNORECASE)
_BEFORE = 60  # characters in which a word may say what a number is
_CARD_FIRST = re.compile(r"[3-6]|2(?:131|[2-7])|1800")


class Personal(Struct, frozen=True):
    """One piece of personal data, from character `start` to before `end`."""

    kind: Kind
    start: int
    end: int
    text: str


def personal(text: str) -> list[Personal]:
    """What is found in `text`, in its order; no character counts twice."""
    found: list[Personal] = []
    taken = bytearray(len(text))
    for kind, pattern, is_one in _FORMS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(taken[start:end]) and is_one(match[0], text[max(0, start - _BEFORE) : start]):
                found.append(Personal(kind, start, end, match[0]))
                taken[start:end] = b"\1" * (end - start)
    return sorted(found, key=lambda each: each.start)


def luhn(digits: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def iban(text: str) -> bool:
    """The check digits of an IBAN (ISO 13616, ISO 7064 mod 97-10)."""
    plain = text.replace(" ", "").upper()
    turned = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


def _card(text: str, _: str) -> bool:
    digits = _digits(text)
    usual = len(digits) >= 13 or digits[:2] in ("50", "56", "57", "58") or digits[0] == "6"
    return usual and _CARD_FIRST.match(digits) is not None and luhn(digits)


def _ip(text: str, _: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)


def _phone(text: str, before: str) -> bool:
    number = re.split("x|ext", text, maxsplit=1)[0]
    digits, groups = _digits(number), re.findall(r"\d+", number)
    if not 6 <= len(digits) <= 15 or _NO_PHONE.fullmatch(number):
        return False
    if number.startswith(("+", "00")):
        return len(digits) >= 8
    called = _CALLED.search(before) is not None and _OTHER.search(before) is None
    if len(groups) == 1:
        return called and len(digits) >= 7
    # Groups of two to four, a zero or a bracket in front: so are numbers written to be dialled, and few others.
    dialled = number.startswith(("0", "(")) or (len(digits) <= 12 and (len(digits) >= 9 or len(groups) > 3))
    return len(digits) >= 7 and (called or (dialled and all(2 <= len(each) <= 8 for each in groups)))


def _digits(text: str) -> str:
    return "".join(each for each in text if each.isdecimal())


def _always(_: str, __: str) -> bool:
    return True


# The surest first: what has a checksum is no telephone number.
_FORMS: tuple[tuple[Kind, re.Pattern[str], Callable[[str, str], bool]], ...] = (
    ("email", _EMAIL, _always),
    ("iban", _IBAN, lambda text, _: iban(text)),
    ("card", _CARD, _card),
    ("ssn", _SSN, _always),
    ("ip", _IPV4, _ip),
    ("ip", _IPV6, _ip),
    ("phone", _PHONE, _phone),
)
