"""What peers say of the mistakes in tests/mistakes before they start to train.

`python -m tests.bench.peers.ask --timm-train train.py` asks them, and `python -m tests.bench.peers.table` writes
docs/mistakes.md of their answers and of what specc says now.
"""
