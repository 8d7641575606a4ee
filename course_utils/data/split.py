"""Which images a seed trains on, validates on, and is compared on."""

import numpy as np

# The comparison set is the same for every seed, so its own draw has a seed that no lesson uses.
_COMPARISON_SEED = [2016, 9947]


def subsets(
    labels: np.ndarray, n_train: int, n_val: int, n_compare: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the images to train on, to validate on and to compare on.

    The comparison set depends on the labels alone. What is left is drawn from by `random`.

    Args:
        labels: integers from 0 upwards, shape (N,).

    Returns:
        Three disjoint index arrays, in random order.

    Raises:
        ValueError: they would need more than N images.
    """
    if n_train + n_val + n_compare > len(labels):
        raise ValueError(
            f"n_train={n_train}; expected at most {len(labels) - n_val - n_compare:,}: of "
            f"{len(labels):,} images {n_val:,} validate and {n_compare:,} are kept to compare on"
        )
    (compare,) = stratified(labels, (n_compare,), np.random.default_rng(_COMPARISON_SEED))
    rest = np.setdiff1d(np.arange(len(labels)), compare)
    train, val = stratified(labels[rest], (n_train, n_val), random)
    return rest[train], rest[val], compare


def stratified(
    labels: np.ndarray, sizes: tuple[int, ...], random: np.random.Generator
) -> list[np.ndarray]:
    """Disjoint random subsets in which every class keeps its share, to within one image.

    Args:
        labels: integers from 0 upwards, shape (N,).
        sizes: how many images each subset takes; together at most N.

    Returns:
        Index arrays, one a subset, in random order.

    Raises:
        ValueError: the subsets together would need more than N images.
    """
    if sum(sizes) > len(labels):
        raise ValueError(f"sizes={sizes}; expected at most {len(labels)} together")
    queues = [random.permutation(np.flatnonzero(labels == c)) for c in range(labels.max() + 1)]
    subsets = []
    for size in sizes:
        left = np.array([len(queue) for queue in queues])
        exact = left * size / max(left.sum(), 1)
        take = np.floor(exact).astype(int)
        # The largest remainders get the images that rounding down left over.
        take[np.argsort(take - exact, kind="stable")[: size - take.sum()]] += 1
        pairs = list(zip(queues, take, strict=True))
        subsets.append(random.permutation(np.concatenate([queue[:n] for queue, n in pairs])))
        queues = [queue[n:] for queue, n in pairs]
    return subsets
