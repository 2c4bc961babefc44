"""The twin's digitizer: an NI PCI-6251 behind NI's gRPC device service."""
