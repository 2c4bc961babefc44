"""Variants as files for others: the model, its C++ source, its manifest and golden windows."""

import shutil
from pathlib import Path

from models.artefact import Artefact
from models.c_source import Identity, c_source, symbol_of
from models.errors import ModelsError
from models.weights import Weights


def export_keras(weights: Weights, to: Path) -> Path:
    """Write ``<network>.keras``, the trained network, which takes standardised windows.

    Raises:
        ModelsError: It cannot be written.
    """
    path = to / f"{weights.network.name}.keras"
    try:
        to.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(weights.keras_file, path)
    except OSError as error:
        raise _unwritable(to, error) from error
    return path


def export_variant(artefact: Artefact, to: Path) -> Path:
    """Write the folder ``<variant>``, which `models.manifest.read` reads, with the C++ source.

    Raises:
        ModelsError: It cannot be written.
    """
    name = artefact.variant.name
    directory = to / name
    symbol = symbol_of(name)
    standardisation = artefact.manifest.standardisation
    identity = Identity(
        artefact.variant.network.name,
        artefact.variant.technique,
        tuple(standardisation.mean),
        tuple(standardisation.scale),
    )
    source = c_source(artefact.model.read_bytes(), symbol, identity)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for file in sorted(artefact.files):
            shutil.copyfile(file, directory / file.name)
        (directory / f"{symbol}.h").write_text(source.header, encoding="ascii", newline="\n")
        (directory / f"{symbol}.cc").write_text(source.source, encoding="ascii", newline="\n")
    except OSError as error:
        raise _unwritable(directory, error) from error
    return directory


def _unwritable(path: Path, error: OSError) -> ModelsError:
    return ModelsError(
        f"cannot export to {path}: {error.strerror or error}; wanted a folder that this user may"
        " write, with room in it: name another with --to"
    )
