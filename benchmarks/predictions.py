"""What the twin's cost model predicts for each variant: ``python -m benchmarks.predictions``.

Prints Markdown: latency, share of it stalled on the flash, and energy of one inference at the
device's pins, central with low and high of the constants' stated uncertainty (times only; currents
have their own). ``--to docs/predictions.md`` writes it.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from bench.device.images import MODEL_OFFSET, MODEL_PARTITION_OFFSET
from bench.twin.cost_model import Settings, costs
from models.artefact import Artefact
from models.catalog import NETWORKS, Technique
from models.dataset import load
from models.flatbuffer import FlatModel, read
from models.paths import cache_root
from models.pipeline import Pipeline
from models.split import split
from models.store import Store

HEAD = """# What the twin predicts

Made by `python -m benchmarks.predictions --to docs/predictions.md`, from the variants of {data},
fold 0, at {clock} MHz with {flash} MHz flash, the sensor behind the shunt. The constants, each with
its source and kind, are in `bench/twin/constants.toml`; none of them was set from a published
saving, energy or verdict. Low and high are the ends of the cycle counts' stated uncertainty. These
are predictions that a real bench can refute. The instructions of the firmware's hybrid dense
kernel, counted on the ESP32's instruction set, are in `docs/kernel-instructions.md`.

| variant | latency (low to high) / ms | stalled on flash | energy / uJ | saved against L |
|---|---|---|---|---|
"""


def rows(pipeline: Pipeline) -> Iterator[str]:
    """A row of the table for each variant."""
    for network in NETWORKS.values():
        lite = 0.0
        for technique, found in pipeline.variants(network).items():
            if not isinstance(found, Artefact):
                yield f"| {network.name}-{technique} | {found} | | | |"
                continue
            model = read(found.model.read_bytes())
            low, central, high = (
                _inference(model, Settings(constants_at="low")),
                _inference(model, Settings()),
                _inference(model, Settings(constants_at="high")),
            )
            lite = central[2] if technique is Technique.LITE else lite
            saved = "" if technique is Technique.LITE else f"{1 - central[2] / lite:.0%}"
            yield (
                f"| {network.name}-{technique} | {central[0] * 1e3:.2f} ({low[0] * 1e3:.2f} to "
                f"{high[0] * 1e3:.2f}) | {central[1] / central[0]:.0%} | {central[2] * 1e6:.0f} | "
                f"{saved} |"
            )


def _inference(model: FlatModel, settings: Settings) -> tuple[float, float, float]:
    """Seconds, seconds stalled, and joules at 3.3 V less the drop in 9.8 ohm."""
    found = costs(model, MODEL_PARTITION_OFFSET + MODEL_OFFSET, settings)
    energy = sum(cost.seconds * cost.amps * (3.3 - 9.8 * cost.amps) for cost in found)
    return sum(c.seconds for c in found), sum(c.stalled for c in found), energy


def main() -> None:
    """Print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, help="Markdown file to write instead of printing")
    arguments = parser.parse_args()
    data = load()
    settings = Settings()
    head = HEAD.format(data=data.name, clock=settings.clock_mhz, flash=settings.flash_mode)
    text = head + "\n".join(rows(Pipeline(data, split(0), store=Store(cache_root())))) + "\n"
    if arguments.to is None:
        print(text, end="")
    else:
        arguments.to.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
