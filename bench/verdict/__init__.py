"""Limits and decision rules."""
