"""How many threads TensorFlow computes with: one, so that sums keep their order."""

from models.errors import ModelsError


def use_one_thread() -> None:
    """Have TensorFlow compute with one thread in this process. Imports TensorFlow.

    Results are then the same whatever the machine and the number of processes.

    Raises:
        ModelsError: It has computed with another number in this process already.
    """
    import tensorflow as tf

    threading = tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(1)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        seen = threading.get_intra_op_parallelism_threads()
        raise ModelsError(
            f"TensorFlow computes with {seen or 'a thread for each processor'} in this process"
            " already, and results depend on that: wanted one thread; call use_one_thread before"
            " the first computation, or work in a process of its own"
        ) from error
