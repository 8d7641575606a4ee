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


MODELS = {each.__name__: each for each in (baseline_cnn, all_conv, small_all_conv)}


def train(model, train, validation, batch_size, epochs, bfloat16, threads):
    """Train on (images, labels) pairs and return the times at which epochs began, and the end.

    Images are float32 of shape (images, channels, height, width), labels int64.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = MODELS[model]().to(device)
    precision = torch.autocast(device, torch.bfloat16) if bfloat16 else nullcontext()
    optimizer, loss_of = torch.optim.Adam(model.parameters()), nn.CrossEntropyLoss()
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
            optimizer.zero_grad()
            with precision:
                outputs = model(images)
                loss = loss_of(outputs, labels)
            loss.backward()
            optimizer.step()
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
