"""What was run, where and on what, as the report tells it."""

import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bench.report.convert import calibration_records
from bench.report.record import RunFacts
from bench.run.options import Options
from bench.station.configuration import load_station, station_text
from models import dataset
from models.pipeline import Pipeline

_PACKAGES = (
    "har-energy-bench", "tensorflow", "keras", "ai-edge-litert", "tflite-micro", "numpy",
    "esptool", "nidaqmx", "pyvisa", "pyvisa-py", "pyserial", "GTC",
)  # fmt: skip


def run_facts(options: Options, station: Path, seed: int, pipeline: Pipeline | None) -> RunFacts:
    """The facts of a run that starts now.

    Args:
        options: What the user asked for.
        station: File of the station.
        seed: Of the training.
        pipeline: The models' side; None for a user's own model, which comes without data.

    Raises:
        StationFileError: The file of the station, or one that it names, is wrong.
    """
    used, started = load_station(station), datetime.now(UTC)
    shortcomings = used.calibration.shortcomings(started.date())
    facts = {
        "mode": options.mode,
        "station": used.name,
        "station_description": used.description,
        "seed": seed,
        "profile": _profile(options),
        "window": options.window,
        "calibrated": not shortcomings,
        "uncalibrated": shortcomings,
        "calibration": calibration_records(used.calibration),
        "station_file": station_text(station),
        "started": started.isoformat(timespec="seconds"),
        "versions": _versions(),
    }
    data = _NO_DATA if pipeline is None else _data_facts(options, pipeline)
    return RunFacts.model_validate(facts | data)


def _profile(options: Options) -> str:
    """The device's layout and, of the paper's, where the application's size is from."""
    if options.profile == "bench":
        return "bench"
    return "paper (inferred)" if options.builder is None else "paper (built)"


_NO_DATA: dict[str, object] = {
    "dataset": "none",
    "dataset_digest": "none",
    "dataset_origin": "none",
    "surrogate": False,
    "fold": 0,
    "split": "none",
    "limits": "none",
}


def _data_facts(options: Options, pipeline: Pipeline) -> dict[str, object]:
    data = pipeline.dataset
    return {
        "dataset": data.name,
        "dataset_digest": data.digest,
        "dataset_origin": data.origin,
        "surrogate": data.name == dataset.SURROGATE,
        "fold": pipeline.split.fold,
        "split": pipeline.split.describe(),
        "limits": str(options.limits or f"limits/{data.name}.toml"),
    }


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
