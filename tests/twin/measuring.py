"""A process that measures on a lab until somebody ends it: ``python -m tests.twin.measuring``.

Takes the lab's addresses as JSON and the folder for traces.
"""

import json
import sys
from pathlib import Path

from bench.station.configuration import load_station
from tests.served import STATIONS
from tests.twin.tiny_models import subject, workbench


def main() -> None:
    addresses, traces = json.loads(sys.argv[1]), Path(sys.argv[2])
    station = load_station(STATIONS / "twin.toml").with_addresses(**addresses)
    with workbench(station, traces, windows=5) as bench:
        while True:
            bench.measure(subject("tiny-L"))


if __name__ == "__main__":
    main()
