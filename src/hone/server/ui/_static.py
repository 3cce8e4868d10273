"""Static files under a URL that carries the hash of them all, so that a browser may keep them for ever."""

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

FOLDER = Path(__file__).with_name("static")
_FOR_EVER = "public, max-age=31536000, immutable"

# Some systems have no table of types, and a module script with a wrong type is not run.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")


@cache
def _files() -> dict[str, Path]:
    return {path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.rglob("*")) if path.is_file()}


@cache
def version() -> str:
    """The hash of every static file together: one file refers to others by relative URLs."""
    digest = hashlib.sha256()
    for name, path in _files().items():
        digest.update(f"{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def static_url(name: str) -> str:
    """
    Raises:
        KeyError: there is no such file.
    """
    _files()[name]
    return f"/static/{version()}/{name}"


@cache
def stylesheet() -> str:
    """The style of the pages for one that stands alone: without the fonts, which are files beside it."""
    lines = (FOLDER / "hone.css").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("@font-face"))


async def _serve(request: Request) -> Response:
    path = _files().get(request.path_params["name"])
    if path is None:
        return Response("there is no such file", status_code=404, media_type="text/plain")
    current = request.path_params["version"] == version()
    return FileResponse(path, headers={"cache-control": _FOR_EVER if current else "no-cache"})


routes = [Route("/static/{version}/{name:path}", _serve)]
