"""Check the network within seconds; download libraries retry for half a minute."""

import socket
import threading
import urllib.request
from urllib.parse import urlsplit

SECONDS = 3.0


def reachable(host: str) -> bool:
    """Return whether a host, or the proxy in front of it, accepts a connection within 3 seconds."""
    answers: list[bool] = []
    # In a thread, because looking up a name has no time limit.
    thread = threading.Thread(target=lambda: answers.append(_connects(host)), daemon=True)
    thread.start()
    thread.join(SECONDS)
    return answers == [True]


def require(host: str) -> None:
    """Raise ConnectionError if a host does not answer."""
    if not reachable(host):
        raise ConnectionError(f"{host} cannot be reached")


def _connects(host: str) -> bool:
    address, port = host, 443
    proxy = urllib.request.getproxies().get("https")
    if proxy and not urllib.request.proxy_bypass(host):
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        address, port = parts.hostname or host, parts.port or 80
    try:
        socket.create_connection((address, port), timeout=SECONDS).close()
    except OSError:
        return False
    return True
