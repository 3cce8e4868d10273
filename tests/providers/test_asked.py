"""What every translation of a request reads alike."""

import pytest

from hone.errors import CallError
from hone.providers._asked import fields_of


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a": "\xff"}', b'{"a": ' + b"[" * 9999 + b"]" * 9999 + b"}"])
def test_a_body_that_cannot_be_read_is_the_callers_to_mend(body: bytes) -> None:
    with pytest.raises(CallError, match="not a chat completion request"):
        fields_of(body)
