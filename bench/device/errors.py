"""What may go wrong between the bench and the device's serial port."""

from bench.errors import DeviceError


class PortError(DeviceError):
    """The serial port cannot be opened, or was lost."""


class DeviceSilentError(DeviceError):
    """The device did not answer in time."""


class DeviceResetError(DeviceError):
    """The device restarted while it was to answer."""


class BrownOutError(DeviceResetError):
    """The device restarted because its voltage fell too low."""


class DownloadModeError(DeviceError):
    """The device waits in its loader instead of starting its firmware."""


class ConsoleGarbageError(DeviceError):
    """The device answered something that is not the protocol."""


class CommandRefusedError(DeviceError):
    """The device understood a command and refused it."""
