"""The batch of a step that failed, written out for study."""

from pathlib import Path

from specc.checkpoint.atomic import make_folder, write_atomic
from specc.checkpoint.format import encode
from specc.runtime.data.batch import Batch
from specc.runtime.data.loaders import INPUTS, training_transforms
from specc.runtime.data.order import training_keys
from specc.runtime.run import Run
from specc.runtime.state import State
from specc.runtime.tensors import to_raw


def write_batch(run: Run, state: State, step: int) -> Path:
    """Make the batch of a step of the stage again, and write its inputs, its labels and the names of its samples.

    Images are as the transforms leave them: 8 bit, before they are mixed and normalised. Units: steps count from 0.
    """
    samples = run.index.splits["train"]
    key = next(training_keys(run.plan, state.stage, samples, step))
    dataset = INPUTS[run.plan.input_kind](run.plan, samples, training_transforms(run.plan, state.stage), "augment")
    batch: Batch = dataset[key]
    labels = {f"label.{name}": codes for name, codes in batch.labels.items()}
    about = {
        "stage": state.of_stage.name,
        "step": step + 1,
        "samples": [samples.references[int(row)] for row in key.rows],
        "plan": run.plan.digest,
    }
    path = run.folder.root / "failed" / f"{state.of_stage.name}-{step + 1}.safetensors"
    make_folder(path.parent)
    write_atomic(path, encode(to_raw({**batch.inputs, **labels}), about).chunks())
    return path
