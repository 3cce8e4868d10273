"""One pool of connections for every base URL that a provider's models name."""

import asyncio

from hone.providers._http import Upstream


class Upstreams:
    """Upstreams by base URL, opened when first asked for. Use from one event loop."""

    def __init__(self) -> None:
        self._open: dict[str, Upstream] = {}

    def at(self, url: str) -> Upstream:
        """
        Raises:
            UpstreamUnreachable: the URL is not http:// or https:// with a host.
        """
        if url not in self._open:
            self._open[url] = Upstream(url)
        return self._open[url]

    async def close(self) -> None:
        """Release pooled connections."""
        for upstream in self._open.values():
            upstream.close()
        await asyncio.sleep(0)  # the transports say goodbye on the next turn of the loop
