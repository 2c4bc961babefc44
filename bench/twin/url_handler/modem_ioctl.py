"""The two requests to a terminal's driver that a pseudo-terminal's does not know.

esptool moves DTR and RTS in one step by ``TIOCMSET``. Here the twin's ports answer it, and
``TIOCMGET``, in a program's own process, in the place of the kernel's driver.
"""

import fcntl
import struct
import termios
from typing import Any

from bench.twin.url_handler.protocol_espsim import OPEN_PORTS

_BITS = struct.Struct("I")


def install() -> None:
    """Let `fcntl.ioctl` of this process know the modem lines of the twin's ports."""
    driver = fcntl.ioctl

    def ioctl(descriptor: Any, request: int, *arguments: Any) -> Any:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        port = OPEN_PORTS.get(number)
        if port is None or request not in (termios.TIOCMGET, termios.TIOCMSET):
            return driver(descriptor, request, *arguments)
        if request == termios.TIOCMSET:
            (port.modem_bits,) = _BITS.unpack(arguments[0])
        return _BITS.pack(port.modem_bits)

    fcntl.ioctl = ioctl
