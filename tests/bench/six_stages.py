"""The hierarchical guide's six stages on a real set of two levels, beside the same protocol written by hand.

    python -m tests.bench.six_stages MANIFEST WEIGHTS --coarse race --fine unit [--by-hand SCRIPT ...] [--seeds 0 1 2]

MANIFEST is a CSV with `path`, both labels and `group`; WEIGHTS are those of timm's mobilenetv2_100. A fifth of the
groups is validation, those whose MD5 is divisible by 5, without classes that training has not. A script by hand takes
MANIFEST, COARSE, FINE, WEIGHTS and prints its numbers last; one is run before each seed, so that both have the same
machine. Nothing is chosen by validation: the numbers are those of the last epoch of each stage.
"""

import argparse
import csv
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "specs" / "hierarchical.toml"

SPEC = """
specc = 1
name = "six_stages"
extends = "{guide}"
seed = {seed}

[data]
path = "{manifest}"
split = "column(split)"
num_workers = 1
labels.species.column = "{coarse}"
labels.disease.column = "{fine}"

[augment]
train = [
  "random_resized_crop(96, scale = 0.6 -> 1.0)",
  "hflip(0.5)",
  "rotate(20)",
  "color_jitter(brightness = 0.3, contrast = 0.3, saturation = 0.3, hue = 0.1)",
  "normalize(imagenet)",
]
eval = ["resize(96)", "normalize(imagenet)"]

[model]
backbone = "mobilenetv2_100"
pretrained = false
start_from = "{weights}"

[defaults]
batch_size = 64
precision = "fp32"
loss = "focal(species)"

[stages]
species_warmup = {{ epochs = 2, lr = 3e-3 }}
species_finetune = {{ epochs = 6, lr = "cosine(1e-3 -> 1e-5)", mix = "none" }}
species_final = {{ epochs = 2, lr = 1e-4 }}
disease_heads = {{ epochs = 4, lr = 3e-3 }}
disease_rare = {{ epochs = 2, lr = 1e-3, sample = "5 where count(disease) < 10, 3 where count(disease) < 20" }}
joint = {{ epochs = 3, lr = "cosine(2e-4 -> 2e-6)" }}

[evaluate]
metrics = [
  "top1(species)",
  "top1(disease)",
  "cascade(species -> disease)",
  "macro_recall(disease where count(disease) < 20, predicted_route = true)",
]
expect = []
every = 6

[run]
loggers = []
"""


def divide(manifest: Path, coarse: str, fine: str) -> Path:
    """Write the manifest with a column that says which rows are validation, and return its path."""
    rows = list(csv.DictReader(manifest.read_text("utf-8").splitlines()))
    for row in rows:
        row["split"] = "train" if int(hashlib.md5(row["group"].encode()).hexdigest(), 16) % 5 else "val"  # noqa: S324
    known = {(row[coarse], row[fine]) for row in rows if row["split"] == "train"}
    path = manifest.with_name("divided.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(row for row in rows if (row[coarse], row[fine]) in known)
    return path


def by_specc(arguments: argparse.Namespace, manifest: Path, seed: int) -> tuple[float, list[dict[str, float]]]:
    """Return the seconds of `specc run`, and the metrics after each stage."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "six_stages.toml")
        names = {"guide": GUIDE, "coarse": arguments.coarse, "fine": arguments.fine}
        spec.write_text(
            SPEC.format(**names, seed=seed, manifest=manifest, weights=arguments.weights.resolve()), encoding="utf-8"
        )
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "specc", "run", spec], cwd=folder, check=True, stdout=subprocess.PIPE)
        seconds = time.perf_counter() - began
        history = Path(folder, "checkpoints", "six_stages", "history.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in history.splitlines()]
    last = {row["stage"]: row["val"] for row in rows}
    return seconds, [{"stage": name, **values} for name, values in last.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--coarse", required=True)
    parser.add_argument("--fine", required=True)
    parser.add_argument("--by-hand", nargs="*", type=Path, default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments = parser.parse_args()
    manifest = divide(arguments.manifest.resolve(), arguments.coarse, arguments.fine)
    found: list[tuple[float, dict[str, float]]] = []
    for number, seed in enumerate(arguments.seeds):
        for script in arguments.by_hand[number : number + 1]:
            labels = (arguments.coarse, arguments.fine)
            began = time.perf_counter()
            command = [sys.executable, script, arguments.manifest, *labels, arguments.weights]
            lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
            print(f"by hand, {time.perf_counter() - began:.0f} s", *lines, sep="\n  ", flush=True)
        seconds, stages = by_specc(arguments, manifest, seed)
        print(f"specc, seed {seed}, {seconds:.0f} s", flush=True)
        for stage in stages:
            values = ", ".join(f"{name} {value:.3f}" for name, value in stage.items() if name != "stage")
            print(f"  {stage['stage']}: {values}", flush=True)
        found.append((seconds, stages[-1]))
    print(f"specc, mean of {len(found)} seeds: {statistics.mean(seconds for seconds, _ in found):.0f} s")
    for name in found[0][1].keys() - {"stage", "loss"}:
        values = [stage[name] for _, stage in found]
        print(f"  {name}: {statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")


if __name__ == "__main__":
    main()
