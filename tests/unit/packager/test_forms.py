"""Forms of teaching in people's words."""

from pathlib import Path

import pytest

from core.digest import digest_of
from core.errors import UsageError
from core.forms import FORMS
from packager.forms import NAMES, form_name, read_form
from packager.manifests import make_manifest
from packager.scan import scan
from tests.unit.packager.conftest import PACK, Run, fill


def test_every_form_is_read_by_id_and_by_its_names() -> None:
    assert tuple(NAMES) == FORMS
    for form, names in NAMES.items():
        spellings = (form, form.replace("-", " ").upper(), *names)
        assert {read_form(text) for text in spellings} == {form}


def test_a_near_name_is_offered() -> None:
    with pytest.raises(UsageError) as caught:
        read_form("双师课")
    assert caught.value.hint == "Did you mean 双师课堂?"


def test_a_form_that_a_newer_packhorse_knows_has_no_name_here() -> None:
    assert form_name("two-teacher") == "Two-teacher classroom 双师课堂"
    assert form_name("hologram") == ""


def test_pack_toml_says_it(run: Run, tmp_path: Path) -> None:
    folder = fill(tmp_path / "course", {"a.pdf": b"%PDF"}, PACK + 'form = "名师课堂"\n')
    assert make_manifest(scan(folder), {"a.pdf": digest_of(b"%PDF")}, 1).form == "famous-teacher"
    assert run("pack", "check", folder, "--json").data["form"] == "famous-teacher"
    assert "Famous-teacher classroom 名师课堂" in run("pack", "check", folder).out


@pytest.mark.parametrize("value", ['"全息课堂"', '""', "3", '"a\\nb"'])
def test_what_is_no_form_is_said(run: Run, tmp_path: Path, value: str) -> None:
    folder = fill(tmp_path / "course", {"a.pdf": b"%PDF"}, PACK + f"form = {value}\n")
    ran = run("pack", "check", folder)
    assert ran.code == 2
    assert "form in pack.toml" in ran.err
