"""The chip's and the module's figures: each with its source and its kind.

Kinds: data sheet, measured elsewhere, derived (arithmetic on the former), assumed.
"""

ROM_BAUD = 115_200
"""bit/s; what ROM and bootloader print at. Data sheet (ESP32 boot mode guide)."""

CRYSTAL_HZ = 40_000_000
"""Hz; the ROM runs its CPU and UART from the crystal. Data sheet (WROOM-32)."""

HELD_CURRENT = 1e-6
"""A with EN low. Data sheet (ESP32 5.2: CHIP_PU low, 1 uA)."""

ROM_CURRENT = 21.6e-3
"""A while the ROM waits. Measured elsewhere (bare WROOM-32, nearly idle at 80 MHz); that it also
holds at the crystal's 40 MHz is assumed."""

STUB_CURRENT = 27.8e-3
"""A while stub or bootloader run at 160 MHz. Measured elsewhere (bare WROOM-32, nearly idle)."""

FLASH_BUSY_CURRENT = 20e-3
"""A more while flash programs or erases. Data sheet (W25Q32JV: 20 mA typical, 25 mA maximum)."""

EN_RISE = 1e-3
"""s until EN is high after power-on or reset: 10 kohm, 100 nF. Derived (development board)."""

ROM_BOOT = 30e-3
"""s from EN high to the second-stage bootloader or to the loader's first readiness. Assumed."""

BOOTLOADER = 50e-3
"""s that the second-stage bootloader takes beside reading the image. Assumed."""

FLASH_READ_RATE = 8.4e6
"""bytes/s, DIO at 40 MHz, as ROM and bootloader read. Derived (from the ROM's SPI settings)."""

PAGE_PROGRAM = 0.4e-3
"""s for a page of 256 bytes. Data sheet (W25Q32JV, typical)."""

SECTOR_ERASE = 45e-3
"""s for 4 KB. Data sheet (W25Q32JV, typical)."""

BLOCK_ERASE = 150e-3
"""s for 64 KB. Data sheet (W25Q32JV, typical)."""

CHIP_ERASE = 10.0
"""s for 4 MB. Data sheet (W25Q32JV, typical)."""
