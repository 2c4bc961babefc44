"""The errors of ``bench``: what each names, saw, wanted, and what to do about it.

A `BenchError` means that the bench could not answer; pytest shows it as an error, never as a
failure, and it is never turned into an energy.
"""


class BenchError(Exception):
    """The bench could not answer the question; says nothing about the variant."""


class StationFileError(BenchError):
    """A station file that cannot be used."""


class StationBusyError(BenchError):
    """The station's lease is held by somebody else."""


class SupplyError(BenchError):
    """The supply did not do, or did not confirm, what it was asked for."""


class DigitizerError(BenchError):
    """The digitizer did not deliver what it was asked for; `code` is the driver's own, or None."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class DeviceError(BenchError):
    """The device could not be reached, identified, flashed or understood."""


class MeasurementError(BenchError):
    """A trace from which no energy may be computed."""


class ReportError(BenchError):
    """A report, record or limits file that cannot be read or written."""
