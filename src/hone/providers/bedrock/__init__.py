"""Amazon Bedrock behind the OpenAI chat dialect: Converse and its stream are translated, for every model it serves.

`use = "bedrock/us.anthropic.claude-..."`, or an ARN. The region is the one in `base_url`, else `AWS_REGION`,
else `AWS_DEFAULT_REGION`. The caller is `api_key` or `AWS_BEARER_TOKEN_BEDROCK`, else AWS credentials, which need the
extra `bedrock`.
"""

from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec

from hone.providers._asked import fields_of, wants_usage
from hone.providers._http import Response, Upstream
from hone.providers._pool import Upstreams
from hone.providers._refusal import read_of, refuse, worth_keeping
from hone.providers._seam import Answer, ChatRequest, Model
from hone.providers.bedrock import _request, _response, _stream
from hone.providers.bedrock._auth import Caller
from hone.providers.bedrock._place import place_of

STREAM = "application/vnd.amazon.eventstream"


class Bedrock:
    """Calls `{base_url}/model/{model}/converse`, or `/converse-stream`."""

    def __init__(self) -> None:
        self._upstreams = Upstreams()
        self._caller = Caller()

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Make the call; see `Provider.chat`."""
        fields = fields_of(request.body)
        body = msgspec.json.encode(_request.translate(fields))
        region, base = place_of(model)
        # Names hold colons, and ARNs slashes; both belong to one segment of the path.
        path = f"/model/{quote(model.name, safe='')}/{'converse-stream' if request.stream else 'converse'}"
        upstream = self._upstreams.at(base)
        proof = await self._caller.prove(model, base + path, body, region)
        headers = {
            "content-type": "application/json",
            "accept": STREAM if request.stream else "application/json",
            "user-agent": "hone",
            **request.headers,
            **proof.headers,
        }
        response = await upstream.request("POST", path, body=body, headers=headers, timeout=request.timeout)
        # A wrong signature is answered with all that was signed, the session token included.
        return await read_of(response, _answer(upstream, response, model, fields, request.stream), *proof.secrets)

    async def close(self) -> None:
        """Release pooled connections."""
        await self._upstreams.close()


async def _answer(upstream: Upstream, response: Response, model: Model, fields: dict[str, Any], stream: bool) -> Answer:
    if response.status >= 300:
        kind = response.headers.get("x-amzn-errortype", "")
        await refuse(upstream, response, partial(_response.error_body, kind))
    kind = response.headers.get("content-type", "")
    headers = worth_keeping(response.headers)
    if stream and kind.startswith(STREAM):

        async def close() -> None:
            response.close()

        chunks = _stream.translate(response.chunks(), model.name, wants_usage(fields))
        return Answer(chunks=chunks, headers=headers, close=close)
    body = _response.translate(upstream.origin, kind, await response.read(), stream, model.name)
    return Answer(body=body, headers=headers)
