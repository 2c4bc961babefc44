"""The interface between the simulated chip and the application that runs on it.

The chip starts an application from its flash: it makes a new `Application` for each boot and tells
it of bytes. The application acts on the chip through its `ApplicationHost` alone. All calls, both
ways, happen with the world's lock held and one at a time.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias


class StoppedError(Exception):
    """The chip was reset or lost its power under the application.

    Any call to the host may raise it. The application lets it pass: this boot of it is over, and
    the chip has called, or will never call again, what belongs to it.
    """


@dataclass(frozen=True)
class Description:
    """What an application image says of itself (IDF's ``esp_app_desc_t``)."""

    name: str
    version: str


@dataclass(frozen=True)
class Partition:
    """An entry of the partition table; `offset` and `size` in bytes of flash."""

    label: str
    kind: int
    subtype: int
    offset: int
    size: int


class ApplicationHost(Protocol):
    """The chip as its application sees it. Every call may raise `StoppedError`."""

    @property
    def description(self) -> Description:
        """The description in the image that was booted."""

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The partition table that was booted with."""

    def flash(self, offset: int, length: int) -> bytes:
        """`length` bytes of flash from `offset`; what lies past the flash's end is missing."""

    def write(self, data: bytes) -> None:
        """Send bytes by the UART; returns when the last one has left, 10 bits each."""

    def set_baud(self, rate: int) -> None:
        """Set the UART's rate in bit/s; a boot begins with the ROM's 115200."""

    def micros(self) -> int:
        """Microseconds since the application was started."""

    def marker(self, level: bool) -> None:
        """Set the marker pin."""

    def identify(self, text: str) -> None:
        """Tell the world what runs here: noise is a function of it."""

    def discard_input(self) -> bool:
        """Whether bytes have come that nobody took while the application was busy; takes them."""

    def run(self, steps: Iterable[tuple[float, float]], repeat: int = 1) -> None:
        """Draw (A) for (s), step after step, `repeat` times; the last current stays."""


class Application(Protocol):
    """One boot of an application."""

    def boot(self) -> None:
        """Start; called once. What is written here appears on the console after the ROM's text."""

    def receive(self, data: bytes) -> None:
        """Bytes from the UART, cut anywhere; called after `boot` has returned."""

    def stop(self) -> None:
        """Power or reset ended this boot; release what is held. The host must not be called."""


ApplicationFactory: TypeAlias = Callable[[ApplicationHost], Application]
