"""The simulated lab: one circuit behind the interfaces of real instruments."""
