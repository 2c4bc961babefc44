"""What LiteRT's reference kernels make of a model."""

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray


class Reference:
    """A model in LiteRT, every tensor of which can be read after a run."""

    def __init__(self, content: bytes) -> None:
        self._interpreter = Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        self._interpreter.allocate_tensors()

    def run(self, values: NDArray[Any]) -> NDArray[Any]:
        """The output tensor for an input tensor."""
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(self._interpreter.get_input_details()[0]["index"], values)
        self._interpreter.invoke()
        return self.tensor(self._interpreter.get_output_details()[0]["index"])

    def tensor(self, index: int) -> NDArray[Any]:
        """A tensor's values as the last run left them."""
        return np.array(self._interpreter.get_tensor(index))
