"""Measuring a split."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from specc.data.index import Index, Samples
from specc.plan.model import Plan, StagePlan
from specc.runtime.data.batch import Batch, Normalize
from specc.runtime.data.loaders import checked, evaluation_loader
from specc.runtime.gradients import arithmetic
from specc.runtime.losses import Objective
from specc.runtime.metrics import Tail, build_metrics
from specc.runtime.models.model import ImageModel
from specc.runtime.tail import ClassScore

KEEP_BYTES: Final = 256 * 2**20
"""A split whose transformed images fit in here is decoded once: evaluation repeats, and nothing in it is random."""

Predictions = dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]]
"""True and predicted codes by label."""


class Measured(NamedTuple):
    """What a split shows of a model."""

    values: dict[str, float]
    """Metrics by their text, and the stage's loss."""
    predictions: Predictions
    tail: list[ClassScore]


@dataclass
class Split:
    """A split that is measured again and again."""

    plan: Plan
    samples: Samples
    device: torch.device
    batch_size: int
    kept: list[Batch] | None = None
    failures: list[str] = field(default_factory=list)
    """What could not be read and is not told yet, in words."""

    def batches(self) -> Iterable[Batch]:
        """Yield the split's batches, from memory where they fit."""
        if self.kept is not None:
            return self.kept
        if len(self.samples) * np.prod(self.plan.augment.input_size) > KEEP_BYTES:
            return self._read()
        self.kept = list(self._read())
        return self.kept

    def _read(self) -> Iterator[Batch]:
        loader = evaluation_loader(self.plan, self.samples, self.batch_size, self.device)
        for batch in checked(loader, skip_bad=self.plan.data.on_bad_sample == "skip"):
            self.failures += batch.failures
            yield batch


def measured_splits(plan: Plan, index: Index, device: torch.device, names: Collection[str] = ()) -> dict[str, Split]:
    """Return the splits of these names, or all but the training split.

    They go through the model in passes as large as those of training: what fits there fits without gradients, too.
    """
    size = max(
        stage.batch_size if stage.micro_batch_size == "auto" else stage.micro_batch_size for stage in plan.stages
    )
    wanted = names or index.splits.keys() - {"train"}
    return {name: Split(plan, samples, device, size) for name, samples in index.splits.items() if name in wanted}


def evaluate(model: ImageModel, split: Split, stage: StagePlan, between: Callable[[], None] = lambda: None) -> Measured:
    """Measure a split; `between` is called before each batch, and may raise to leave.

    A routed head goes by the true parent for the loss and for metrics that do not say otherwise, and by the predicted
    one for predictions.
    """
    plan = split.plan
    metrics = build_metrics(plan, plan.evaluate.metrics)
    tail = Tail(plan, stage)
    objective = Objective(stage.loss, plan.class_counts, split.device)
    normalize = Normalize(plan.augment.normalize, split.device)
    labels = [label.name for label in plan.data.labels if label.kind == "class"]
    codes: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in labels}
    sums, counts = torch.zeros(len(stage.loss), dtype=torch.float64), torch.zeros(len(stage.loss), dtype=torch.float64)
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.inference_mode():
        for batch in split.batches():
            between()
            moved = batch.to(split.device)
            inputs = {**moved.inputs, "image": normalize(moved.inputs["image"])}
            with arithmetic(stage, split.device):
                features = model.features(inputs)
                outputs, guessed = model.answers(features, moved.labels), model.answers(features)
            outputs = {name: output.float() for name, output in outputs.items()}
            sums += objective.sums(outputs, moved.labels).cpu().double()
            counts += objective.present(moved.labels).cpu().double()
            for text, metric in metrics.items():
                by_guess = plan.evaluate.metrics[text].args.get("predicted_route", False)
                metric.update(guessed if by_guess else outputs, moved.labels)
            tail.update(outputs, moved.labels)
            for name in labels:
                if name in outputs:
                    codes[name].append((moved.labels[name].cpu(), guessed[name].predicted().cpu()))
    for module, training in modes.items():
        module.training = training
    values = {"loss": float((sums / counts.clamp(min=1)).sum()), **{text: m.compute() for text, m in metrics.items()}}
    return Measured(values, {name: _joined(found) for name, found in codes.items() if found}, tail.compute())


def _joined(pairs: list[tuple[Tensor, Tensor]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    true, predicted = (torch.cat(side).numpy().astype(np.int32) for side in zip(*pairs, strict=True))
    return true, predicted
