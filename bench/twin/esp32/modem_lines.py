"""The socket that carries DTR and RTS beside a pseudo-terminal, which has neither.

A client connects when it opens the port: both lines rise, as a serial driver has it. Each byte that
it sends sets both lines and comes back once that has worked. Both drop when it goes. Of several
clients the one that came last has the lines.
"""

import contextlib
import socket
import threading
from collections.abc import Callable

DTR, RTS = 1, 2
"""Bits of a byte on the socket."""


class ModemLines:
    """Listens at `path`; calls `opened()` and `set_lines(dtr, rts)` from threads of its own."""

    def __init__(
        self, path: str, opened: Callable[[], None], set_lines: Callable[[bool, bool], None]
    ) -> None:
        self.path = path
        self._opened = opened
        self._set_lines = set_lines
        self._states: dict[socket.socket, int] = {}
        self._lock = threading.Lock()
        self._servers: list[tuple[socket.socket, threading.Thread]] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen()
        self._acceptor = threading.Thread(target=self._accept, name="modem lines", daemon=True)
        self._acceptor.start()

    @property
    def in_use(self) -> bool:
        """Whether a client is connected."""
        return bool(self._states)

    def close(self) -> None:
        """Listen no more, let the clients know, and call nobody any more."""
        _shut_down(self._listener)
        self._acceptor.join()
        self._listener.close()
        for client, server in self._servers:
            _shut_down(client)
            server.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            server = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._servers.append((client, server))
            server.start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            self._opened()
            self._change(client, DTR | RTS)
            with contextlib.suppress(OSError):  # a client may be gone without saying so
                while state := client.recv(1):
                    self._change(client, state[0])
                    client.sendall(state)
            self._change(client, None)

    def _change(self, client: socket.socket, state: int | None) -> None:
        with self._lock:
            if state is None:
                del self._states[client]
            else:
                self._states[client] = state
            newest = next(reversed(self._states.values()), 0)
            self._set_lines(bool(newest & DTR), bool(newest & RTS))


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
