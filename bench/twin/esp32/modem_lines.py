"""The socket that carries DTR and RTS beside a pseudo-terminal, which has neither.

A client connects when it opens the port: both lines rise, as a serial driver has it. Each byte that
it sends sets both lines and comes back once that has worked. When the last client goes, both drop.
"""

import contextlib
import socket
import threading
from collections.abc import Callable

DTR, RTS = 1, 2
"""Bits of a byte on the socket."""


class ModemLines:
    """Listens at `path` and calls `set_lines(dtr, rts)`, from threads of its own."""

    def __init__(self, path: str, set_lines: Callable[[bool, bool], None]) -> None:
        self.path = path
        self._set_lines = set_lines
        self._clients: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen()
        threading.Thread(target=self._accept, name="modem lines", daemon=True).start()

    def close(self) -> None:
        """Listen no more, and let the clients know."""
        for connection in (self._listener, *self._clients):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            with self._lock:
                self._clients.add(client)
                self._set_lines(True, True)
            with contextlib.suppress(OSError):  # a client may be gone without saying so
                while state := client.recv(1):
                    self._set_lines(bool(state[0] & DTR), bool(state[0] & RTS))
                    client.sendall(state)
            with self._lock:
                self._clients.discard(client)
                if not self._clients:
                    self._set_lines(False, False)
