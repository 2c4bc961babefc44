"""An instrument's SCPI socket on loopback: lines in, lines out."""

import socket
import struct
from typing import Protocol

from bench.twin.sessions import Sessions, answer

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
    """Serves `instrument` on a free port of 127.0.0.1 until it is closed.

    Messages are carried out in the order in which they came, whatever session they came by: what
    a killed client sent last never follows the first message of who connects because of that.
    """

    def __init__(self, instrument: Instrument) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = listener.getsockname()[1]
        self._sessions = Sessions(listener, _Conversations(instrument), "scpi")

    @property
    def address(self) -> str:
        """The VISA resource; both its terminations are a line feed."""
        return f"TCPIP::127.0.0.1::{self.port}::SOCKET"

    def close(self) -> None:
        """Stop serving and hang up."""
        self._sessions.close()


class _Conversations:
    """Cuts what clients send into messages."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._begun: dict[socket.socket, bytes] = {}

    def opened(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _acknowledge_at_once(client)
        self._begun[client] = b""
        self._instrument.connected()

    def received(self, client: socket.socket, data: bytes) -> None:
        *lines, rest = (self._begun[client] + data).split(b"\n")
        for line in lines:
            self._carry_out(client, line.decode("ascii", "replace"))
        if len(rest) > LONGEST_LINE:
            self._instrument.overrun()
            rest = b""
        self._begun[client] = rest
        _acknowledge_at_once(client)

    def closed(self, client: socket.socket) -> None:
        del self._begun[client]

    def _carry_out(self, client: socket.socket, message: str) -> None:
        try:
            reply = self._instrument.carry_out(message)
        except HungUpError as error:  # by a reset, as an interface that starts anew
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            raise ConnectionAbortedError("the instrument hung up") from error
        if reply is not None:
            answer(client, reply.encode("ascii"))


def _acknowledge_at_once(client: socket.socket) -> None:
    # Two writes and a query would otherwise stall 45 ms: Nagle there, a delayed ACK here.
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
