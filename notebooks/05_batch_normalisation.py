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
# Lesson 04 chose the initial weights so that the signals *start* with a sensible size. Then training begins, the
# weights move, and nobody looks after the signals any more. What if every layer put its own output back on scale, in
# every step?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, plots

lesson = Lesson("05_batch_normalisation", mode=mode, seed=seed)
mnist = lesson.load("mnist")  # x_train, y_train, x_val, y_val; the test set stays sealed

# %% [markdown]
# ## Put the signal back on scale
#
# Here is the baseline of lesson 02, with room for one more layer after each ReLU and for one at the input. For now the
# input is divided by 255, as before, and `Identity`, which hands on what it gets, holds the other places. (`last` and
# `weights` wait until the end, for the penalty and the start of lessons 03 and 04.)

# %%
import keras
import numpy as np
from keras import layers, ops


def by_255():
    return layers.Rescaling(1 / 255)


# %%
def build(norm=layers.Identity, first=by_255, last=None, **weights):
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        first(),
        layers.Conv2D(32, 3, padding="same", activation="relu", **weights),
        norm(),
        layers.Conv2D(32, 3, padding="same", activation="relu", **weights),
        norm(),
        layers.MaxPooling2D(), layers.Dropout(0.25), layers.Flatten(),
        layers.Dense(128, activation="relu", **weights),
        norm(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax", dtype="float32", kernel_regularizer=last),
    ])


# %%
def train(model, rate=0.001, epochs=6, title=None, callbacks=(), falls=False, pictures=None):
    epochs = lesson.epochs(epochs)
    if falls:  # to zero, along a cosine
        rate = keras.optimizers.schedules.CosineDecay(rate, epochs * int(np.ceil(len(mnist.x_train) / 128)))
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        mnist.x_train[:pictures], mnist.y_train[:pictures], batch_size=128, epochs=epochs, verbose=0,
        validation_data=(mnist.x_val, mnist.y_val), callbacks=[*lesson.callbacks(title), *callbacks],
    )


# %% [markdown]
# **Batch normalisation** takes one channel at a time. Over all images of the batch, and for a convolution over all
# positions as well, it computes mean and variance of the channel's $N$ values, and normalises:
#
# $$\mu = \frac1N \sum_{i=1}^N x_i, \qquad \sigma^2 = \frac1N \sum_{i=1}^N (x_i - \mu)^2, \qquad
# \hat x_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad y_i = \gamma\, \hat x_i + \beta .$$
#
# Which values are the $N$? Below are the feature maps (lesson 02) that four digits, as raw pixels, leave in three
# channels of an untrained convolution. Each *colour* marks what is averaged together: one channel, *all* images, *all*
# positions.

# %%
keras.utils.set_random_seed(seed)
seen = layers.Conv2D(3, 3, padding="same", activation="relu")(mnist.x_train[:64].astype("float32"))
maps = ops.convert_to_numpy(seen).astype("float32")  # (images, height, width, channels)
normed = ops.convert_to_numpy(layers.BatchNormalization(dtype="float32")(maps, training=True))
ends = [(int(np.floor(values.min())), int(np.ceil(values.max()))) for values in (maps, normed)]

# %%
drawn, axes = plots.figure(3, 6, height=4.0, width_ratios=[2, 2, 2, 2, 3, 3], subplot_kw={"xticks": [], "yticks": []})
for c, (colour, row) in enumerate(zip(plots.COLOURS, axes)):
    for picture, axis in zip(maps[:4, :, :, c], row):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=maps[:4].max())
        axis.spines[:].set(visible=True, color=colour, linewidth=3)
    for axis, values, limits, name in zip(row[4:], (maps[..., c], normed[..., c]), ends, ("value before", "and after")):
        axis.hist(values.ravel(), bins=40, range=limits, color=colour, log=True)
        axis.set(xticks=limits, yticks=[], xmargin=0.2, **{"xlabel": name} if c == 2 else {"xticklabels": []})
        axis.minorticks_off()
        axis.set_title(f"{abs(values.mean()):.1f} ± {values.std():.1f}", fontsize=10)
    row[0].set_ylabel(f"channel {c + 1}", color=colour)
drawn.text(0.29, 0.03, "four of 64 images", ha="center")
drawn.suptitle("One mean and one spread a channel, over all images and positions" + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "Three channels: four feature maps, a histogram before, and one after, of mean 0 and spread 1.")

# %% [markdown]
# Above each histogram, of all 64 images and with heights in powers of ten, stands mean ± spread; "spread" is $\sigma$,
# the root of the variance. Before, each channel has its own; after, all have mean 0 and spread 1.
#
# A dense layer has no positions, so there each unit is a channel and the $N$ values are one for each image. The formula
# by hand and the layer of Keras agree:

# %% tags=["nbval-check-output"]
by_hand = (maps - maps.mean(axis=(0, 1, 2))) / np.sqrt(maps.var(axis=(0, 1, 2)) + 1e-3)
print(f"by hand and by Keras agree: {np.allclose(by_hand, normed, atol=1e-4)}")

# %% [markdown]
# What is that good for? Multiply the weights and the biases before the layer by any factor $a > 0$. What comes out of
# the ReLU is multiplied by $a$, $\mu$ and $\sigma$ scale along, and $\hat x$ stays as it was, but for the small
# $\varepsilon$ that keeps us from dividing by zero. **However large the weights before it become, the next layer sees a
# signal of the same size:**

# %%
for a in (100, 1, 1 / 255):
    scaled = ops.convert_to_numpy(layers.BatchNormalization(dtype="float32")(a * maps, training=True))
    print(f"all values times {a:.3g}: the spreads behind batch norm are", scaled.std(axis=(0, 1, 2)).round(2))

# %% [markdown]
# The last factor, 1/255, is that of our network. There a weak channel's variance may be so small that $\varepsilon$,
# 0.001, counts beside it. A variance of 1 becomes $1/1.001$, as good as 1. A variance of 0.001 becomes $0.001/0.002$,
# a half, and its root, the spread, is 0.71.
#
# And $\gamma$ and $\beta$? They start at 1 and 0 and are learned: with them the network chooses another spread and mean
# where it needs them. What is won: two numbers now set a channel's spread and mean, no longer all the weights before
# it.
#
# ## How much does the learning rate matter?
#
# If steps that are too long no longer blow up the signal, the network should forgive a learning rate that is badly
# chosen. We train the network without batch norm and with it, at rates from 0.0003 to 0.1, for the same few epochs.
# Nothing else differs. Each training begins at its rate and lowers it to zero along a cosine, as in the tables of
# lesson 10: with long steps to the very end, the result would depend on where the last one landed.
#
# > **Predict:** draw both curves, mistakes against the learning rate. Does one lie below the other everywhere, or is it
# > something else that differs? And at their best rates, who is ahead?


# %%
def batch_norm():
    # Keras's momentum of 0.99 is made for long training; further down we shall see what it does to a short one.
    return layers.BatchNormalization(momentum=0.99 if lesson.mode == "full" else 0.9)


# %%
# For the next section: pass over it now.
def inside(model):
    """On 300 digits: the shares of silent units behind three ReLUs, and the sizes of what the next layers get."""
    watched = [model.layers[k].output for k in (1, 3, 8, 2, 7, 10)]  # three ReLUs, then what the next layers get
    found = keras.Model(model.inputs, watched).predict(mnist.x_val[:300], batch_size=300, verbose=0)
    shares = [float((np.max(f, axis=tuple(range(f.ndim - 1))) <= 0).mean()) for f in found[:3]]
    return shares, [np.sqrt(np.mean(f.astype("float64") ** 2)) for f in found[3:]]


# %%
rates = [0.001, 0.1] if lesson.mode == "smoke" else [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
arms = {"plain": layers.Identity, "batch norm": batch_norm}
swept, dead, sizes = {name: {} for name in arms}, {}, {}


def sweep(name):
    for rate in rates:
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        network = build(arms[name])
        swept[name][rate] = train(network, rate, falls=True).history["val_accuracy"][-1]
        dead[name, rate], sizes[name, rate] = inside(network)


sweep("plain")

# %%
sweep("batch norm")

# %%
best = {name: max(rates, key=found.get) for name, found in swept.items()}
top = max(swept[name][best[name]] for name in arms)
good = {name: [rate for rate in rates if found[rate] > top - 0.02] for name, found in swept.items()}
drawn, axes = plots.figure(height=3.6)
for (name, found), colour, marker in zip(swept.items(), plots.COLOURS, "os"):
    axes.plot(rates, [100 * (1 - a) for a in found.values()], color=colour, marker=marker, linewidth=2, label=name)
axes.axhspan(100 * (1 - top), 100 * (1 - top) + 2, color="#999999", alpha=0.25, label="within 2 points of the best")
axes.set(xscale="log", yscale="log", xlabel="learning rate of Adam at the start", xticks=rates, xticklabels=rates,
         ylabel="mistakes on validation pictures, %", yticks=[1, 3, 10, 30, 100], yticklabels=[1, 3, 10, 30, 100],
         ylim=(max(0.5, 80 * (1 - top)), 110))
axes.minorticks_off()
axes.legend(frameon=False, fontsize=9, loc="upper left")
plain, flat = (f"{100 * (1 - max(a.values())):.0f} to {100 * (1 - min(a.values())):.0f} %" for a in swept.values())
drawn.suptitle(f"Mistakes over all rates: {flat} with batch norm, {plain} without" + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "Mistakes against learning rate, plain and with batch norm; validation accuracies: " + "; ".join(
    f"{name} {', '.join(f'{a:.1%} at {rate:g}' for rate, a in found.items())}" for name, found in swept.items()) + ".")

# %%
for name in arms:
    print(f"{name:10} best at a rate of {best[name]:g}: {swept[name][best[name]]:.1%}; within 2 points of the top at "
          f"{', '.join(f'{rate:g}' for rate in good[name]) or 'no rate'}")
at_usual, at_best = (100 * (swept["batch norm"][b] - swept["plain"][a]) for a, b in ((0.001, 0.001), best.values()))
print(f"Batch norm is {at_usual:+.1f} points ahead at the usual 0.001, {at_best:+.1f} if each has its own best rate.")

# %% [markdown]
# **What batch norm buys in our short runs is above all room: the rate matters less.** Where a rate is too small or too
# large for the plain network, batch norm loses less, and at the largest it still reads most digits where the plain
# network guesses. But a rate far from its best costs batch norm something, too.
#
# Compare the two leads in the last printed line. Whoever compares techniques at one learning rate compares, for a good
# part, how well that rate suits each of them. And who is ahead at the best rates? One run at each rate settles no
# difference of a point or so; the section "Does it help?" asks again, with more runs.
#
# ## What goes wrong at a large rate?
#
# A long step can push the weights of a unit so far that its sum is negative for every picture. Then its ReLU puts out
# zero, its gradient is zero, and it hardly ever comes back: it is *dead*. How many units of each layer are dead after
# the runs above? We count a unit as dead if its ReLU puts out zero for every one of 300 validation digits; in a
# convolution the unit is a channel, and it must be zero at every position. Some units of the dense layer may be silent
# even at small rates; look at what the large ones add.

# %%
layer_names, large = ["convolution 1", "convolution 2", "dense layer"], rates[-1]
drawn, axes = plots.figure(1, 3, height=2.7, sharey=True)
for k, axis in enumerate(axes):
    for (name, marker), colour in zip((("plain", "o"), ("batch norm", "s")), plots.COLOURS):
        axis.plot(rates, [100 * dead[name, rate][k] for rate in rates], marker=marker, color=colour, label=name)
    axis.set(xscale="log", title=layer_names[k], xlabel="learning rate", ylim=(-4, 104))
    axis.set_xticks(rates, [f"{rate:g}" if rate in (0.001, 0.01, 0.1) else "" for rate in rates])
    axis.minorticks_off()
axes[0].set_ylabel("dead units, %")
axes[0].legend(frameon=False, fontsize=9)
without, with_norm = (100 * np.mean(dead[name, large]) for name in arms)
title = f"Dead units at rate {large:g}, mean of the layers: {without:.0f} % plain, {with_norm:.0f} % batch norm"
drawn.suptitle(title + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "Share of dead units in each of three layers against the learning rate, plain and with batch norm.")

# %%
for rate in rates[-2:]:
    print(f"plain at a rate of {rate:g}: {dead['plain', rate][1]:.0%} of convolution 2 dead, "
          f"validation accuracy {swept['plain'][rate]:.1%}")
print(f"{'size of what enters':22}{'convolution 2':>15}{'dense layer':>15}{'softmax layer':>15}")
for name in arms:
    for r in (rates[0], large):
        print(f"{f'{name} at {r:g}':22}" + "".join(f"{size:15.2f}" for size in sizes[name, r]))

# %% [markdown]
# The table gives each signal's size, the root of its mean square. Where 0.00 enters a layer of the plain network, the
# layer before it is silent, or nearly so. Behind batch norm the size need not be 1: $\varepsilon$ weakens weak
# channels, $\gamma$ and $\beta$ are learned, and pooling follows the second normalisation.
#
# Whatever long steps do to the weights before it, batch norm hands on a size that $\gamma$ and $\beta$ decide, as long
# as the variance is far above $\varepsilon$. Where fewer units die behind it, that may be why; we have not tested the
# cause by itself. The first convolution has no normalisation before it, so the argument does not reach the figure's
# first panel; what sets the networks apart there we have not measured.
#
# Dead units need not be the whole story: compare the two numbers of the first printed line. But behind a layer that is
# silent throughout, a unit sees only its own bias, and every picture gets the same answer: that explains a collapse.
#
# ## What is left for L2?
#
# If the size of the weights no longer matters to the next layer, what is left for the L2 penalty of lesson 03 to do?
# This section argues by example; we have not measured it here.
#
# Take a unit with two weights, 3 and 1, a variance far above $\varepsilon$, and a batch norm behind it. Make them 6 and
# 2, and double the bias: batch norm hands on the same as before. All that counts is the *proportion*, 3 to 1.
#
# Let plain gradient descent, at a rate of 0.1, move the first weight alone. To reach 3.1 to 1 the 3 goes up by 0.1 and
# the 6 by 0.2, twice as far. So with each bit of the way the loss changes half as much: the gradient of the 6 is half
# as large.
#
# > **Predict:** by how much less does one step change the proportion, when both weights are twice as large?

# %%
for one, other in ((3, 1), (6, 2)):
    step = 0.1 / other  # the slope of one / other is 1 / other
    print(f"{one} to {other}: the step adds {step:.2f}, which makes {(one + step) / other:.3f} to 1")

# %% [markdown]
# **With weights twice as large, a step changes the proportion a quarter as much.** With Adam, which makes up for the
# size of the gradient, it is half as much.
#
# And under plain gradient descent the weights do grow. Draw weights and bias as an arrow. Its length does not change
# the loss, so a step goes off at a right angle to it, and that makes the arrow longer: from length 4, a step of 3 leads
# to length 5. Weights that grow without limit learn slower and slower (van Laarhoven, 2017). The penalty keeps them
# small, and so it keeps up the **effective learning rate**, the speed at which the proportions change. On weights that
# feed a batch norm, with a variance far above $\varepsilon$, it hardly prefers smooth answers any more; on those of the
# softmax layer it still does.
#
# ## Two kinds of statistics
#
# Batch norm costs four numbers a channel: $\gamma$ and $\beta$ are trained; a moving mean and a moving variance are
# kept along the way. What are they kept for? In training, a picture is normalised with mean and variance of its *batch*
# (its *statistics*). Later you want to classify a single picture, and its label should not depend on which others come
# with it. Alone, it gives a dense unit one value, without a spread; behind a convolution it would be normalised with
# itself. So the layer keeps **moving averages** while it trains, and uses these afterwards:
#
# $$\bar\mu \leftarrow m\,\bar\mu + (1 - m)\,\mu .$$
#
# Keras calls $m$ the **momentum** (some optimisers have another thing of that name). The variance follows the
# same rule. Each step multiplies the share of the start value (0 for the mean, 1 for the variance) by $m$; after $k$
# steps it is $m^k$. How many steps until the start is forgotten to one part in a hundred?

# %%
few = min(5000, len(mnist.x_train))
steps = int(np.ceil(few / 128))
print(f"steps in one epoch of {few:,} pictures: {steps}, the last of them with {(few - 1) % 128 + 1} pictures")
for m in (0.99, 0.9):
    print(f"momentum {m}: the start is forgotten to 1 % after {np.ceil(np.log(0.01) / np.log(m)):.0f} steps; "
          f"after one epoch {m ** steps:.1%} of it is left")

# %% [markdown]
# With few steps an epoch and Keras's momentum of 0.99, the network *trains* with the statistics of its batches and is
# *validated* with averages that are far behind them.
#
# > **Predict** what that looks like in the curves. We train the same network twice, on so few pictures in every mode,
# > and note the averages of the last normalising layer after every step.


# %%
class Averages(keras.callbacks.Callback):
    """Notes moving mean and variance of the last batch norm after every step; shape (steps, 2, units)."""

    def on_train_begin(self, logs=None):
        self.norm = [layer for layer in self.model.layers if isinstance(layer, layers.BatchNormalization)][-1]
        self.noted = []

    def on_train_batch_end(self, batch, logs=None):
        self.noted.append([ops.convert_to_numpy(w) for w in (self.norm.moving_mean, self.norm.moving_variance)])


# %%
momenta, moving, again, trained = {}, {}, {}, {}
for m in (0.99, 0.9):
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    network, averages = build(lambda m=m: layers.BatchNormalization(momentum=m)), Averages()
    momenta[m] = train(network, epochs=4, callbacks=[averages], pictures=few).history
    moving[m] = np.array(averages.noted)
    again[m] = network.evaluate(mnist.x_train[:few], mnist.y_train[:few], verbose=0)[1]
    trained[m] = np.concatenate([ops.convert_to_numpy(w).ravel() for w in network.trainable_weights])

# %%
drawn, axes = plots.figure(1, 2, height=3.4)
for (m, found), colour, marker, wide in zip(momenta.items(), plots.COLOURS, "os", ({"linewidth": 7, "alpha": 0.4}, {})):
    look = {"color": colour, "marker": marker, "linewidth": 2}
    for axis, key, unit in zip(axes, ("loss", "accuracy"), (1, 100)):
        epochs = range(1, len(found[key]) + 1)
        axis.plot(epochs, unit * np.array(found[key]), "--", label=f"momentum {m}, training", **(look | wide))
        axis.plot(epochs, unit * np.array(found[f"val_{key}"]), "-", label=f"momentum {m}, validation", **look)
        axis.set(xlabel="epoch", xticks=epochs, title="loss" if unit == 1 else "accuracy, %")
drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, handlelength=5, frameon=False)
title = "Training alike; validation with momentum " + ", ".join(
    f"{m}: {h['val_accuracy'][-1]:.0%}" for m, h in momenta.items())
drawn.suptitle(title + mnist.figure_suffix, fontsize=11)
plots.show(drawn, f"Loss and accuracy against epoch for two momenta. {title}.")

# %% [markdown]
# The dashed lines lie on each other: both networks learn alike. The solid lines part; in the first epoch, where the
# batches' statistics move fastest, even momentum 0.9 may lag. Where the solid lines of momentum 0.99 lie far from its
# dashed ones, it looks like a terrible overfit. But an overfitted network knows its *training* pictures. Does this one,
# if it has to use its averages?

# %%
for m, found in momenta.items():
    print(f"momentum {m}: training pictures {found['accuracy'][-1]:.1%} with the batches' statistics, "
          f"{again[m]:.1%} with the averages; validation {found['val_accuracy'][-1]:.1%}")
print(f"The two networks' trained weights differ by at most {np.abs(trained[0.99] - trained[0.9]).max():.1g}.")

# %% [markdown]
# If the network with momentum 0.99, using its averages, reads its training pictures hardly better than the new ones,
# this is no overfit. And nothing is wrong with its weights: the moving averages play no part in training, so both
# networks have the *same* weights, step for step, but for rounding. Only the averages differ. (The first number of each
# momentum line was taken during the epoch, with dropout on. The loss with 0.99 may rise even while its averages come
# nearer: if the answers grow surer, a sure mistake costs more than a hesitant one.)
#
# How far are the averages behind, for the unit with the strongest signal? Solve the rule above for $\mu$, and the noted
# averages give back what each batch had: $\mu = (\bar\mu_\text{new} - m \bar\mu_\text{old}) / (1 - m)$.

# %%
start = np.stack([np.zeros_like(moving[0.9][0, 0]), np.ones_like(moving[0.9][0, 0])])  # mean 0, variance 1
old = np.concatenate([start[None], moving[0.9][:-1]])
batches = (moving[0.9] - 0.9 * old) / (1 - 0.9)
# An epoch's last batch, here the last step, may be small: it is left out.
unit = int(batches[-20:-1, 0].mean(axis=0).argmax())

# %%
drawn, axes = plots.figure(1, 2, height=3.2)
for k, (axis, name) in enumerate(zip(axes, ("mean", "variance"))):
    axis.plot(batches[:, k, unit], color="#999999", linewidth=1, label="of each batch")
    for m, colour, marker in zip(momenta, plots.COLOURS, "os"):  # as in the figure before
        axis.plot(moving[m][:, k, unit], f"{marker}-", color=colour, markevery=10, label=f"moving, momentum {m}")
    axis.set(xlabel="step", ylabel=f"{name} of the unit's output")
drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9, frameon=False)
behind = {m: moving[m][-2, 0, unit] / batches[-20:-1, 0, unit].mean() for m in (0.9, 0.99)}
title = f"One unit, {len(moving[0.99]) - 1} steps: momentum 0.99 at {behind[0.99]:.0%} of the batches' mean"
drawn.suptitle(title + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "Mean and variance of one unit against step: of each batch, and as moving averages of two momenta.")

# %%
for m in (0.9, 0.99):
    print(f"momentum {m}: after {len(moving[m]) - 1} steps the moving mean stands at {behind[m]:.0%} of the batches' "
          f"mean, and {m ** (len(moving[m]) - 1):.1%} of its start is left")

# %% [markdown]
# So two things hold a slow average back: the start value, which fades, and the target, which moves with the weights.
# This is one unit of the last normalisation; the other layers have errors of their own, and each sees the errors of
# those before it. (Some of the sharpest grey spikes are an epoch's last batch, with the few pictures that are left.)
#
# The course therefore takes a momentum of 0.9 in reduced mode, and Keras's 0.99 in full mode, where an epoch has
# hundreds of steps.
#
# ## In place of the division by 255
#
# The last listing of Veličković's article, which this course follows, drops the division by 255 without a word and
# normalises the input instead: that is a second change, apart from the one between the layers.
#
# > **Predict:** what happens to a network that sees raw pixels, up to 255, and what if only its input is normalised?

# %%
for name, first in {"/ 255": by_255, "raw": layers.Identity, "raw, input normalised": batch_norm}.items():
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    found = train(build(first=first), epochs=1).history
    print(f"{name:21} training loss {found['loss'][0]:8.2f}, validation accuracy {found['val_accuracy'][0]:.1%}")

# %% [markdown]
# At a rate of 0.001 the raw pixels make for a wild start: see the training loss. The third line differs from the second
# in one layer alone: the input is put on scale before the first weight sees it. Is that worth anything beside the
# division by 255? Lesson 10's table has a row for it; here, after one run of one epoch each, a point or two between the
# first line and the third mean nothing.
#
# **Before the ReLU, or after it?** The inventors (Ioffe and Szegedy, 2015) put it *before*, the article
# *after* it. We have not measured which is better, and stay with the article.
#
# ## Does it help?
#
# You have seen which network a rate of 0.001 suits, so a lead at that rate is no answer. In lesson 10's table
# `fair_mnist` each network gets the rate that was tuned for it on validation pictures. Who is ahead is then decided
# with more seeds than here, on the 10,000 pictures of the comparison set, on which nothing was tuned.
#
# > **Predict:** is a lead left, and is it above or below half a point?

# %%
verdict = lesson.reference_verdict("batch_norm")
if verdict:
    print(f"The difference is {'below' if abs(verdict.mean) < 0.005 else 'above'} half a point.")
print(f"Batch norm's lead in our runs: {at_usual:+.1f} points at 0.001, {at_best:+.1f} with a rate for each.")

# %% [markdown]
# Our two leads differ in the rates alone. So what lies between them came from the rate, as far as one short run each
# can say. The table trains for longer, tunes on other seeds and counts on pictures by which no rate was chosen. It says
# how much batch norm is worth to *this* network on *these* digits, once both sides have their rates.
#
# *Why* it helps is still debated. Its inventors thought that it keeps the values that reach each layer from shifting
# while the layers before it learn. Santurkar and others (2018) added shifts of their own behind the normalisation, and
# it helped all the same. They found that it makes the loss smoother, so that a large step does less harm, as you have
# seen it do.
#
# And each picture is normalised together with others drawn at random, which adds a little noise. The inventors report
# that this *regularises*, that is, helps on new pictures. We have not measured that.
#
# ## The growing model
#
# The L2 penalty, He's start, and now batch normalisation, of the input too, as the article has them together:

# %%
keras.utils.set_random_seed(seed)
l2 = keras.regularizers.L2(1e-4)
model = build(batch_norm, batch_norm, l2, kernel_initializer="he_uniform", kernel_regularizer=l2)
history = train(model, epochs=12, title="L2, He's start and batch normalisation (loss with penalty)")

# %% [markdown]
# Does the training accuracy, though measured with dropout on, overtake the validation accuracy? Then the network knows
# its training pictures so well that more pictures may well help; keep that in mind for lesson 06.

# %%
# The comparison set: training images from which no seed trains or chooses.
record = lesson.record(model, "baseline_cnn", "l2+he_init+batch_norm", history=history, compare=lesson.compare(model))
lesson.expect(record, "compare_accuracy")

# %%
lesson.progress(record)

# %% [markdown]
# The chart's last step need not agree with the table's lead. It makes both changes, between the layers and at the
# input, on top of L2 and He's start; and all steps of the chart train at 0.001.
#
# ## Exercise 1: normalise a batch by hand
#
# > Write batch normalisation of a batch of feature maps, an array of shape `(images, height, width, channels)`, as in
# > training, with $\gamma = 1$ and $\beta = 0$, and with $\varepsilon$ under the root as in the formula. Try it without
# > looking up: which axes does the mean run over, and how would that change for a dense layer's `(images, units)`?


# %%
def normalise(maps, epsilon=1e-3):
    ...


# %% tags=["nbval-check-output"]
lesson.check_normalise(normalise)

# %% [markdown]
# ## Exercise 2: which momentum forgets in time?
#
# > Write a function that returns the largest momentum with which the moving mean's start value has a share of at most
# > `share` after `steps` steps. (Predict first: for the steps per epoch printed above, is it above 0.9 or below?)


# %%
def largest_momentum(steps, share=0.01):
    ...


# %% tags=["nbval-check-output"]
lesson.check_largest_momentum(largest_momentum)

# %% [markdown]
# Solutions: [solutions/05_batch_normalisation.ipynb](solutions/05_batch_normalisation.ipynb).
#
# ## What to take away
#
# * Batch normalisation puts each channel back to mean 0 and spread 1 and lets the network choose anew with two weights.
#   Where a channel's variance is far above $\varepsilon$, the next layer no longer depends on the size of the
#   weights before it, and in our runs the learning rate mattered less.
# * A verdict taken at one learning rate is partly one on that rate. Give each side its own best one.
# * Batch normalisation trains with the batch's statistics and predicts with moving averages. With few steps and a
#   momentum of 0.99 these are stale: that can look like overfitting and is none.
#
# Initial weights, penalty and normalisation all change how the network learns what is in its pictures. None of them
# gives it more pictures. Can we make some? [Lesson 06](06_augmentation.ipynb) asks what may change about a digit
# without changing what it is.
#
# ## Sources
#
# * S. Ioffe and C. Szegedy, *Batch normalization: accelerating deep network training by reducing internal covariate
#   shift*, 2015.
# * S. Santurkar, D. Tsipras, A. Ilyas and A. Madry, *How does batch normalization help optimization?*, 2018.
# * T. van Laarhoven, *L2 regularization versus batch and weight normalization*, 2017: the effective learning rate.
# * P. Veličković, *Deep learning for complete beginners*, part 3: where the article puts it.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group draw both curves of mistakes against learning rate before the sweep runs; ask
# whether one lies lower, or is *wider*. Ask what a network should do with a single picture before the moving
# averages are introduced; if somebody says "normalise it with itself", that is worth five minutes. Cover the
# solid lines of the momentum figure and let the group guess them. Likely wrong answers: in exercise 1 a mean over the
# images only, which gives each pixel position its own statistics; in exercise 2 `1 - 1 / steps`, which leaves more
# than a third of the start, and the weight of the new value in place of the old one's.
