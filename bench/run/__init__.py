"""What a run of the characterisation does, below the pytest plugin and above everything else."""
