"""Loads the bench's pytest plugin; everything else is there."""

pytest_plugins = ["bench.plugin"]
