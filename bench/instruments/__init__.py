"""Supply and digitizer: a Protocol each, then one small file for each driver."""
