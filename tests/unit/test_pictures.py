"""Small pictures of images: of what is shown, and what is not."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file

from dashboards.pictures.errors import NotShown
from dashboards.pictures.thumbnail import EDGE_PX, thumbnail


def file(name: str, **attributes: str) -> bytes:
    """One of pydicom's own test files, with other attributes."""
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    data_set = dcmread(path)
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    written = BytesIO()
    data_set.save_as(written)
    return written.getvalue()


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "693_UNCR.dcm", "RG3_UNCR.dcm", "emri_small.dcm", "693_J2KR.dcm"]
)
def test_what_a_scanner_measured_becomes_a_small_picture(name: str) -> None:
    with Image.open(BytesIO(thumbnail(file(name)))) as picture:
        assert picture.format == "WEBP"
        assert max(picture.size) <= EDGE_PX
        low, high = picture.convert("L").getextrema()
        assert high - low > 100  # type: ignore[operator]  # one band: two numbers


@pytest.mark.parametrize("name", ["US1_UNCR.dcm", "MR_small.dcm", "JPEG-lossy.dcm"])
def test_what_may_have_text_burnt_in_is_shown_only_where_it_says_that_it_has_none(name: str) -> None:
    with pytest.raises(NotShown) as refused:
        thumbnail(file(name))
    assert refused.value.slug == "may-be-burned-in"
    if name != "JPEG-lossy.dcm":  # 12 bits: nothing here reads them
        assert thumbnail(file(name, BurnedInAnnotation="NO"))


@pytest.mark.parametrize(
    ("keyword", "slug"), [("BurnedInAnnotation", "burned-in"), ("RecognizableVisualFeatures", "recognizable")]
)
def test_what_says_that_it_names_or_shows_someone_is_never_shown(keyword: str, slug: str) -> None:
    with pytest.raises(NotShown) as refused:
        thumbnail(file("CT_small.dcm", **{keyword: "YES"}))
    assert refused.value.slug == slug


def test_what_is_no_image_is_refused_with_its_reason() -> None:
    deflated = get_testdata_file("image_dfl.dcm", download=False)
    assert isinstance(deflated, str)
    for content, slug in (
        (b"", "unreadable"),
        (b"x" * 500, "unreadable"),
        (Path(deflated).read_bytes(), "undecodable"),
    ):
        with pytest.raises(NotShown) as refused:
            thumbnail(content)
        assert refused.value.slug == slug
    cut = file("CT_small.dcm")
    with pytest.raises(NotShown):
        thumbnail(cut[: len(cut) // 2])
