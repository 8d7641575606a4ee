# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Ask several, believe the average
#
# **Goal:** average several networks, derive what that can and cannot buy, and find out why training them together is
# not the same as training them apart.
#
# Train the same network twice with two seeds, and you get two networks of much the same quality. Which one do you
# keep? Perhaps that is the wrong question. **If two networks make the same number of mistakes, are they the same
# mistakes?**

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots

lesson = Lesson("07_ensembles", mode=mode, seed=seed)
mnist = lesson.load("mnist")  # x_train, y_train, x_val, y_val; the test set stays sealed

# %% [markdown]
# ## Nine networks that differ in nothing but chance
#
# Each is the baseline network of lesson 02. Each sees the same digits, equally often. They differ in their starting
# weights and in what dropout switches off, and each group of three has its own order of the digits.
#
# Nine networks take time, so this part of the lesson trains them on a thousand digits. That also makes the lesson
# clearer, since with little data there is more to get wrong. At the end the whole training set comes back.

# %%
import itertools

import keras
import numpy as np
from keras import layers


def member(x):
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.Dropout(0.25)(layers.MaxPooling2D()(x))
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    return layers.Dense(10, activation="softmax", dtype="float32")(layers.Dropout(0.5)(x))


def build_three(seed):
    keras.utils.set_random_seed(seed)
    images = keras.Input((28, 28, 1))
    pixels = layers.Rescaling(1 / 255)(images)
    return images, [member(pixels) for _ in range(3)]


# %% [markdown]
# Three at a time, for speed: one Keras model with three outputs and *three losses*, which `fit` adds up. No weight
# belongs to two networks, so each gets the gradient of its own network's loss, and Adam treats every weight by itself.
# Given the same start, batches and dropout, each network learns exactly what it would learn alone. After each epoch we
# keep what the three say of their training digits, for a question further down.

# %%
options = {"batch_size": 128, "epochs": lesson.epochs(24), "verbose": 0}
few, labels = mnist.x_train[:1000], mnist.y_train[:1000]
loss = "sparse_categorical_crossentropy"


def ask(model, digits):
    return np.array(model.predict(digits, batch_size=500, verbose=0))  # (3 members, digits, 10)


# By seed, what three say: of the validation digits in the end, of their training digits epoch by epoch.
apart, epochs_apart = {}, {s: [] for s in lesson.seeds(3)}
# After each epoch of the group s: what its three networks say of their training digits.
keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs_apart[s].append(ask(keep.model, few)))
for s in epochs_apart:
    images, outputs = build_three(s)
    model = keras.Model(images, outputs)
    model.compile("adam", [loss] * 3)
    model.fit(few, [labels] * 3, callbacks=[*lesson.callbacks(), keep], **options)
    apart[s] = ask(model, mnist.x_val)

# %%
p = np.concatenate(list(apart.values()))  # (members, digits, 10)
wrong = p.argmax(axis=-1) != mnist.y_val
count, of_each = len(p), wrong.sum(axis=1)
print(f"validation accuracy of {count} networks:", *(f"{1 - mean:.1%}" for mean in wrong.mean(axis=1)))
print(f"The best gets {of_each.min()} of {len(mnist.y_val):,} digits wrong, the worst {of_each.max()}.")

# %% [markdown]
# Keep that spread in mind when a gain is printed below.
#
# > **Predict:** take all the digits that *at least one* of them gets wrong. How many of those does *every one* of them
# > get wrong: nearly all, about half, a third, or hardly any?

# %%
hard = np.argsort(-wrong.sum(axis=0), kind="stable")[: wrong.any(axis=0).sum()]
drawn, axes = plots.figure(height=2.6)
axes.imshow(wrong[:, hard], "Oranges", aspect="auto", interpolation="none", extent=(0, len(hard), count + 0.5, 0.5))
axes.set(xlabel="validation digits that somebody gets wrong, sorted", ylabel="network (dark: wrong)")
every = wrong.all(axis=0).sum()
drawn.suptitle(f"{every} digits fool every network, {len(hard) - every} only some" + mnist.figure_suffix, fontsize=11)
plots.show(drawn, f"A row a network, a column a digit, dark where it is wrong; dark in every row: {every} on the left.")

# %%
print(f"Of {len(hard)} digits that fool somebody, {every / len(hard):.0%} fool all {count}.")
both = np.mean([a & b for a, b in itertools.combinations(wrong, 2)]) / wrong.mean()
print(f"of the digits that one network gets wrong, another one gets {both:.0%} wrong too")

# %% [markdown]
# The block on the left is the hard core: digits that are hard for *this kind of network on these data*. Further to the
# right, more and more of it is chance. The two shares do not contradict each other: of the digits that fool anybody,
# the first asks that they fool all; of one network's mistakes, the second asks that they fool one more. Here are the
# first eight from the left, with the answer that the networks give most often:

# %%
plots.images(mnist.x_val[hard[:8]] / 255, f"Digits that fool {'all' if every > 7 else 'many of the'} {count} networks"
             + mnist.figure_suffix, "Eight digits that fool many of the networks, and what most of them answer.",
             labels=[f"true: {mnist.y_val[i]}\nread as {np.bincount(p[:, i].argmax(-1)).argmax()}" for i in hard[:8]])

# %% [markdown]
# ## Average the probabilities
#
# A mistake that only one network makes can be outvoted. The simplest **ensemble** averages the probabilities of its $k$
# members, $\bar p = \frac1k \sum_m p_m$, and answers with the largest. Here is the digit that it rescues against the
# most wrong answers. In the middle is what each network says, brown where it is wrong, and in blue its probabilities:
# the darker, the more probable.

# %%
mean = p.mean(axis=0)
rescued = np.where(mean.argmax(axis=-1) == mnist.y_val, wrong.sum(axis=0), -1).argmax()
drawn, axes = plots.figure(1, 3, height=2.9, width_ratios=[1, 1.6, 1.3])
axes[0].imshow(mnist.x_val[rescued, :, :, 0], cmap="gray")
axes[0].set(title=f"true: {mnist.y_val[rescued]}", xticks=[], yticks=[])
axes[1].imshow(p[:, rescued], cmap="Blues", vmin=0, vmax=1, aspect="auto")
axes[1].set(title="each network's probabilities", xlabel="digit", ylabel="network", xticks=range(10))
axes[1].set_yticks(range(count), [f"{m + 1} says {p[m, rescued].argmax()}" for m in range(count)], fontsize=8)
for says, bad in zip(axes[1].get_yticklabels(), wrong[:, rescued]):
    says.set_color("#7f2704" if bad else "black")
axes[2].bar(range(10), 100 * mean[rescued], color=plots.COLOURS[0])
axes[2].set(title="their average, %", xlabel="digit", xticks=range(10))
title = f"{wrong[:, rescued].sum()} of {count} networks misread it; their average says {mean[rescued].argmax()}"
drawn.suptitle(title + mnist.figure_suffix, fontsize=11)
plots.show(drawn, f"A digit, each network's probabilities, and their average as bars: {title}.", gradations=True)

# %%
print(f"A majority vote on the digit in the figure would answer {np.bincount(p[:, rescued].argmax(axis=-1)).argmax()}.")
missed = mean.argmax(axis=-1) != mnist.y_val
print(f"Of the {wrong.sum() / count:.1f} mistakes of a member (mean of {count}), the average mends "
      f"{(wrong & ~missed).sum() / count:.1f}; it spoils {(~wrong & missed).sum() / count:.1f} of its right answers.")

# %% [markdown]
# A majority vote counts the answers in the figure, as the first line has done. The average also hears how sure each
# network is (exercise 1). The figure shows its best case; the last line says what it mends and spoils on the whole.
#
# How many members does it take? We need not train again: every choice of $k$ among our networks is an ensemble, and we
# can look at all of them. Each is a dot; the darker a spot in its column, the more of them lie there.

# %%
choices = [some for k in range(1, count + 1) for some in itertools.combinations(range(count), k)]
sizes = np.array([len(some) for some in choices])
right = np.array([(p[list(some)].mean(axis=0).argmax(axis=-1) == mnist.y_val).mean() for some in choices])
dots = {"color": plots.COLOURS[0], "s": 25, "alpha": np.bincount(sizes)[sizes] ** -0.4}  # fainter where there are many

# %%
drawn, axes = plots.figure()
axes.scatter(sizes, 100 * right, **dots)
curve = [100 * right[sizes == k].mean() for k in range(1, count + 1)]
axes.plot(range(1, count + 1), curve, color=plots.COLOURS[1])
axes.set(xlabel="members k (a dot: a choice of k networks; line: their mean)", ylabel="validation accuracy, %")
title = f"Mean accuracy: {curve[0]:.1f}% alone, {curve[-1]:.1f}% with {count} averaged" + mnist.figure_suffix
drawn.suptitle(title, fontsize=11)
plots.show(drawn, f"Validation accuracy of each choice of k members, and a line of their means for each k. {title}.")

# %% [markdown]
# > **Predict:** may an average be right *less* often than its members are on average? Of all these choices, how many
# > fall short in that way: most, some, or hardly any?

# %%
gains = right - [right[list(some)].mean() for some in choices]
print(f"choices right less often than their members on average: {(gains < -1e-9).sum()} of {len(choices) - count}")

# %% [markdown]
# Nothing forbids it: the accuracy need not rise with every new member. And do not read luck off the spread of the dots
# in the figure of all choices: large choices share most of their networks, and there is only one choice of all of them.
#
# ## Why the average's loss cannot be worse than the members' mean
#
# Take one digit with the true class $y$. The loss of the ensemble is $-\log \bar p_y$. The logarithm bends downwards,
# so $-\log$ is convex, and for a convex function the value at the mean is at most the mean of the values (Jensen):
#
# $$-\log\Bigl(\frac1k \sum_m p_{m,y}\Bigr) \;\le\; \frac1k \sum_m \bigl(-\log p_{m,y}\bigr).$$
#
# So the cross-entropy of the average is at most the average of the cross-entropies, on *every digit*, always. It may
# still be worse than the *best* member's, which a validation set can help to find (not measured here). For the accuracy
# there is no such promise: the choices that fell short are counted above.

# %%
true = np.clip(p[:, np.arange(len(mnist.y_val)), mnist.y_val], 1e-7, 1)  # (members, digits)
alone, together = -np.log(true).mean(axis=0), -np.log(true.mean(axis=0))
print(f"mean cross-entropy of the members {alone.mean():.4f}, of their average {together.mean():.4f}")
print(f"digits on which the average is worse than the members' mean: {(together > alone + 1e-6).sum()}")

# %% [markdown]
# The digit that the average rescued shows why. Each network is a dot on the curve of $-\log p$, at the probability that
# it gives the true class; dots of networks that say nearly the same cover one another. The square is the mean of their
# losses (in **nats**, the unit of a loss with natural logarithms), the star the loss of their average. All networks are
# on, and in JupyterLab you can switch them off. Can you bring the square below the star?

# %%
from course_utils import widgets


def on_the_curve(some):
    each = true[:, rescued]
    of, curve = each[list(some)], np.geomspace(each.min(), 1, 200)
    square, star = -np.log(of).mean(), -np.log(of.mean())
    drawn, axes = plots.figure(height=3.0)
    axes.plot(curve, -np.log(curve), color="black", label="loss, −log p")
    axes.plot(each, -np.log(each), "o", color="#767676", markerfacecolor="white")
    axes.plot(of, -np.log(of), "o", color=plots.COLOURS[0], label="networks")
    axes.plot([of.mean()] * 2, [square, star], ":", color="#767676")
    axes.plot(of.mean(), square, "s", color=plots.COLOURS[1], markersize=8, label="mean of their losses")
    axes.plot(of.mean(), star, "*", color=plots.COLOURS[2], markersize=14, label="loss of their average")
    axes.set(xlabel="probability of the true class (hollow: left out)", ylabel="loss, nats", xlim=(0, 1.02))
    axes.legend(frameon=False)
    losses = f"One digit: mean of {len(some)} losses {square:.2f} nats, loss of the average {star:.2f}"
    drawn.suptitle(losses + mnist.figure_suffix, fontsize=11)
    return drawn, f"Networks as dots on the curve of -log p, a square at their middle, a star under it. {losses}."


widgets.switch(on_the_curve, range(1, count + 1), on=range(count))

# %% [markdown]
# You cannot: the curve sags, so the middle of points on it never lies below it. Square and star meet where all networks
# that are on say the same, or where only one is left.
#
# ## Why it stops helping
#
# How much better? For the squared error the answer is exact. Let $e_m$ be the error of member $m$ on one digit: ten
# numbers, its probabilities minus the target (1 for the true class, 0 for the others). Write $e \cdot e'$ for the
# product of two such rows, class by class and added up, and $\mathbb{E}$ for the mean over the validation digits *and*
# over all choices of members. Let $s^2 = \mathbb{E}[e_m \cdot e_m]$ for one member and
# $\rho s^2 = \mathbb{E}[e_m \cdot e_j]$ for two different ones. Then $\rho$ says how much alike they err: it is a
# correlation about zero (no means are subtracted).
#
# Two members first: the average's error is $\frac12(e_1 + e_2)$, its square
# $\frac14(e_1 \cdot e_1 + e_2 \cdot e_2 + 2\, e_1 \cdot e_2)$, on average $\frac12(1 + \rho)s^2$. If they err alike
# ($\rho = 1$), nothing is gained; if their errors have nothing to do with each other ($\rho = 0$), half of it goes.
# With $k$ members it is the same sum ($\lVert e \rVert^2$ is short for $e \cdot e$):
#
# $$\mathbb{E}\Bigl[\,\Bigl\lVert\frac1k \sum_m e_m\Bigr\rVert^2\Bigr]
# = \frac{1}{k^2}\Bigl(\underbrace{k\, s^2}_{\text{each with itself}}
# + \underbrace{k(k-1)\, \rho s^2}_{\text{each with another}}\Bigr)
# = \rho\, s^2 + \frac{1-\rho}{k}\, s^2.$$
#
# The second term dies out like $1/k$. The first one stays, however many members there are: it is what they all get
# wrong *together*. Drawn against $1/k$, the means over all choices (the crosses) lie on a straight line; the single
# choices (the dots) scatter about it. Its left end, $1/k = 0$, stands for infinitely many such members, extrapolated
# from ours.

# %%
errors = p - np.eye(10)[mnist.y_val]
# For every two members a and b: e_a . e_b, summed over the classes (c), averaged over the digits (d).
products = np.einsum("adc,bdc->ab", errors, errors) / len(mnist.y_val)
s2, shared = products.trace() / count, (products.sum() - products.trace()) / (count * (count - 1))
squared = np.array([(errors[list(some)].mean(axis=0) ** 2).sum(axis=-1).mean() for some in choices])

drawn, axes = plots.figure()
axes.fill_between([0, 1], shared, color="#dddddd", label="shared: stays")
axes.fill_between([0, 1], shared, [shared, s2], color="#f6cfb0", label="each one's own: goes with 1 / k")
axes.scatter(1 / sizes, squared, **dots)
means = [squared[sizes == k].mean() for k in range(1, count + 1)]
axes.plot(1 / np.arange(1, count + 1), means, "kx", label="mean of the choices")
axes.plot([0, 1], [shared, s2], color=plots.COLOURS[1], label="ρs² + (1 − ρ)s² / k")
axes.plot(0, shared, "*", color=plots.COLOURS[1], markersize=13, label="infinitely many")
axes.set(xlabel="1 / k (0.5: two networks)", ylabel="squared error of the average", ylim=(0, 1.06 * squared.max()))
axes.legend(loc="lower left", framealpha=1)
drawn.suptitle(f"Squared error: infinitely many leave ρ = {shared / s2:.0%} of it" + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "Squared error against 1 / k: dots and crosses about a line, above an area that stays and a wedge.")

# %% [markdown]
# Of all that averaging can ever take off the mean *squared error*, three members take off two thirds and nine members
# eight ninths, whatever $\rho$ is. But there is only the part $1 - \rho$ to take, and the figure's title says what
# stays. (The shares of common mistakes printed at the start are other numbers: they count wrong answers, while $\rho$
# weighs how far off the probabilities are.) To get more you would need members that are *more different* at the same
# squared error, perhaps by other architectures, data or augmentation (not measured here).
#
# And luck? Split each error into what all seeds have in common and the rest, which is the seed's own. The common part,
# squared, is $\rho s^2$: what this kind of network gets wrong on any training digits (its *bias*, not the number of
# lesson 01), the accidents of these training digits, and what the picture itself leaves open. The rest, squared, has
# the mean $(1-\rho)s^2$: the *variance* that comes from the seed. So averaging takes off the luck of the seed, and of
# the common part nothing. (This reading is exact for independent seeds; ours share the order of the digits in threes.)
#
# ## The article's way: a joint ensemble
#
# We have trained three networks in one model with *three* losses, and averaged afterwards. The article puts the average
# into the model: three branches, an `Average` layer, and *one* loss, that of the average. We call that the **joint
# ensemble**, and the average of networks that were trained apart the **independent** one. Same digits, same start, same
# batches; only the sum over the members has moved, from outside the logarithm to inside.
#
# > **Predict:** which will be better, three apart or three jointly? And which will have the better members?

# %%
joint, joint_few = {}, {}
for s in lesson.seeds(3):
    images, outputs = build_three(s)
    model = keras.Model(images, layers.Average(dtype="float32")(outputs))
    model.compile("adam", loss)
    model.fit(few, labels, callbacks=lesson.callbacks(), **options)
    members = keras.Model(images, outputs)
    joint[s], joint_few[s] = ask(members, mnist.x_val), ask(members, few)

# %%
alone, three = {}, {}
for how, trained in (("apart", apart), ("jointly", joint)):
    trios = np.array(list(trained.values()))  # (groups, members, digits, 10)
    alone[how] = (trios.argmax(axis=-1) == mnist.y_val).mean(axis=-1)  # (groups, members)
    three[how] = (trios.mean(axis=1).argmax(axis=-1) == mnist.y_val).mean(axis=-1)  # (groups,)
groups = {f"three {how}, averaged": 100 * found for how, found in three.items()}
groups |= {f"alone, trained {how}": 100 * found.ravel() for how, found in alone.items()}
title = (f"Averaged: {three['apart'].mean():.1%} apart, {three['jointly'].mean():.1%} jointly; "
         f"alone: {alone['apart'].mean():.1%} and {alone['jointly'].mean():.1%}")
plots.dots(groups, title + mnist.figure_suffix, x="validation accuracy, %; a dot a model, a bar the mean",
           alt=f"A row of dots for each way. {title}.")

# %% [markdown]
# For these three groups, the title answers both halves of your prediction. That is no verdict yet: the comparison below
# puts intervals on the differences.
#
# ## Nobody corrects me while my colleagues get it right
#
# Why should the two ways differ at all? One derivative shows it. The joint loss is $L = -\log \frac1k \sum_j p_{j,y}$,
# so $\partial L / \partial p_{m,y} = -1 / \sum_j p_{j,y}$. Let $z_{m,c}$ be what goes into the softmax of member $m$
# for class $c$. The quotient rule on $p_{m,y} = e^{z_{m,y}} / \sum_d e^{z_{m,d}}$ gives
# $\partial p_{m,y} / \partial z_{m,c} = p_{m,y}\,([c = y] - p_{m,c})$, where $[c = y]$ is 1 for the true class and 0
# for the others. The chain rule multiplies the two:
#
# $$\frac{\partial L}{\partial z_{m,c}}
# = \underbrace{\frac{p_{m,y}}{\sum_j p_{j,y}}}_{r_m}\;\underbrace{\bigl(p_{m,c} - [c = y]\bigr)}_{\text{as if alone}}.$$
#
# A member trained alone gets the second factor. In the joint model it is multiplied by $r_m$, its *share of the
# responsibility* for the right answer. The three shares add up to 1. A share that is the same for every digit
# matters little, since Adam divides a common factor out again; what counts is that the shares differ from digit to
# digit. Say three members give the true class these probabilities; the *push* is the size of the derivative there, at
# $c = y$:

# %% tags=["nbval-check-output"]
for true_class in (0.9, 0.09, 0.01):
    # The three add up to 1, so each is its own share of their sum.
    print(f"p = {true_class:.2f}   push if alone {1 - true_class:.2f}   jointly {true_class * (1 - true_class):.4f}")

# %% [markdown]
# The third member is badly wrong, and alone it would be pushed hard. In the joint model it hears next to nothing,
# because the first member has already answered. The only member that knows a digit goes on learning it almost as if
# alone (if all three know it alike, each gets a third); one that does not gets hardly any help, as soon as another
# knows it. So a member may leave a digit to the others.
#
# Did they? Look at the digits that they were *trained* on: of those that one member gets wrong, how many do the three
# together get right? Members trained apart have nobody to leave a digit to, yet their average mends a part too, and how
# large a part may change as they train. So they come in twice: at the end, and after the epoch in which their number of
# mistakes came nearest to the joint members'. There, if joint members do leave digits to one another, the joint three
# should mend the larger part.

# %%
def mistakes(trios):
    one_wrong = trios.argmax(axis=-1) != labels  # (groups, members, training digits)
    mended = one_wrong & (trios.mean(axis=1, keepdims=True).argmax(axis=-1) == labels)
    return one_wrong.sum(axis=(1, 2)) / 3, mended.sum(axis=(1, 2)) / 3  # of a member, in each group


by_epoch = [mistakes(np.array(groups_then)) for groups_then in zip(*epochs_apart.values(), strict=True)]
at_end = mistakes(np.array(list(joint_few.values())))
then = np.argmin([abs(epoch[0].mean() - at_end[0].mean()) for epoch in by_epoch])
rows = {"jointly": at_end, f"apart, after epoch {then + 1}": by_epoch[then], "apart, at the end": by_epoch[-1]}
for how, (missed_few, mended) in rows.items():
    print(f"{how}: a member gets {missed_few.mean():.1f} of {len(labels):,} training digits wrong, the three mend "
          f"{mended.mean():.1f} of these, {mended.sum() / (missed_few.sum() or 1):.0%}")  # fmt: skip
larger = (at_end[1] * by_epoch[then][0] > by_epoch[then][1] * at_end[0]).sum()
print(f"Against apart after epoch {then + 1}, the joint three mend the larger part in {larger} of {len(joint)} groups.")

# %% [markdown]
# These are few digits and few groups: a hint, no proof. Jensen's inequality says in one line what is possible: the
# joint loss is at most the mean of the three separate ones, so it can be small while the members are still poor.
#
# ## How fair is the comparison?
#
# Paired over seeds, all on the same thousand digits: three networks trained apart and averaged, three trained jointly,
# and one by itself of either kind (the mean of the three in each group). That is fair to the digits, but not to the
# rate (Adam's own, tuned for neither) nor to the computing: $k$ networks take $k$ times as much as one, in training
# *and in every prediction ever after*. Lesson 10 asks what one network does with that time. (A hollow ring: too few
# seeds for a verdict; the small dots below it are the groups.)

# %%
one, one_jointly = alone["apart"].mean(axis=1), alone["jointly"].mean(axis=1)
comparisons = {
    "three apart against one": evidence.compare(one, three["apart"]),
    "three jointly against one": evidence.compare(one, three["jointly"]),
    "three apart against jointly": evidence.compare(three["jointly"], three["apart"]),
    "a joint member against one": evidence.compare(one, one_jointly),
}
gained, gained_jointly, *_ = (100 * found.mean for found in comparisons.values())
title = f"Three apart against one {gained:+.1f} points, jointly {gained_jointly:+.1f}"
plots.intervals(comparisons, title + mnist.figure_suffix, f"Four differences, 95 % intervals, groups as dots. {title}.")

# %%
for name, found in comparisons.items():
    print(found.sentence(name.capitalize()))

# %% [markdown]
# The intervals come from few groups, on the same pictures each time; more digits and more epochs may change all four
# differences. The course's table `fair_mnist` has five times the digits, ten seeds, and a rate tuned for each side (the
# independent members have the baseline's). This is what it says of the joint ensemble, of the independent one, and of
# the two against each other:

# %%
from course_utils.evidence import protocol

verdict = lesson.reference_verdict("ensemble")  # the joint one
print(evidence.tell_briefly("fair_mnist", "ensemble_independent", "baseline"))
independent = protocol.verdicts(protocol.table("fair_mnist")).get(("ensemble_independent", "baseline"))
if verdict and independent:
    print(evidence.compare(verdict.differences, independent.differences).sentence("Independent against joint ensemble"))

# %% [markdown]
# *In plain words* reads the table's intervals. Accuracy: wholly above zero is a gain, wholly below it a loss.
# Cross-entropy: the other way round. With zero inside, nothing is decided. The last line takes the two differences from
# the baseline seed by seed, and is the ten-seed answer to your prediction: three apart, or three jointly? (This
# question is not among those that the table fixed beforehand, and its interval is over the seeds alone, not over the
# images. None of these lines allows for the number of questions asked, as lesson 10 does. Joint members by themselves
# are not in the table.)
#
# ## The growing model
#
# The article puts the joint ensemble in, so we do too: three branches with everything from lessons 03 to 06 in them,
# behind one shifted, normalised input, trained on all training digits.

# %%
from course_utils.layers import FusedBatchNormalization, RandomShift

weights = {"kernel_initializer": "he_uniform", "kernel_regularizer": keras.regularizers.L2(1e-4)}
momentum = 0.99 if lesson.mode == "full" else 0.9


def conv(x):
    x = layers.Conv2D(32, 3, padding="same", activation="relu", **weights)(x)
    return FusedBatchNormalization(momentum=momentum)(x)


def full_member(x):
    x = layers.Dropout(0.25)(layers.MaxPooling2D()(conv(conv(x))))
    x = layers.Dense(128, activation="relu", **weights)(layers.Flatten()(x))
    x = layers.Dropout(0.5)(FusedBatchNormalization(momentum=momentum)(x))
    return layers.Dense(10, "softmax", dtype="float32", **weights | {"kernel_initializer": "glorot_uniform"})(x)


# %%
keras.utils.set_random_seed(seed)
images = keras.Input((28, 28, 1))
shared_input = FusedBatchNormalization(momentum=momentum)(RandomShift(0.1, seed=seed)(images))
outputs = [full_member(shared_input) for _ in range(3)]
model = keras.Model(images, layers.Average(dtype="float32")(outputs))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    mnist.x_train, mnist.y_train, batch_size=128, epochs=lesson.epochs(12), verbose=0,
    validation_data=(mnist.x_val, mnist.y_val), callbacks=lesson.callbacks("03 to 06, joint ensemble (with penalty)"),
)

# %% [markdown]
# Training pictures are shifted and units are dropped, so the training side looks worse than it is, as in lesson 06. Do
# not compare this loss with that lesson's: Keras adds the L2 penalty to it (lesson 03), and here three networks pay.
# The comparison set below counts the cross-entropy alone.

# %%
score = lesson.compare(model)  # on training images from which no seed trains or chooses
techniques = "l2+he_init+batch_norm+augmentation+ensemble"
record = lesson.record(model, "baseline_cnn", techniques, history=history, compare=score)
lesson.expect(record, "compare_accuracy")

# %%
lesson.progress(record)
print(evidence.tell_briefly("fair_mnist", "all", "five"))

# %% [markdown]
# The chart's last step is no verdict: it has three times the weights and the work of the one before it, at the same
# untuned rate. The lines below the chart put the same question to the table, with a rate tuned for each side. (*Five
# together* are lessons 03 to 06 and the baseline's dropout.) Further up, the joint ensemble was added to the plain
# baseline, so the two answers may differ.
#
# ## Exercise 1: vote or average?
#
# > Three members look at one digit. Work out on paper what each way of combining them answers.
# >
# > | member | 3 | 5 | 8 |
# > | --- | --- | --- | --- |
# > | A | 0.50 | 0.45 | 0.05 |
# > | B | 0.48 | 0.47 | 0.05 |
# > | C | 0.04 | 0.85 | 0.11 |

# %%
combined = {
    "average": {3: ..., 5: ..., 8: ...},  # the three averaged probabilities
    "answer of the average": ...,
    "answer of the majority": ...,
}

# %% tags=["nbval-check-output"]
lesson.check_combined(combined)

# %% [markdown]
# ## Exercise 2: how many are worth it?
#
# > You want the squared error of the average to be at most `target` times that of one member. How many members with
# > correlation `rho` does that take at least? (`rho` is at least 0 and below 1, `target` above 0 and at most 1.) Return
# > a whole number, or `math.inf` where no number is enough.


# %%
def members_needed(rho, target):
    ...


# %% tags=["nbval-check-output"]
lesson.check_members_needed(members_needed)

# %% [markdown]
# Solutions: [solutions/07_ensembles.ipynb](solutions/07_ensembles.ipynb).
#
# ## What to take away
#
# * Networks that differ in their seed alone share some of their mistakes and differ in the rest. Averaging $k$ of them
#   shrinks what is each one's own to $1/k$ (in squared error); what they share stays, however many you ask.
# * On every digit the average's cross-entropy is at most the members' mean. The price is $k$ times the computing.
# * Training an average is not averaging trained networks: a digit's push on a joint member is what it would be
#   alone, times the member's share of the right answer.
#
# Every network so far trained for as many epochs as somebody wrote down. [Lesson 08](08_early_stopping.ipynb) asks when
# one should stop.
#
# ## Sources
#
# * L. Hansen and P. Salamon, *Neural network ensembles*, 1990.
# * A. Krogh and J. Vedelsby, *Neural network ensembles, cross validation, and active learning*, 1995: the error of an
#   ensemble from its members' errors and their disagreement.
# * B. Lakshminarayanan, A. Pritzel and C. Blundell, *Simple and scalable predictive uncertainty estimation using deep
#   ensembles*, 2017: independent members, averaged probabilities.
# * A. Webb and others, *To ensemble or not ensemble: when does end-to-end training fail?*, 2020.
# * P. Veličković, *Deep learning for complete beginners*, part 3: three members in one model, trained jointly.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** While the nine networks train, let everybody guess the number of raisins in a jar and compare
# the mean with the guesses: its squared error is never above the mean of theirs, and not far below it if everybody errs
# the same way (for a second jar, name a number that is far too high beforehand, and see whether $\rho$ grows). Some
# will predict that joint training is the same, or better "because the members can cooperate"; ask what a football team
# learns in which only the best player is ever corrected. Likely wrong answers: in exercise 1 that the majority must
# agree with the average; in exercise 2 solving for $k$ and forgetting that below $\rho$ there is no solution.
