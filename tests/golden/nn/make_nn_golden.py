"""Writes gradients.h and optimizers.h: what PyTorch computes in float64.

    python make_nn_golden.py

Inputs, weights and gradients are given by a formula with exact values, so that only results are
stored. Activations, losses and normalizations are PyTorch's own functions.
"""
import platform

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

INPUTS, HIDDEN, OUTPUTS, SAMPLES, PIECES, SMOOTHING = 3, 4, 3, 5, 2, 0.125
ACTIVATIONS = ["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "maxout"]
LOSSES = ["cross_entropy", "hinge", "squared_error"]


def value(i, step):
    """Multiples of 1/32 between -1.5 and 1.5."""
    return ((5 * i * i + i * step) % 97 - 48) / 32.0


def activate(name, z):
    if name == "maxout":
        return z.reshape(SAMPLES, PIECES, HIDDEN).max(dim=1).values
    return {
        "identity": lambda v: v,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        # 0.01 is a float32 constant in featx: 2e-8 away, far below the tolerance.
        "leaky_relu": torch.nn.functional.leaky_relu,
        "elu": torch.nn.functional.elu,
    }[name](z)


def loss_of(name, scores, labels):
    if name == "cross_entropy":
        return torch.nn.functional.cross_entropy(scores, labels, label_smoothing=SMOOTHING)
    if name == "hinge":  # PyTorch divides by the number of classes
        return OUTPUTS * torch.nn.functional.multi_margin_loss(scores, labels)
    target = torch.nn.functional.one_hot(labels, OUTPUTS).double()
    return ((scores - target) ** 2).sum(dim=1).mean()


def gradient(activation, loss, batch_norm):
    columns = HIDDEN * (PIECES if activation == "maxout" else 1)
    shapes = [(INPUTS, columns)] + [(columns,)] * (2 if batch_norm else 1)
    shapes += [(HIDDEN, OUTPUTS), (OUTPUTS,)]
    tensors, at = [], 0
    for shape in shapes:
        count = int(np.prod(shape))
        data = [value(at + i, 37) for i in range(count)]
        tensors.append(torch.tensor(data).reshape(shape).requires_grad_())
        at += count
    x = torch.tensor([value(i, 23) for i in range(SAMPLES * INPUTS)]).reshape(SAMPLES, INPUTS)
    labels = torch.tensor([i % OUTPUTS for i in range(SAMPLES)])
    z = x @ tensors[0]
    if batch_norm:
        z = torch.nn.functional.batch_norm(z, None, None, tensors[1], tensors[2], training=True)
    else:
        z = z + tensors[1]
    scores = activate(activation, z) @ tensors[-2] + tensors[-1]
    value_of_loss = loss_of(loss, scores, labels)
    value_of_loss.backward()
    return value_of_loss.item(), torch.cat([t.grad.reshape(-1) for t in tensors]).tolist()


def trajectory(make):
    """Parameters after steps 1, 2 and 20 under gradients that do not depend on them."""
    weights = torch.tensor([value(i, 37) for i in range(6)]).requires_grad_()
    optimizer, out = make([weights]), []
    for step in range(20):
        weights.grad = torch.tensor([value(step * 6 + i, 41) for i in range(6)])
        optimizer.step()
        if step + 1 in (1, 2, 20):
            out += weights.tolist()
    return out


def numbers(values):
    lines, line = [], "   "
    for v in values:
        text = f" {v:.9g},"
        if len(line) + len(text) > 100:
            lines.append(line)
            line = "   "
        line += text
    return "\n".join(lines + [line])


HEAD = f"""// Made by make_nn_golden.py with PyTorch {torch.__version__}, NumPy {np.__version__}, Python
// {platform.python_version()}, in float64. Do not edit.
// clang-format off
"""

with open("gradients.h", "w") as file:
    file.write(HEAD)
    file.write("// For each activation, loss and normalization (off, on): loss, gradient.\n")
    file.write("static const double golden_gradients[] = {\n")
    for a in ACTIVATIONS:
        for l in LOSSES:
            for b in (False, True):
                loss, grad = gradient(a, l, b)
                file.write(f"    // {a}, {l}{', batch norm' if b else ''}\n")
                file.write(numbers([loss] + grad) + "\n")
    file.write("};\n")

with open("optimizers.h", "w") as file:
    file.write(HEAD)
    file.write("// Six parameters after steps 1, 2 and 20.\n")
    for name, make in {
        "sgd": lambda w: torch.optim.SGD(w, lr=0.125, momentum=0.5),
        "sgd_decay": lambda w: torch.optim.SGD(w, lr=0.125, momentum=0.9375, weight_decay=0.25),
        "nesterov": lambda w: torch.optim.SGD(w, lr=0.125, momentum=0.9375, weight_decay=0.25,
                                              nesterov=True),
        "plain": lambda w: torch.optim.SGD(w, lr=0.125, weight_decay=0.25),
        "adamw": lambda w: torch.optim.AdamW(w, lr=0.0625, weight_decay=0),
        "adamw_decay": lambda w: torch.optim.AdamW(w, lr=0.0625, weight_decay=0.25),
    }.items():
        file.write(f"static const double golden_{name}[] = {{\n{numbers(trajectory(make))}\n}};\n")
