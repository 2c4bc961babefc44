"""A connection in between, on loopback, so that tests can cut it at a chosen moment."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self


class Proxy:
    """Passes lines on to a server on 127.0.0.1 at `port`, one connection each."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.RLock()
        self._open: set[socket.socket] = set()
        self._refuse = 0
        self._commands = 0
        self._moment: tuple[int, Callable[[], None]] | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def resource(self) -> str:
        """VISA resource of the proxy."""
        return f"TCPIP::127.0.0.1::{self._listener.getsockname()[1]}::SOCKET"

    def at_command(self, number: int, act: Callable[[], None]) -> None:
        """Call `act` when the client sends its line `number` (from 1), before it is passed on.

        Nobody connects through the proxy in between.
        """
        with self._lock:
            self._moment = (number, act)

    def refuse(self, connections: int) -> None:
        """Cut all connections, and the next so many at once."""
        with self._lock:
            self._refuse = connections
            for each in self._open:
                _cut(each)
            self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _cut(self._listener)
        self.refuse(0)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._refuse > 0:
                    self._refuse -= 1
                    _cut(client)
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open |= {client, server}
            for source, sink, count in ((client, server, True), (server, client, False)):
                threading.Thread(
                    target=self._pass_on, args=(source, sink, count), daemon=True
                ).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, count: bool) -> None:
        with suppress(OSError), source.makefile("rb") as lines:
            for line in lines:
                with self._lock:
                    if count:
                        self._note_command()
                    if source not in self._open:  # cut meanwhile: what was read is lost
                        break
                    sink.sendall(line)
        with self._lock:
            self._open -= {source, sink}
        _cut(sink)
        _cut(source)

    def _note_command(self) -> None:
        self._commands += 1
        if self._moment is not None and self._commands == self._moment[0]:
            self._moment[1]()


def _cut(end: socket.socket) -> None:
    """Close by a reset, which the other end notices at once."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RD)  # wakes the thread that reads
    end.close()
