"""The socket that carries DTR and RTS beside a pseudo-terminal, which has neither.

A client connects when it opens the port: both lines rise, as a serial driver has it. Each byte that
it sends sets both lines and comes back once that has worked. Both drop when it goes. Of several
clients the one that came last has the lines.
"""

import select
import socket
import threading
from collections.abc import Callable

from bench.twin.sessions import Sessions, answer

DTR, RTS = 1, 2
"""Bits of a byte on the socket."""


class ModemLines:
    """Listens at `path`; calls `opened()` and `set_lines(dtr, rts)` from a thread of its own."""

    def __init__(
        self, path: str, opened: Callable[[], None], set_lines: Callable[[bool, bool], None]
    ) -> None:
        self.path = path
        self._clients = _Clients(opened, set_lines)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen()
        self._sessions = Sessions(listener, self._clients, "modem lines")

    @property
    def in_use(self) -> bool:
        """Whether a client is connected."""
        return self._clients.any_there()

    def close(self) -> None:
        """Listen no more, let the clients know, and call nobody any more."""
        self._sessions.close()


class _Clients:
    """The lines as each client wants them, the one that came last at the end."""

    def __init__(self, opened: Callable[[], None], set_lines: Callable[[bool, bool], None]) -> None:
        self._opened = opened
        self._set_lines = set_lines
        self._states: dict[socket.socket, int] = {}
        self._lock = threading.Lock()

    def opened(self, client: socket.socket) -> None:
        self._opened()
        self._change(client, DTR | RTS)

    def received(self, client: socket.socket, data: bytes) -> None:
        for state in data:
            self._change(client, state)
            answer(client, bytes((state,)))

    def closed(self, client: socket.socket) -> None:
        with self._lock:
            del self._states[client]
        self._tell()

    def any_there(self) -> bool:
        """Whether a client is there; not one that has gone and whose turn has not come yet."""
        with self._lock:
            return not all(_has_gone(client) for client in self._states)

    def _change(self, client: socket.socket, state: int) -> None:
        with self._lock:
            self._states[client] = state
        self._tell()

    def _tell(self) -> None:
        newest = next(reversed(self._states.values()), 0)
        self._set_lines(bool(newest & DTR), bool(newest & RTS))


def _has_gone(client: socket.socket) -> bool:
    poll = select.poll()
    poll.register(client, 0)  # a hang-up is told unasked
    return bool(poll.poll(0))
