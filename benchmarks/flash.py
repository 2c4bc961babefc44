"""How long flashing a model takes over the twin's loader, written and already there.

    python -m benchmarks.flash [--size 200000]

The serial line is simulated, so the time is esptool's start, its own work, and the twin's.
"""

import argparse
from functools import partial

import numpy as np

from bench.device.flash import Flasher
from bench.device.images import MODEL_PARTITION_OFFSET
from bench.run.places import twin_place
from bench.station.machine import LeasedStation
from benchmarks.integration import best


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=200_000, help="bytes of the model")
    size = parser.parse_args().size
    random = np.random.default_rng(1)
    with twin_place(1) as place, LeasedStation(place.station) as leased:
        device = place.station.device
        leased.configure()
        leased.power_on()
        flasher = Flasher(
            device.port or "", device.flash_baud, device.chip, device.mac, 60.0,
            place.esptool_environment,
        )  # fmt: skip
        identified = best(flasher.identify)
        written = best(lambda: flasher.write({MODEL_PARTITION_OFFSET: random.bytes(size)}))
        same = random.bytes(size)
        flasher.write({MODEL_PARTITION_OFFSET: same})
        skipped = best(partial(flasher.write, {MODEL_PARTITION_OFFSET: same}))
    print(f"identify:           {identified:.2f} s")
    print(f"write {size:,} B:    {written:.2f} s, {written / identified:.1f} x")
    print(f"the same once more: {skipped:.2f} s, {skipped / identified:.1f} x")


if __name__ == "__main__":
    main()
