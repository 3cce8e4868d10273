"""What a provider is: OpenAI-shaped JSON goes in as bytes, an answer in the same dialect comes out.

Bytes rather than objects, because most calls are relayed and a body that nobody changes should not be parsed twice.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from msgspec import Struct, field

from hone.core import Price
from hone.errors import ProjectError
from hone.project import Timeout
from hone.providers._timeouts import Timeouts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Model(Struct, frozen=True, kw_only=True):
    """One model as the project names it: `[models.fast] use = "openai/gpt-5-mini"`."""

    alias: str  # `fast`; for a model called without an alias, `provider/name`
    provider: str  # `openai`
    name: str  # `gpt-5-mini`, as the vendor writes it
    base_url: str | None = None
    api_key: str | None = None
    price: Price | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    privacy: str | None = None
    retries: int = 0
    timeout: Timeout | None = None
    balanced: str | None = None  # the alias it was picked for, when that stands for several
    missing: tuple[str, ...] = ()  # environment variables that it needs and that are not set

    def require(self) -> None:
        """
        Raises:
            ProjectError: an environment variable that the model needs is not set.
        """
        if self.missing:
            raise ProjectError(
                f"the model {self.alias!r} needs the environment variable {self.missing[0]}, which is not set",
                hint=f"export {self.missing[0]}=... before starting hone",
            )

    def __repr__(self) -> str:
        # The key never reaches a log or a traceback.
        return f"Model({self.alias!r}, {self.provider}/{self.name})"


Dialect = Literal["chat", "messages"]
"""What a caller spoke. A request of either comes in the OpenAI chat dialect; one that was made of Anthropic's Messages
may hold what the chat dialect has no word for, such as blocks, `cache_control` and `thinking_blocks`."""


class ChatRequest(Struct, frozen=True, kw_only=True):
    """One chat completion to be made. `body` is the JSON object of `/v1/chat/completions`, model name included."""

    body: bytes
    dialect: Dialect = "chat"
    stream: bool = False
    headers: dict[str, str] = field(default_factory=dict)  # such as traceparent
    timeout: float | Timeouts = 60.0  # seconds to the first byte, and between any two


async def _nothing() -> None:
    """Nothing is held open."""


Pour = Callable[[Callable[[bytes], bool]], Awaitable[bool]]
"""Gives every chunk that is here or comes to a function, until that returns False; then True. False at the end of all.

Raises:
    hone.errors.UpstreamError: the stream was cut, or too slow.
"""


class Answer(Struct, kw_only=True):
    """What came back: a whole `body`, or `chunks` of a server-sent event stream as they arrive.

    Status is 200 for both; errors are raised as `hone.errors.UpstreamError`. `close` releases the connection and
    tells the upstream to stop; it is safe to call twice and after the end.

    `pour` is there where the rest of the chunks can be had without waiting for each.
    """

    body: bytes | None = None
    chunks: AsyncIterator[bytes] | None = None
    pour: "Pour | None" = None
    headers: dict[str, str] = field(default_factory=dict)
    close: Callable[[], Awaitable[None]] = _nothing


class Provider(Protocol):
    """Speaks to one vendor's dialect for any model of it."""

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Make the call.

        Raises:
            hone.errors.UpstreamError: the model's server failed; the subclass says how.
            hone.errors.CallError: the request itself cannot be served by this provider.
        """
        ...

    async def close(self) -> None:
        """Release pooled connections."""
        ...


class EmbeddingRequest(Struct, frozen=True, kw_only=True):
    """Vectors to be made. `body` is the JSON object of `/v1/embeddings`, model name included."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    timeout: float | Timeouts = 60.0  # seconds


@runtime_checkable
class EmbeddingProvider(Protocol):
    """A provider that makes vectors too."""

    async def embeddings(self, model: Model, request: EmbeddingRequest) -> Answer:
        """Make them; the answer is whole, in the dialect of `/v1/embeddings`.

        Raises:
            hone.errors.UpstreamError: the model's server failed; the subclass says how.
            hone.errors.CallError: the request itself cannot be served by this provider.
        """
        ...


class Ranked(Struct, frozen=True):
    """One document of a ranking: where it stood among those given, and how well it answers the query."""

    index: int
    score: float  # 0 to 1; of one query alone, for vendors do not promise that scores of two can be compared


@runtime_checkable
class RerankProvider(Protocol):
    """A provider that orders texts by how well they answer a query."""

    async def rerank(
        self, model: Model, query: str, documents: Sequence[str], *, top_n: int | None = None, seconds: float = 60.0
    ) -> list[Ranked]:
        """The best first, at most `top_n` of them.

        Raises:
            hone.errors.UpstreamError: the model's server failed; the subclass says how.
        """
        ...


@runtime_checkable
class TokenCounting(Protocol):
    """A provider whose vendor says how many tokens a request has before it is made."""

    async def count_tokens(self, model: Model, request: ChatRequest) -> int:
        """The tokens of the input.

        Raises:
            hone.errors.UpstreamError: the model's server failed; the subclass says how.
            hone.errors.CallError: the request itself cannot be served by this provider.
        """
        ...


class Embedder(Protocol):
    """Makes vectors of texts. `sha256` names all that they depend on: weights, tokenizer, pooling."""

    @property
    def sha256(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One row a text, each of length 1, so that the dot product of two is their cosine."""
        ...
