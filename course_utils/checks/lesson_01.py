"""Exercises of lesson 01: counting a perceptron's weights, and the loss of guessing."""

import itertools
import math

from course_utils.checks import Wrong, function_returning, number, refuse_known


@function_returning(number)
def check_mlp_weights(lesson, mlp_weights):
    """A function (list of layer sizes) -> number of weights, biases included."""
    for sizes in ([784, 512, 512, 10], [784, 10], [3, 4, 5, 6, 7]):
        answer = mlp_weights(sizes)
        products = sum(n * m for n, m in itertools.pairwise(sizes))
        truth = products + sum(sizes[1:])
        if answer == truth:
            continue
        if answer == products:
            raise Wrong(f"for {sizes} you have the products, but every unit has a bias as well.")
        if answer == products + sum(sizes):
            raise Wrong(f"for {sizes} that is too many: the inputs themselves have no bias.")
        raise Wrong(
            f"for {sizes} your function gives {answer:,}. Draw one pair of layers and count."
        )
    return "your count is right for three perceptrons of different depth."


@function_returning(number)
def check_loss_of_guessing(lesson, loss_of_guessing):
    """A function (number of classes) -> cross-entropy of equal probabilities."""
    for k in (10, 2, 1000):
        answer = loss_of_guessing(k)
        if math.isclose(answer, math.log(k), rel_tol=1e-3):
            continue
        mistakes = (
            (1 / k, "that is the probability of the right class. What loss does it bring?"),
            (math.log2(k), "the idea is right; Keras takes the natural logarithm."),
            (math.log10(k), "the idea is right; Keras takes the natural logarithm."),
            (-math.log(k), "a loss is not negative: look at the sign of -log p."),
        )
        refuse_known(answer, mistakes, rel_tol=1e-3)
        raise Wrong(
            f"for {k} classes you get {answer:.4g}. Which probability does each class get, and what "
            "does cross-entropy make of it?"
        )
    return "this is the loss to expect before training starts."
