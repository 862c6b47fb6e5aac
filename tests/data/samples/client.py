"""A client."""

from __future__ import annotations

import functools

DEFAULT_TIMEOUT = 5.0
LIMIT: int = 10


# Decorates a call so that it is tried again.
def retry(times: int):
    def decorate(call):
        @functools.wraps(call)
        def wrapper(*args):
            return call(*args)

        return wrapper

    return decorate


class Client:
    """Sends requests."""

    POOL = 4

    def __init__(self, base: str) -> None:
        self.base = base

    @property
    def host(self) -> str:
        return self.base

    @retry(times=3)
    async def send(self, path: str) -> str:
        return self.base + path
