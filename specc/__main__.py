"""`python -m specc`."""

from specc.cli.main import entry

if __name__ == "__main__":
    entry()
