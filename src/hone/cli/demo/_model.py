"""Which model answers: the extractive one, or a generative one that the user names."""

import json
import os
import urllib.request

from msgspec import Struct

from hone.errors import CallError

_LOCAL = (
    "http://127.0.0.1:11434/v1",
    "http://127.0.0.1:1234/v1",
    "http://127.0.0.1:8080/v1",
    "http://127.0.0.1:8000/v1",
)
"""Where Ollama, LM Studio, llama.cpp and vLLM listen unless they are told otherwise."""

_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_SECONDS = 0.5


class Chosen(Struct, frozen=True, kw_only=True):
    """`settings` are those of `[models.ALIAS]`."""

    alias: str
    use: str
    settings: str

    @property
    def generative(self) -> bool:
        return not self.use.startswith("extractive/")


def chosen(name: str | None, base_url: str | None) -> Chosen:
    """The model that was asked for: none is the extractive one, `auto` a local server's or that of a key.

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
    if base_url and (not slash or provider not in (*_KEYS, "openai-compatible")):
        return _writer(f"openai-compatible/{name}", base_url)  # a server's own name for it may hold a slash
    if not slash:
        raise CallError(f"{name!r} names no provider", hint="--model openai/gpt-5-mini, or --base-url URL beside it")
    if provider == "openai-compatible" and not base_url:
        raise CallError(f"nothing says where {name} is served", hint="--base-url http://127.0.0.1:8000/v1")
    key = _KEYS.get(provider)
    if key and not base_url and not os.environ.get(key):
        raise CallError(f"{name} needs the environment variable {key}", hint=f"export {key}=...")
    return _writer(name, base_url)


def offered() -> str | None:
    """What `--model` could be here: the model of a local server, or one that a key in the environment pays for."""
    for url in _LOCAL:
        if (served := _first_served(url)) is not None:
            return f"--model {served} --base-url {url}"
    if os.environ.get("OPENAI_API_KEY"):
        return "--model openai/gpt-5-mini"
    return None


def _found() -> Chosen:
    for url in _LOCAL:
        if (served := _first_served(url)) is not None:
            return _writer(f"openai-compatible/{served}", url)
    if os.environ.get("OPENAI_API_KEY"):
        return _writer("openai/gpt-5-mini", os.environ.get("OPENAI_BASE_URL"))
    raise CallError(
        "no model is found: no server answers at the usual ports, and OPENAI_API_KEY is not set",
        hint="start one, or leave --model out: the extractive model needs nothing",
    )


def _writer(use: str, base_url: str | None) -> Chosen:
    lines = [f"use = {json.dumps(use)}", *([f"base_url = {json.dumps(base_url)}"] if base_url else [])]
    return Chosen(alias="writer", use=use, settings="\n".join(lines))


def _first_served(url: str) -> str | None:
    """The first model that a server at `url` lists; None where no model server is."""
    try:
        with urllib.request.urlopen(f"{url}/models", timeout=_SECONDS) as answer:  # noqa: S310 - one of ours
            listed = json.loads(answer.read())
        served = [each["id"] for each in listed["data"]]
        # A hone that is served there lists tasks beside models; it is not a model server.
        return None if any(each.get("owned_by") == "hone" for each in listed["data"]) else str(served[0])
    except (OSError, ValueError, LookupError, TypeError):
        return None
