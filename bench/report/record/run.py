"""What was run, where and on what; and the state that its station was in."""

import datetime
from typing import Literal

from pydantic import Field

from bench.report.record.base import Count, PositiveCount, Record, Unbounded


class CalibrationRecord(Record):
    """A calibration record that the results rest on.

    Attributes:
        kind: What it calibrates: ``shunt``, ``card``, ``supply`` or ``time base``.
        file: Its file's name.
        sha256: Of the file.
        certificate: Number of the certificate.
        date: Of the calibration.
        due: Last day on which it holds.
        verified: Whether somebody has checked the file against the certificate.
        text: What the file says, so that results can be computed again.
    """

    kind: str
    file: str
    sha256: str
    certificate: str
    date: datetime.date
    due: datetime.date
    verified: bool
    text: str


class RunFacts(Record):
    """What was run, where and on what.

    Attributes:
        mode: ``sim`` or ``hw``.
        station: Name and description of the station.
        dataset: Name, digest and origin of the data set.
        surrogate: Whether the built-in stand-in took its place.
        split: The split in words.
        profile: Layout of the device: ``bench``, or ``paper (built)`` or ``paper (inferred)`` by
            where the application's size is from.
        window: ``default`` or ``paper``.
        calibrated: Whether every figure that results rest on is from a valid, verified record.
        uncalibrated: If not, a reason for each record that is wanting.
        calibration: The records in use; for a kind without one the makers' figures stand in.
        station_file: What the station file says, so that results can be computed again.
        reanalysed: SHA-256 of the report that this one was computed again from, or empty.
    """

    mode: Literal["sim", "hw"]
    station: str
    station_description: str
    dataset: str = Field(pattern=r"^[\w-]+$")
    dataset_digest: str
    dataset_origin: str
    surrogate: bool
    fold: Count
    split: str
    seed: Count
    profile: str
    window: str
    calibrated: bool
    uncalibrated: tuple[str, ...] = ()
    calibration: tuple[CalibrationRecord, ...] = ()
    station_file: str = ""
    reanalysed: str = ""
    limits: str
    started: str = ""
    versions: dict[str, str] = Field(default_factory=dict)


class CheckRecord(Record):
    """A check of the station's self-check (`bench.run.doctor`).

    Attributes:
        name: What was looked at.
        verdict: ``ok``, ``failed`` or ``not possible``.
        note: What was seen, or why the check was not possible.
        figure: What was found, in `unit`; None where it is no number.
        limit: What it may be, in `unit`.
        unit: SI unit, ``1`` for a ratio or a count.
        margin: What is left to the limit, in `unit`; negative beyond it.
        error: What is wrong and what to do, after the error's class; None unless it failed.
        attempt: Counted from 1; the last one counts.
    """

    name: str
    verdict: Literal["ok", "failed", "not possible"]
    note: str = ""
    figure: Unbounded | None = None
    limit: Unbounded | None = None
    unit: str = ""
    margin: Unbounded | None = None
    error: str | None = None
    attempt: PositiveCount = 1
