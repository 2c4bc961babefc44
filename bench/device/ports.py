"""Serial ports by the USB serial number of their adapter, whatever the system calls the port."""

from collections.abc import Callable, Iterable

from serial.tools.list_ports import comports
from serial.tools.list_ports_common import ListPortInfo

from bench.device.errors import PortError


def find_port(
    usb_serial: str, ports: Callable[[], Iterable[ListPortInfo]] = lambda: comports()
) -> str:
    """The port, such as ``/dev/ttyUSB0`` or ``COM3``, of the adapter with this serial number.

    Raises:
        PortError: None of the ports that are there has it, or several have; the message lists them.
    """
    seen = list(ports())
    found = [port.device for port in seen if port.serial_number == usb_serial]
    if len(found) == 1:
        return found[0]
    if found:
        raise PortError(
            f"USB serial number {usb_serial!r}: {', '.join(found)} all have it: unplug all but "
            "one, or give [device] port"
        )
    there = ", ".join(f"{port.device} ({port.serial_number or 'no number'})" for port in seen)
    raise PortError(
        f"USB serial number {usb_serial!r}: no port has it (there: {there or 'no port at all'}): "
        "plug the adapter in, or correct [device] usb_serial"
    )
