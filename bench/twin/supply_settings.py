"""The settings of a channel of the twin's supply: what each is called, and what it may be."""

from dataclasses import dataclass

from bench.twin.supply_readings import FUNCTIONS, RANGES, SAMPLE_SECONDS

MOST_SAMPLES = 5000
"""Of the sampled buffer."""


@dataclass
class Channel:
    """Settings of one channel in V, A, ohm and s, as after *RST."""

    volts: float = 0.0
    limit: float = 1.0
    protection: float = 22.0
    on: bool = False
    tripped: bool = False
    ohms: float = 0.0
    bandwidth: str = "HIGH"
    function: str = "VOLT"
    range: str = "HIGH"
    interval: float = 0.02
    count: float = 1.0
    length: float = 100.0
    period: float = SAMPLE_SECONDS


@dataclass(frozen=True)
class Setting:
    """A number that a channel keeps: header, `Channel` attribute, limits and resolution."""

    header: str
    attribute: str
    low: float
    high: float
    step: float


SETTINGS = (
    Setting("SOURce:#:VOLTage", "volts", 0.0, 15.0, 1e-3),
    Setting("SOURce:#:CURRent[:LIMit]", "limit", 0.0, 5.0, 1e-3),
    Setting("SOURce:#:VOLTage:PROTection", "protection", 1.5, 22.0, 0.1),
    Setting("OUTPut:#:IMPedance", "ohms", 0.0, 1.0, 0.01),
    Setting("SENSe:#:MEASure:INTerval", "interval", 0.002, 0.2, 1e-5),
    Setting("SENSe:#:AVERage:COUNt", "count", 1.0, 10.0, 1.0),
    Setting("SENSe:#:PULSe:SAMPle:LENGth", "length", 1.0, MOST_SAMPLES, 1.0),
    Setting("SENSe:#:PULSe:SAMPle:INTerval", "period", SAMPLE_SECONDS, 1.0, 1e-5),
)
CHOICES = (
    ("OUTPut:#:BANDwidth", "bandwidth", {"HIGH": "HIGH", "LOW": "LOW"}),
    ("SENSe:#:FUNCtion", "function", {name: name for name in FUNCTIONS}),
    ("SENSe:#:CURRent:RANGe", "range", {name: name for name in ("AUTO", *RANGES)}),
)
