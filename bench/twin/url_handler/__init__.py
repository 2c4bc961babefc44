"""pyserial's way to the twin's serial port: the address form ``espsim:///dev/pts/N?ctl=PATH``.

pyserial looks for such forms in packages that are registered with it. A process of the bench calls
`register`; a program that is started, such as esptool, gets `environment`, whose ``sitecustomize``
does the same there; esptool also gets a patience that suits a simulation.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import serial

_SITE = Path(__file__).parent / "site"


def register() -> None:
    """Let this process open ``espsim://`` addresses by `serial.serial_for_url`."""
    if __name__ not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(__name__)


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """`base` with what lets a Python program that it is given to open ``espsim://`` addresses."""
    paths = [str(_SITE), *filter(None, [base.get("PYTHONPATH")])]
    patience = str(_SITE / "esptool.cfg")
    return {**base, "PYTHONPATH": os.pathsep.join(paths), "ESPTOOL_CFGFILE": patience}
