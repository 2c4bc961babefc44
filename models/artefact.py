"""A variant in the store, with all its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from models import manifest
from models.catalog import Variant
from models.entry import Entry
from models.manifest import Manifest


@dataclass(frozen=True)
class Artefact:
    """A variant in the store.

    Attributes:
        manifest: All about it.
        directory: Holds the model, the golden windows and the manifest; nothing there may change.
    """

    manifest: Manifest
    directory: Path

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """The variant of an entry of the store, which has verified its files."""
        content = (entry.path / manifest.FILE).read_bytes()
        return cls(Manifest.model_validate_json(content), entry.path)

    @property
    def variant(self) -> Variant:
        """The variant."""
        return self.manifest.variant

    @property
    def model(self) -> Path:
        """The ``.tflite`` file."""
        return self.directory / self.manifest.model.file

    @property
    def golden(self) -> Path:
        """The golden windows (`models.golden.read`)."""
        return self.directory / self.manifest.golden.file

    @property
    def files(self) -> tuple[Path, Path, Path]:
        """All its files: model, golden windows, manifest."""
        return self.model, self.golden, self.directory / manifest.FILE
