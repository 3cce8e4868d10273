"""Where blobs are, when they are on this machine."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from hone.errors import StoreError


def local_path(blobs: Path | str) -> Path:
    """The folder behind a path or a `file:` URL.

    Raises:
        StoreError: the URL is of another kind.
    """
    if isinstance(blobs, Path) or "://" not in blobs:
        return Path(blobs).absolute()
    parts = urlsplit(blobs)
    if parts.scheme != "file":
        raise StoreError(f"telemetry cannot be kept at {parts.scheme}:// yet", hint="name a folder or a file:// URL")
    return Path(url2pathname(parts.path))
