# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Before the first step
#
# **Goal:** choose initial weights so that a deep network can learn at all, derive the two rules that the article uses,
# and find out where the choice matters.
#
# Training moves the weights step by step. But before any digit has been seen, every weight already has a value, and
# until now Keras has filled those values in without a word. What would have happened if it had filled in zeros? Or any
# numbers between -1 and 1?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots

lesson = Lesson("04_initialisation", mode=mode, seed=seed)
mnist = lesson.load("mnist")  # x_train, y_train, x_val, y_val; the test set stays sealed

# %% [markdown]
# ## One network, five ways to start
#
# Our baseline has four layers with weights, too few to show the trouble well. So for the first half of this lesson we
# take a perceptron that is far deeper than it needs to be: **twenty** hidden layers of 100 units, each with a ReLU.
# The five runs have the same digits, the same optimiser and the same layers. Only the values that the weights have
# *before the first step* differ. (The softmax layer starts from Glorot's rule in all five.)

# %%
import keras
import numpy as np
from keras import initializers, layers, ops


def build_deep(start, depth=20, units=100, last="glorot_uniform"):
    # Each layer gets a seed of its own: see "A trap" below.
    kernels = [start(100 * seed + k) for k in range(depth)]
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Rescaling(1 / 255), layers.Flatten(),
        *[layers.Dense(units, "relu", kernel_initializer=kernel) for kernel in kernels],
        layers.Dense(10, "softmax", dtype="float32", kernel_initializer=last),
    ])


# %%
starts = {
    "zeros": lambda seed: initializers.Zeros(),
    "uniform, -1 to 1": lambda seed: initializers.RandomUniform(-1, 1, seed=seed),
    "Glorot": lambda seed: initializers.GlorotUniform(seed=seed),
    "He": lambda seed: initializers.HeUniform(seed=seed),
    "orthogonal": lambda seed: initializers.Orthogonal(seed=seed),
}
colours = [plots.COLOURS[k] for k in (0, 1, 2, 6, 3)]  # one look for each start, here and below: for the drawings alone
styles = zip(starts, colours, ("-", ":", "-.", "-", "--"), "osd^v", ((0, 3), (1, 3), (2, 3), (0, 3), (1, 3)))
looks = {name: dict(zip(("color", "linestyle", "marker", "markevery"), style)) for name, *style in styles}

# %% [markdown]
# Glorot's start is the one that Keras has used for you so far, He's is the one that the article chooses, and the
# *orthogonal* start draws a random rotation (or a mirror image of one): where a layer has as many outputs as inputs, it
# keeps the length of whatever it turns. The reasons behind these names come further down.
#
# > **Predict first:** which of the five will learn to read digits, and which will not?
#
# We use the plainest optimiser there is, gradient descent with one learning rate for all weights (`SGD`), so that
# nothing covers up for a bad start. It keeps no memory of earlier steps. So it is enough to build and compile one
# network, and to put other weights into it for every run.


# %%
def train(network, epochs=12, watch=True):
    """Train a compiled network; return its history, a dict with one value for each epoch."""
    return network.fit(
        mnist.x_train, mnist.y_train, batch_size=128, epochs=lesson.epochs(epochs), verbose=0,
        validation_data=(mnist.x_val, mnist.y_val), callbacks=lesson.callbacks()[0 if watch else 1 :],
    ).history


def train_deep(start):
    deep.set_weights(build_deep(start).get_weights())
    keras.utils.set_random_seed(seed)
    # Without the course's watch, which stops a fit whose loss is no longer a number.
    return train(deep, epochs=16, watch=False)


# %%
deep = build_deep(starts["He"])
deep.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
learned = {name: train_deep(start) for name, start in starts.items()}

# %%
readers = [name for name, history in learned.items() if history["val_accuracy"][-1] > 0.5]
plots.lines(
    {name: 100 * np.array(history["val_accuracy"]) for name, history in learned.items()},
    title=f"More than half of the digits right at the end: {', '.join(readers) or 'no start'}" + mnist.figure_suffix,
    x="epoch", y="validation accuracy, %", looks=looks, at_ends=".1f",
    alt="Accuracy by epoch; at the end " + ", ".join(f"{n} {h['val_accuracy'][-1]:.0%}" for n, h in learned.items()),
)

# %%
for name, history in learned.items():
    print(f"{name:16} training loss {history['loss'][-1]:.2f}, validation accuracy {history['val_accuracy'][-1]:.1%}")

# %% [markdown]
# The title of the figure answers the question. Remember from lesson 01 that guessing among ten digits costs $\ln 10
# \approx 2.30$. Zeros never do better. Numbers between -1 and 1 end in a loss of `nan`, *not a number*: something grew
# too large for the computer. (Such a network calls every digit a 0, and about one in ten is one.) Glorot's start and
# the orthogonal one leave the loss of guessing late, if at all. (Late in steps: full mode makes many more of them in an
# epoch, so there it may be an early one.) While they only guess, their curves and that of the zeros lie on top of each
# other.
#
# (Each curve is one run at one learning rate, which need not suit every start: lesson 05 shows how much a rate can
# decide.) Whatever makes the difference was there before the first step, so let us look there.
#
# ## The forward pass: what is left of a digit after twenty layers?
#
# We send a batch of digits through the untrained layers, and measure how large each layer's outputs are: their *size*,
# the root of the mean square, $\sqrt{\mathbb{E}[x^2]}$ ($\mathbb{E}$: the mean).
#
# > **Predict:** what does each start do to this size, from layer to layer?


# %%
def size(values):
    return float(np.sqrt(np.mean(ops.convert_to_numpy(values).astype("float64") ** 2)))


def signal(network, images, kinds=(layers.Conv2D, layers.Dense)):
    """What each layer of some kinds, except the last layer, makes of images, in layer order."""
    chosen = [layer.output for layer in network.layers[:-1] if isinstance(layer, kinds)]
    return keras.Model(network.inputs[0], chosen)(images)


images, labels = mnist.x_train[:256], mnist.y_train[:256]
forward = {name: list(map(size, signal(build_deep(start), images))) for name, start in starts.items()}


# %%
def draw_depth(sizes, title, y, alt, back=False):
    drawn, axes = plots.figure()
    what, to, at, ha = ("the gradient's way", 0.4, 0.97, "right") if back else ("the signal's way", 0.6, 0.03, "left")
    axes.annotate(what, (to, 0.05), (at, 0.05), "axes fraction", ha=ha, va="center", arrowprops={"arrowstyle": "->"})
    for name, values in sizes.items():
        look = {"label": name} if any(values) else {"label": f"{name}: no line", "color": "none"}
        axes.plot(range(1, 21), values, linewidth=2, **looks[name] | {"marker": None} | look)
    axes.set(xlabel="layer", ylabel=y, xticks=range(2, 21, 2), yscale="log", ylim=(1e-6, 1e6))
    drawn.suptitle(title + mnist.figure_suffix, fontsize=11)
    axes.grid(alpha=0.25)
    drawn.legend(loc="outside right center", fontsize=9, frameon=False)
    plots.show(drawn, alt)


draw_depth(
    forward, "Forward, only He's start keeps the signal at its size", "size of the layer's outputs",
    "Size of layer outputs by depth: uniform explodes, He stays level, Glorot and orthogonal fade, zeros have no line.",
)

# %% [markdown]
# The vertical axis counts in powers of ten. The uniform start multiplies the signal at every layer until it leaves the
# figure, and the softmax behind it is completely sure of whatever it says. Glorot's and the orthogonal start let it
# fade at about the same rate. Is that a coincidence? And zeros have no line, because a logarithmic axis has no place
# for nothing.
#
# ## The backward pass: what reaches the first layer?
#
# A network learns from gradients, and by the chain rule (lesson 01) those travel through the same layers in the other
# direction, from the last to the first. How do we get to see them? With a small trick in plain Keras. One step of
# gradient descent changes each weight and bias by the learning rate times its gradient. The *biases* of our layers
# start at zero. So after one step with a learning rate of 1, each bias **is** its gradient, with the sign turned. And
# since $y = Wx + b$, the gradient of $b$ is that of $y$, summed over the batch: what the loss tells that layer. (In
# this sum the gradients of different pictures partly cancel. If they do so alike in every layer, we can still read off
# how the size changes.)


# %%
def gradient(start):
    network = build_deep(start)
    network.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy", run_eagerly=True)
    network.train_on_batch(images, labels)
    return [size(layer.bias) for layer in network.layers if layer.weights][:-1]


backward = {name: gradient(start) for name, start in starts.items()}
draw_depth(
    backward, "Backward, the same starts lose the gradient or blow it up", "size of the gradient at the layer",
    "Size of the gradient from layer 20 back to 1: uniform explodes, He stays level, Glorot and orthogonal fade.", True,
)
print(f"Glorot: layer 20 has {backward['Glorot'][-1] / backward['Glorot'][0]:,.0f} times the gradient of layer 1")

# %% [markdown]
# Read this one **from right to left**. With uniform weights the first layer is told to move by an astronomical amount.
# With Glorot's start the message that reaches it is weaker by the factor printed above. With zeros no hidden layer gets
# a message, not even the last one: all its sums are 0, and up to there a ReLU is flat: it hands nothing back.
#
# That explains the first figure. The gradient of a *weight* is a product: what comes back to its unit, times what came
# in through it. In Glorot's network the early layers have a good input and hear hardly anything back; the late layers
# hear well, but have hardly any input. So the product is tiny in every layer. A step of gradient descent is that
# product times the learning rate: for a long time, no layer gets anywhere. (The late biases do move, but a bias adds
# the same to every picture, so it tells no digit from another.)
#
# Adam divides each gradient by its typical size, so it hears a whisper nearly as well as a shout, while the whisper is
# far above the $10^{-7}$ of lesson 03. To see which starts it rescues, compile with `"adam"` inside `train_deep`,
# afresh for each run.
#
# ## Two rules, derived
#
# Take one unit with $n$ inputs, before its ReLU: $y = \sum_{i=1}^{n} w_i x_i$. Its weights are drawn independently of
# each other and of its inputs, with mean 0. (Of independent numbers the mean of a product is the product of the means.)
# Square the sum and take the mean: in every mixed term $w_i w_j x_i x_j$ there is a factor $\mathbb{E}[w_i] = 0$, so
# only the squares stay,
#
# $$\mathbb{E}[y^2] = \sum_{i=1}^{n} \mathbb{E}[w_i^2]\, \mathbb{E}[x_i^2]
# = n \operatorname{Var}(w)\, \mathbb{E}[x^2].$$
#
# (The *variance* $\operatorname{Var}(w)$ is the mean square of the distance from the mean. The mean is 0 here, so it is
# $\mathbb{E}[w^2]$; and $\mathbb{E}[x^2]$ is the mean over the $n$ inputs.)
#
# **Forward.** Write $n_\text{in}$ for the number of inputs $n$. Without a ReLU, the size stays the same from layer
# to layer if $n_\text{in} \operatorname{Var}(w) = 1$.
#
# **Backward.** Input $x_i$ goes into all $n_\text{out}$ units of the layer, so its gradient ($L$ is the loss) is a sum
# over *them*: $\frac{\partial L}{\partial x_i} = \sum_{k=1}^{n_\text{out}} w_{ki} \frac{\partial L}{\partial y_k}$. It
# is the same sum, seen from the other side, if we take the gradients to be independent of the weights, as the two
# papers below do. (The next table shows how well that holds.) The gradient keeps its size if $n_\text{out}
# \operatorname{Var}(w) = 1$.
#
# **Glorot and Bengio** (2010) wanted both. That is possible only where $n_\text{in} = n_\text{out}$, so they put the
# mean of the two numbers in their place:
#
# $$\operatorname{Var}(w) = \frac{1}{\tfrac12 (n_\text{in} + n_\text{out})} = \frac{2}{n_\text{in} + n_\text{out}}.$$
#
# **He and others** (2015) put the ReLU in. Weights drawn symmetrically around 0 make positive and negative $y$ equally
# likely. The ReLU keeps the positive half and sets the other half to 0, so it halves the mean square:
# $\mathbb{E}[\max(0, y)^2] = \tfrac12 \mathbb{E}[y^2]$. The size now stays the same if $\tfrac12 n_\text{in}
# \operatorname{Var}(w) = 1$, that is
#
# $$\operatorname{Var}(w) = \frac{2}{n_\text{in}}.$$
#
# What about the backward pass? A ReLU hands a gradient on only where $y > 0$, for half of the units, so there too the
# mean square is halved, and the rule would be $2 / n_\text{out}$. With He's $2 / n_\text{in}$ a layer multiplies the
# gradient's mean square by $\tfrac12 n_\text{out} \operatorname{Var}(w) = n_\text{out} / n_\text{in}$. But one layer's
# $n_\text{out}$ is the next one's $n_\text{in}$, so along the network everything cancels but the first and the last
# number: one constant for the whole network, not a factor at each layer. One side is enough.
#
# ## Does it hold?
#
# The formula says by how much the size is multiplied at each layer: by $\sqrt{\tfrac12 n \operatorname{Var}(w)}$. From
# the second on, our hidden layers have as many inputs as outputs, so it says the same for the gradient on its way back.
# The variance of numbers drawn evenly (*uniform*) from $-1$ to $1$ is $\tfrac13$; the rows of an orthogonal matrix (a
# rotation's table of weights, say) have length 1, so its weights have a mean square of $\tfrac1n$.

# %%
variances = {"uniform, -1 to 1": 1 / 3, "Glorot": 2 / 200, "He": 2 / 100, "orthogonal": 1 / 100}
for name, variance in variances.items():
    ahead = (forward[name][-1] / forward[name][0]) ** (1 / 19)
    back = (backward[name][0] / backward[name][-1]) ** (1 / 19)
    formula = np.sqrt(100 * variance / 2)
    print(f"{name:16} times {ahead:.2f} a layer forward, {back:.2f} backward; the formula says {formula:.2f}")

# %% [markdown]
# Forward and backward the factors come out close to the formula, so the assumptions were not far off. (The uniform,
# Glorot's and He's start share their seeds: one draw at three scales, so count these rows as one test.) And it was no
# coincidence that two lines in the figures fade alike. Where $n_\text{in} = n_\text{out}$, an orthogonal matrix keeps
# the size exactly and Glorot's rule keeps it on average, *until the ReLU halves its square*. A factor of $\sqrt{1/2}$
# is harmless once. Twenty times, it is a thousandth.
#
# How does one draw weights of a given variance? A uniform distribution from $-r$ to $r$ has the variance
# $\frac{1}{2r}\int_{-r}^{r} w^2\, dw = \frac{r^2}{3}$, so $r = \sqrt{3 \operatorname{Var}(w)}$. Glorot's rule gives
# $r = \sqrt{6 / (n_\text{in} + n_\text{out})}$: hence the $\sqrt 6$ in Keras's documentation. (A normal distribution of
# the same variance does as well: the derivation asked for nothing but independence, symmetry around 0 and the
# variance.) Exercise 2 asks for He's limit.

# %% [markdown]
# ## A rule that you understand, you can mend
#
# The orthogonal start lets the signal fade for a reason that we now know: nobody told it about the ReLU.
#
# > **Predict:** what happens when its weights are multiplied by $\sqrt 2$, which Keras calls the *gain*?


# %%
def with_gain(seed):
    return initializers.Orthogonal(gain=np.sqrt(2), seed=seed)


mended, sizes = "orthogonal, gain √2", list(map(size, signal(build_deep(with_gain), images)))
print(f"With the gain: times {(sizes[-1] / sizes[0]) ** (1 / 19):.2f} a layer forward")
learned[mended] = train_deep(with_gain)
found = {name: 100 * np.array(learned[name]["val_accuracy"]) for name in ("orthogonal", mended, "He")}
title = f"Orthogonal at the end: {found['orthogonal'][-1]:.0f} % as it is, {found[mended][-1]:.0f} % with the gain"
plots.lines(
    found, title=title + mnist.figure_suffix, x="epoch", y="validation accuracy, %", at_ends=".1f",
    looks=looks | {mended: looks["orthogonal"] | {"linestyle": "-", "marker": "s"}},
    alt=f"Validation accuracy against epoch. {title}.",
)

# %% [markdown]
# The printed factor is the test: the gain makes good the half that the ReLU takes from the square. (Each curve is one
# run at one rate: do not rank He's and the one with the gain, and read nothing into any dents.)
#
# ## Deep for nothing? (optional)
#
# A deep stack that can be trained need not be a good one: each layer has to rebuild whatever it wants to keep from the
# layer before. **Residual connections** (He and others, 2016) hand the input on and let a layer add to it, $x + f(x)$
# in the place of $f(x)$. Where the weights of $f$ are small, such a layer does next to nothing, so one more
# starts out harmless; and in the backward pass the gradient has a way around every layer.
#
# How small? What comes out of a ReLU is never negative, so the additions do not cancel: they pile up. How fast does the
# signal grow with He's own variance, and how fast with a smaller one?


# %%
def build_residual(variance, depth=20, units=100):
    pixels = keras.Input((28, 28, 1))
    x = layers.Flatten()(layers.Rescaling(1 / 255)(pixels))
    x = layers.Dense(units, "relu", kernel_initializer="he_uniform")(x)
    for _ in range(depth - 1):
        small = initializers.VarianceScaling(variance)  # variance / n
        x = layers.Add()([x, layers.Dense(units, "relu", kernel_initializer=small)(x)])
    return keras.Model(pixels, layers.Dense(10, "softmax", dtype="float32")(x))


for name, variance in (("2 / n, He's own", 2), ("2 / n, divided by the depth", 2 / 20)):
    network = build_residual(variance)
    sizes = list(map(size, signal(network, images, layers.Add)))
    print(f"variance {name}: from the first sum to the last the signal grows {sizes[-1] / sizes[0]:,.1f} times")

# %% [markdown]
# We take the second, with which it grows far less. (The first we have not trained.) Here is what comes out of the
# second and the last of the twenty layers, without and with the way around, before the first step:

# %%
seen = {f"{name}'s": signal(build_deep(starts[name]), images)[1::18] for name in ("Glorot", "He")}
seen["way around"] = signal(network, images, layers.Add)[::18]
inside = {f"{name}, layer {k}": ops.convert_to_numpy(values).astype("float32")
          for name, found in seen.items() for k, values in zip((2, 20), found)}
plots.histograms(inside, "Glorot's start lets the signal fade; He's and the way around do not" + mnist.figure_suffix,
                 "output of a unit (beyond 6: at 6)", limits=(0, 6), log_y=True, columns=2,
                 alt="Outputs of layers 2 and 20: Glorot's end at zero, He's keep some width, the way around's widen.")

# %% [markdown]
# Glorot's signal has gathered at zero. He's roughly keeps its width, since each layer makes good for what its ReLUs cut
# away. And the way around hands the signal on, whatever the layer beside it does; each layer adds a little, so the
# signal grows, but slowly.
#
# > **Predict:** will the same twenty layers, with the same optimiser, now be worth their depth?

# %%
keras.utils.set_random_seed(seed)
deep_or_not = {"one layer": build_deep(starts["He"], depth=1), "with a way around": build_residual(2 / 20)}
for name, network in deep_or_not.items():
    network.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    learned[name] = train(network, epochs=16)
learned["twenty plain layers"] = learned["He"]

# %%
reached = {name: 100 * np.array(learned[name]["val_accuracy"]) for name in ("twenty plain layers", *deep_or_not)}
leads = [reached["with a way around"][-1] - reached[name][-1] for name in ("one layer", "twenty plain layers")]
one, plain = ("about as good as" if abs(x) < 2 else "better than" if x > 0 else "worse than" for x in leads)
plots.lines(
    reached, x="epoch", y="validation accuracy, %", marker="o", at_ends=".1f",
    title=f"One run each: twenty layers with a way around ended {one} one, {plain} twenty plain" + mnist.figure_suffix,
    looks=dict(zip(reached, (looks["He"], {"color": plots.COLOURS[4]}, {"color": plots.COLOURS[5]}))),
    alt="Validation accuracy against epoch: twenty plain layers with He's start, one layer, twenty residual layers.",
)

# %% [markdown]
# They are worth their depth only if they beat the one layer, too. The title says how they ended, in one run each at one
# learning rate for all; "about as good as" is less than two points apart. Two things changed together: the way around,
# and the smaller start that belongs to it.
#
# ## Why random at all?
#
# Zeros are bad because they let nothing through. Then why not a small constant, the same for all weights? That lets
# plenty through. Here are two perceptrons with one hidden layer of 16 units: one starts with the same constant
# everywhere, the other from Glorot's rule. After training we look at the incoming weights of eight hidden units in
# each, as pictures.
#
# > **Predict:** how will the eight units of the first network differ from each other?


# %%
kernels, constant = {}, initializers.Constant(0.01)
for name, start in [("constant", lambda seed: constant), ("random", starts["Glorot"])]:
    network = build_deep(start, depth=1, units=16, last=start(0))
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    accuracy = train(network)["val_accuracy"][-1]
    kernels[name] = ops.convert_to_numpy(network.layers[2].kernel)
    apart = np.ptp(kernels[name], axis=1).max()
    print(f"{name:8} start: validation accuracy {accuracy:.1%}, weights differ from unit to unit by up to {apart:.4f}")

# %%
weights = np.hstack([kernels["constant"][:, :8], kernels["random"][:, :8]]).T.reshape(16, 28, 28)
plots.images(
    weights / (2 * np.abs(weights).max(axis=(1, 2), keepdims=True)) + 0.5, columns=8,
    title="Equal at the start: equal for good (above). Random: different (below)" + mnist.figure_suffix,
    alt="Two rows of eight weight pictures: all the same in the upper row, different in the lower.",
)

# %% [markdown]
# They do not differ at all. (Mid-grey is a weight of 0, and every picture has a scale of its own.) Sixteen units, and
# all the network has is one unit, sixteen times. They start equal, in the weights that come in and in those that go
# out. So they compute the same and hear the same back; so they get the same gradient; so they stay equal. No number of
# steps leads out of this circle. It is called **symmetry**, and zeros are only its worst case: there the gradient
# itself is zero too. Chance is the easy way to tell the units apart.
#
# ## A trap: an initialiser repeats itself (optional)
#
# We gave each of the twenty layers a seed of its own. Would not one initialiser for all of them be tidier?

# %% tags=["nbval-check-output"]
one = initializers.HeUniform()  # no seed
pair = keras.Sequential([keras.Input((9,)), *(layers.Dense(9, kernel_initializer=one) for _ in range(2))])
first, second = (ops.convert_to_numpy(layer.kernel) for layer in pair.layers)
print("two layers that share it start as copies:", np.array_equal(first, second))

# %% [markdown]
# An initialiser object in Keras returns the same values for the same shape each time, even if you gave it no seed (only
# a `SeedGenerator` as its seed changes that). So our derivation, which drew every layer's weights independently of the
# signal that reaches them, no longer applies to layers that share one. Give each layer an object of its own, or give
# the initialiser's *name* (`kernel_initializer="he_uniform"`): then Keras makes a new one for every layer, seeded by
# `keras.utils.set_random_seed`.
#
# ## And in our baseline?
#
# Does any of this matter for the network that we want to improve, with its four layers of weights? The article takes
# He's rule for the layers with a ReLU and Glorot's for the softmax layer, which has none. In a convolution,
# $n_\text{in}$ is what one window sees: $3 \cdot 3$ times the channels that it reads; $n_\text{out}$ is $3 \cdot 3$
# times the channels that it writes, since each pixel lies in nine windows.
#
# How large is the signal in the baseline from these two starts, and from the careless one between -1 and 1? (An
# initialiser may be any function from a shape to values; the careless one draws anew for every layer.)


# %%
def build_cnn(start, penalty=None):
    options = {"kernel_initializer": start, "kernel_regularizer": penalty}
    return keras.Sequential([
        keras.Input((28, 28, 1)), layers.Rescaling(1 / 255),
        layers.Conv2D(32, 3, padding="same", activation="relu", **options),
        layers.Conv2D(32, 3, padding="same", activation="relu", **options),
        layers.MaxPooling2D(), layers.Dropout(0.25), layers.Flatten(),
        layers.Dense(128, activation="relu", **options),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax", dtype="float32", kernel_regularizer=penalty),
    ])


# %%
def careless_start(shape, dtype):
    return keras.random.uniform(shape, -1, 1, dtype)


for name, start in (("uniform, -1 to 1", careless_start), ("He", "he_uniform"), ("Glorot", "glorot_uniform")):
    sizes = list(map(size, signal(build_cnn(start), images)))
    print(f"{name:16} pixels {size(images / 255):.2f}, then layer by layer", ", ".join(f"{x:.2f}" for x in sizes))
print(f"Glorot, the last layer's size over the pixels': baseline {sizes[-1] / size(images / 255):.2g}, "
      f"twenty layers {forward['Glorot'][-1] / size(images / 255):.2g}")

# %% [markdown]
# Glorot's start shrinks the signal here too, most of all in the first layer: there $n_\text{in} = 9$ is far below
# $n_\text{out} = 288$, and Glorot's rule, which counts both, makes the weights too small for nine inputs. After that
# step it shrinks little more. In twenty layers the shrinking goes on: the last line compares what is left in the end.
#
# > **Predict:** will He's rule raise the validation accuracy after the last epoch? We train both with Adam, as we
# > always train the baseline, and with the same seeds, and once more from the careless start.


# %%
def train_cnn(start, s):
    keras.utils.set_random_seed(s)
    network = build_cnn(start)
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return np.array(train(network, epochs=8)["val_accuracy"])


glorot = {s: train_cnn("glorot_uniform", s) for s in lesson.seeds(3)}
he = {s: train_cnn("he_uniform", s) for s in lesson.seeds(3)}
careless = train_cnn(careless_start, seed)

# %%
wrong = {"Glorot": 100 * (1 - glorot[seed]), "He": 100 * (1 - he[seed]), "uniform, -1 to 1": 100 * (1 - careless)}
more = [(run[-1] - wrong["Glorot"][-1]).round(1) + 0 for run in wrong.values()]
title = f"One seed, mistakes at the end against Glorot's: He's {more[1]:+.1f} points, the uniform start {more[2]:+.1f}"
plots.lines(
    wrong, title=title + mnist.figure_suffix, x="epoch", y="validation mistakes, %", looks=looks, at_ends=".1f",
    log_y=True, limits=(0.5, 100), alt=f"Validation mistakes by epoch, three starts, in powers of ten. {title}.",
)

# %% [markdown]
# So that both gaps can be seen, the axis counts mistakes, in powers of ten: equal distances are equal *ratios*. For He
# and Glorot one seed decides nothing; all pairs follow. The careless start is one run at Adam's usual rate, which need
# not suit it: trust neither the size of the gap nor the shape of the curve. If it does badly, there is a likely reason,
# which we have not tested: its sums are so large (see the sizes above) that the softmax is completely sure of every
# answer, right or wrong.

# %%
comparisons = {}
for name, epoch in [("after the first epoch", 0), ("after the last epoch", -1)]:
    before, after = ({s: run[epoch] for s, run in runs.items()} for runs in (glorot, he))
    comparisons[f"our pairs,\n{name}"] = found = evidence.compare(before, after)
    changed = sum(1 - value for value in after.values()) / sum(1 - value for value in before.values()) - 1
    print(found.sentence(f"He against Glorot, {name}"), f"In mistakes: {changed:+.0%}.")

# %% [markdown]
# As both starts come close to full marks, a difference in points must shrink. So each line gives it in mistakes as
# well. And why *too few seeds*, even where an interval lies clear of zero? With three seeds an interval leans wholly on
# the bell curve, which three numbers cannot test; and all runs are judged by the same validation pictures, whose luck
# is not in it.
#
# So here is the fair comparison, a row of the course's table, and below it our pairs and that row in one figure.

# %%
from dataclasses import replace

from course_utils.evidence import protocol

fair = lesson.reference_verdict("he_init")
low, high = evidence.with_images(protocol.table("fair_mnist"), ("he_init", "baseline"))
comparisons[f"fair: own rates, more\nepochs, {fair.n} pairs"] = replace(fair, low=low, high=high)
first, last, tuned = (f"{100 * found.mean:+.1f}" for found in comparisons.values())
title = f"He minus Glorot: {first} points after the first epoch, {last} at the end, {tuned} in the fair comparison"
plots.intervals(comparisons, title + mnist.figure_suffix, f"Three differences with 95 % intervals. {title}.")

# %% [markdown]
# (A hollow dot: no verdict. The small dots are the seeds' differences. The fair row's bar, on the comparison set, holds
# the luck of the pictures too; ours do not.) Our pairs share one rate and train for few epochs, which may flatter
# whoever sets out quickly. The fair comparison trains for more epochs than reduced mode, which can make a quick start's
# lead vanish. It also tunes each side's learning rate, and lowers it during training. Where the two rates in the line
# "Tuned for each" differ, it compares each start together with its rate, and not the starts alone. (Which of these
# matters most we have not measured.)
#
# So hold your prediction against two rows: our pairs after the last epoch (too few for a verdict) and the fair row. A
# technique is not good or bad; it is good *for* something. What He's rule, with its rate, is worth to our baseline, the
# line "In plain words" says. In a much deeper network the rule keeps signal and gradient at their size, as you have
# seen. The growing model is the article's, so it takes He's rule in any case.
#
# ## The growing model
#
# The baseline with L2 from lesson 03, and He's start for the ReLU layers.

# %%
keras.utils.set_random_seed(seed)
model = build_cnn("he_uniform", keras.regularizers.L2(1e-4))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    mnist.x_train, mnist.y_train, batch_size=128, epochs=lesson.epochs(12), verbose=0,
    validation_data=(mnist.x_val, mnist.y_val), callbacks=lesson.callbacks("L2 and He's start (loss with penalty)"),
)

# %% [markdown]
# How does it do on the comparison set (in full mode, on the validation images)?

# %%
record = lesson.record(model, "baseline_cnn", "l2+he_init", history=history, compare=lesson.compare(model))
lesson.expect(record, "compare_accuracy")

# %% [markdown]
# (The loss that Keras printed while training contains the penalty, the one on the comparison set does not.)
#
# How far has the course come? He's step is the distance from the bar of "+ L2" to that of "+ He". Where the two rows of
# dots overlap, one run against one run may go either way; lesson 10 says how to judge the means. Where this chart (one
# rate, few epochs, beside L2) and the fair comparison point different ways, both can be right; for a choice the fair
# one counts.

# %%
lesson.progress(record)

# %% [markdown]
# ## Exercise 1: a rule for the leaky ReLU
#
# > A *leaky* ReLU passes positive values as they are and negative values multiplied by a small slope $a$. Which
# > variance of the weights keeps the signal level? Derive it as He did: what part of the mean square comes through?
# > Write it as a function of the number of inputs `n` and the slope `a`. An experiment decides: the check sends a
# > signal through twenty such layers, drawn with your variance, and measures what comes out.


# %%
def leaky_variance(n, a):
    ...


# %% tags=["nbval-check-output"]
lesson.check_leaky_variance(leaky_variance)

# %% [markdown]
# ## Exercise 2: write `he_uniform` yourself
#
# > Given the shape of a kernel, return the limit $r$ of He's uniform distribution. A dense kernel has the shape
# > `(inputs, units)`, a convolution's `(height, width, channels_in, channels_out)`. The check compares yours with what
# > Keras draws.


# %%
def he_limit(shape):
    ...


# %% tags=["nbval-check-output"]
lesson.check_he_limit(he_limit)

# %% [markdown]
# Solutions: [solutions/04_initialisation.ipynb](solutions/04_initialisation.ipynb).
#
# ## What to take away
#
# * The number of inputs, the variance of the weights and the ReLU decide by what factor an untrained layer multiplies
#   the size of its signal. Factors multiply: over many layers even one such as $\sqrt{1/2}$, harmless once, lets the
#   signal and the gradient vanish, and its inverse lets them explode. Without a ReLU, Glorot's $2/(n_\text{in} +
#   n_\text{out})$ keeps the factor near 1, if a layer has about as many outputs as inputs; with a ReLU, He's
#   $2/n_\text{in}$ does.
# * Units must start different, and chance sees to that. Those that start equal, in the weights that come in and go out,
#   stay equal (unless something like dropout parts them), and a whole layer of them is one unit.
# * Over few layers a mild factor does less harm, so there is less to mend, and only a fair comparison says whether
#   mending it helps at all.
#
# A start is chosen once. Then the weights move, and nothing keeps the signals at their size.
# [Lesson 05](05_batch_normalisation.ipynb) asks: what if every layer put its own output back on scale, in every step?
#
# ## Sources
#
# * X. Glorot and Y. Bengio, *Understanding the difficulty of training deep feedforward neural networks*, 2010.
# * K. He, X. Zhang, S. Ren and J. Sun, *Delving deep into rectifiers: surpassing human-level performance on ImageNet
#   classification*, 2015: the factor of two, the leaky ReLU's rule, and why one side is enough.
# * K. He, X. Zhang, S. Ren and J. Sun, *Deep residual learning for image recognition*, 2016.
# * A. Saxe, J. McClelland and S. Ganguli, *Exact solutions to the nonlinear dynamics of learning in deep linear neural
#   networks*, 2014: orthogonal starts.
# * P. Veličković, *Deep learning for complete beginners*, part 3: He for the ReLU layers, Glorot for the softmax layer.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Take bets on the five starts before the first figure; "zeros is the neutral choice" and "small
# random numbers are all alike" are likely wrong answers. Ask why two lines in the second figure fall alike and let the
# group carry the question through the derivation. Somebody may say that ReLU outputs do not have mean 0: right, and the
# derivation never needs it, because the weights do; that is why it works with $\mathbb{E}[x^2]$ and not with
# $\operatorname{Var}(x)$. While the baseline trains, ask what symmetry means for a convolution (all channels are one),
# and whether dropout could break it (it can, for the layer right below it; the layers further down stay tied). In
# exercise 1, $2/n$ (the slope forgotten) and $2/((1 + a)^2 n)$ (the slope added before squaring) are likely wrong
# answers; the test cases $a = 0$ and $a = 1$ catch most mistakes. In exercise 2 some will take `shape[0]` for a
# convolution.
