"""The models' side of a run: what networks became, and what a device is given of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from bench.device.images import ModelImage, Standardisation
from bench.report.record import AccuracyRecord, ModelRecord
from bench.run.live import LiveTask, offline
from bench.run.options import Options
from bench.run.records import accuracy_records, model_record
from bench.run.selection import OWN, Case
from bench.run.subject import Subject, golden_inputs
from models import golden
from models.artefact import Artefact
from models.catalog import BASE, Technique, Variant
from models.pipeline import Pipeline
from models.stream import Stream, stitched

LIVE_WINDOWS = 8
"""Classified in live operation on hardware: 11.5 s."""


@dataclass
class ModelsSide:
    """Networks, and the subjects that they or a user's own model become.

    Attributes:
        options: What the user asked for.
        open_pipeline: Opens the pipeline when it is needed; a user's own model needs none.
    """

    options: Options
    open_pipeline: Callable[[], Pipeline]

    @cached_property
    def pipeline(self) -> Pipeline:
        """Trains, converts and evaluates."""
        return self.open_pipeline()

    @cached_property
    def stream(self) -> Stream:
        """What the simulated sensor measures: test windows, joined."""
        return stitched(self.pipeline.dataset.windows.of(self.pipeline.split.test))

    def accuracies(self, case: Case) -> tuple[AccuracyRecord, ...]:
        """The accuracy of a base or a variant in each runtime.

        Raises:
            ModelsError: The network could not be trained, converted or evaluated.
        """
        if case.technique == BASE:
            network = self.options.networks[case.network]
            return accuracy_records({"keras": self.pipeline.base(network)})
        accuracy = self._artefact(case).manifest.accuracy
        return accuracy_records({"litert": accuracy.litert, "tflm": accuracy.tflm})

    def subject(self, case: Case) -> tuple[Subject, ModelRecord]:
        """What is put on the device for a case, and the record of its model.

        Raises:
            ModelsError: The variant could not be made.
        """
        if case.technique == OWN:
            assert self.options.own is not None
            return self.options.own.subject(), self.options.own.record()
        artefact = self._artefact(case)
        windows = golden.read(artefact.golden)
        manifest = artefact.manifest
        image = ModelImage(
            case.network,
            case.technique,
            artefact.model.read_bytes(),
            Standardisation(manifest.standardisation.mean, manifest.standardisation.scale),
        )
        inputs = tuple(golden_inputs(windows.windows, windows.inputs))
        live = self._live_task(artefact)
        return Subject(image, inputs, windows.outputs, live=live), model_record(manifest)

    def _live_task(self, artefact: Artefact) -> LiveTask:
        if self.options.mode == "hw":
            return LiveTask(LIVE_WINDOWS)
        expected = offline(
            artefact.model.read_bytes(), artefact.manifest.standardisation, self.stream
        )
        return LiveTask(len(self.stream.windows), expected)

    def _artefact(self, case: Case) -> Artefact:
        network = self.options.networks[case.network]
        return self.pipeline.variant(Variant(network, Technique(case.technique)))
