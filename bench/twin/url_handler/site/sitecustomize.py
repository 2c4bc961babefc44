"""Registers the twin's serial ports with pyserial in a program that the bench starts."""

import sys
from pathlib import Path

# The program may run where this project is not installed.
sys.path.append(str(Path(__file__).parents[4]))

from bench.twin.url_handler import register

register()
