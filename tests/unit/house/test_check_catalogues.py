"""`tools/check_catalogues.py` finds what a translation lacks."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "tools/check_catalogues.py"
HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
GREETING = 'msgid "Hello {name}"\nmsgstr "你好 {name}"\n\n'
TITLE = 'msgid "Lessons"\nmsgstr "课程"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "portal/templates").mkdir(parents=True)
    (tmp_path / "portal/page.py").write_text('x = _("Hello {name}")\n', "utf-8")
    template = "<h1>{{ _('Lessons') }}</h1>"
    (tmp_path / "portal/templates/page.html").write_text(template, "utf-8")
    return tmp_path


def check(root: Path, catalogue: str) -> subprocess.CompletedProcess[str]:
    source = root / "portal/locale/zh_Hans/LC_MESSAGES/portal.po"
    source.parent.mkdir(parents=True)
    source.write_text(HEADER + catalogue, "utf-8")
    return subprocess.run(
        [sys.executable, SCRIPT, root], capture_output=True, text=True, check=False
    )


def test_a_complete_catalogue_passes(root: Path) -> None:
    done = check(root, GREETING + TITLE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("catalogue", "finding"),
    [
        (GREETING, "'Lessons' is missing (used in templates/page.html:1)"),
        (GREETING + 'msgid "Lessons"\nmsgstr ""\n', "'Lessons' is not translated"),
        (GREETING + "#, fuzzy\n" + TITLE, "'Lessons' is marked fuzzy"),
        (TITLE + GREETING.replace("你好 {name}", "你好 {who}"), "has other placeholders"),
        (GREETING + TITLE + '\nmsgid "Old"\nmsgstr "旧"\n', "'Old' is not used any more"),
    ],
)
def test_a_finding_names_the_message(root: Path, catalogue: str, finding: str) -> None:
    done = check(root, catalogue)
    assert done.returncode == 1
    assert finding in done.stderr
