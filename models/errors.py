"""The errors of ``models``: what each names, saw, wanted, and what to do about it."""


class ModelsError(Exception):
    """Whatever goes wrong between the data set and the ``.tflite`` file."""


class CatalogError(ModelsError):
    """A network that cannot be built as described."""


class DatasetError(ModelsError):
    """A data set that is missing, damaged or not what it claims to be."""


class TrainingError(ModelsError):
    """A training that did not end in a usable network."""


class ConversionError(ModelsError):
    """A compression technique that could not be applied to a network."""


class EvaluationError(ModelsError):
    """A model that a runtime could not evaluate, or evaluated differently from its reference."""


class StoreError(ModelsError):
    """A store that cannot be read or written."""
