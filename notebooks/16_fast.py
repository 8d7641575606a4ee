# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Learn in fewer epochs
#
# **Goal:** climb a ladder of eight small changes to one network, see what each of them is for, try some, and learn to
# say how much *faster* a training has become.
#
# The all-convolutional network of lesson 12 takes 50 epochs. K. Jordan's article brings another to 94 % in ten (the
# article's figure), from the same data set. That network is wider, its photographs are shifted and mirrored, and it
# has 5,000 more of them, which lesson 12 keeps for validation. This lesson's ladder keeps width, shifts and number of
# photographs the same and has eight more of the article's changes as rungs: each rung keeps those below it. Which of
# them matters? And how would you know?
#
# | rung | what changes | tried here |
# | --- | --- | --- |
# | 1 | a rate that rises and falls | alone |
# | 2 and 3 | labels that leave room; a first layer that nobody trains | together |
# | 4 and 5 | a start that changes nothing; quick biases | together |
# | 6 and 7 | averaged weights; alternating mirror images | on photographs in full mode only |
# | 8 | six looks at the end | alone |
#
# What each is worth singly, over several seeds, stands further down, in the course's table `ladder`.

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots, verdict_chart
from course_utils.evidence import protocol

lesson = Lesson("16_fast", mode=mode, seed=seed)
cifar = lesson.load("cifar10")
print(f"The network of lesson 12 in full mode: {evidence.cost_words('all_conv', '', 'full', cifar.label)}.")
print("This lesson's in full mode, with all rungs (time, test accuracy):", evidence.tell_runs("fast_cifar10"), sep="\n")

# %% [markdown]
# The last lines are the runs so far of this lesson's network at full size, with eighteen epochs and all rungs, or say
# "not yet measured". Beside lesson 12's line they compare two whole recipes, not the rungs; and times compare only on
# the same machine.
#
# ## The network
#
# One convolution over patches of two by two pixels, then three blocks of two convolutions each. A block halves the
# sides of its maps; at the end each map gives one number, its maximum. New in the code: a GELU is a ReLU with a rounded
# corner; `scale=False` leaves out what the next convolution can nearly do; the division by nine keeps the first answers
# unsure.
#
# On the ladder a training has at most 10,000 photographs, two epochs, batches of 64, and 16, 32 and 32 filters in the
# blocks (smoke mode: fewer). In full mode the last network is then trained on all training photographs, for eighteen
# epochs (the article: ten), with the article's 64, 256 and 256 filters. Where the runs above end below 94 %, we have
# not measured why: fewer photographs, their re-encoded copy or the differences that the sources name.

# %%
import keras
import numpy as np
from keras import layers, ops
from course_utils import fast
from course_utils.layers import FusedBatchNormalization as BatchNormalization


def block(x, width, start):
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer=start)(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Activation("gelu")(BatchNormalization(momentum=0.6, scale=False)(x))
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer=start)(x)
    return layers.Activation("gelu")(BatchNormalization(momentum=0.6, scale=False)(x))


# %%
def build(shape, widths, kernels=None, start="glorot_uniform"):
    inputs = keras.Input(shape)
    patches = layers.Conv2D(8 * shape[-1], 2, use_bias=False, activation="gelu", name="patches")
    x = patches(layers.Rescaling(1 / 127.5, offset=-1)(inputs))
    if kernels is not None:
        patches.set_weights([kernels])
        patches.trainable = False
    for width in widths:
        x = block(x, width, start)
    x = layers.Rescaling(1 / 9)(layers.Dense(10, use_bias=False)(layers.GlobalMaxPooling2D()(x)))
    return keras.Model(inputs, layers.Softmax(dtype="float32")(x), name="fast_cnn")


# %% [markdown]
# Its training comes next. `rung` says how far up the ladder it is, from 0 to 7; the sections below tell one by one what
# the lines are for. Rungs 1, 5 and 6 are inside `fast.optimizer`. `fast.Shown` hands the photographs to `fit`, in a new
# order each epoch, shifted by up to two pixels, half of them mirrored.

# %%
def train(images, rung, widths, epochs, batch_size, rate, callbacks, mirror=None):
    keras.utils.set_random_seed(seed)
    kernels = fast.whitening(images.x_train) if rung >= 3 else None
    model = build(images.x_train.shape[1:], widths, kernels, fast.Identity() if rung >= 4 else "glorot_uniform")
    mirror = mirror or ("alternate" if rung >= 7 else "random")
    shown = fast.Shown(images.x_train, images.y_train, batch_size, mirror, seed=seed)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.2 if rung >= 2 else 0)
    model.compile(fast.optimizer(rung, rate, len(shown) * epochs), loss, metrics=["accuracy"])
    checked = images.x_val[:2000], keras.utils.to_categorical(images.y_val[:2000], 10)
    return model, model.fit(shown, epochs=epochs, validation_data=checked, validation_batch_size=100,
                            callbacks=callbacks, verbose=0)


# %% [markdown]
# The numbers in it are the article's: Nesterov's momentum 0.85 (each step goes on with 85 % of the last one, and takes
# the slope where that leads), a weight decay, labels smoothed by 0.2, biases at 64 times the rate. Where its code
# differs from ours, the sources at the end say so.


# %%
import dataclasses

photographs = dataclasses.replace(cifar, x_train=cifar.x_train[:10_000], y_train=cifar.y_train[:10_000])
small, epochs = fast.WIDTHS["smoke" if lesson.mode == "smoke" else "reduced"], lesson.epochs(2, reduced=2)
batch_size, constants, peak = min(fast.FEW, len(photographs.x_train)), (0.0625, 0.125, 0.25), 0.25


def climb(rung, length=epochs, rate=peak, watch=()):
    return train(photographs, rung, small, length, batch_size, rate, [*lesson.callbacks(part=f"rung {rung}"), *watch])


# %% [markdown]
# ## Rung 1: a rate that rises and falls
#
# Which rate is best? A high one covers ground, and it jumps about: no two steps agree on where the bottom is. A low one
# finds the bottom of wherever it stands, if it has the steps to get there. Rung 1 takes both, one after the other. From
# a fifth of its peak the rate rises for a fifth of the steps, then it falls to zero along a cosine. (Why rise? The
# usual argument: at a random start the slopes are steep and change quickly, and a long step overshoots.)
# `fast.schedule` is Keras' own `CosineDecay(0.2 * peak, steps - rise, warmup_target=peak, warmup_steps=rise)`.
#
# The bottom of the ladder keeps one rate from beginning to end. A constant rate may want to be lower than a peak, so
# the bottom tries three and keeps the best on validation; the other rungs have one try, with the highest of the three
# as their peak. That handicaps the first step up, and only the course's table gives each rung a rate of its own.

# %%
half, batches = max(1, epochs // 2), len(photographs.x_train) // batch_size
falling = {n: [float(fast.schedule(peak, n * batches)(step)) for step in range(n * batches)] for n in (epochs, half)}
plots.lines({"constant, the highest of its three tries": [peak] * epochs * batches, "rung 1": falling[epochs],
             "rung 1, meant to end halfway": falling[half]}, x="step", y="learning rate", limits=(-0.02, 0.42),
            title="A rate that stays, and two that end at zero", alt="A level line, two that rise and fall to zero.")

# %% [markdown]
# How does rung 1 fare on its way? For comparison a further training goes through all of its schedule in half the
# epochs. A callback counts the right answers on the training batches, each before the network learns from it: that
# costs nothing. And up to 5,000 photographs of the comparison set (in full mode, of the validation set) judge the
# networks halfway and at the end.
#
# > **Predict:** which is ahead halfway, the best constant rate or rung 1, and which at the end? And is rung 1 halfway
# > behind the training that ends there?

# %%
from keras.callbacks import LambdaCallback
from course_utils.evidence.scoring import score

asked, truth = (cifar.x_compare, cifar.y_compare) if len(cifar.y_compare) else (cifar.x_val, cifar.y_val)


def judge(model):
    return score(model, asked[:5000], truth[:5000], batch_size=100)


midway, right = [], []
# `right` gets the accuracy so far in the epoch, times the batches so far.
halfway = LambdaCallback(on_train_batch_end=lambda batch, logs: right.append(logs["accuracy"] * (batch + 1)),
                         on_epoch_end=lambda epoch, logs: epoch + 1 == half and midway.append(judge(halfway.model)))
bottom = {rate: climb(0, rate=rate, watch=[halfway]) for rate in constants}

# %%
tries = {rate: history.history["val_accuracy"][-1] for rate, (_, history) in bottom.items()}
best = max(tries, key=tries.get)
ladder = {0: bottom[best], 1: climb(1, watch=[halfway])}
short, _ = climb(1, length=half, watch=[halfway])  # rung 1, meant to end halfway
print(f"Best constant rate, on validation: {best:g} of", ", ".join(f"{at:g} ({end:.1%})" for at, end in tries.items()))

# %% jupyter={"source_hidden": true}
# The trainings lie in `right` one after the other: the constant rates, rung 1, rung 1 meant to end halfway.
window, tried = max(1, batches // 6), constants.index(best)
# A row an epoch has the sum up to each window's end; its differences are what each window added.
share = 100 * np.diff(np.reshape(right, (-1, batches))[:, window - 1 :: window], prepend=0) / window
parts = share[epochs * tried :][:epochs], share[-epochs - half : -half], share[-half:]
names = "best constant rate", "rung 1", "rung 1, meant to end halfway"
way = {name: (window * np.arange(1, part.size + 1), part.ravel()) for name, part in zip(names, parts)}
told = "Rung 1 halfway: {:.1f} % right, {:.1f} % if ending there".format(*share[[-epochs - 1, -1], -1])
plots.lines(way, told + cifar.figure_suffix, "step (ticks: halfway, end)", f"right in the last {window} batches, %",
            marker="o", ticks=[half * batches, epochs * batches], alt=f"Right answers by step. {told}.")
for when, a, b in (("halfway", midway[tried], midway[-2]), ("at the end", judge(bottom[best][0]), judge(ladder[1][0]))):
    print(f"Constant to rung 1, {when}: {evidence.in_pairs(a, b)}.")
print(f"Halfway, from rung 1 passing by to rung 1 ending there: {evidence.in_pairs(*midway[-2:])}.")

# %% [markdown]
# Each printed line compares two networks photograph by photograph: what only the second gets right is *mended*, what
# only the first gets right is *spoiled*. If each of these were a throw of a coin, two standard errors of the difference
# would be twice the root of their number, in photographs; the line gives them in points. Another seed may say
# otherwise.
#
# **The curve of such a training must not be read halfway:** in the middle its rate is high, and its accuracy should be
# worse than that of a training which was *meant* to end there. The last line says how far this one run bears it out.
# (A dot counts few photographs, the same for all: dips may be theirs. The printed lines decide.)
#
# ## Rung 2: labels that leave room
#
# How sure should a network be? "It is a cat, for certain" is a label that no softmax can ever reach: its logits (the
# sums that go into the softmax) would have to be infinite, and the network is pulled towards them for ever. **Label
# smoothing** takes a fifth of the certainty and spreads it over all ten classes. It needs labels with a number for each
# class (**one-hot**: 1 for the right one, 0 for the others), and the loss
# `CategoricalCrossentropy(label_smoothing=0.2)`.

# %%
lead = np.linspace(0, 10, 501)  # of the right class's logit over the nine others, all equal
one_hot = np.log1p(9 * np.exp(-lead))
smoothed = one_hot + 9 * 0.02 * lead
at = smoothed.argmin()
lowest = f"a lowest loss, {smoothed[at]:.3f} at a lead of {lead[at]:.1f}"
plots.lines({"one-hot": (lead, one_hot), "smoothed by 0.2": (lead, smoothed), "lowest": (lead[[at]], smoothed[[at]])},
            looks={"lowest": {"color": plots.COLOURS[1], "linestyle": "none", "marker": "o"}}, height=2.8, y="loss",
            title=f"Smoothed: {lowest}; one-hot: none", x="lead of the right logit over the nine others",
            alt=f"Loss against lead: with a one-hot label it falls for ever; with a smoothed one it has {lowest}.")

# %% [markdown]
# With smoothed labels a surer answer costs more beyond the dot, so the logits have a place to stop. The lowest values
# differ, so the losses of rung 1 and rung 2 cannot be compared. Further down we score all rungs against plain labels.
#
# ## Rung 3: a first layer that nobody trains
#
# Which differences should a network see first? Neighbouring pixels are nearly equal, so the twelve numbers of a patch
# (two by two pixels, three colours) mostly say one thing: how bright it is. The usual argument: what tells a cat from a
# dog lies in the small differences, and a gradient sees the large ones first. **Whitening** turns the numbers so that
# no two of them correlate, and stretches each to the same variance. Take the red of two neighbours: their sum and their
# difference do not correlate if both vary alike, and each is then divided by its standard deviation.

# %%
pair = cifar.x_train[:250, ::8, 15:17, 0].reshape(-1, 2) / 127.5 - 1  # red of two neighbours, as the network sees it
turned = np.stack([pair.sum(axis=1), pair[:, 0] - pair[:, 1]], axis=1)
drawn, axes = plots.figure(1, 2, height=3.2, subplot_kw={"aspect": "equal"})
for axis, x, y, cloud in zip(axes, ("left", "sum"), ("right", "difference"), (pair, turned / turned.std(axis=0))):
    axis.plot(*cloud.T, ".", markersize=3, alpha=0.5)
    axis.axis(1.05 * np.abs(cloud).max() * np.array([-1, 1, -1, 1]))
    axis.set(xlabel=x, ylabel=y, title=f"{x} and {y}: correlation {np.corrcoef(cloud.T)[0, 1]:.2f}")
drawn.suptitle("Two neighbouring pixels, and the same turned and stretched" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, f"Scatters of two neighbouring pixels: {'; '.join(axis.get_title() for axis in axes)}.")

# %% [markdown]
# Sum and difference now both have the standard deviation 1; the dots far out are few.
#
# A patch has twelve such directions: first the one along which patches vary most (with the two neighbours, the sum),
# then, of those at right angles to it, the one along which they vary most, and so on. They are the **eigenvectors**
# $v_k$ of the **covariance**, the table of how any two numbers of a patch vary together; the variance along each is its
# **eigenvalue** $\lambda_k$. To whiten a patch $p$, take its part along each direction and divide by the standard
# deviation:
#
# $$q_k = \frac{v_k \cdot p}{\sqrt{\lambda_k + \varepsilon}} .$$
#
# The small $\varepsilon$ keeps a direction with hardly any variance from being blown up. With the $v_k$ as the columns
# of a matrix $V$, all parts at once are $V^\top p$. Weighted sums of a patch are a convolution, so its kernels are
# known before any training. They are set, with their negatives (since a GELU lets one side through), and frozen.

# %%
kernels = fast.whitening(cifar.x_train)
variances = 1 / (kernels[..., :12] ** 2).sum(axis=(0, 1, 2)) - 1e-4  # a kernel is v / sqrt(variance + 1e-4)
shares = [f"{100 * share:.3g} %" for share in variances / variances.sum()]
pictures = kernels[..., :12].transpose(3, 0, 1, 2)
squares = (0.5 + 0.5 * pictures / np.abs(pictures).max(axis=(1, 2, 3), keepdims=True)).repeat(8, 1).repeat(8, 2)
plots.images(np.pad(squares, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=0.5), columns=6, labels=shares,
             title=f"One direction of twelve has {shares[0]} of the variance" + cifar.figure_suffix,
             alt=f"Twelve kernels of two by two pixels, with their shares of the variance: {', '.join(shares)}.")

# %% [markdown]
# Each square is one direction, a kernel of two by two pixels; above it its share of the variance. Zero would be grey,
# as the frames are. The squares of a single colour say how bright and what colour, the others where it changes.
#
# ## Rung 4: start by changing nothing
#
# Where should a convolution start? A random one mixes its maps before it has learned anything. So let filter $k$ start
# with a 1 in the middle of channel $k$, and 0 elsewhere: it hands its input on. (Spare filters start at random; spare
# channels, as at our small network's first, are dropped.) The figure sends a map through three convolutions, with
# nothing between them.

# %%
maps = {"after the patches": ops.conv((photographs.x_train[:1] / 127.5 - 1).astype("float32"), kernels[..., :16])}
for name, start in (("random start", keras.initializers.GlorotUniform), ("identity start", fast.Identity)):
    maps[name] = maps["after the patches"]
    for layer in range(3):
        maps[name] = ops.conv(maps[name], start(seed + layer)((3, 3, 16, 16)), padding="same")

# %%
shots = np.concatenate([ops.convert_to_numpy(each)[..., :1] for each in maps.values()])
low, high = (np.quantile(shots, q, axis=(1, 2, 3), keepdims=True) for q in (0.02, 0.98))
plots.images(((shots - low) / (high - low)).clip(0, 1), labels=list(maps), columns=3,
             title="One map of sixteen, before and after three untrained convolutions" + cifar.figure_suffix,
             alt="A map of a photograph; three random convolutions on; and three identities on, unchanged.")

# %% [markdown]
# On the right the map has come through unchanged.
#
# ## Rung 5: quick biases
#
# Which weights may be too slow? Batch normalisation gives every map the mean 0; its bias then says where the GELU cuts.
# There are few of these biases (Keras calls them `beta`), and each of them matters for a whole map. At the rate of the
# kernels they move little in so few steps; here it is 64 times that. (Rung 5 has the identity start, too.) The table
# `ladder`, further down, says whether it helps.
#
# > **Predict:** a rate that rises and falls; labels and patches together; start and biases together. Which adds most
# > to the accuracy after these few epochs? (The answer comes under "The ladder so far".)

# %%
ladder |= {rung: climb(rung) for rung in (3, 5)}

# %%
slow, quick = (np.concatenate([np.ravel(weight) for weight in ladder[rung][0].trainable_variables
                               if weight.path.endswith("beta")]) for rung in (3, 5))  # fmt: skip
far = f"Quick biases end {np.abs(quick).mean() / np.abs(slow).mean():.1f} times as far from 0" + cifar.figure_suffix
plots.dots({"rung 3, one rate for all": slow, "rung 5, 64 times": quick}, far, "bias (a dot a map; bar: mean)", alt=far)

# %% [markdown]
# ## Rung 6: the average of where you have been
#
# Where does a training end? While the rate is high the weights wander around a low place and are rarely in it. Their
# average over the last steps should be closer to it. In Keras that is
# `SGD(rate, use_ema=True, ema_momentum=0.95)`: at the end of `fit` the average takes the place of the weights.
#
# But what is left to do for an average when the rate falls to zero anyway? An imagined valley with noisy steps shows
# it, with a constant rate and with that of rung 1.

# %%
random, start = np.random.default_rng(seed), np.full((2, 500, 2), 3.0)  # two rates, 500 walks, two weights
path, mean, schedule = [start], [start], fast.schedule(0.15, 120)
for step in range(120):
    rates = np.array([0.15, float(schedule(step))])[:, None, None]
    path.append(path[-1] - rates * (path[-1] * [1.0, 3.0] + random.normal(0, 2.5, (500, 2))))
    mean.append(0.95 * mean[-1] + 0.05 * path[-1])
away = np.linalg.norm([path[-1], mean[-1]], axis=-1).mean(axis=-1)  # of weights and average, at either rate
told = [f"{r}, mean of 500:\nends {w:.2f} away, average {m:.2f}" for r, (w, m) in zip(("constant", "falling"), away.T)]

# %%
drawn, axes = plots.figure(1, 2, height=3.8, sharex=True, sharey=True, subplot_kw={"aspect": "equal"})
for which, axis in enumerate(axes):
    axis.plot(*np.array(path)[:, which, 0].T, "o-", color="0.6", lw=0.7, ms=11, mfc="none", mec="k", markevery=[120])
    axis.plot(*np.array(mean)[:, which, 0].T, "s--", color=plots.COLOURS[0], ms=5, mec="k", markevery=[120])
    axis.plot(0, 0, "k+", ms=14)
    axis.set(title=told[which], xlabel="one weight", ylabel="another")
axes[0].legend(["weights (the last: ring)", "average (square)", "lowest"], loc="upper left", fontsize=8, frameon=False)
drawn.suptitle("How far from the lowest place weights and average end", fontsize=11)
plots.show(drawn, f"One walk of two weights at either rate. {'; '.join(told)}.".replace("\n", " "))

# %% [markdown]
# One walk is drawn; the numbers are means of 500, after the last step. Compare the weights of the right panel with the
# average of the left: many small steps in a row average their noise themselves, so a falling rate does most of the
# average's work. A network is no such valley: the table below tries averaging on one.
#
# ## Rung 7: coins repeat what they show
#
# Which side should a photograph show? With a coin thrown anew in each epoch, many show the same side twice or three
# times in a row. With **alternating** the coin is thrown in the first epoch alone; from then on the two sides take
# turns.
#
# > **Predict:** after three epochs with coins, what share of the photographs has been seen from one side only?

# %%
first = random.random(1000) < 0.5
views = {how: np.array([fast.mirrored(how, first, e, random) for e in range(3)]) for how in ("random", "alternate")}
once = {how: (seen.min(axis=0) == seen.max(axis=0)).mean() for how, seen in views.items()}
drawn, axes = plots.figure(1, 2, height=2.8, sharey=True)
for axis, (how, seen) in zip(axes, views.items()):
    axis.imshow(seen[:, :24], cmap="Greys", aspect="auto", extent=(0.5, 24.5, 3.5, 0.5))
    axis.set(title=f"{how}: one side only, {once[how]:.0%}", xlabel="photograph", ylabel="epoch", yticks=(1, 2, 3))
drawn.suptitle("Mirrored photographs (black); shares of 1,000, after these three epochs", fontsize=11)
plots.show(drawn, "24 photographs, mirrored or not, by epoch. " + "; ".join(axis.get_title() for axis in axes) + ".")

# %% [markdown]
# The titles answer; exercise 2 asks for the formula.
#
# ## The ladder so far
#
# The rungs trained so far, in pairs again, on the whole comparison set (in full mode, on the validation set):

# %% jupyter={"source_hidden": true}
import itertools

scored = {rung: score(model, asked, truth) for rung, (model, _) in ladder.items()}
hit = {rung: 100.0 * (each.predictions.argmax(axis=1) == each.labels) for rung, each in scored.items()}
gains = {(a, b): hit[b] - hit[a] for a, b in [*itertools.pairwise(ladder), (0, 5)]}  # for each photograph
_, second, (a, b) = sorted(list(gains)[:3], key=lambda step: gains[step].mean())
lead = gains[a, b] - gains[second]
told = f"Rung {a} to {b} leads by {lead.mean():.1f} points; two std. errors {2 * lead.std() / len(lead) ** 0.5:.1f}"
names = [f"rung {a} to {b}\nloss {scored[b].loss - scored[a].loss:+.2f}" for a, b in gains]
means, errors = zip(*[(gain.mean(), 2 * gain.std() / len(gain) ** 0.5) for gain in gains.values()])
drawn, axes = plots.figure(height=3.2)
axes.barh(names, means, xerr=errors, capsize=5, color=["#56B4E9"] * 3 + ["#bbbbbb"])
axes.set(xlabel="gain, points of accuracy (with two standard errors either way)", title=told + cifar.figure_suffix)
plots.show(drawn, "; ".join(f"{name}: {mean:+.1f} points" for name, mean in zip(names, means)).replace("\n", ", "))

# %% [markdown]
# Does the title answer your prediction? Only if the lead over the next is more than its two standard errors, and then
# for one seed and one peak of the rate. (The grey bar takes all these steps at once.)
#
# The loss, here against the plain labels, may tell another story. Smoothed labels teach a network to hedge, and this
# loss charges for that on right answers and rewards it on wrong ones. So a network may be right more often and have the
# *higher* loss.
#
# ## Rung 8: look six times
#
# May we look more than once? The network answers six times for each photograph: as it is, a pixel up and left, a pixel
# down and right, and the three mirrored. Its probabilities are averaged (the two that are not moved count double). This
# costs no training, and six times the time to answer; and an average can be worse than one look. As fixed beforehand,
# rung 5's network looks, in full mode rung 7's.
#
# > **Predict:** how many wrong answers does it mend for each right one that it spoils?

# %%
final, history = ladder[5]
if lesson.mode == "full":
    final, history = train(cifar, 7, fast.WIDTHS["full"], 18, 512, 0.75, lesson.callbacks("Rungs 1 to 7"))
six = fast.look_six_times(final)

# %%
one_look, six_looks = judge(final), judge(six)
print(f"From one look to six, {one_look.n:,} photographs: {evidence.in_pairs(one_look, six_looks)}.")

# %%
names, (one, average) = cifar.class_names, (set(each.mistakes) for each in (one_look, six_looks))
examples = [min(changed) for changed in (one - average, average - one) if changed] or [0]
said = [f"{names[six_looks.predictions[e].argmax()]} ({'wrong' if e in average else 'right'})" for e in examples]
seen = ops.convert_to_numpy(ops.concatenate([look for e in examples for look, _ in fast.looks(asked[[e]])]))
labels = [f"{names[each.argmax()]}, {each.max():.0%}" for each in final.predict(seen, verbose=0)]
plots.images(seen / 255, columns=6, labels=labels, title=f"Six looks say {', then '.join(said)}" + cifar.figure_suffix,
             alt=f"Six looks say {', then '.join(said)}. Each look by itself: {', '.join(labels)}.")

# %% [markdown]
# These are the first photograph that the average mended and the first that it spoiled, if there are such; the line
# above counts them all. From left to right: as it is, moved up and left, down and right; then the three mirrored. Move
# a thing by a pixel, and the network may say something else: that is what the average is for, and it cuts both ways.
#
# ## What each is worth singly
#
# The course's table `ladder` has some two hundred runs of the small network, on as many photographs as here. It
# compares each rung with the one below: eight epochs, five seeds, the best of three rates (chosen on validation, with
# other seeds), and the verdicts of lesson 10.
#
# > **Predict:** which rungs are worth more than the luck of seeds and photographs?

# %%
table, lengths = protocol.table("ladder"), (4, 8, 16)
steps = verdict_chart.draw(dict(zip(fast.RUNGS[1:], table.compare)), "Each rung against the one below", "ladder")
rates = [protocol.chosen(table, arm)["learning_rate"] for name, arm in table.arms.items() if name.endswith("_8")]
marked = [f"{rate:g}{' (end)' * (rate in (min(table.rates), max(table.rates)))}" for rate in rates]
for (name, step), below, rate in zip(steps.items(), marked, marked[1:]):
    print(f"{name:24} {100 * step.mean:+.2f} points  {step.verdict:25} rate {rate:8} the rung below: {below}")

# %% [markdown]
# A filled dot right of zero beats that luck by lesson 10's $t$, even with eight steps tested (its sign flips decide
# nothing with five seeds). A coloured hollow one would if it were tested alone: it is *suggestive*. The rates tried
# were 1, 2 and 4 per 1,024 photographs of a batch (4 is the peak of 0.25 above): "(end)" marks the first and the last.
#
# A rung without a detectable difference may need more epochs, width or seeds. One marked "(end)" is not tuned to the
# end: a rate beyond the list may change its verdict. *Suggestive* with a minus leans towards harm, unproved.
#
# Now lay your own steps beside the table's; where you took two rungs at once, add two lines. Yours know of one seed,
# one rate and two epochs: what was more than chance in the choice of images may be hardly anything here.
#
# ## Where the time goes
#
# A recipe that is fast on paper may wait for its photographs. So measure a step on a batch, and the part of it that
# draws, shifts and mirrors the batch before anything is learned.
#
# > **Predict:** which share of a step goes into getting its photographs ready?

# %%
from timeit import default_timer, repeat

shown = fast.Shown(photographs.x_train, photographs.y_train, batch_size, "alternate")
# `short` is needed no more: to go on training another would change what it scores when a cell above runs again.
parts = {"getting ready": lambda: shown[1], "the whole step": lambda: short.train_on_batch(*shown[0])}
times = {name: [1000 * t for t in repeat(do, number=1, repeat=9)[2:]] for name, do in parts.items()}  # two to warm up
told = f"Getting its photographs ready takes {min(times['getting ready']) / min(times['the whole step']):.0%} of a step"
plots.dots(times, told, "milliseconds, 7 readings (bar: mean)", alt=f"Dots of times, by part. {told}.")

# %% [markdown]
# The share in the title is that of the quickest readings: whatever else runs on the machine can only add to a time. It
# belongs to the machine, not to the recipe: one that learns faster may have to wait for its photographs.
#
# ## How much faster?
#
# "Faster" needs a target and a count: **epochs to an accuracy**. (Epochs are not time: those of a wider network take
# longer, and six looks take six times as long to answer.)
#
# The count cannot be read off the curve of a falling rate (rung 1). It takes *several whole trainings of different
# lengths*. The table `ladder` has each rung with 4, 8 and 16 epochs, at the best of three rates for 8 (for 16 another
# may be better, and the target higher). The target was named before the runs were made: what the bottom rung reaches in
# 16, on validation.
#
# > **Predict:** how many epochs does the whole ladder need for what the bottom rung reaches in 16?

# %%
needed, reached = evidence.epochs_needed(table, "constant", lengths), evidence.end_accuracies(table, lengths)
some = {f"{i} {fast.RUNGS[i]}": (lengths, 100 * np.mean(reached[[*needed][i]], axis=1)) for i in (0, 1, 3, 5, 8)}
target = some[f"0 {fast.RUNGS[0]}"][1][-1]
plots.lines(some | {"target": (lengths, [target] * 3)}, log_x=True, ticks=lengths, marker="o", at_ends=True, height=3.8,
            looks={"target": {"color": "black", "linestyle": "--", "marker": None}}, x="epochs of the whole training",
            y="validation accuracy at its end, %", alt="Accuracy by length, five rungs, and a level line, the target.",
            title=f"Epochs to {target:.1f} %: 16 at the bottom, {needed['looks']} with all rungs")

# %% [markdown]
# Each point is the mean of five trainings that were meant to end there. Where a rung's line crosses the level one, so
# many should do; between dots it is a guess. Read for each seed and averaged, with intervals over the seeds, these are
# our counts to the target, beside the article's to 94 % of its test photographs. (A count without an interval is read
# off the mean line; the bottom rung has 16 by definition.)

# %%
article = ("not told", "not told", 45, 21, 18, 13.5, 12, "9.9, with rung 8", "10.8, before rung 7")  # rung by rung
for i, (theirs, ours) in enumerate(zip(article, needed.values())):
    print(f"{i} {fast.RUNGS[i]:24} article {theirs!s:20} ours {ours}")

# %% [markdown]
# Compare ratios only, from rung 2 on, where the article begins (it looks twice, and has rung 8 before 7): its network
# is wider, with five times the photographs. That ladder is a *search*, its rungs and its epoch counts judged on the
# *test* set; lesson 15 says what that can cost; how much it was, we have not measured. And a ladder has an order: a
# rung that is worth three epochs at the bottom may be worth none at the top.
#
# ## Is your number normal?
#
# The network is chosen, and the seal is opened once: for one look, since the other networks of the chart looked once.
# (In full mode it is six, as in the article: there the chart may favour ours.)

# %%
chosen, looks, rung = (six, 6, 7) if lesson.mode == "full" else (final, 1, 5)
record = lesson.record(chosen, "fast_cnn", history=history, test=lesson.final_test(chosen), rung=rung, looks=looks)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# The chart does not say which network is *faster*: a place on it says nothing of the cost.
#
# ## Seconds to one mistake in a hundred
#
# Lesson 02's network takes twelve epochs for 99.12 % of the digits (the figure is that lesson's article's). What do the
# rungs reach in seconds? Here the small network has two epochs of 30,000 digits (in full mode, of all but those kept
# for validation), and the clock runs from the first weight to the last. Mirror images stay out: lesson 06 showed what
# they do to a digit.
#
# > **Predict:** how many seconds does your machine take, and does it come down to one mistake in a hundred?

# %%
from course_utils import data

digits, began = data.load("mnist", lesson.mode, seed, {"reduced": 30_000}.get(lesson.mode)), default_timer()
quick, _ = train(digits, 7, small, epochs, 2 * batch_size, peak, lesson.callbacks(part="digits"), mirror="never")
others = (digits.x_compare, digits.y_compare) if len(digits.y_compare) else (digits.x_val, digits.y_val)
print(f"{default_timer() - began:.0f} seconds; {score(quick, *others).accuracy:.2%} of others right{digits.suffix}.")
print(f"Lesson 02's baseline in full mode: {evidence.cost_words('baseline_cnn', '', 'full', 'mnist')}.",
      "The wide network in full mode, twelve epochs (time, test accuracy):", evidence.tell_runs("best_mnist"), sep="\n")
best_known = 0.9979  # of a single network: Byerly and others, 2020
print(f"Luck of which 10,000 digits the test set holds, at {best_known:.2%} (lesson 00): "
      f"{196 * (best_known * (1 - best_known) / 10_000) ** 0.5:.2f} points either way")

# %% [markdown]
# One run and no rival at an equal price: the first line says what is possible, not which rung did it. (Its digits were
# only shifted. The wide network has the article's widths, and gets digits that are turned and zoomed, too.)
#
# The interval of the wide network is over seeds alone. The article of Byerly and others has 99.79 % for its best single
# network, of another kind; the last line says how little two such figures differ beside the luck of the test digits. (A
# hundredth of a point is one digit.) Of the times only the shortest say how fast it is: the other runs shared their
# machine, and one was halted for a while.
#
# ## Exercise 1: whiten
#
# > Write `whiten`. It gets `patches`, an array with a row for each patch and a column for each number, and `epsilon`.
# > It returns an array of the same shape whose columns do not correlate and, with `epsilon` 0, have variance 1.
# > `np.cov(patches, rowvar=False)` is the covariance, `np.linalg.eigh` returns its eigenvalues, and its eigenvectors.


# %%
def whiten(patches, epsilon):
    ...


# %% tags=["nbval-check-output"]
lesson.check_whiten(whiten)

# %% [markdown]
# ## Exercise 2: what coins leave unseen
#
# > A fair coin decides in each epoch whether a photograph is mirrored. After `epochs` of them, what share of the
# > photographs do you expect to have been seen from one side only?


# %%
def one_side_only(epochs):
    ...


# %% tags=["nbval-check-output"]
lesson.check_one_side_only(one_side_only)

# %% [markdown]
# Solutions: [solutions/16_fast.ipynb](solutions/16_fast.ipynb).
#
# ## What to take away
#
# * Which of the changes matters? Here, with the rates that were tried, those that the table says help; of the others we
#   do not know. To know, ask each singly, each at its best rate, from several seeds. Several changes in one step, from
#   one seed and at one rate, give a hint and no verdict.
# * "Faster" is a number of epochs to a target, for one network and one set of photographs, from whole trainings of
#   different lengths; the curve of a falling rate must not be read halfway.
# * To look several times costs no training. It mends more answers than it spoils, or it is not worth it: count both.
#
# So much for being right sooner. Is a network also right as often as it *says*? [Lesson 17](17_beyond_accuracy.ipynb)
# asks that.
#
# ## Sources
#
# * K. Jordan, *94% on CIFAR-10 in 3.29 seconds on a single GPU*, 2024: the article of this lesson, network and ladder.
#   Where its code differs from ours: its rate falls in a straight line, to a fourteenth of the peak; its first layer
#   has a bias, which learns for three epochs; its average is written back into the weights every five steps; its
#   weight decay goes through the momentum, ours past it; of its several looks it averages the logits, and we the
#   probabilities. Its ladder begins with two looks (a photograph and its mirror image); for that its text says 45
#   epochs, a table beside its code 35, so whitening is worth a factor of 2.1 there, or of 1.7. Its images are the
#   original ones; those of our table are a re-encoded copy, with less of the fine colour that whitening enlarges.
# * L. Smith and N. Topin, *Super-convergence*, 2018: a rate that rises and falls.
# * C. Szegedy and others, *Rethinking the Inception architecture for computer vision*, 2016: label smoothing.
# * P. Izmailov and others, *Averaging weights leads to wider optima and better generalization*, 2018.
# * D. Page, *How to train your ResNet*, 2018 to 2019: whitened patches, quick biases, several looks.
# * A. Byerly and others, *A branching and merging convolutional network with homogeneous filter capsules*, 2020: the
#   figure of one network on digits.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group order the eight rungs by what they expect of them before anything is trained,
# and come back to the list under "What each is worth singly" and at the epochs that each rung needs. Ask at rung 1 why
# one must not stop such a training halfway and quote its accuracy. Likely wrong answers: in exercise 1 dividing by the
# variance and not by its root, or taking the rows of the eigenvectors for their columns; in exercise 2 counting one of
# the two sides alone. To discuss: the ladder was found on the test set, by many people over many years. What would you
# do with a new data set?
