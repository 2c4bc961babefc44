"""What else may run on the chip: nothing, or a program that a host loaded into RAM."""

import re

from bench.twin.esp32 import constants
from bench.twin.esp32.application import ApplicationHost

_TEXT = re.compile(rb"[\t\r\n\x20-\x7e]{8,}(?=\0)")


class Halted:
    """A chip on which nothing runs: it waits at the ROM's current for a reset."""

    def __init__(self, host: ApplicationHost, text: bytes = b"") -> None:
        self._host = host
        self._text = text

    def boot(self) -> None:
        """Say why."""
        self._host.run([(constants.ROM_CURRENT, 0.0)])
        self._host.write(self._text)

    def receive(self, data: bytes) -> None:
        """Nobody listens."""

    def stop(self) -> None:
        """Nothing is held."""


class Upload:
    """A program in RAM that is not the stub.

    The twin has no core to run its machine code on. What such a program prints is taken to be the
    zero-terminated texts that it holds, over and over.
    """

    def __init__(self, host: ApplicationHost, uploaded: bytes) -> None:
        self._host = host
        self._text = b"".join(_TEXT.findall(uploaded))

    def boot(self) -> None:
        """Print for the first time."""
        self._host.run([(constants.ROM_CURRENT, 0.0)])
        self.repeat()

    def repeat(self) -> None:
        """Print once more."""
        self._host.write(self._text)

    def receive(self, data: bytes) -> None:
        """Such a program does not listen."""

    def stop(self) -> None:
        """Nothing is held."""
