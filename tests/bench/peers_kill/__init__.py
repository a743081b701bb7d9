"""What trainers lose when a training is killed in the middle of an epoch and continued as their documentation says.

    python -m tests.bench.peers_kill [--trials 5] [--only NAME] [--jobs 1]

Contenders that are not installed are left out; `pip install lightning accelerate torchdata` adds them. Where a trainer
has more than one row, the first is what its guide shows, and the others add what it offers or allows beyond that, as
the docstrings of the `with_*` modules say.

All have the same job (job.py, job.toml): 400 scanned digits, timm's `test_resnet` with dropout, random rotation in 2
loader workers, 3 epochs of 25 steps, AdamW with a cosine schedule, a checkpoint every 7 steps, one thread. Everything
is seeded as each trainer advises. In each trial the process sends SIGKILL to its own process group right after an
optimizer step of the second epoch: one after that epoch's first checkpoint, and not itself followed by a checkpoint.
Then the same command runs once more, to the end. Trials that go on from the same checkpoint differ only in the steps
that were lost.

The same hooks count in all contenders (record.py), around every `step` of every torch optimizer. They write which epoch
the trainer says it is in, which samples the batch had, by their index in the data, and a SHA-256 of the parameters.
The two processes of a trial are then one history: where the second one begins is found by the parameters that it begins
with, and not by what it says. Steps of the first process up to there survive in the final weights; those after it were
lost with the process, and count for nothing. What is told of that history:

- runs equal: whether two runs that nothing disturbed end with the same bytes at all.
- bit-equal: in how many trials the final weights, buffers included, are the bytes of the undisturbed run.
- twice, never: samples that the surviving steps of the interrupted epoch trained on more than once, and not at all.
  A sample that was trained on in a step that was lost, and once again after it, was seen once. Smallest to largest.
- steps: optimizer steps of the surviving history. The plan has 75.
- SIGTERM: to the main process alone, after the step of the first trial; whether the next run begins with the weights of
  that step or of one after it, and how the process ended.
- pickle: files of the newest checkpoint that are pickles, of all its files.
- flipped bit: one bit of the middle of the largest weight in the newest checkpoint of a killed run; whether the next
  run refuses it, goes on from an older checkpoint, or trains on from weights that no step ever made.
"""
