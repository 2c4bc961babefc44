"""The firmware's portable core on this machine: built, loaded, run as the chip's application."""
