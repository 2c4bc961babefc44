"""The subcommands of ``python -m bench``, a module each."""
