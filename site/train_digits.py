"""Train the two small networks that answer on the site to a drawn digit: `python site/train_digits.py`.

Both are of the kind of lesson 02's baseline CNN, small enough for a page to carry: 8 kernels, pooling, 16
kernels, a dense layer of 32. One sees every digit where MNIST has it, the other one behind
`RandomShift(0.1)`, as in lesson 06. All 54,000 training images, same start, same order. The weights
are rounded to float16 before anything is measured. Written are `static/digits_weights.js`, which
holds the weights, ten validation digits to play with and how it was made, and `static/digits.svg`,
the picture for a browser that cannot draw. It takes a few minutes on one core.
"""

import argparse
import base64
import json
import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
WEIGHTS = HERE / "static" / "digits_weights.js"
PICTURE = HERE / "static" / "digits.svg"
HEAD = "(typeof window === 'undefined' ? global : window).courseDigits = "
NAMES = {"in_place": "trained in place", "with_shifts": "trained with shifts"}
COLOURS = {"in_place": "#0072B2", "with_shifts": "#D55E00"}
SHIFTS = {"in_place": 0.0, "with_shifts": 0.1}
SEED, BATCH, PEAK = 1, 128, 0.003
# How far the accuracies beside the weights have the digits pushed to the right, in pixels.
PUSHES = (0, 2, 3, 4, 6)


def build(shift=0.0):
    """The network, uncompiled: images (N, 28, 28, 1) from 0 to 255 to probabilities (N, 10)."""
    import keras
    from keras import layers

    from course_utils.layers import RandomShift

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            RandomShift(shift, seed=SEED),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.25),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


def weights_of(model):
    """The trained arrays in the order in which the page reads them, as float16."""
    return [
        np.asarray(array, "float16") for array in model.get_weights() if array.dtype.kind == "f"
    ]


def set_weights(model, arrays):
    """Put float16 arrays into a model that `build` made; its layers' seeds stay as they are."""
    arrays = iter(arrays)
    model.set_weights(
        [next(arrays) if old.dtype.kind == "f" else old for old in model.get_weights()]
    )


def read(path=WEIGHTS):
    """What the weights file holds, and the arrays of each network: (dict, {name: [float16 array]})."""
    kept = json.loads(path.read_text(encoding="utf-8").removeprefix(HEAD).rstrip(";\n"))
    found = {}
    for name, text in kept["networks"].items():
        flat, arrays = np.frombuffer(base64.b64decode(text), "<f2"), []
        for shape in kept["shapes"]:
            size = int(np.prod(shape))
            arrays.append(flat[:size].reshape(shape))
            flat = flat[size:]
        found[name] = arrays
    return kept, found


def push(images, right, down=0):
    """Digits moved by whole pixels; black comes in from the other side."""
    side, most = images.shape[1], 14
    padded = np.pad(images, [(0, 0), (most, most), (most, most), (0, 0)])
    rows, columns = slice(most - down, most - down + side), slice(most - right, most - right + side)
    return padded[:, rows, columns]


def train(data, shift, epochs):
    """One trained network whose weights are rounded to float16."""
    import keras

    keras.utils.set_random_seed(SEED)
    model = build(shift)
    steps = epochs * -(-len(data.y_train) // BATCH)
    optimiser = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(PEAK, steps))
    model.compile(optimiser, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        data.x_train,
        data.y_train,
        batch_size=BATCH,
        epochs=epochs,
        validation_data=(data.x_val, data.y_val),
        verbose=2,
    )
    set_weights(model, weights_of(model))
    return model


def says(model, images):
    """The digit that a model gives for each image."""
    return model.predict(images, batch_size=500, verbose=0).argmax(axis=1)


def examples(data, models):
    """One validation digit of each class: read in place by both networks, and lost four pixels to the
    right by the one that was trained in place alone; of those, the one that they are surest of."""
    place, shifts = models["in_place"], models["with_shifts"]
    moved, labels = push(data.x_val, 4), data.y_val[:, None]

    def sure(model, images):
        told = model.predict(images, batch_size=500, verbose=0)
        return np.take_along_axis(told, labels, axis=1)[:, 0]

    surest = np.min(
        [sure(place, data.x_val), sure(shifts, data.x_val), sure(shifts, moved)], axis=0
    )
    fits = (surest > 0.5) & (says(place, moved) != data.y_val)
    chosen = [np.argmax(surest * (fits & (data.y_val == digit))) for digit in range(10)]
    return data.x_val[chosen]


def picture(image, models):
    """The SVG: one digit in place and four pixels to the right, with both networks' ten bars."""
    parts = []
    for row, (pixels, where) in enumerate([(0, "in place"), (4, "four pixels to the right")]):
        moved = push(image[None], pixels)
        top = 20 + 150 * row
        data = base64.b64encode(_png(moved[0, :, :, 0])).decode()
        parts.append(f'<text x="0" y="{top - 6}">{where}</text>')
        parts.append(
            f'<image x="0" y="{top}" width="112" height="112" style="image-rendering:pixelated" '
            f'href="data:image/png;base64,{data}"/>'
        )
        for column, (name, model) in enumerate(models.items()):
            left = 140 + 230 * column
            told = model.predict(moved, verbose=0)[0]
            parts.append(
                f'<text x="{left}" y="{top - 6}" fill="{COLOURS[name]}">{NAMES[name]}: '
                f"{told.argmax()}, {told.max():.0%}</text>"
            )
            for digit, share in enumerate(told):
                x, height = left + 20 * digit, max(1.0, 94 * float(share))
                parts.append(
                    f'<rect x="{x}" y="{top + 94 - height:.1f}" width="15" height="{height:.1f}" '
                    f'fill="{COLOURS[name]}"/><text x="{x + 7.5}" y="{top + 110}" '
                    f'text-anchor="middle">{digit}</text>'
                )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="570" height="290" viewBox="-10 -4 580 290" '
        'font-family="sans-serif" font-size="13"><rect x="-10" y="-4" width="580" height="290" '
        f'fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _png(pixels):
    """A grey PNG of uint8 pixels, shape (height, width)."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    height, width = pixels.shape
    lines = b"".join(b"\0" + bytes(row) for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )


def _main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--epochs", type=int, default=4, help="default: 4; 0 keeps the weights")
    epochs = parser.parse_args().epochs
    sys.path.insert(0, str(HERE.parent))
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="2")
    from course_utils import data as images
    from course_utils import machine

    machine.set_threads("tensorflow", 1)
    data = images.load("mnist", mode="full")
    if epochs:
        models = {name: train(data, shift, epochs) for name, shift in SHIFTS.items()}
        kept = measured(data, models, epochs)
    else:
        kept, arrays = read()
        models = {name: build() for name in arrays}
        for name, model in models.items():
            set_weights(model, arrays[name])
    shown = examples(data, models)
    kept["examples"] = base64.b64encode(shown.tobytes()).decode()
    WEIGHTS.write_text(f"{HEAD}{json.dumps(kept, indent=1)};\n", encoding="utf-8")
    PICTURE.write_text(picture(shown[5], models), encoding="utf-8")
    print(json.dumps(kept["made"], indent=1))


def measured(data, models, epochs):
    """What the weights file holds, examples aside: how it was made, shapes, weights."""
    import keras
    import tensorflow

    accuracies = {
        name: {
            pixels: round(float((says(model, push(data.x_val, pixels)) == data.y_val).mean()), 4)
            for pixels in PUSHES
        }
        for name, model in models.items()
    }
    arrays = {name: weights_of(model) for name, model in models.items()}
    made = {
        "network": "conv 8, max-pooling, conv 16, dropout 0.25, dense 32, dropout 0.25, softmax",
        "trained_on": f"the first {len(data.y_train)} training images of MNIST, {epochs} epochs of Adam in "
        f"batches of {BATCH}, its rate falling from {PEAK} to zero",
        "shift": SHIFTS["with_shifts"],
        "seed": SEED,
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        "numpy": np.__version__,
        "data_sha256": data.sha256,
        "validation_images": len(data.y_val),
        # Pixels to the right: share of the validation digits that is read.
        "validation_accuracy": accuracies,
    }
    return {
        "made": made,
        "shapes": [list(array.shape) for array in arrays["in_place"]],
        "networks": {
            name: base64.b64encode(b"".join(a.astype("<f2").tobytes() for a in each)).decode()
            for name, each in arrays.items()
        },
    }


if __name__ == "__main__":
    _main()
