"""Traces, windows and energies with their uncertainty."""
