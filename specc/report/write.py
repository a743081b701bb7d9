"""Write all that is made of a finished run."""

from pathlib import Path

from specc.checkpoint.atomic import make_folder, write_text_atomic
from specc.report.classification import classification_text
from specc.report.figures import figures, write_pictures
from specc.report.model import Finished
from specc.report.page import page
from specc.report.summary import summary


def write_report(finished: Finished, folder: Path) -> list[Path]:
    """Write figures, reports, summary and page into a run's folder, and return their paths.

    Raises: RunFailed when the disk does not take them.
    """
    pictures = figures(finished)
    written = write_pictures(pictures, folder / "figures")
    make_folder(folder / "reports")
    for split in ("val", "test"):
        text = classification_text(finished, split)
        if text is not None:
            written.append(_written(folder / "reports" / f"classification_{split}.txt", text))
    written.append(_written(folder / "summary.txt", summary(finished)))
    written.append(_written(folder / "report.html", page(finished, pictures)))
    return written


def _written(path: Path, text: str) -> Path:
    write_text_atomic(path, text)
    return path
