"""CPU time and peak memory of `specc validate` on a thousand stages and a manifest of a million rows, cold.

    python -m tests.bench.large_spec [--stages 1000] [--rows 1000000] [--rounds 5]

Each round runs, one after the other in processes of their own: a peer that only reads the same manifest with Python's
csv module, `specc validate --data none`, and `specc validate`. Medians are printed, with their ratio to the peer's.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PEER = "import csv, sys\nwith open(sys.argv[1], newline='') as file:\n    for row in csv.reader(file):\n        pass\n"

SPECIES, DISEASES = 320, 10

HEAD = """
specc = 1
name = "large"
[data]
source = "csv"
path = "{manifest}"
image = "path"
split = "stratified(species, val = 10%, test = 10%)"
[data.labels]
species = {{ column = "species" }}
disease = {{ column = "disease", within = "species" }}
[augment]
train = ["random_resized_crop(224, scale = 0.6 -> 1.0)", "hflip(0.5)", "normalize(imagenet)"]
eval = ["resize(224)", "normalize(imagenet)"]
[model]
backbone = "resnet50"
[model.heads]
species = {{ kind = "linear" }}
disease = {{ kind = "linear" }}
[defaults]
batch_size = 256
optimizer = "adamw(weight_decay = 0.05)"
[evaluate]
metrics = ["top1(species)", "top1(disease)", "cascade(species -> disease)"]
"""

STAGES = (
    'train = "heads"\nlr = 1e-3\nloss = "focal(species) + 0.7 * focal(disease)"',
    'train = "backbone + heads.species"\nlr = "warmup(1 epoch) then cosine(1e-4 -> 1e-6)"\nloss = "focal(species)"',
    """train = "backbone.layer4 + heads.disease"
lr = 5e-6
rates = "backbone * 0.1"
loss = "focal(disease)"
sample = "5 where count(disease) < {few}, 3 where count(disease) < {more}\"""",
)
"""Stages of three kinds, in turn."""


def write_manifest(path: Path, rows: int) -> None:
    """Write a manifest in which the commonest disease of a plant is 19 times as common as the rarest."""
    with path.open("w", encoding="utf-8") as file:
        file.write("path,species,disease\n")
        for row in range(rows):
            species, plant = row % SPECIES, row // SPECIES
            disease = min(plant % DISEASES, plant // DISEASES % DISEASES)
            file.write(f"images/plant_{species:03}/{row:07}.jpg,plant_{species:03},disease_{disease}\n")


def write_spec(path: Path, manifest: Path, stages: int, rows: int) -> None:
    few = rows // SPECIES // 20
    parts = [HEAD.format(manifest=manifest)]
    for number in range(stages):
        body = STAGES[number % len(STAGES)].format(few=few, more=2 * few)
        parts.append(f'[[stages]]\nname = "stage_{number}"\nepochs = 2\n{body}\n')
    path.write_text("".join(parts), encoding="utf-8")


def measured(words: list[str]) -> tuple[float, float, str]:
    """Return CPU seconds, peak memory in MB and what was said."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = process.stdout.read() if process.stdout else ""
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        manifest, spec = Path(folder, "rows.csv"), Path(folder, "large.toml")
        write_manifest(manifest, arguments.rows)
        write_spec(spec, manifest, arguments.stages, arguments.rows)
        specc = [sys.executable, "-m", "specc", "validate", "--no-cache", str(spec)]
        commands = {
            "csv.reader": [sys.executable, "-c", PEER, str(manifest)],
            "validate --data none": [*specc, "--data", "none"],
            "validate": specc,
        }
        found: dict[str, list[tuple[float, float, str]]] = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name, words in commands.items():
                found[name].append(measured(words))
    floor = statistics.median(seconds for seconds, _, _ in found["csv.reader"])
    for name, results in found.items():
        seconds = statistics.median(result[0] for result in results)
        memory = max(result[1] for result in results)
        last = (results[-1][2].strip().splitlines() or [""])[-1]
        print(f"{name}: {seconds:.2f} s CPU, ratio {seconds / floor:.1f}, peak {memory:.0f} MB  {last}")


if __name__ == "__main__":
    main()
