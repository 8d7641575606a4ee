# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Make large weights cost something
#
# **Goal:** understand why small weights should generalise better, charge the network for large ones, and measure
# whether that pays.
#
# Lesson 00 showed a network that learned nonsense by heart, and lesson 01 a gap between training and validation that
# opened by itself. A network that can bend its answer around every single training picture may well do so. Can we make
# the bending expensive?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots

lesson = Lesson("03_l2", mode=mode, seed=seed)
mnist = lesson.load("mnist")

# %% [markdown]
# ## A curve that tries too hard
#
# Leave the digits for a moment. Here are twelve measurements of a smooth curve, each a little wrong, and a polynomial
# with twelve weights, $f(x) = \sum_{k=0}^{11} w_k x^k$. Twelve weights can meet twelve points exactly.
#
# > **Predict:** what will the polynomial do *between* the points?
#
# We fit it three times: once asking for the points alone, and twice charging $\lambda \sum_k w_k^2$ for its weights on
# top; $\lambda$ (lambda) is the price. A charge on the sum of squares is called an **L2 penalty** (after the length of
# an arrow, which is the root of such a sum).
#
# For a model this small the best weights can be written down. (If matrices are new to you, go on to the figure.) Let
# row $i$ of the matrix $P$ hold the powers $1, x_i, \dots, x_i^{11}$ of the $i$-th point, so that $Pw$ lists the values
# of $f$ at the points; $P^\top$ is $P$ with rows and columns exchanged. Half the gradient of
# $\sum_i (f(x_i) - y_i)^2 + \lambda \sum_k w_k^2$ is $P^\top (Pw - y) + \lambda w$. Setting it to zero gives
# $(P^\top P + \lambda I)\, w = P^\top y$, where $I$ is the identity matrix.

# %%
import numpy as np

x = np.linspace(-1, 1, 12)
y = np.sin(3 * x) + np.random.default_rng(2).normal(0, 0.25, len(x))  # the truth is the sine, the rest is noise


def fit_polynomial(penalty):
    powers = np.vander(x, 12, increasing=True)  # column k holds x to the power k
    return np.linalg.solve(powers.T @ powers + penalty * np.eye(12), powers.T @ y)


weights = {f"λ = {f}": fit_polynomial(f) for f in (0, 0.01, 100)}

# %%
fine = np.linspace(-1, 1, 400)
drawn, axes = plots.figure(1, 3, height=2.9, sharey=True)
for axis, colour, (name, w) in zip(axes, plots.COLOURS[1:], weights.items()):
    axis.plot(fine, np.sin(3 * fine), "--", color="#999999", label="the truth")
    axis.plot(fine, np.vander(fine, 12, increasing=True) @ w, color=colour, label="the fit")
    axis.plot(x, y, "o", color="black", markersize=4)
    axis.set(title=name, xlabel="x", ylabel="y" if axis is axes[0] else "")
axes[0].legend(frameon=False, fontsize=8)
drawn.suptitle("Without a price the fit can swing wildly; at too high a price it hardly bends", fontsize=11)
plots.show(drawn, "Twelve noisy points of a sine. Without a penalty the polynomial meets them all and swings far out "
           "near the left end; with a small one it follows the sine; with a far larger one it is nearly a flat line.")

# %%
for name, w in weights.items():
    error = np.abs(np.vander(fine, 12, increasing=True) @ w - np.sin(3 * fine)).max()
    print(f"{name:8} largest weight {np.abs(w).max():5.1f}, largest error {error:.2f}")
    print(f"{'':8} all weights: {', '.join(f'{value:.1f}' for value in w.round(1) + 0)}")

# %% [markdown]
# The fit without penalty is tame on the right and goes wild near the left end, between the first two points: nobody
# told it what to do there. Such a swing needs large weights of opposite signs, which nearly cancel at the points and
# not between them. At the low price the fit misses points and stays near the sine. At the high one next to no weight is
# left, and the fit is flatter than the truth.
#
# How does this carry over to a network? With small weights an answer cannot change quickly. (The proof follows; to skip
# it, go on at "With small enough weights".) Take two inputs $x$ and $x'$ that look almost alike. In one unit their sums
# differ by
#
# $$|w^\top x - w^\top x'| \le \lVert w \rVert \, \lVert x - x' \rVert.$$
#
# ($w^\top x$ is short for the weighted sum $\sum w_i x_i$ of lesson 01. The difference is that sum for the list $x -
# x'$, and such a sum over two lists is never more than the product of their lengths: $\lVert w \rVert = \sqrt{\sum
# w^2}$ is the length of the list $w$, drawn as an arrow.) Through a stack of ReLU layers the outputs differ by at most
# $\lVert W_1 \rVert \lVert W_2 \rVert \cdots \lVert x - x' \rVert$, because a ReLU never pulls two numbers further
# apart. ($\lVert W_1 \rVert$, the norm of the first layer's weights, is the most by which they stretch any arrow. It is
# never larger than $\sqrt{\sum w^2}$ over these weights, and that sum is what we shall charge for.)
#
# With small enough weights a network *cannot* change its answer quickly, and an exception for one odd picture among
# many alike becomes impossible. Long before that, the penalty makes the exception expensive. What is cheap is
# something that holds for all of them.
#
# This is a preference and no law: it helps as far as the truth is smooth, and with weights too small a network is
# smoother than the truth, as the third fit was. Nor is it the whole story: networks generalise without a penalty, and
# learn nonsense with one (Zhang and others, 2017). How high a price is right has to be measured.
#
# ## The same disease in a network
#
# To see overfitting plainly we take 300 digits and a perceptron with 118,016 weights besides its biases, and let the
# optimiser take large steps. `penalty` is $\lambda$. Keras calls a layer's weights without its biases its *kernel*, and
# adds $\lambda \sum w^2$ over them to the loss, if the layer has a `kernel_regularizer`. The biases stay free: they
# move the answer, and do not make it steeper.

# %%
import keras
from keras import layers

few = 300


def build_small(penalty):
    l2 = keras.regularizers.L2(penalty)
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)), layers.Rescaling(1 / 255), layers.Flatten(),
            layers.Dense(128, activation="relu", kernel_regularizer=l2),
            layers.Dense(128, activation="relu", kernel_regularizer=l2),
            layers.Dense(10, activation="softmax", dtype="float32", kernel_regularizer=l2),
        ]
    )


# %%
def train_small(penalty, seed, title=None, watch=()):
    keras.utils.set_random_seed(seed)
    model = build_small(penalty)
    model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    # An epoch of so few pictures has few steps, so it takes more epochs.
    history = model.fit(
        mnist.x_train[:few], mnist.y_train[:few], batch_size=50, epochs=2 * lesson.epochs(20), verbose=0,
        validation_data=(mnist.x_val, mnist.y_val) if title else None, callbacks=[*lesson.callbacks(title), *watch],
    )
    return model, history.history


kept = []  # the weights after each epoch
keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(keep.model.get_weights()))
free, free_history = train_small(0.0, seed, "300 digits, no penalty: do loss and accuracy say the same?", [keep])


# %%
def judge(model):
    # Cross-entropy, accuracy, and the mean probability that the network gave to its wrong answers.
    p = np.asarray(model.predict(mnist.x_val, batch_size=500, verbose=0))
    entropy = -np.log(p[np.arange(len(p)), mnist.y_val].clip(1e-30)).mean()
    right = p.argmax(axis=1) == mnist.y_val
    return float(entropy), float(right.mean()), float(p.max(axis=1)[~right].mean())


for epoch in (int(np.argmin(free_history["val_loss"])) + 1, len(kept)):  # the best one, and the last
    free.set_weights(kept[epoch - 1])
    entropy, accuracy, sure = judge(free)
    print(f"epoch {epoch}: loss {entropy:.3f}; {1 - accuracy:.1%} wrong answers; their mean probability was {sure:.0%}")

# %% [markdown]
# The two lines compare the epoch of the lowest validation loss with the last one. A loss can climb while the accuracy
# stays. It is the mean of $-\log p$ over the pictures, $p$ being the probability given to the right answer: one picture
# whose $p$ falls to nearly zero outweighs many whose $p$ rises a little. To push a probability towards 1 the last sums
# have to grow, and the larger the weights, the larger the sums can be. What to do? Keep the weights of the epoch with
# the lowest validation loss (lesson 08), or make large weights cost something (this lesson). If you need the answers
# alone, and not their probabilities, you have lost little so far.
#
# ## What the penalty does in one step
#
# The penalty of one weight is $\lambda w^2$, and its gradient $2 \lambda w$. If $g$ is the gradient of the
# cross-entropy and $\eta$ the learning rate, a step of gradient descent is
#
# $$w \leftarrow w - \eta\,(g + 2 \lambda w) = (1 - 2 \eta \lambda)\, w - \eta\, g.$$
#
# Before each step the weight is multiplied by a number a little below one. Hence the other name, **weight decay**. A
# weight that the data do not need, $g = 0$, fades like a debt paid off in fixed shares: $w_n = (1 - 2\eta\lambda)^n
# w_0$.
#
# That is true for plain gradient descent. We train with Adam, which divides each weight's gradient by the size that
# this gradient has had lately.
#
# > **Predict:** if a weight's *only* gradient is the penalty's, does the size of $\lambda$ matter to Adam? Let us take
# > such a weight, start it at 1 and watch.

# %%
from keras import optimizers

rate, steps, factors = 0.02, 200, [0.1, 0.001]


def follow(optimizer, penalty):
    # The weight after each step, starting at 1, when the cross-entropy does not depend on it.
    w, path = keras.Variable(1.0), [1.0]
    for _ in range(steps):
        optimizer.apply([2 * penalty * w], [w])
        path.append(float(w))
    return path


paths = {f: {
    "SGD, penalty in the loss": follow(optimizers.SGD(rate), f),
    "Adam, penalty in the loss": follow(optimizers.Adam(rate), f),
    "AdamW, decay apart": follow(optimizers.AdamW(rate, weight_decay=2 * f), 0.0),
} for f in factors}

# %%
drawn, axes = plots.figure(1, 2, height=3.3, sharey=True)
for axis, f in zip(axes, factors):
    for (name, path), colour, style in zip(paths[f].items(), plots.COLOURS, ["-", "--", ":"]):
        axis.plot(path, style, color=colour, label=name, linewidth=3 if style == ":" else 1.8)
    axis.text(85, (1 - 2 * rate * f) ** 85 + 0.05, "SGD and AdamW")
    axis.text(85, 0.07, "Adam")
    axis.set(title=f"λ = {f}", xlabel="step", ylim=(-0.1, 1.2))
axes[0].set_ylabel("the weight")
drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9, frameon=False)
drawn.suptitle("An unused weight: the size of λ matters to SGD, and hardly to Adam", fontsize=11)
plots.show(drawn, "An unused weight against step for two penalties. Under SGD and AdamW it decays slowly, and "
           "slower for the smaller penalty; under Adam it falls to zero in nearly the same way for both.")

# %%
for f in factors:
    sgd, adam, _ = (np.array(path) for path in paths[f].values())
    print(f"λ = {f}: after {steps} steps the weight is {sgd[-1]:.3f} with SGD (the formula says "
          f"{(1 - 2 * rate * f) ** steps:.3f}); with Adam it reaches 0 at step {(adam <= 0).argmax()}")
gap = np.ptp([paths[f]["Adam, penalty in the loss"] for f in factors], axis=0).max()
slow = np.array(follow(optimizers.Adam(rate), 1e-6))
print(f"Adam's two paths are at most {gap:.4f} apart; at λ = 0.000001 it reaches 0 at step {(slow <= 0).argmax()}")

# %% [markdown]
# To Adam the size of $\lambda$ makes next to no difference, *for a weight that nothing else pulls at*. Its steps are
# about as long as the learning rate, whatever the gradient's size. At the pace of the first steps, 0.02 each, the
# weight would be gone after 50; it takes longer because the divisor remembers the larger gradients of before. (All this
# holds while the gradient $2 \lambda w$ is far above the $10^{-7}$ that Adam adds to its divisor. The last line says
# how much longer a $\lambda$ of a millionth takes.)
#
# Where the data do pull, $g$ and $2 \lambda w$ are added before Adam divides, so there the size of $\lambda$ does
# matter. But the divisor is large where the data pull strongly, so the penalty shrinks those weights by a smaller share
# than the others (Loshchilov and Hutter, 2019, show it); SGD shrinks all by the same share. **With Adam, an L2 penalty
# in the loss is not weight decay.**
#
# Loshchilov and Hutter's cure takes the decay out of the gradient and shrinks the weights directly, by a fixed share in
# each step; that is `AdamW`, the dotted line. (We gave it a decay of $2\lambda$, which makes that share the one of the
# formula.) The article adds the penalty to the loss and trains with Adam, and so do we. (For AdamW see lesson 10.) When
# you read "weight decay" in a paper, find out which of the two it means.
#
# ## What Keras reports
#
# One trap before we vary $\lambda$. Lesson 01 asked what an untrained network's loss should be: that of guessing
# among ten digits, $\ln 10 = 2.303$, or a little more. Here is an untrained network with a penalty. Is something wrong
# with it?


# %%
def penalty_by_hand(model, penalty):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    return sum(penalty * float(keras.ops.sum(kernel**2)) for kernel in kernels)


# %%
newborn = build_small(0.003)
newborn.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
reported = newborn.evaluate(mnist.x_val, mnist.y_val, verbose=0)[0]
entropy, by_hand = judge(newborn)[0], penalty_by_hand(newborn, 0.003)
print(f"Keras reports a loss of {reported:.4f}")
print(f"cross-entropy {entropy:.4f} + penalty, by hand, {by_hand:.4f} = {entropy + by_hand:.4f}")

# %% [markdown]
# Every `loss` and `val_loss` that Keras shows contains the penalty, also in evaluation, where nothing is learned from
# it. With another $\lambda$ it is another quantity. **Never compare reported losses across values of $\lambda$**:
# compare accuracies, or the cross-entropy alone, the loss that `lesson.compare` prints further down.
#
# ## From too little to too much
#
# Now the network of 300 digits again, for $\lambda$ from a millionth to one and from three seeds.
#
# > **Predict** the shape of the cross-entropy on the validation set against $\lambda$. And which $\lambda$ would you
# > choose by the loss that Keras reports?

# %%
penalties = [0.0, *(10.0**power for power in range(-6, 1, 3 if lesson.mode == "smoke" else 1))]
kernels, measured = {}, []  # the latter of shape (seeds, penalties, 5)
for s in lesson.seeds(3):
    measured.append([])
    for f in penalties:
        small, past = (free, free_history) if (f, s) == (0.0, seed) else train_small(f, s)
        (entropy, accuracy, sure), paid = judge(small), penalty_by_hand(small, f)
        measured[-1].append((entropy, entropy + paid, 100 * (1 - accuracy), sure, past["accuracy"][-1]))
        kernels.setdefault(f, keras.ops.convert_to_numpy(small.layers[2].kernel))  # of the first seed
entropies, reports, mistakes, sureness, training = np.moveaxis(measured, 2, 0)
written = {f: np.format_float_positional(f, precision=6, trim="-") for f in penalties}

# %%
plots.histograms(
    {f"λ = {written[f]}": kernels[f] for f in (0.0, 1e-6, 1e-4, 1e-3, 1e-2, 1.0) if f in kernels},
    title=f"Seed {seed}: the larger λ, the closer the weights crowd around zero" + mnist.figure_suffix,
    x="weight of the first hidden layer (what lies beyond ±0.25 is in the outermost bars)",
    limits=(-0.25, 0.25), log_y=True, columns=3,
    alt="Histograms of weights on a logarithmic scale of counts: broad without a penalty, with "
    "a spike at zero for the smallest one, and narrower and narrower as the penalty grows.",
)

# %% [markdown]
# Look at the spike that the smallest $\lambda$ already makes. Those are weights without a use: they read pixels that
# are black in all of our 300 digits, so the cross-entropy does not depend on them. Their gradient $2 \lambda w$ is
# no larger here than about the $10^{-7}$ in Adam's divisor, which brakes them; the next lines show how far they
# shrink all the same. (At $\lambda = 0$ they stay where the start has put them, and make the shoulders: lesson 04.)

# %%
black = mnist.x_train[:few].max(axis=0).ravel() == 0
for f in [0.0, 1e-6]:
    print(f"λ = {written[f]}: spread of the weights of {black.sum()} unused pixels {kernels[f][black].std():.4f}, "
          f"of the others {kernels[f][~black].std():.4f}")

# %% [markdown]
# The next three cells count, draw and print; you lose nothing if you skip their code. In the table, "sure when wrong"
# is the mean probability of the wrong answers.

# %%
mean, reported = entropies.mean(axis=0), reports.mean(axis=0)
lowest = mean.argmin()
best, tempting = (written[penalties[k]] for k in (lowest, reported.argmin()))
more = (mistakes - mistakes[:, :1]).T  # than the same seed at λ = 0; shape (penalties, seeds)
# At λ = 0 the loss that Keras reports is the cross-entropy.
outcome = (f"From λ = 0 to {best}: cross-entropy {mean[lowest] - mean[0]:+.2f}, reported loss "
           f"{reported[lowest] - mean[0]:+.2f}, mistakes {more[lowest].mean().round(1) + 0:+.1f} points")

# %%
drawn, axes = plots.figure(1, 2, height=4.2)
axes[0].plot(penalties[1:], entropies.T[1:], "o", color=plots.COLOURS[0], alpha=0.5, markersize=4)
axes[0].plot(penalties[1:], mean[1:], color=plots.COLOURS[0], label="cross-entropy (dots: seeds, line: mean)")
axes[0].plot(penalties[1:], reported[1:], "--", color=plots.COLOURS[1], label="the loss that Keras reports, mean")
axes[0].axhspan(entropies[:, 0].min(), entropies[:, 0].max(), color="#cccccc")
axes[0].axhline(mean[0], color="#666666", linestyle=":", label="without penalty, mean")
axes[1].axhspan(mistakes[:, 0].min(), mistakes[:, 0].max(), color="#cccccc", label="without penalty, all seeds")
by_seed = axes[1].plot(penalties[1:], mistakes.T[1:], "o-", color=plots.COLOURS[2], alpha=0.6, markersize=4)
by_seed[0].set_label("mistakes, one line a seed")
for axis, what, ticks in zip(axes, ("loss", "mistakes, %"), ([0.6, 0.8, 1, 1.5, 2.3], [10, 20, 50, 100])):
    axis.set(xscale="log", yscale="log", yticks=ticks, yticklabels=ticks, xlabel="λ", ylabel=f"validation {what}")
    axis.set_xticks(penalties[1:], [f"$10^{{{np.log10(f):.0f}}}$" for f in penalties[1:]])
    axis.minorticks_off()
axes[0].set_ylim(0.8 * mean.min(), 3 * mean[0])
drawn.legend(loc="outside lower center", ncols=2, fontsize=9, frameon=False)
drawn.suptitle(outcome.replace(": ", ":\n", 1) + mnist.figure_suffix, fontsize=11)
plots.show(drawn, f"Left, validation loss against lambda: cross-entropy of each seed, and reported loss. {outcome}. "
           "Right, the mistakes of each seed against lambda. In both a grey band holds the seeds without a penalty.")

# %%
print("λ         cross-entropy  reported  mistakes  sure when wrong  training mistakes")
for f, e, r, w, sure, known in zip(penalties, mean, reported, mistakes.T, sureness.T, training.T):
    print(f"{written[f]:8}  {e:13.3f}  {r:8.3f}  {w.mean():6.1f} %  {sure.mean():15.0%}  {1 - known.mean():17.1%}")

# %% [markdown]
# In the figure's left panel, too small a $\lambda$ changes next to nothing. At the largest the cheapest network has
# hardly any weight left: it guesses (at $\ln 10 = 2.303$). The best price lies between the two. The figure's title
# gives the change there: in the cross-entropy (flattered, since the same pictures chose this $\lambda$), in the
# reported loss, which adds the price that was paid, and in mistakes. The reported loss is no guide, even where it
# chooses the same $\lambda$. Where would it have warned you off, although the cross-entropy fell?

# %%
apart = ", ".join(written[f] for f, e, r in zip(penalties, mean, reported) if e < mean[0] < r) or "none"
print(f"The mean cross-entropy chooses λ = {best}, the mean reported loss {tempting}. "
      f"A lower cross-entropy than without penalty, but a higher reported loss, at λ: {apart}.")

# %% [markdown]
# Where exactly the lowest point is, three seeds at one learning rate and one $\lambda$ for each power of ten do not
# say. Nor does a $\lambda$ carry over from a small network to a large one: the loss is a *mean* over pictures, the
# penalty a *sum* over weights.
#
# The right panel counts mistakes; in both panels the grey band holds the seeds without a penalty. Where "sure when
# wrong" falls, the cross-entropy can fall without one mistake fewer. So which $\lambda$ is best can depend on what you
# count. Is there one at which each seed makes fewer mistakes than it does at $\lambda = 0$?

# %%
fewer, n = ", ".join(written[f] for f, d in zip(penalties, more) if d.max() < 0), len(entropies)
print(f"λ at which every seed makes fewer mistakes than at 0: {fewer or 'none'}."
      + f" That is little: {n} coins agree so one time in {2**n}, and there are several λ." * bool(fewer))

# %% [markdown]
# And the bending? Does the network still get all its training digits right, and how sure is it of its mistakes?

# %%
calm, right = sureness.mean(axis=0), training[:, lowest].mean() > 0.9995
print(f"At λ = {best} the network " + ("still gets all its training digits right: no exception was forbidden." if right
      else "errs on training digits.") + f" Sure when wrong: {calm[lowest]:.0%}, without penalty {calm[0]:.0%}.")

# %% [markdown]
# ## Into the baseline
#
# The article takes $\lambda = 10^{-4}$ for every layer of the baseline that has weights: the first of its six
# techniques. (Dropout is off in validation, so the validation curve can be the better one.)


# %%
def build_baseline(penalty):
    l2 = keras.regularizers.L2(penalty) if penalty else None
    conv = {"padding": "same", "activation": "relu", "kernel_regularizer": l2}
    return keras.Sequential([
        keras.Input((28, 28, 1)), layers.Rescaling(1 / 255),
        layers.Conv2D(32, 3, **conv), layers.Conv2D(32, 3, **conv),
        layers.MaxPooling2D(), layers.Dropout(0.25), layers.Flatten(),
        layers.Dense(128, activation="relu", kernel_regularizer=l2),
        layers.Dropout(0.5), layers.Dense(10, activation="softmax", dtype="float32", kernel_regularizer=l2),
    ], name="baseline_cnn")


# %%
def train_baseline(penalty, seed, title=None):
    keras.utils.set_random_seed(seed)
    model = build_baseline(penalty)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        mnist.x_train, mnist.y_train, batch_size=128, epochs=lesson.epochs(12), verbose=0,
        validation_data=(mnist.x_val, mnist.y_val), callbacks=lesson.callbacks(title),
    )
    return model, history


model, history = train_baseline(1e-4, seed, "The baseline CNN with L2 (loss with penalty)")
print(f"Validation loss {history.history['val_loss'][-1]:.3f}; of this, {penalty_by_hand(model, 1e-4):.3f} is penalty.")

# %% [markdown]
# ## Does it help?
#
# One run proves nothing: another seed can move the accuracy by as much as a technique does. So we train both networks
# from the same seeds on the same data and look at the *differences*. For their mean we draw a **95 % interval**:
# intervals made in this way miss the true difference one time in twenty, if the differences scatter like a bell curve
# (lesson 10 has the formula).
#
# Our few pairs, at one $\lambda$ and one rate, are judged on the validation set. Below them stand those of the course's
# table `fair_mnist`. It has more of them and is *tuned*: each side tried several rates, L2 several $\lambda$ too, and
# kept what gave the lowest cross-entropy (not the most right answers) on validation pictures. And it is judged on the
# **comparison set** of lesson 00, which no seed learns from or chooses by. So it weighs more. (Skip the second cell's
# code.)
#
# > **Predict:** will the penalty gain the baseline anything, in right answers or in cross-entropy?

# %%
plain, with_l2 = {}, {}
for s in lesson.seeds(3):
    plain[s] = judge(train_baseline(0.0, s)[0])
    with_l2[s] = judge(model if s == seed else train_baseline(1e-4, s)[0])

# %%
from dataclasses import replace

from course_utils.evidence import protocol

fair, row = protocol.table("fair_mnist"), ("l2", "baseline")
low, high = evidence.with_images(fair, row)  # for other seeds and other images, as the printed line has it
tabled = replace(lesson.reference_verdict("l2"), low=low, high=high), protocol.verdicts(fair, "loss")[row]
said = evidence.tell_briefly(fair, *row).split("In plain words: ")[-1].rstrip(".").split("; ")
units = "accuracy, percentage points (better →)", "cross-entropy, hundredths (← better)"
for column, found, words, unit in zip((1, 0), tabled, said, units):
    pairs = ({s: judged[column] for s, judged in side.items()} for side in (plain, with_l2))
    ours = evidence.compare(*pairs, higher_is_better=column == 1)
    rows = {f"our {ours.n} pairs, λ = 0.0001": ours, f"the table's {found.n}, tuned": found}
    plots.intervals(rows, f"L2 in the table: {words}" + mnist.figure_suffix, x=f"difference in {unit}",
                    alt=f"{ours.sentence('Our pairs', 'points' if column else '')} In the table: {words}.")

# %% [markdown]
# A large dot is a mean, its bar the interval; the small dots below are the seeds' differences. A hollow mean has no
# verdict: its seeds are too few (as ours are), or its bar holds zero or ends so near it that a gain cannot safely be
# told from a loss (lesson 10 has the rule).
#
# Each title says in words what the table finds. Hold it against your prediction, first in right answers, then in
# cross-entropy. Even a bar that holds zero says something: a gain beyond the better of its two ends is hard to believe.
#
# What does the figure not say? *Why*. The baseline has dropout already and trains for a short time, on more than 300
# digits. Any of this may leave the penalty little to do for right answers; none of it is tested here. Nor does it speak
# of other networks: what calms one may do little for another that is less ill, or ill in another way. And all bars but
# the table's in accuracy hold the luck of the seeds alone, not that of the pictures.
#
# ## On the comparison set
#
# The test set is sealed again until lesson 09. Your own network is judged on the comparison set. (In full mode there is
# none, and the validation images stand in for it.)

# %%
record = lesson.record(model, "baseline_cnn", "l2", history=history, compare=lesson.compare(model), l2=1e-4)
lesson.expect(record, "compare_accuracy")

# %% [markdown]
# The chart shows earlier runs of *this lesson's* setting (the article's $\lambda$, Adam's usual rate), not the tuned
# ones of the table. Hold the distance between the bars of "baseline CNN" and "+ L2" against the spread of the dots
# within a row.

# %%
lesson.progress(record)

# %% [markdown]
# ## Exercise 1: the penalty by hand
#
# > Write the L2 penalty of a list of NumPy arrays, one for each layer's weights, for a given $\lambda$.


# %%
def l2_penalty(kernels, penalty):
    ...


# %% tags=["nbval-check-output"]
lesson.check_l2_penalty(l2_penalty)

# %% [markdown]
# ## Exercise 2: how long until half is gone?
#
# > A weight gets no gradient from the data, and plain gradient descent trains it with learning rate `rate` and an L2
# > penalty of factor `penalty` in the loss. After how many steps has it shrunk to half its size, or less? Return a
# > whole number of steps. (Predict for `rate=0.01`, `penalty=0.0001` before you compute it.)


# %%
def steps_to_half(rate, penalty):
    ...


# %% tags=["nbval-check-output"]
lesson.check_steps_to_half(steps_to_half)

# %% [markdown]
# Solutions: [solutions/03_l2.ipynb](solutions/03_l2.ipynb).
#
# ## What to take away
#
# * With small weights an answer changes slowly. A steep exception needs large ones, and the penalty $\lambda \sum w^2$
#   makes these expensive; $\lambda$ is the price. What it does to the cross-entropy and what to the number of mistakes
#   are two questions. For the baseline our few pairs cannot tell whether it helps; the course's table gives an interval
#   for each of the two.
# * Keras adds the penalty to every loss it reports. Compare accuracies or cross-entropies, never reported losses across
#   values of $\lambda$.
# * With plain gradient descent L2 is weight decay, a factor $1 - 2\eta\lambda$ a step; with Adam it is not, so `AdamW`
#   keeps the decay out of the loss.
#
# The penalty acts while the network trains. But where do the weights stand *before* the first step, and does it matter?
# That is the question of [lesson 04](04_initialisation.ipynb).
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, part 3: L2 with $\lambda = 10^{-4}$ on every weight layer.
# * A. Krogh and J. Hertz, *A simple weight decay can improve generalization*, 1991.
# * I. Loshchilov and F. Hutter, *Decoupled weight decay regularization*, 2019: why L2 and weight decay part under Adam.
# * C. Zhang, S. Bengio, M. Hardt, B. Recht and O. Vinyals, *Understanding deep learning requires rethinking
#   generalization*, 2017.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** The polynomial is worth five minutes at the board: ask where the swings come from before
# anyone sees the weights. Let the group vote on whether $\lambda$ matters to Adam for an unused weight. While the
# paired runs train, ask what a learner would have concluded from the reported losses alone. Likely wrong answers: in
# exercise 1 the square root of the sum (a norm, and no penalty) or the mean over weights; in exercise 2 the factor 2
# forgotten, or a straight line in place of compound shrinking (half of $w$ divided by what the first step takes off).
# If somebody is disappointed by the verdict on the baseline, that is the lesson's best moment: ask what they would have
# needed to see in order to believe the opposite.
