"""From a data set to a ``.tflite`` file that can be trusted: the offline half of the bench."""
