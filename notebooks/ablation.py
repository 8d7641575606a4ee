# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # One model, any of the techniques
#
# **Goal:** one training run of the evidence behind this course: a model with any subset of the six techniques, one seed,
# one final test, one record. Lesson 10 reads the records of many such runs; this is the notebook that makes them, for anyone
# who doubts a verdict.
#
# From a terminal, for ten seeds of two variants:
#
#     course run ablation --mode reduced --seeds 0-9 --param techniques=none,l2+he_init --out ablation
#     course report ablation

# %% tags=["parameters"]
mode = "auto"
seed = 1
model = "baseline_cnn"  # or "dropout_cnn", "all_conv", "small_all_conv"
techniques = "none"  # joined by "+": any of models.TECHNIQUES, the six, and models.FURTHER, which is explained below

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson

lesson = Lesson("ablation", mode=mode, seed=seed)
from course_utils import models

images = lesson.load("mnist" if model == "baseline_cnn" else "cifar10")
chosen = models.parse_techniques(None if techniques == "none" else techniques)

# %% [markdown]
# The articles' settings: the model's own number of epochs (for the dropout CNN 50, where the article's listing asks for
# 200), or, with early stopping, up to 50 epochs with a patience of five and the best weights restored; in reduced mode the
# few epochs that the model's lesson trains. In reduced mode
# there are also few steps an epoch, so batch normalisation gets a momentum that lets its moving statistics settle
# (lesson 05 shows why).
#
# Two further ones are not of the six. `cosine_decay` lets Adam's learning rate fall from its usual 0.001 to zero along half
# a cosine, over as many epochs as are trained: 40 at full size, unless the model's own number is larger. `long_training`
# trains for as many epochs as early stopping would allow, and does not stop: without it nobody can tell whether it was
# the stopping that helped or the permission to train for longer.

# %%
plans = {
    "baseline_cnn": (models.build_cnn, 128, 12, 6),
    "dropout_cnn": (models.build_dropout_cnn, 32, 50, 6),
    "all_conv": (models.build_all_conv, 256, 50, 5),
    "small_all_conv": (models.build_small_all_conv, 256, 50, 10),
}
if model not in plans:
    raise ValueError(f"model={model!r} is not one of {', '.join(plans)}.")
build, batch_size, epochs, few_epochs = plans[model]
stopping = [models.early_stopping(5, "val_cross_entropy")] if "early_stopping" in chosen else []
momentum = 0.99 if lesson.mode == "full" else 0.9

network = build(techniques=chosen, momentum=momentum)
print(f"{network.name}: {models.techniques_label(chosen) or 'no technique'}, {network.count_params():,} weights")

# %%
import math

import keras

if stopping or "long_training" in chosen:
    epochs = lesson.epochs(50)
elif "cosine_decay" in chosen:
    epochs = lesson.epochs(max(40, epochs))
else:
    epochs = lesson.epochs(epochs, reduced=few_epochs)
rate = 0.001
if "cosine_decay" in chosen:
    rate = keras.optimizers.schedules.CosineDecay(rate, epochs * math.ceil(len(images.x_train) / batch_size))

# Early stopping watches the cross-entropy alone: Keras 3 adds the L2 penalty to val_loss.
cross_entropy = keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy")
network.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy", cross_entropy])

# %%
history = network.fit(
    images.x_train,
    images.y_train,
    batch_size=batch_size,
    epochs=epochs,
    validation_data=(images.x_val, images.y_val),
    callbacks=[*lesson.callbacks(f"{network.name}: {techniques}", model, models.techniques_label(chosen)), *stopping],
    verbose=0,
)

# %%
test = lesson.final_test(network)
record = lesson.record(
    network,
    model,
    techniques=models.techniques_label(chosen),
    history=history,
    test=test,
    batch_size=batch_size,
    momentum=momentum,
)
lesson.expect(record)

# %% [markdown]
# ## What to take away
#
# One run proves nothing: its accuracy hangs on its seed. Run ten seeds of each variant, and compare them in pairs, as
# lesson 10 does.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, parts 2 and 3; an answer on Cross Validated about fighting
#   overfitting on CIFAR-10: the models and their training.
