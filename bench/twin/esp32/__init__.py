"""The simulated ESP32: boot, ROM loader and stub, flash, and the application's place on it."""
