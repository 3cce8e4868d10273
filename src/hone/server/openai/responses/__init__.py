"""`POST /v1/responses`: the newer endpoint of the OpenAI SDKs, translated to the chat dialect and back.

So it stands in front of every provider and every task. hone keeps no conversation: what a call needs comes with it.
"""

from hone.server.openai.responses._request import parse_response

__all__ = ["parse_response"]
