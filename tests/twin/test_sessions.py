"""Whoever is slow, a socket of the twin serves its clients in the order in which they acted."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from bench.twin.sessions import Sessions, answer

PATIENCE = 60.0
"""s after which a test gives up waiting; no test waits so long unless it fails."""


@dataclass
class Diary:
    """A service that notes what it is told, and at a pause goes on only when it may.

    Attributes:
        told: What it was told, each client by its number.
        paused: Set while it is held up by ``pause``.
        resume: Lets it go on.
    """

    told: list[str] = field(default_factory=list)
    paused: threading.Event = field(default_factory=threading.Event)
    resume: threading.Event = field(default_factory=threading.Event)
    numbers: dict[socket.socket, int] = field(default_factory=dict)

    def opened(self, client: socket.socket) -> None:
        self.numbers[client] = len(self.numbers) + 1
        self._note(client, "opened")

    def received(self, client: socket.socket, data: bytes) -> None:
        text = data.decode()
        self._note(client, text)
        if text == "pause":
            self.paused.set()
            assert self.resume.wait(PATIENCE)
        if text == "end":
            raise ConnectionAbortedError
        answer(client, data)

    def closed(self, client: socket.socket) -> None:
        self._note(client, "closed")

    def _note(self, client: socket.socket, what: str) -> None:
        self.told.append(f"{self.numbers[client]} {what}")


@dataclass
class Desk:
    """A served diary, and those who connect to it."""

    diary: Diary
    address: tuple[str, int]

    def connect(self) -> socket.socket:
        client = socket.create_connection(self.address, PATIENCE)
        client.settimeout(PATIENCE)
        return client

    def known(self) -> socket.socket:
        """A client that the service has met."""
        client = self.connect()
        assert ask(client, b"here") == b"here"
        return client

    def hold_up(self) -> socket.socket:
        """A client on whose account the service is busy."""
        client = self.connect()
        client.sendall(b"pause")
        assert self.diary.paused.wait(PATIENCE)
        return client


@pytest.fixture
def desk() -> Iterator[Desk]:
    listener = socket.create_server(("127.0.0.1", 0))
    diary = Diary()
    sessions = Sessions(listener, diary, "diary")
    yield Desk(diary, listener.getsockname())
    diary.resume.set()
    sessions.close()


def ask(client: socket.socket, question: bytes) -> bytes:
    client.sendall(question)
    return client.recv(100)


def test_who_has_gone_is_gone_before_the_next_one_comes(desk: Desk) -> None:
    with desk.known() as first, desk.hold_up():
        first.sendall(b"last")
        first.close()
        with desk.connect() as second:
            second.sendall(b"hello")
            desk.diary.resume.set()
            assert second.recv(100) == b"hello"
    told = [line for line in desk.diary.told if not line.startswith("2")]
    assert told[:6] == ["1 opened", "1 here", "1 last", "1 closed", "3 opened", "3 hello"]


def test_what_was_sent_before_another_came_is_heard_before_it(desk: Desk) -> None:
    with desk.known() as first, desk.hold_up():
        first.sendall(b"mine")
        with desk.connect() as second:
            desk.diary.resume.set()
            assert ask(second, b"hello") == b"hello"
            assert desk.diary.told.index("1 mine") < desk.diary.told.index("3 opened")


def test_a_session_that_the_service_ends_is_hung_up(desk: Desk) -> None:
    with desk.connect() as first:
        assert ask(first, b"end") == b""
    with desk.connect() as second:
        assert ask(second, b"hello") == b"hello"
    assert desk.diary.told[:3] == ["1 opened", "1 end", "1 closed"]


def test_who_reads_no_answers_holds_up_nobody(desk: Desk) -> None:
    with desk.connect() as deaf, desk.connect() as other:
        with suppress(ConnectionError):  # it is hung up on, sooner or later
            while True:
                deaf.sendall(b"-" * 65_536)
        assert ask(other, b"hello") == b"hello"


def test_when_it_is_closed_nobody_is_served_any_more() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    diary = Diary()
    sessions = Sessions(listener, diary, "diary")
    desk = Desk(diary, listener.getsockname())
    with desk.connect() as client:
        assert ask(client, b"here") == b"here"
        sessions.close()
        assert client.recv(100) == b""
        with pytest.raises(ConnectionError):
            desk.connect()
    assert diary.told == ["1 opened", "1 here"]
