"""The station of a run: opened and checked when the first subject needs it."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.device.deployability import BENCH
from bench.device.images import MODEL_PARTITION_OFFSET
from bench.errors import BenchError
from bench.measurement.capture import PAPER_INFERENCES
from bench.report.convert import check_records
from bench.report.files import RecordFolder
from bench.run.doctor import QUICK_SECONDS, first_error
from bench.run.measure import Workbench, is_broken
from bench.run.models_side import ModelsSide
from bench.run.places import Place, real_place, twin_place
from bench.run.selection import Mode
from bench.run.subject import Result, Settings, Subject
from bench.station.configuration import Station

POWER_CYCLES: Mapping[Mode, int] = {"sim": 3, "hw": 6}
"""Of each variant: the clusters of the gate's intervals."""


class StationBrokenError(BenchError):
    """An earlier case has shown that the station cannot be used."""


@dataclass
class RunStation:
    """The one station that a process of a run measures on.

    Attributes:
        models: What the simulated sensor plays, and what the user asked for.
        folder: Where traces and the self-check go.
    """

    models: ModelsSide
    folder: RecordFolder
    _workbench: Workbench | None = None
    _broken: str = ""
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def station(self) -> Station:
        """With real addresses; a `BenchError` as `measure`."""
        return self._opened().station

    def close(self) -> None:
        """Switch off, give the station back and end the lab."""
        self._stack.close()

    def require_usable(self) -> None:
        """Refuse more work on a station that an earlier case has shown to be broken.

        Raises:
            StationBrokenError: With what was wrong.
        """
        if self._broken:
            raise StationBrokenError(f"the station is broken: {self._broken}")

    def measure(self, subject: Subject) -> Result:
        """Put a subject on the device and measure it (`bench.run.measure.Workbench.measure`).

        Raises:
            BenchError: The bench could not answer.
        """
        workbench = self._opened()
        try:
            return workbench.measure(subject)
        except BenchError as error:
            if is_broken(error):
                self._broken = str(error)
            raise

    def _opened(self) -> Workbench:
        if self._workbench is None:
            try:
                self._workbench = self._open()
                self._check(self._workbench)
            except BenchError as error:
                self._broken = str(error)
                raise
        return self._workbench

    def _open(self) -> Workbench:
        options, place = self.models.options, self._place()
        settings = Settings(
            profile=BENCH,
            model_offset=MODEL_PARTITION_OFFSET,
            traces=self.folder.traces,
            power_cycles=options.power_cycles or POWER_CYCLES[options.mode],
            inferences=PAPER_INFERENCES if options.window == "paper" else None,
        )
        return self._stack.enter_context(
            Workbench(place.station, settings, place.firmware, place.esptool_environment)
        )

    def _check(self, workbench: Workbench) -> None:
        """The quick form of the self-check; a failed check breaks the station, saying why."""
        attempts = workbench.examine(QUICK_SECONDS)
        self.folder.write_self_check(check_records(attempts))
        error = first_error(attempts[-1])
        if error is not None:
            raise error

    def _place(self) -> Place:
        options = self.models.options
        if options.mode == "hw":
            assert options.station is not None
            return real_place(options.station)
        if options.own is not None:
            return self._stack.enter_context(twin_place(options.lab_seed))
        with tempfile.TemporaryDirectory(prefix="har-stream-") as folder:
            file = Path(folder) / "stream.npz"
            self.models.stream.write(file)  # the lab has read it when it tells its addresses
            return self._stack.enter_context(twin_place(options.lab_seed, sensor=file))
