"""Who calls: an API key of Bedrock, sent as it is, or AWS credentials, which sign the request (Signature Version 4)."""

import asyncio
import os
import threading
from typing import Any

from msgspec import Struct

from hone.errors import MissingExtra, ProjectError
from hone.providers._seam import Model
from hone.providers.bedrock._place import no_region

KEY = "AWS_BEARER_TOKEN_BEDROCK"


class Proof(Struct, frozen=True):
    """The headers that say who calls, and what of them must not be repeated to anyone."""

    headers: dict[str, str]
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Proof({', '.join(self.headers)})"


class Caller:
    """Knows the credentials once they were asked for; botocore refreshes those that expire."""

    def __init__(self) -> None:
        self._credentials: Any = None
        self._asked = False
        self._asking = threading.Lock()

    async def prove(self, model: Model, url: str, body: bytes, region: str | None) -> Proof:
        """
        Raises:
            MissingExtra: there is no API key, and botocore is not installed.
            ProjectError: there are no credentials either, or no region to sign for.
        """
        if key := model.api_key or os.environ.get(KEY):
            return Proof({"authorization": f"Bearer {key}"}, (key,))
        if region is None:
            raise no_region(model)
        # Credentials may come from files, a command or another server, so they are asked for off the event loop.
        return await asyncio.to_thread(self._sign, model, url, body, region)

    def _sign(self, model: Model, url: str, body: bytes, region: str) -> Proof:
        try:
            from botocore.auth import SigV4Auth
            from botocore.awsrequest import AWSRequest
        except ImportError:
            raise MissingExtra("Amazon Bedrock without an API key of its own", "bedrock") from None
        credentials = self._found(model)
        # What is signed is what nobody on the way may change; other headers are added later.
        request = AWSRequest(method="POST", url=url, data=body, headers={"content-type": "application/json"})
        SigV4Auth(credentials, "bedrock", region).add_auth(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return Proof(headers, tuple(filter(None, (credentials.secret_key, credentials.token, credentials.access_key))))

    def _found(self, model: Model) -> Any:
        """The credentials as they are now: key id, secret and token that belong together."""
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        try:
            # Once: where there are none, the machine's metadata is asked last, and takes its time to be silent.
            with self._asking:
                if not self._asked:
                    self._credentials, self._asked = Session().get_credentials(), True
            if self._credentials is not None:
                return self._credentials.get_frozen_credentials()
        except BotoCoreError as problem:
            raise ProjectError(f"the model {model.alias!r} has no AWS credentials: {problem}") from None
        raise ProjectError(
            f"the model {model.alias!r} needs AWS credentials, and there are none",
            hint=f"export {KEY}=..., or AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
