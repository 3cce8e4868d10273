"""promptfoo's providers as models of hone: `openai:chat:gpt-5-mini` is `openai/gpt-5-mini`."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hone.evals.interop._document import Document, Keys
from hone.evals.interop._files import is_file, kind, mapping
from hone.evals.interop._templates import reference

# promptfoo's name, ours, and the words that may stand between it and the model.
_VENDORS: dict[str, tuple[str, tuple[str, ...]]] = {
    "openai": ("openai", ("chat", "responses")),
    "azure": ("azure", ("chat", "responses")),
    "azureopenai": ("azure", ("chat",)),
    "anthropic": ("anthropic", ("messages",)),
    "google": ("google", ()),
    "palm": ("google", ()),
    "bedrock": ("bedrock", ("converse",)),
    "mistral": ("mistral", ()),
    "groq": ("groq", ()),
    "deepseek": ("deepseek", ()),
    "xai": ("xai", ()),
    "cohere": ("cohere", ()),
    "together": ("together", ()),
    "togetherai": ("together", ()),
    "openrouter": ("openrouter", ()),
    "fireworks": ("fireworks", ()),
    "perplexity": ("perplexity", ()),
    "cerebras": ("cerebras", ("chat",)),
    "ollama": ("ollama", ("chat", "completion")),
    "vllm": ("vllm", ()),
    "localai": ("openai-compatible", ("chat",)),
}
_NOT_CHAT = ("embedding", "embeddings", "image", "moderation", "realtime", "assistant", "transcription", "completion")
_PARAMETERS = frozenset(
    ("temperature", "max_tokens", "max_completion_tokens", "top_p", "top_k", "seed", "stop", "presence_penalty",
     "frequency_penalty", "tools", "tool_choice", "response_format", "reasoning_effort", "logprobs", "top_logprobs")
)  # fmt: skip
_BASE = ("apiBaseUrl", "baseUrl", "basePath", "base_url", "apiHost")
_OURS = {"maxTokens": "max_tokens", "topP": "top_p", "max_output_tokens": "max_tokens"}
_CHAT = re.compile(r"(https?://.+?)/chat/completions/?$")


class Model(Struct, frozen=True, kw_only=True):
    """One provider as `[models.ALIAS]`. `prompts` are labels of those it answers; None is all."""

    alias: str
    use: str
    base_url: str | None = None
    api_key: str | None = None
    parameters: Mapping[str, Any] = {}
    prompts: tuple[str, ...] | None = None
    left_out: tuple[str, ...] = ()


def models(value: Any, at: Document, keys: Keys) -> list[Model]:
    """The providers of a config, whatever way they are written.

    Raises:
        ProjectError: one is no model of hone; with file and line.
    """
    if value is None:
        raise at.error("the config has no `providers`", (), "providers: [openai:gpt-5-mini]")
    items = value if isinstance(value, list) else [value]
    made: list[Model] = []
    for number, each in enumerate(items):
        place = (*keys, str(number)) if isinstance(value, list) else keys
        one = _model(each, at, place)
        made.append(_told_apart(one, {other.alias for other in made}))
    if not made:
        raise at.error("`providers` is empty", keys, "providers: [openai:gpt-5-mini]")
    return made


def use_of(value: Any, at: Document, keys: Keys) -> str:
    """The model that judges, as `provider/name`."""
    if isinstance(value, dict) and "id" not in value:
        value = value.get("text", value.get("embedding", value))
    return _model(value, at, keys).use


def _model(value: Any, at: Document, keys: Keys) -> Model:
    if isinstance(value, str):
        use, base = _use(value, at, keys)
        return Model(alias=_alias(use), use=use, base_url=base)
    item = mapping(value, at, keys, "a provider")
    if "id" not in item and len(item) == 1:  # `- openai:gpt-5: {config: ...}`
        ((name, inner),) = item.items()
        item, keys = {"id": name, **mapping(inner or {}, at, (*keys, name), "a provider")}, (*keys, name)
    if not isinstance(item.get("id"), str):
        raise at.error(f"the provider's `id` is {kind(item.get('id'))}", keys, "id: openai:gpt-5-mini")
    use, base = _use(item["id"], at, (*keys, "id"))
    config = mapping(item.get("config") or {}, at, (*keys, "config"), "a provider's config")
    return _configured(item, config, use, base, at, keys)


def _configured(
    item: Mapping[str, Any], config: Mapping[str, Any], use: str, base: str | None, at: Document, keys: Keys
) -> Model:
    parameters: dict[str, Any] = {}
    left_out = []
    key = config.get("apiKey")
    if key is None and config.get("apiKeyEnvar"):
        key = f"{{{{ env.{config['apiKeyEnvar']} }}}}"
    for name, setting in config.items():
        ours = _OURS.get(name, name)
        if ours in _PARAMETERS:
            if is_file(setting):
                raise at.error(f"`{name}` comes from a file", (*keys, "config", name), "write the value here")
            parameters[ours] = setting
        elif name in _BASE:
            base = str(setting) if "://" in str(setting) else f"https://{setting}/v1"
        elif name not in ("apiKey", "apiKeyEnvar"):
            left_out.append(f"{item['id']}: `{name}` ({at.shown}:{at.line((*keys, 'config', name))})")
    if isinstance(key, str) and reference(key) == key:
        raise at.error("an API key is written in the file", (*keys, "config", "apiKey"),
                       'apiKey: "{{ env.NAME }}"; secrets belong to the environment')  # fmt: skip
    prompts = item.get("prompts")
    return Model(
        alias=_alias(str(item.get("label") or use)),
        use=use,
        base_url=None if base is None else reference(base),
        api_key=None if key is None else reference(str(key)),
        parameters=parameters,
        prompts=None if prompts is None else tuple(map(str, prompts if isinstance(prompts, list) else [prompts])),
        left_out=tuple(left_out),
    )


def _use(name: str, at: Document, keys: Keys) -> tuple[str, str | None]:
    """Our name of a provider, and where it is, if that is said."""
    if name == "echo":
        return "fake/echo", None
    if name.startswith(("http://", "https://")):
        at_chat = _CHAT.match(name)
        if at_chat is None:
            raise at.error(
                f"{name} speaks a shape of its own, which is no model of hone", keys,
                "an address that ends in /chat/completions is one; anything else wants a flow in Python",
            )  # fmt: skip
        return "openai-compatible/default", at_chat[1]
    if is_file(name) or name.startswith(("python:", "exec:", "file:", "ruby:", "golang:")):
        raise at.error(f"the provider {name!r} is a program", keys, "make it a flow of a task, or a model behind HTTP")
    vendor, _, rest = name.partition(":")
    if vendor not in _VENDORS:
        near = difflib.get_close_matches(vendor, _VENDORS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(_VENDORS)}, echo"
        raise at.error(f"no provider {name!r}", keys, hint)
    ours, words = _VENDORS[vendor]
    word, _, model = rest.partition(":")
    if word in _NOT_CHAT and word not in words:
        raise at.error(f"{name!r} does not chat", keys, f"{vendor}:MODEL")
    model = model if word in words and model else rest
    if not model:
        raise at.error(f"the provider {name!r} names no model", keys, f"{vendor}:MODEL")
    base = "http://localhost:8080/v1" if vendor == "localai" else None
    return f"{ours}/{model}", base


def _alias(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name.rpartition("/")[2]).strip("-")[:60] or "model"


def _told_apart(model: Model, taken: set[str]) -> Model:
    number, alias = 2, model.alias
    while alias in taken:
        alias, number = f"{model.alias}-{number}", number + 1
    return replace(model, alias=alias)
