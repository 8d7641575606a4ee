"""For the tests of what a notebook imports."""

import pytest


@pytest.fixture(scope="module")
def without_a_trace():
    """Let networks run as they stand, for tests where what is said of them counts: it is quicker."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
