"""An instrument's SCPI socket on loopback: lines in, lines out."""

import contextlib
import socket
import struct
import threading
from typing import Protocol

LONGEST_LINE = 65_536
_RESET = struct.pack("ii", 1, 0)


class HungUpError(Exception):
    """The instrument ends the connection."""


class Instrument(Protocol):
    """What is served."""

    def connected(self) -> None:
        """A client opened a session."""

    def carry_out(self, message: str) -> str | None:
        """The reply to a message, with its end; None if it asks for nothing.

        Raises:
            HungUpError: The session ends with it.
        """

    def overrun(self) -> None:
        """A message was longer than the input buffer."""


class ScpiServer:
    """Serves `instrument` on a free port of 127.0.0.1 until it is closed."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._clients: set[socket.socket] = set()
        self._closed = False
        self._thread = threading.Thread(target=self._accept, name="scpi", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The VISA resource; both its terminations are a line feed."""
        return f"TCPIP::127.0.0.1::{self.port}::SOCKET"

    def close(self) -> None:
        """Stop serving and hang up."""
        self._closed = True
        with contextlib.suppress(OSError):  # wakes the thread that accepts
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in list(self._clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients.add(client)
            self._instrument.connected()
            name = f"scpi {client.fileno()}"
            threading.Thread(target=self._serve, args=(client,), name=name, daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            try:
                self._converse(client)
            except HungUpError:  # by a reset, as an interface that starts anew
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._clients.discard(client)

    def _converse(self, client: socket.socket) -> None:
        buffer = b""
        while data := _receive(client):
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                reply = self._instrument.carry_out(line.decode("ascii", "replace"))
                if reply is not None:
                    client.sendall(reply.encode("ascii"))
            if len(buffer) > LONGEST_LINE:
                self._instrument.overrun()
                buffer = b""


def _receive(client: socket.socket) -> bytes:
    # Two writes and a query would otherwise stall 45 ms: Nagle there, a delayed ACK here.
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return client.recv(LONGEST_LINE)
