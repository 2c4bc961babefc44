import os
import socket
from collections.abc import Iterator

import pytest
import serial

from bench.twin.esp32 import slip
from bench.twin.esp32.protocol import SYNC
from bench.twin.esp32.serial_port import SerialPort
from bench.twin.url_handler import environment, register
from tests.twin.esp32_board import Board

ENOUGH = 60.0
"""Seconds until a client gives up; none of them waits that long unless the port is broken."""


class Lab:
    """A board behind a serial port, and clients of it."""

    def __init__(self) -> None:
        register()
        self.board = Board()
        self.port = SerialPort(self.board.chip)
        self.board.chip.connect(self.port)
        self.clients: list[serial.Serial] = []

    def open(self, address: str | None = None) -> serial.Serial:
        """A client with 115200 bit/s, by default with modem lines."""
        url = address or self.port.url
        client = serial.serial_for_url(url, 115200, timeout=ENOUGH, write_timeout=ENOUGH)
        self.clients.append(client)
        return client

    def power(self) -> None:
        with self.board.world.lock:
            self.board.world.connect(3.3)


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    for client in lab.clients:
        client.close()
    lab.port.close()


def ask(client: serial.Serial, question: bytes) -> bytes:
    client.write(question)
    return bytes(client.read_until(b">"))


@pytest.mark.parametrize("with_lines", [True, False])
def test_a_client_reads_the_boot_and_is_answered(lab: Lab, with_lines: bool) -> None:
    client = lab.open(lab.port.url if with_lines else lab.port.path)
    lab.power()
    assert b"SPI_FAST_FLASH_BOOT" in client.read_until(b"ready\r\n")
    assert ask(client, b"hello") == b"<hello>"


def test_the_port_may_be_opened_again_and_again(lab: Lab) -> None:
    lab.power()
    for _ in range(20):
        with lab.open() as client:
            assert ask(client, b"x") == b"<x>"
    assert lab.board.log == ["boot"]


def test_two_clients_do_not_disturb_the_chip(lab: Lab) -> None:
    first, second = lab.open(), lab.open(lab.port.path)
    lab.power()
    first.read_until(b"ready\r\n")
    first.write(b"one")
    assert first.read_until(b">") == b"<one>"
    second.write(b"two")
    assert second.read_until(b">") == b"<two>"
    first.close()
    assert ask(second, b"three") == b"<three>"


def test_of_two_clients_the_one_that_came_last_has_the_lines(lab: Lab) -> None:
    first, second = lab.open(), lab.open()
    lab.power()
    second.read_until(b"ready\r\n")
    first.rts, first.dtr = True, False
    assert ask(second, b"hello") == b"<hello>"
    assert lab.board.log == ["boot"]


def test_lines_reset_into_the_loader_and_back(lab: Lab) -> None:
    client = lab.open()
    lab.power()
    client.read_until(b"ready\r\n")
    client.rts, client.dtr = True, False
    client.dtr = True
    client.rts = False
    assert b"DOWNLOAD_BOOT" in client.read_until(b"waiting for download\r\n")
    client.dtr = False
    client.write(slip.encode(SYNC))
    assert len(client.read_until(size=8 * 14)) == 8 * 14
    client.rts = True
    client.rts = False
    assert client.read_until(b"ready\r\n").endswith(b"ready\r\n")


def test_a_terminal_without_lines_reaches_the_loader_by_asking(lab: Lab) -> None:
    client = lab.open(lab.port.path)
    lab.power()
    client.read_until(b"ready\r\n")
    client.write(slip.encode(SYNC))
    assert b"DOWNLOAD_BOOT" in client.read_until(b"waiting for download\r\n")
    assert len(client.read_until(size=8 * 14)) == 8 * 14
    client.close()
    again = lab.open()  # hanging up has started the application
    assert ask(again, b"back?").endswith(b"<back?>")


def test_asking_does_not_help_against_a_client_s_own_reset(lab: Lab) -> None:
    client = lab.open()
    lab.power()
    client.read_until(b"ready\r\n")
    client.dtr = False  # with RTS raised by opening: EN is low
    client.write(slip.encode(SYNC))
    client.rts = False
    assert b"SPI_FAST_FLASH_BOOT" in client.read_until(b"ready\r\n")


def test_a_client_that_does_not_read_blocks_nobody(lab: Lab) -> None:
    client = lab.open()
    lab.power()
    lab.board.orders[b"flood"] = lambda host: host.write(b"-" * (3 << 20))
    client.read_until(b"ready\r\n")
    client.write(b"flood")
    with lab.board.world.changed:
        assert lab.board.world.changed.wait_for(lambda: "done" in lab.board.log, ENOUGH)
    client.close()
    lab.board.orders.clear()
    assert ask(lab.open(), b"alive").endswith(b"<alive>")


def test_what_is_sent_to_a_closed_port_is_lost(lab: Lab) -> None:
    lab.power()
    assert ask(lab.open(), b"x") == b"<x>"


def test_the_rate_of_the_client_counts(lab: Lab) -> None:
    client = lab.open()
    lab.power()
    client.read_until(b"ready\r\n")
    lab.board.orders[b"fast"] = lambda host: host.set_baud(921_600)
    client.write(b"fast")
    with lab.board.world.changed:
        assert lab.board.world.changed.wait_for(lambda: "done" in lab.board.log, ENOUGH)
    client.baudrate = 921_600
    assert ask(client, b"hello") == b"<hello>"
    assert lab.port.rate == 921_600
    client.baudrate = 74_880  # a rate that has no name in termios
    assert lab.port.rate == 74_880


def test_noise_does_not_end_the_port(lab: Lab) -> None:
    lab.power()
    client = lab.open()
    for _ in range(4):
        client.write(bytes(range(256)) * 8)
        client.rts = True
        client.rts = False
    client.write(b"!")
    assert client.read_until(b"!>").endswith(b"!>")  # all noise has been read, however it was cut
    assert ask(client, b"last") == b"<last>"


def test_a_client_of_the_lines_may_vanish(lab: Lab) -> None:
    lab.power()
    path = lab.port.url.partition("?ctl=")[2]
    with socket.socket(socket.AF_UNIX) as lines:
        lines.connect(path)
        lines.sendall(b"\x02" * 100)
    assert ask(lab.open(), b"hello").endswith(b"<hello>")


def test_an_address_without_its_socket_is_refused(lab: Lab) -> None:
    with pytest.raises(serial.SerialException, match=r"no ctl=PATH.*wanted espsim://"):
        lab.open(f"espsim://{lab.port.path}")


def test_a_twin_that_has_gone_is_an_error_and_no_hang() -> None:
    lab = Lab()
    client = lab.open()
    url = lab.port.url
    lab.port.close()
    with pytest.raises(serial.SerialException):
        client.dtr = True
    client.close()
    with pytest.raises(serial.SerialException, match="could not open port"):
        lab.open(url)


def test_a_program_s_environment_keeps_its_own_path() -> None:
    path = environment({"PYTHONPATH": "elsewhere", "HOME": "/home"})
    assert path["PYTHONPATH"].split(os.pathsep)[1:] == ["elsewhere"]
    assert path["HOME"] == "/home"
    assert os.pathsep not in environment({})["PYTHONPATH"]
