# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Keep every layer on the same scale
#
# **Goal:** see what batch normalisation does to the signals inside a network, what it makes possible, and where it
# can trip you up.
#
# Lesson 04 chose the initial weights so that the signals *start* with a sensible size. Then training begins, the weights
# move, and nobody looks after the signals any more. What if every layer put its own output back on scale, in every step?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots

lesson = Lesson("05_batch_normalisation", mode=mode, seed=seed)
mnist = lesson.load("mnist")  # x_train, y_train, x_val, y_val; the test set stays sealed

# %% [markdown]
# ## A learning rate that is too large
#
# Adam's usual learning rate is 0.001. Suppose that you are in a hurry and take ten times as much, or a hundred times. Here is
# the baseline of lesson 02, with room for one more layer after each activation; for now nothing goes there.

# %%
import keras
import numpy as np
from keras import layers, ops


def nothing():
    return layers.Identity()


# %%
def build(norm=nothing, **weights):
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Rescaling(1 / 255) if norm is nothing else norm(),
        layers.Conv2D(32, 3, padding="same", activation="relu", **weights),
        norm(),
        layers.Conv2D(32, 3, padding="same", activation="relu", **weights),
        norm(),
        layers.MaxPooling2D(), layers.Dropout(0.25), layers.Flatten(),
        layers.Dense(128, activation="relu", **weights),
        norm(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax", dtype="float32",
                     kernel_regularizer=weights.get("kernel_regularizer")),
    ])


# %%
def train(model, rate=0.001, epochs=12, title=None, s=seed):
    adam = keras.optimizers.Adam(rate)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        mnist.x_train, mnist.y_train, batch_size=128, epochs=lesson.epochs(epochs),
        validation_data=(mnist.x_val, mnist.y_val), callbacks=lesson.callbacks(title), verbose=0,
    )


histories = {}
for rate in (0.001, 0.01, 0.1):
    keras.utils.set_random_seed(seed)
    plain = build()
    histories[f"rate {rate}"] = train(plain, rate, epochs=6).history

# %%
plots.curves(
    histories,
    title="A hundred times the learning rate: the baseline network falls apart" + mnist.figure_suffix,
    alt="Loss and accuracy of the baseline against epoch for three learning rates: with the largest, a hundred times "
    "the usual one, it stays near the accuracy of guessing.",
)

# %% [markdown]
# Ten times the rate need not be too much: Adam divides every step by the usual size of the gradient. A hundred times is.
# The steps are too long. They push the weights to where most of the ReLUs see negative sums for every picture, put out
# zero, and have gradient zero: they never come back. How many units of the last hidden layer still speak?

# %%
def hidden(model, count=500):
    """Outputs of the hidden dense layer (after its normalisation, if any), shape (count, 128)."""
    inside = keras.Model(model.inputs, model.layers[-3].output)
    return np.asarray(inside.predict(mnist.x_val[:count], verbose=0), dtype="float32")


signal = hidden(plain)
print(f"units of the hidden layer that are silent for every digit: {(signal.max(axis=0) <= 0).mean():.0%}")

# %% [markdown]
# ## Put the signal back on scale
#
# **Batch normalisation** takes one channel at a time. Over all images of the batch, and for a convolution over all
# positions as well, it computes mean and variance of the channel's $N$ values, and normalises:
#
# $$\mu = \frac1N \sum_{i=1}^N x_i, \qquad \sigma^2 = \frac1N \sum_{i=1}^N (x_i - \mu)^2, \qquad
# \hat x_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad y_i = \gamma\, \hat x_i + \beta .$$
#
# What does that do? Scale the layer's input by any factor $a > 0$: $\mu$ and $\sigma$ scale along, and $\hat x$ stays as it
# was (but for the small $\varepsilon$ that keeps us from dividing by zero). **However large the weights before it
# become, the next layer sees a signal of the same size.** And $\gamma$ and $\beta$, which are learned, let the network
# choose another mean and another spread where it needs them, with one weight each.

# %%
rng = np.random.default_rng(0)
batch = rng.normal(5, 3, (64, 4)).astype("float32")
by_hand = (batch - batch.mean(axis=0)) / np.sqrt(batch.var(axis=0) + 1e-3)
norm = layers.BatchNormalization(dtype="float32")
by_keras = ops.convert_to_numpy(norm(batch, training=True))

# %% tags=["nbval-check-output"]
print(f"before: mean {batch.mean():.1f}, standard deviation {batch.std():.1f}")
print(f"after:  mean {abs(by_keras.mean()):.1f}, standard deviation {by_keras.std():.1f}")
print(f"by hand and by Keras agree: {np.allclose(by_hand, by_keras, atol=1e-4)}")

# %% [markdown]
# Now the network with it. The article puts it after each activation of the two convolutions and of the hidden layer, and
# in front of everything else in place of the division by 255. **Predict:** does it survive the large learning rate?


# %%
def batch_norm():
    # Keras's momentum of 0.99 is made for long training; further down we shall see what it does to a short one.
    return layers.BatchNormalization(momentum=0.99 if lesson.mode == "full" else 0.9)


keras.utils.set_random_seed(seed)
normalised = build(batch_norm)
histories["rate 0.1, batch norm"] = train(normalised, 0.1, epochs=6).history

# %%
plots.lines(
    {name: [100 * a for a in found["val_accuracy"]] for name, found in histories.items()},
    title="With batch normalisation the large learning rate still trains" + mnist.figure_suffix,
    x="epoch",
    y="validation accuracy, %",
    marker="o",
    alt="Validation accuracy against epoch for four runs: the usual rate, ten times the rate, a hundred times the "
    "rate, which fails, and a hundred times the rate with batch normalisation, which learns.",
)

# %%
for name, found in histories.items():
    print(f"{name:24} validation accuracy {found['val_accuracy'][-1]:.2%}")

# %%
plots.histograms(
    {"without, rate 0.1": hidden(plain), "batch norm, rate 0.1": hidden(normalised)},
    title="Inside the hidden layer: silence without, a signal with" + mnist.figure_suffix,
    x="output of the hidden layer (the outermost bars hold all beyond)",
    limits=(-2, 6),
    log_y=True,
    alt="Histograms of the hidden layer's output after training at the large learning rate: without batch "
    "normalisation nearly everything is zero; with it the values spread around zero.",
)

# %% [markdown]
# ## What it costs
#
# Four numbers a channel: $\gamma$ and $\beta$ are trained; the moving mean and the moving variance are kept along the way.

# %% tags=["nbval-check-output"]
for layer in normalised.layers:
    if isinstance(layer, layers.BatchNormalization):
        channels = layer.gamma.shape[0]
        trained = sum(int(np.prod(w.shape)) for w in layer.trainable_weights)
        print(f"{channels:4} channels: {trained:4} trained, {layer.count_params() - trained:4} kept")

# %% [markdown]
# ## Two kinds of statistics
#
# What are they kept for? While training, a picture is normalised with the statistics of its *batch*. Later you want to
# classify a single picture, and one picture has no spread; nor should its label depend on which others come with it. So
# the layer keeps **moving averages** while it trains, and uses these afterwards:
#
# $$\bar\mu \leftarrow m\,\bar\mu + (1 - m)\,\mu .$$
#
# with a **momentum** $m$. Follow the start value $\bar\mu_0 = 0$ through $k$ steps, and its share is $m^k$. How many steps
# until it is forgotten to one part in a hundred? Let us count:

# %%
steps_an_epoch = -(-len(mnist.x_train) // 128)
print(f"steps in one epoch here: {steps_an_epoch}")
for m in (0.99, 0.9):
    left = m ** np.arange(1000)
    print(f"momentum {m}: the start is forgotten to 1 % after {np.argmax(left <= 0.01)} steps; "
          f"after one epoch {left[steps_an_epoch]:.0%} of it is left")

# %% [markdown]
# With few steps an epoch and Keras's momentum of 0.99, the network *trains* with the statistics of its batches and is
# *validated* with averages that are far behind them. **Predict** what that looks like in the curves.

# %%
momenta, slow_and_quick = {}, {}
for m in (0.99, 0.9):
    keras.utils.set_random_seed(seed)
    network = build(lambda m=m: layers.BatchNormalization(momentum=m))
    momenta[f"momentum {m}"] = train(network, epochs=6).history
    slow_and_quick[f"momentum {m}"] = network

# %%
plots.curves(
    momenta,
    title="Same training, but a slow momentum validates with stale statistics" + mnist.figure_suffix,
    alt="Loss and accuracy against epoch for two momenta. The dashed training lines agree; the solid lines part: with "
    "the slower momentum validation is far worse.",
)

# %%
for name, found in momenta.items():
    asked = slow_and_quick[name].evaluate(mnist.x_train, mnist.y_train, verbose=0)[1]
    print(f"{name}: in the last epoch training {found['accuracy'][-1]:.1%}, "
          f"validation {found['val_accuracy'][-1]:.1%}; "
          f"the training pictures again, with the moving averages: {asked:.1%}")

# %% [markdown]
# The dashed lines agree: both networks learn alike. Where an epoch has few steps, the solid lines part. What is learned
# relies on the batches' statistics, and the moving averages lag behind those, in four layers one behind the other. (See
# where the solid line goes: the share of the start shrinks with every step, and it may get worse all the same. The
# weights move, and with them the statistics that the averages run after.) It looks like a terrible overfit, and the last
# figure of each line tells it from one: an overfitted network knows its training pictures, and one with stale averages
# misjudges those as well.
#
# Therefore the course takes a momentum of 0.9 in reduced mode, and Keras's 0.99 in full mode, where an epoch has hundreds
# of steps.
#
# ## In place of the division by 255
#
# The article's last listing drops the division by 255, without a word. May it? Batch normalisation of the input computes
# mean and spread of the pixels by itself. Without either, the first layer sees numbers up to 255:

# %%
def build_raw(first=nothing):
    model = build()
    return keras.Sequential([keras.Input((28, 28, 1)), first(), *model.layers[1:]])  # `first` for the rescaling


starts = {"/ 255": histories["rate 0.001"]}  # its first epoch
makers = {"raw": build_raw, "raw, input normalised": lambda: build_raw(batch_norm)}
for name, make in makers.items():
    keras.utils.set_random_seed(seed)
    starts[name] = train(make(), epochs=1).history
for name, found in starts.items():
    loss, checked = found["loss"][0], found["val_accuracy"][0]
    print(f"{name:21} first epoch: training loss {loss:8.2f}, validation accuracy {checked:.1%}")

# %% [markdown]
# The raw pixels make for a wild start, in which the first steps are spent on bringing the sums down. The third line
# differs from the second in one layer alone: the input is put on scale before the first weight sees it.
#
# ## Before the activation, or after it?
#
# The inventors put it *before* the activation, the article *after* it. People have argued about this ever since.


# %%
def ordered(order, layer):
    return [layer, *(batch_norm(), layers.ReLU())[:: 1 if order == "before" else -1]]


def build_ordered(order):
    return keras.Sequential([
        keras.Input((28, 28, 1)), batch_norm(),
        *ordered(order, layers.Conv2D(32, 3, padding="same")),
        *ordered(order, layers.Conv2D(32, 3, padding="same")),
        layers.MaxPooling2D(), layers.Dropout(0.25), layers.Flatten(),
        *ordered(order, layers.Dense(128)),
        layers.Dropout(0.5), layers.Dense(10, activation="softmax", dtype="float32"),
    ])


for order in ("before", "after"):
    keras.utils.set_random_seed(seed)
    found = train(build_ordered(order), epochs=4).history
    print(f"{order:6} the activation: validation accuracy {found['val_accuracy'][-1]:.2%}")

# %% [markdown]
# One run each, so read nothing into a small difference: lesson 10 shows how far two runs of the *same* network lie
# apart. We stay with the article.
#
# ## Does it help?
#
# At a learning rate at which both networks train, with three seeds. (The first seed's two runs have been made above.)

# %%
without = {seed: histories["rate 0.001"]["val_accuracy"][-1]}
with_norm = {seed: momenta[f"momentum {batch_norm().momentum}"]["val_accuracy"][-1]}
for s in lesson.seeds(3)[1:]:
    for figures, norm in ((without, nothing), (with_norm, batch_norm)):
        keras.utils.set_random_seed(s)
        figures[s] = train(build(norm), epochs=6).history["val_accuracy"][-1]
found = evidence.compare(without, with_norm)
plots.intervals(
    {"batch normalisation": found},
    title=f"Batch normalisation: {found.n} seeds are an illustration" + mnist.figure_suffix,
    alt=f"Mean difference in validation accuracy with its 95 % interval: {found.verdict}.",
)
print(found.sentence("Batch normalisation against the baseline"), "Lesson 10 has enough.")
verdict = lesson.reference_verdict("batch_norm")

# %% [markdown]
# Why is our figure not the reference's? Our runs train for half as many epochs, so that a head start counts for more, and
# three seeds on a thousand validation pictures are an illustration. Believe the second line, and lesson 10.
#
# *Why* it helps is still debated. Its inventors thought that it keeps the distribution of each layer's inputs from
# shifting while the layers before it learn. Santurkar and others (2018) added shifts of their own behind the
# normalisation, and it helped all the same; they found that it makes the loss smoother, so that a large step does less
# harm, which is what you saw. And each picture is normalised together with others drawn at random, which adds a little
# noise, and noise regularises.
#
# ## The growing model
#
# The L2 penalty, He's start, and now batch normalisation, as the article has them together:

# %%
keras.utils.set_random_seed(seed)
model = build(
    batch_norm,
    kernel_initializer="he_uniform",
    kernel_regularizer=keras.regularizers.L2(1e-4),
)
history = train(model, title="L2, He's start and batch normalisation")

# %%
score = lesson.compare(model)  # on training images from which no seed trains or chooses
record = lesson.record(model, "baseline_cnn", "l2+he_init+batch_norm", history=history, compare=score)
lesson.expect(record, "compare_accuracy")

# %%
lesson.progress(record)

# %% [markdown]
# ## Exercise 1: normalise a batch by hand
#
# Write batch normalisation of a batch of feature maps, an array of shape `(images, height, width, channels)`, as in
# training, with $\gamma = 1$ and $\beta = 0$, and with $\varepsilon$ under the root as in the formula. Which axes does the
# mean run over?


# %%
def normalise(maps, epsilon=1e-3):
    ...


# %% tags=["nbval-check-output"]
lesson.check_normalise(normalise)

# %% [markdown]
# ## Exercise 2: how long until the start is forgotten?
#
# Write a function that returns after how many steps (a whole number) the moving mean's start value has a share of at most
# `share`, for a given momentum.


# %%
def steps_to_forget(momentum, share=0.01):
    ...


# %% tags=["nbval-check-output"]
lesson.check_steps_to_forget(steps_to_forget)

# %% [markdown]
# Solutions: [solutions/05_batch_normalisation.ipynb](solutions/05_batch_normalisation.ipynb).
#
# ## What to take away
#
# * Batch normalisation puts each channel back to mean 0 and spread 1 and lets the network choose anew with two weights. The
#   next layer no longer depends on the size of the weights before it, so large learning rates survive.
# * It trains with the batch's statistics and predicts with moving averages. With few steps a momentum of 0.99 validates
#   with stale ones: that looks like overfitting and is none.
# * On the input it takes the place of the division by 255.
#
# ## Sources
#
# * S. Ioffe and C. Szegedy, *Batch normalization: accelerating deep network training by reducing internal covariate
#   shift*, 2015.
# * S. Santurkar, D. Tsipras, A. Ilyas and A. Madry, *How does batch normalization help optimization?*, 2018.
# * P. Veličković, *Deep learning for complete beginners*, part 3: where the article puts it.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Ask what a network should do with a single picture before the moving averages are introduced;
# somebody will say "normalise it with itself", and that is worth five minutes. Cover the solid lines of the momentum
# figure and let the group guess them. Usual wrong answers: in exercise 1 a mean over the images only, which gives each
# pixel position its own statistics; in exercise 2 dividing in place of taking logarithms, and rounding down.
