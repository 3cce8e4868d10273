"""The `Allow` header of a 405: every method that the path can be asked with, whichever routes have them."""

from starlette.requests import Request
from starlette.routing import Match, Route


def allowed(request: Request) -> str:
    """Starlette itself names those of the first route alone."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    found = [route.methods or () for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for methods in found for method in methods}))
