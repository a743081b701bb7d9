"""Images and tables that were made to hurt: each is read, or refused in one line, in seconds and in half a gigabyte."""

import os
import time

import pytest

from specc.data.images import read_image
from specc.data.limits import MAX_BYTES, MAX_PIXELS
from specc.data.rows import read_rows
from specc.errors import DataError
from tests.fuzz.crafted import formats, images, manifests
from tests.fuzz.files import check_image, check_table
from tests.fuzz.sound import tables

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

IMAGES, TABLES = images.small(), manifests.small()


@pytest.mark.parametrize("case", IMAGES)
def test_an_image_is_read_or_refused(case):
    check_image(IMAGES[case])


@pytest.mark.parametrize("source", ["csv", "jsonl"])
def test_a_table_is_read_or_refused(source, tmp_path):
    path = tmp_path / f"rows.{source}"
    for case, data in TABLES.items():
        path.write_bytes(data)
        try:
            check_table(tables(source, str(path))[0], str(path))
        except AssertionError as error:
            raise AssertionError(case) from error


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("PNG of 60,000 x 60,000 bits", "60000 x 60000 pixels"),
        ("PNG of 1 x 40,000,000", "MiB to decode"),
        ("PNG of two million orientations", "more than 1 MiB of EXIF"),
        ("PNG of EXIF at its end", "more than 1 MiB of EXIF"),
        ("JPEG of 1,000 scans", "goes 1,000 times over its pixels"),
        ("JPEG of much EXIF", "too much in it beside pixels"),
        ("TIFF of 2,000,000 strips", "a tag of 2,000,000 numbers"),
        ("TIFF of 260,000 tags", "260,000 tags"),
    ],
)
def test_what_asks_for_too_much(case, said, tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(IMAGES[case])
    with pytest.raises(DataError, match=said):
        read_image(str(path), 3)


def test_a_file_of_many_parts_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("specc.data.limits.MAX_READS", 100)
    path = tmp_path / "x.png"
    path.write_bytes(formats.small_png(*[(b"tEXt", b"k\0v")] * 100))
    with pytest.raises(DataError, match="too much in it beside pixels"):
        read_image(str(path), 3)


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 70 * 10**9])
def test_a_large_file_is_not_even_begun(size, tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(formats.small_png())
    os.truncate(path, size)
    with pytest.raises(DataError, match="larger than 160 MB"):
        read_image(str(path), 3)


def test_sixteen_bits_four_times_take_more_than_pixels(tmp_path):
    path = tmp_path / "x.tif"
    path.write_bytes(formats.deep_tiff(7000, b""))
    assert MAX_PIXELS > 7000 * 7000
    with pytest.raises(DataError, match=r"7000 x 7000 pixels, and TIFF takes \d+ MiB to decode them"):
        read_image(str(path), 3)


@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/dev/null", "/proc/self/mem", "loop", "folder", "\ud800.png"])
def test_what_is_no_file_is_no_image(name, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    before = time.process_time()
    with pytest.raises(DataError):
        read_image(str(tmp_path / name), 3)
    assert time.process_time() - before < 1


@pytest.mark.parametrize("source", ["csv", "jsonl"])
def test_a_sparse_file_is_no_table(source, tmp_path):
    path = tmp_path / f"rows.{source}"
    path.write_text("image,kind,fine,group,split\n")
    os.truncate(path, 40 * 2**30)
    with pytest.raises(DataError, match="it has a line of 4 MiB or more"):
        read_rows(tables(source, str(path))[0])
