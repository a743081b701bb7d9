"""How well linear models of pixels and a small network tell drawn leaves apart.

    python -m tests.bench.leaves [--size 64] [--samples 2000] [--epochs 12] [--imbalance 1]

Six species with four diseases each. The linear models are logistic regressions of an image's mean colour, of 24 x 24
pixels and of all pixels, the best of three strengths of regularisation as the validation samples tell (which flatters
them): one for the species, and one a species for its diseases. The network is timm's resnet10t from random weights,
with a head of diseases a species, trained by specc.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from specc.compiler.pipeline import compile_spec
from specc.data.images import open_images
from specc.data.index import Index, build_index
from specc.plan.model import Plan
from specc.runtime.events import EpochDone
from specc.runtime.folder import RunFolder
from specc.runtime.loop import train

SPEC = """
specc = 1
name = "leaves"
[data]
source = "builtin"
dataset = "leaves(species = 6, diseases = 4, samples = {samples}, size = {size}, imbalance = {imbalance})"
split = "stratified(disease, val = 20%)"
num_workers = 1
labels.species = {{}}
labels.disease = {{ within = "species" }}
[augment]
train = ["resize({size})", "hflip(0.5)", "vflip(0.5)", "normalize(imagenet)"]
eval = ["resize({size})", "normalize(imagenet)"]
[model]
backbone = "resnet10t"
heads.species = {{}}
heads.disease = {{ routed_by = "species" }}
[[stages]]
name = "joint"
epochs = {epochs}
batch_size = 32
train = "all"
lr = "onecycle(2e-3)"
optimizer = "adamw(weight_decay = 0.05)"
max_grad_norm = 1.0
loss = "cross_entropy(species, label_smoothing = 0.05) + cross_entropy(disease, label_smoothing = 0.05)"
"""

STRENGTHS = (1e-5, 1e-3, 1e-1)


def drawn(index: Index, split: str) -> NDArray[np.uint8]:
    read = open_images(index.data)
    return np.stack([read(reference) for reference in index.splits[split].references])


def features(images: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    small = [np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX)) for image in images]
    return np.stack(small).reshape(len(images), -1).astype(np.float32)


def linear(index: Index, known: NDArray[np.float32], asked: NDArray[np.float32]) -> tuple[float, float]:
    """Return the accuracy of the species, and of the diseases where the species is told."""
    train, val = index.splits["train"].labels, index.splits["val"].labels
    species = accuracy(known, train["species"], asked, val["species"])
    right = 0.0
    for each in np.unique(train["species"]):
        mine, others = train["species"] == each, val["species"] == each
        share = accuracy(known[mine], train["disease"][mine], asked[others], val["disease"][others])
        right += share * np.count_nonzero(others)
    return species, right / len(asked)


def accuracy(
    known: NDArray[np.float32], classes: NDArray[np.int32], asked: NDArray[np.float32], truth: NDArray[np.int32]
) -> float:
    models = [
        make_pipeline(StandardScaler(), LogisticRegression(C=strength, tol=1e-2, max_iter=1000))
        for strength in STRENGTHS
    ]
    return max(model.fit(known, classes).score(asked, truth) for model in models)


def network(plan: Plan, folder: Path, text: str) -> None:
    began = time.perf_counter()
    for event in train(plan, RunFolder(folder), text):
        if isinstance(event, EpochDone):
            found = ", ".join(f"{name} {value:.3f}" for name, value in event.row["val"].items())
            print(f"network, epoch {event.row['epoch']}, {time.perf_counter() - began:.0f} s: {found}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in {"size": 64, "samples": 2000, "epochs": 12, "imbalance": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "leaves.toml")
        spec.write_text(SPEC.format(**vars(arguments)), encoding="utf-8")
        plan, _ = compile_spec(spec)
        index = build_index(plan.data, plan.seed)
        known, asked = drawn(index, "train"), drawn(index, "val")
        for side in (1, 24, arguments.size):
            species, disease = linear(index, features(known, side), features(asked, side))
            print(f"linear, {side} x {side} pixels: species {species:.3f}, disease {disease:.3f}", flush=True)
        network(plan, Path(folder, "run"), spec.read_text("utf-8"))


if __name__ == "__main__":
    main()
