"""Images, audio and files of the OpenAI dialect as parts of the Gemini API: by address, or as data."""

import mimetypes
from typing import Any

from hone.errors import CallError
from hone.providers._asked import address_of, inline


def file_of(image: Any) -> dict[str, Any]:
    """
    Raises:
        CallError: there is no URL, or one with data that is not base64.
    """
    url = address_of(image)
    if url.startswith("data:"):
        return _from_data_url(url, "an image")
    kind, _ = mimetypes.guess_type(url.partition("?")[0])
    return {"fileData": {"fileUri": url} | ({"mimeType": kind} if kind else {})}


def blob_of(kind: str, given: Any) -> dict[str, Any]:
    """
    Raises:
        CallError: it is not given as base64, such as a file of OpenAI's by its id.
    """
    match given:
        case {"data": str(data), "format": str(form)}:
            return {"inlineData": {"mimeType": f"audio/{form}", "data": data}}
        case {"file_data": str(url)}:
            return _from_data_url(url, "a file")
    raise CallError(f"a content part of the type {kind!r} without its data cannot be sent to the Gemini API")


def _from_data_url(url: str, what: str) -> dict[str, Any]:
    kind, data = inline(url, what)
    return {"inlineData": {"mimeType": kind, "data": data}}
