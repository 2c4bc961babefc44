"""What can be wrong with the twin's supply."""

from enum import StrEnum

TRIPS_AT = 0.040
"""A; more than a device takes that boots or waits, less than one whose flash is written."""


class SupplyFault(StrEnum):
    """What can be wrong with the supply."""

    SILENT = "supply-silent"
    """It carries out commands and answers no query."""
    HANGS = "supply-hangs"
    """The same, but only while its output is on."""
    OTHER_MODEL = "supply-other-model"
    """Another instrument answers."""
    STUCK = "supply-stuck"
    """It keeps its voltage, whatever is set."""
    COMPLAINS = "supply-complains"
    """It reports an error of its hardware whenever its output is switched on."""
    STALE = "supply-stale"
    """While its output is on, it answers each query with the reply to the one before."""
    TRIPS = "supply-trips"
    """Its over-current protection trips at `TRIPS_AT`, whatever limit is set."""
    HANGS_UP = "supply-hangs-up"
    """It ends the connection once its output has been switched on, and takes a new one."""
