"""The peers in plain PyTorch: the same layers, Adam and batches, in the usual training loop.

Batches are slices of tensors in memory, which is quicker than a DataLoader for images this small.
"""

import time
from contextlib import nullcontext

import torch
from torch import nn


def baseline_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding="same"),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(32 * 14 * 14, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )


def all_conv():
    return nn.Sequential(
        nn.Conv2d(3, 96, 3),
        nn.ReLU(),
        nn.Conv2d(96, 96, 3, stride=2),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Conv2d(96, 192, 3),
        nn.ReLU(),
        nn.Conv2d(192, 192, 3, stride=2),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.BatchNorm1d(192 * 5 * 5),
        nn.Linear(192 * 5 * 5, 256),
        nn.ReLU(),
        nn.Linear(256, 10),
    )


def small_all_conv():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Conv2d(32, 64, 5, stride=2, bias=False),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(64 * 13 * 13, 128),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(128, 10),
    )


def fast_cnn():
    """Lesson 16's network; what its first layer holds, which is frozen, costs no time."""

    def block(channels, filters):
        yield from (nn.Conv2d(channels, filters, 3, padding="same", bias=False), nn.MaxPool2d(2))
        yield from (shifted_norm(filters), nn.GELU())
        yield nn.Conv2d(filters, filters, 3, padding="same", bias=False)
        yield from (shifted_norm(filters), nn.GELU())

    patches = nn.Conv2d(3, 24, 2, bias=False)
    patches.weight.requires_grad = False
    blocks = [layer for sizes in ((24, 64), (64, 256), (256, 256)) for layer in block(*sizes)]
    end = (nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(256, 10, bias=False))
    return nn.Sequential(patches, nn.GELU(), *blocks, *end)


def shifted_norm(channels):
    """Batch normalisation that learns a bias and no scale."""
    norm = nn.BatchNorm2d(channels, momentum=0.4)
    norm.weight.requires_grad = False
    return norm


def shifted_and_mirrored(images):
    """A batch, each image moved by up to two pixels and mirrored by a coin, without a loop over images."""
    count, _, height, width = images.shape
    padded = nn.functional.pad(images, (2, 2, 2, 2), mode="reflect")
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    down, right = torch.randint(0, 5, (2, count), device=images.device)
    moved = windows[torch.arange(count, device=images.device), :, down, right]
    coins = torch.rand(count, 1, 1, 1, device=images.device) < 0.5
    return torch.where(coins, moved.flip(3), moved)


MODELS = {each.__name__: each for each in (baseline_cnn, all_conv, small_all_conv, fast_cnn)}


def train(model, train, validation, batch_size, epochs, bfloat16, threads):
    """Train on (images, labels) pairs and return the times at which epochs began, and the end.

    Images are float32 of shape (images, channels, height, width), labels int64.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    fast = model == "fast_cnn"
    model = MODELS[model]().to(device)
    precision = torch.autocast(device, torch.bfloat16) if bfloat16 else nullcontext()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer, loss_of = torch.optim.Adam(weights), nn.CrossEntropyLoss()
    steps = epochs * -(-len(train[0]) // batch_size)
    if fast:
        options = {"momentum": 0.85, "nesterov": True, "weight_decay": 0.0013}
        optimizer = torch.optim.SGD(weights, lr=0.75, **options)
        loss_of = nn.CrossEntropyLoss(label_smoothing=0.2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.75, steps, pct_start=0.2)
    (x, y), (x_val, y_val) = (
        [torch.from_numpy(each).to(device) for each in pair] for pair in (train, validation)
    )
    times = []
    for _ in range(epochs):
        times.append(time.perf_counter())
        model.train()
        total, right = 0.0, 0
        for chosen in torch.randperm(len(x), device=device).split(batch_size):
            images, labels = x[chosen], y[chosen]
            if fast:
                images = shifted_and_mirrored(images)
            optimizer.zero_grad()
            with precision:
                outputs = model(images)
                loss = loss_of(outputs, labels)
            loss.backward()
            optimizer.step()
            if fast:
                schedule.step()
            total += loss.item() * len(chosen)
            right += (outputs.argmax(1) == labels).sum().item()
        model.eval()
        with torch.no_grad(), precision:
            for images, labels in zip(
                x_val.split(batch_size), y_val.split(batch_size), strict=True
            ):
                outputs = model(images)
                loss_of(outputs, labels).item()
                (outputs.argmax(1) == labels).sum().item()
    times.append(time.perf_counter())
    return times
