"""What the user asked of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.device.deployability import ProfileName
from bench.device.firmware_build import Builder
from bench.run.own import OwnModel
from bench.run.selection import Mode
from models.catalog import Network, Variant


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        mode: Simulated lab or hardware.
        networks: That can be asked for, by name.
        station: File of the station; None for the twin.
        lab_seed: Of the simulated lab.
        window: ``default`` or ``paper``.
        limits: Limits file, or None for the one of the data set.
        own: The user's own model, or None.
        profile: The device's layout: ``bench`` or ``paper``.
        builder: Builds the firmware around each variant in the paper's layout; None: its size is
            what Table 3 implies.
        power_cycles: Of each variant; None for as many as the mode needs.
        reference: Measured before each network, or None.
        battery: Capacity in C that the days of live operation are stated for.
    """

    mode: Mode
    networks: Mapping[str, Network]
    station: Path | None = None
    lab_seed: int = 1
    window: str = "default"
    limits: Path | None = None
    own: OwnModel | None = None
    profile: ProfileName = "bench"
    builder: Builder | None = None
    power_cycles: int | None = None
    reference: Variant | None = None
    battery: float = 3600.0

    @property
    def why_not_measured(self) -> str:
        """Why no variant is put on a device and deployability is computed alone, or nothing."""
        if self.profile == "bench":
            return ""
        if self.mode == "sim":
            return "in the paper's layout the simulated lab runs nothing: use the bench's"
        return "" if self.builder else "in the paper's layout a device needs a build: add --build"
