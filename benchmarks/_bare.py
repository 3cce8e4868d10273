"""What an evaluation costs at least: aiohttp, so many calls at once, two assertions, one file of results.

    python _bare.py CASES URL OUT CONCURRENCY

No spans, no store, no resuming, no statistics, no retries: what is more than this is what an evaluator adds.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import aiohttp


async def ask(examples: list[dict], url: str, concurrency: int) -> list[dict]:
    results = []
    waiting = iter(examples)

    async def work(session: aiohttp.ClientSession) -> None:
        for example in waiting:
            body = {"model": "mock", "messages": [{"role": "user", "content": example["input"]["question"]}]}
            start = time.perf_counter()
            async with session.post(f"{url}/chat/completions", json=body) as response:
                response.raise_for_status()
                answer = await response.json()
            text = answer["choices"][0]["message"]["content"]
            seconds = time.perf_counter() - start
            judged = {"contains": example["expected"].lower() in text.lower(), "latency": seconds}
            results.append({"id": example["id"], "text": text, "seconds": seconds, **judged})

    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(work(session) for _ in range(concurrency)))
    return results


def main(cases: str, url: str, out: str, concurrency: str) -> None:
    examples = [json.loads(line) for line in Path(cases).read_text().splitlines()]
    begin = time.perf_counter()
    results = asyncio.run(ask(examples, url, int(concurrency)))
    Path(out).write_text("".join(json.dumps(each) + "\n" for each in results))
    share = sum(each["contains"] for each in results) / len(results)
    print(json.dumps({"n": len(results), "contains": share, "seconds": time.perf_counter() - begin}))


if __name__ == "__main__":
    main(*sys.argv[1:5])
