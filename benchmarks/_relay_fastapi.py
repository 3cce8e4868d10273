"""The relay that people write first: FastAPI in front, httpx behind, a key checked, nothing kept.

MODEL=http://127.0.0.1:PORT/v1 uvicorn _relay_fastapi:app
"""

import json
import os
from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

URL = os.environ["MODEL"] + "/chat/completions"
KEY = f"Bearer {os.environ['RELAY_KEY']}"
HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-model"}

app = FastAPI()
client = httpx.AsyncClient(limits=httpx.Limits(max_connections=None, max_keepalive_connections=None), timeout=60)


@app.post("/v1/chat/completions")
async def chat(request: Request) -> Response:
    if request.headers.get("authorization") != KEY:
        return Response(status_code=401)
    body = await request.body()
    if not json.loads(body).get("stream"):
        answer = await client.post(URL, content=body, headers=HEADERS)
        return Response(answer.content, answer.status_code, media_type="application/json")
    asked = client.build_request("POST", URL, content=body, headers=HEADERS)
    answer = await client.send(asked, stream=True)

    async def chunks() -> AsyncIterator[bytes]:
        async for chunk in answer.aiter_raw():
            yield chunk
        await answer.aclose()

    return StreamingResponse(chunks(), answer.status_code, media_type="text/event-stream")
