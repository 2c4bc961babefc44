"""Gives a program that the bench starts the twin's serial ports, with their modem lines."""

import sys
from pathlib import Path

# The program may run where this project is not installed.
sys.path.append(str(Path(__file__).parents[4]))

from bench.twin.url_handler import modem_ioctl, register

register()
modem_ioctl.install()
