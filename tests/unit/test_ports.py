"""A port is found by the USB serial number of its adapter."""

import pytest
from serial.tools.list_ports_common import ListPortInfo

from bench.device.errors import PortError
from bench.device.ports import find_port


def port(device: str, serial_number: str | None) -> ListPortInfo:
    found = ListPortInfo(device)
    found.serial_number = serial_number
    return found


THERE = [port("/dev/ttyS0", None), port("/dev/ttyUSB1", "A5069RR4"), port("/dev/ttyUSB0", "0001")]


def test_the_port_of_the_adapter_with_the_number_is_found() -> None:
    assert find_port("A5069RR4", lambda: THERE) == "/dev/ttyUSB1"


def test_an_adapter_that_is_not_there_is_an_error_that_lists_what_is() -> None:
    with pytest.raises(PortError, match=r"'B1': no port has it .*ttyS0 \(no number\).*A5069RR4"):
        find_port("B1", lambda: THERE)


def test_no_port_at_all_is_said() -> None:
    with pytest.raises(PortError, match="there: no port at all"):
        find_port("B1", list)


def test_two_adapters_with_the_same_number_are_told_apart_by_the_user() -> None:
    twice = [*THERE, port("/dev/ttyUSB2", "0001")]
    with pytest.raises(PortError, match=r"/dev/ttyUSB0, /dev/ttyUSB2 all have it"):
        find_port("0001", lambda: twice)


def test_ports_of_this_machine_are_asked_by_default() -> None:
    with pytest.raises(PortError, match="no port has it"):
        find_port("a number that no adapter has")
