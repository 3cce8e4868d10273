"""Which model answers: the extractive one, or a generative one that the user names."""

import json
import os
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit

from msgspec import Struct

from hone.errors import CallError
from hone.providers import VENDORS

_SECONDS = 0.5


class Chosen(Struct, frozen=True, kw_only=True):
    """`settings` are those of `[models.ALIAS]`."""

    alias: str
    use: str
    settings: str

    @property
    def generative(self) -> bool:
        return not self.use.startswith("extractive/")


def chosen(name: str | None, base_url: str | None, key: str | None = None) -> Chosen:
    """The model that was asked for: none is the extractive one, `auto` a local server's or that of a key.

    At a `base_url` it goes by the name that the server has for it, whatever that looks like, and no key is sent but
    that of the environment variable `key`.

    Raises:
        CallError: it cannot be called like that.
    """
    if name is None:
        if base_url:
            raise CallError("--base-url says where, and nothing says which model", hint="--model NAME --base-url URL")
        return Chosen(alias="floor", use="extractive/extractive", settings='use = "extractive/extractive"')
    if name == "auto":
        return _found()
    provider, slash, _ = name.partition("/")
    if base_url:
        return _writer(f"openai-compatible/{name.removeprefix('openai-compatible/')}", base_url, key)
    if not slash:
        raise CallError(f"{name!r} names no provider", hint="--model openai/gpt-5-mini, or --base-url URL beside it")
    if provider == "openai-compatible":
        raise CallError(f"nothing says where {name} is served", hint="--base-url http://127.0.0.1:8000/v1")
    wanted = key or _key_of(provider)
    if wanted and not os.environ.get(wanted):
        raise CallError(f"{name} needs the environment variable {wanted}", hint=f"export {wanted}=...")
    return _writer(name, None, key)


def offered() -> str | None:
    """What `--model` could be here: the model of a local server, or one that a key in the environment pays for."""
    for name, row in VENDORS.items():
        if row.url and not row.key and (served := _first_served(row.url)) is not None:
            return f"{name}/{served}"
    return "openai/gpt-5-mini" if os.environ.get("OPENAI_API_KEY") else None


def _found() -> Chosen:
    if (name := offered()) is not None:
        return _writer(name, None)
    raise CallError(
        "no model is found: no server answers at the usual ports, and OPENAI_API_KEY is not set",
        hint="start one, or leave --model out: the extractive model needs nothing",
    )


def _key_of(provider: str) -> str | None:
    if provider == "anthropic":
        return "ANTHROPIC_API_KEY"
    return VENDORS[provider].key if provider in VENDORS else None


def _writer(use: str, base_url: str | None, key: str | None = None) -> Chosen:
    lines = [f"use = {json.dumps(use)}"]
    if base_url:
        if "@" in urlsplit(base_url).netloc:
            raise CallError("a URL with a password in it would be written to a file", hint="--api-key-env NAME")
        lines.append(f"base_url = {json.dumps(base_url)}")
    if key:
        lines.append(f'api_key = "${{{key}}}"')
    return Chosen(alias="writer", use=use, settings="\n".join(lines))


def _first_served(url: str) -> str | None:
    """The first model that a server at `url` lists; None where no model server is."""
    try:
        with urllib.request.urlopen(f"{url}/models", timeout=_SECONDS) as answer:  # noqa: S310 - one of ours
            listed = json.loads(answer.read())
        served = [each["id"] for each in listed["data"]]
        # A hone that is served there lists tasks beside models; it is not a model server.
        return None if any(each.get("owned_by") == "hone" for each in listed["data"]) else str(served[0])
    except (OSError, HTTPException, ValueError, LookupError, TypeError):
        return None
