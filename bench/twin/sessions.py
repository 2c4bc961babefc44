"""Clients of a stream socket, served by one thread in the order in which they acted.

With a thread for each client a slow machine could turn that order round: who connects after another
has gone would be served before the other's last bytes, and before its going. An instrument and a
serial driver have one queue; so has this.
"""

import socket
import threading
from multiprocessing.connection import wait
from typing import Protocol

_READ_SIZE = 65_536


class Service(Protocol):
    """What is served; all calls come from the one thread."""

    def opened(self, client: socket.socket) -> None:
        """A client has connected; whoever went before is closed."""

    def received(self, client: socket.socket, data: bytes) -> None:
        """Bytes of a client.

        Raises:
            OSError: The session ends with it.
        """

    def closed(self, client: socket.socket) -> None:
        """A client has gone, or its session has ended; not called by `Sessions.close`."""


class Sessions:
    """Serves the clients of `listener`, which listens already, until it is closed."""

    def __init__(self, listener: socket.socket, service: Service, name: str) -> None:
        self._listener = listener
        self._service = service
        self._clients: list[socket.socket] = []
        self._stopped, self._stop = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more and hang up; when this returns, nothing more is served."""
        self._stop.close()
        self._thread.join()
        for connection in (*self._clients, self._listener, self._stopped):
            connection.close()

    def _serve(self) -> None:
        everybody = [self._stopped, self._listener]
        while self._stopped not in (ready := wait([*everybody, *self._clients])):
            newcomer = self._listener.accept()[0] if self._listener in ready else None
            # Asked only now: what the others did before the newcomer came is there by now.
            for client in wait(self._clients, 0.0):
                assert isinstance(client, socket.socket)
                self._attend(client)
            if newcomer is not None:
                newcomer.setblocking(False)
                self._clients.append(newcomer)
                self._service.opened(newcomer)

    def _attend(self, client: socket.socket) -> None:
        try:
            while data := client.recv(_READ_SIZE):
                self._service.received(client, data)
        except BlockingIOError:  # that was all, for now
            return
        except OSError:  # it may be gone without saying so
            pass
        self._clients.remove(client)
        self._service.closed(client)
        client.close()


def answer(client: socket.socket, data: bytes) -> None:
    """Send `data` to a client of `Sessions`.

    Raises:
        OSError: It has gone, or has left so many answers unread that this one has no room.
    """
    try:
        client.sendall(data)
    except BlockingIOError as error:
        raise ConnectionAbortedError("the client does not read its answers") from error
