"""From a ``.tflite`` file to a verdict: the online half. It never imports TensorFlow."""
