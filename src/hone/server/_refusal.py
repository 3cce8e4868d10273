"""A request that no door answers, told in the dialect of those who call its path."""

from hone.errors import HoneError
from hone.server._exchange import Exchange
from hone.server.anthropic import error_body as anthropic_error_body
from hone.server.openai import error_body


async def refuse_call(exchange: Exchange, path: str, error: HoneError, allow: list[str] | None = None) -> None:
    """On a path of model calls: below `/v1/`."""
    body = anthropic_error_body(error) if path.startswith("/v1/messages") else error_body(error)
    await exchange.whole(error.status, body, [("allow", ", ".join(allow))] if allow else [])
