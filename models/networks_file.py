"""Networks of a user's own, read from a TOML file with the fields of ``catalog.Network``.

.. code-block:: toml

    [[network]]
    name = "wide"           # of family C: convolution, pooling, dense
    filters = 24
    kernel = 5
    dense = 64
    pool = 4

    [[network]]
    name = "gated"          # with an LSTM, of family CL
    filters = 8
    kernel = 3
    lstm = 12
    lstm_output = "sequence"
    dense = 128
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from models.catalog import CHANNELS, NETWORKS, WINDOW_SAMPLES, Network
from models.errors import CatalogError

_Count = Annotated[int, Field(ge=1)]
_MOST_WEIGHTS = 16_000_000
"""An ESP32 addresses 16 MB of flash, and a weight takes a byte at least."""


class _Entry(BaseModel):
    """A ``[[network]]`` table as written; what the fields mean together is checked elsewhere."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    # No dash: it parts a network's name from the technique's in a variant's name.
    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40)]
    filters: _Count
    kernel: Annotated[int, Field(ge=1, le=WINDOW_SAMPLES)]
    dense: _Count
    pool: _Count | None = None
    lstm: _Count | None = None
    lstm_output: Literal["last", "sequence"] | None = None

    def network(self) -> Network:
        """The network; what the file leaves out is as in ``Network``."""
        return Network(**self.model_dump(exclude_none=True))


def load_networks(path: Path) -> dict[str, Network]:
    """The networks of a TOML file, by name in the file's order.

    Raises:
        CatalogError: The file cannot be read, or a network in it cannot be built; the message
            names file, network and field.
    """
    networks: dict[str, Network] = {}
    taken = {name.casefold(): f"{name} of Table 1" for name in NETWORKS}
    for number, table in enumerate(_tables(path), start=1):
        title = _title(table, number)
        network = _network(path, title, table)
        # Names become files, and not every file system tells capitals from small letters.
        other = taken.get(network.name.casefold())
        if other is not None:
            raise CatalogError(
                f"{path}: network {title}, field name: taken by {other}; choose another"
            )
        taken[network.name.casefold()] = f"network {number} of this file"
        networks[network.name] = network
    return networks


def _tables(path: Path) -> list[Mapping[str, object]]:
    try:
        # Windows editors put a byte order mark before UTF-8.
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CatalogError(
            f"{path}: {error.strerror or error}; wanted a TOML file of [[network]] tables"
        ) from error
    except ValueError as error:
        raise CatalogError(f"{path}: is no TOML ({error}); correct it there") from error
    tables = document.pop("network", None)
    if document:
        raise CatalogError(
            f"{path}: field {next(iter(document))} is unknown; wanted [[network]] tables alone"
        )
    if (
        not tables
        or not isinstance(tables, list)
        or not all(isinstance(table, dict) for table in tables)
    ):
        raise CatalogError(f"{path}: no [[network]] table; wanted one for each network")
    return tables


def _title(table: Mapping[str, object], number: int) -> str:
    name = table.get("name")
    return repr(name) if isinstance(name, str) else f"number {number}, which has no name"


def _network(path: Path, title: str, table: Mapping[str, object]) -> Network:
    try:
        entry = _Entry.model_validate(table)
    except ValidationError as error:
        faults = "; ".join(_fault(details) for details in error.errors(include_url=False))
        raise CatalogError(f"{path}: network {title}, {faults}") from error
    fault = _contradiction(entry)
    if fault is not None:
        raise CatalogError(f"{path}: network {title}, field {fault}")
    network = entry.network()
    weights = _weights(network)
    if weights > _MOST_WEIGHTS:
        field = max(("filters", "dense", "lstm"), key=lambda name: getattr(network, name) or 0)
        raise CatalogError(
            f"{path}: network {title}, field {field}: {getattr(network, field)} makes a network of"
            f" {weights:,} weights; wanted {_MOST_WEIGHTS:,} or fewer in all, what the flash of an"
            " ESP32 can hold"
        )
    return network


def _weights(network: Network) -> int:
    """About how many weights it has; biases and the output layer are few."""
    samples = WINDOW_SAMPLES - network.kernel + 1
    convolution = network.kernel * CHANNELS * network.filters
    if network.lstm is None:
        return convolution + samples // network.pool * network.filters * network.dense
    recurrent = 4 * network.lstm * (network.filters + network.lstm)
    flattened = network.lstm * (samples if network.lstm_output == "sequence" else 1)
    return convolution + recurrent + flattened * network.dense


def _fault(details: ErrorDetails) -> str:
    name = ".".join(map(str, details["loc"]))
    if details["type"] == "missing":
        return f"field {name}: missing"
    if details["type"] == "extra_forbidden":
        return f"field {name}: unknown; the fields are {', '.join(_Entry.model_fields)}"
    return f"field {name}: {details['input']!r}; {details['msg']}"


def _contradiction(entry: _Entry) -> str | None:
    """The field that does not go with the others, and why."""
    if entry.lstm is None:
        if entry.lstm_output is not None:
            return f"lstm_output: {entry.lstm_output!r} without lstm; give lstm its units too"
        convolved = WINDOW_SAMPLES - entry.kernel + 1
        pool = entry.network().pool
        if pool > convolved:
            return (
                f"pool: {pool} leaves nothing of the {convolved} samples that a kernel of"
                f" {entry.kernel} makes of {WINDOW_SAMPLES}; wanted {convolved} or less"
            )
    elif entry.pool is not None:
        return f"pool: {entry.pool} with lstm; only networks without an LSTM have a pooling layer"
    return None
