"""What a form has sent."""

from urllib.parse import parse_qs

from starlette.requests import Request

from hone.errors import CallError
from hone.server.api._bodies import read

Fields = dict[str, list[str]]
_MOST_FIELDS = 2000


async def posted(request: Request, limit: int) -> Fields:
    """
    Raises:
        CallError: the body is not a form, or over `limit` bytes.
    """
    body = await read(request, limit)
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as problem:
        raise CallError(f"the body is not a form: {problem}") from None


def one(fields: Fields, name: str, default: str | None = None) -> str:
    """
    Raises:
        CallError: the form has no such field, and there is no default.
    """
    if name in fields:
        return fields[name][0]
    if default is None:
        raise CallError(f"the form has no field {name!r}")
    return default
