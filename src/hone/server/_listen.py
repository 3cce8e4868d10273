"""Sockets: bound before anything is served, so that a port in use is said plainly and a free one is known."""

import ipaddress
import socket

from hone.errors import NotAllowed, ProjectError


def listening(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A TCP socket that listens. Of a `shared` port the system gives each listener its part of the connections.

    Raises:
        ProjectError: the port is taken, or the address is not this machine's.
    """
    found = bound(host, port, shared=shared)
    # Listening from here on: a client that comes before the loop runs waits instead of being refused.
    found.listen(2048)
    return found


def bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """The same, which does not listen yet.

    Raises:
        ProjectError: the port is taken, or the address is not this machine's.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind((host, port))
    except OSError as problem:
        found.close()
        raise ProjectError(
            f"cannot listen on {host} port {port} ({problem.strerror})",
            hint="is another hone running here? choose another with --port or HONE_PORT",
        ) from None
    return found


def check_reach(host: str, api_key: str | None) -> None:
    """
    Raises:
        NotAllowed: `host` is beyond loopback and there is no key.
    """
    if not api_key and not _is_loopback(host):
        raise NotAllowed(
            f"{host} can be reached from other machines, and there is no key to keep them out",
            hint="set HONE_API_KEY, or listen on 127.0.0.1",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
