"""The documents lead where they say."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# Its text is written into `docs/`, and its links are meant from there.
WRITTEN_ELSEWHERE = {"superset_assets/mindbox_report.md": "docs"}


def test_every_link_of_the_documents_leads_to_a_file() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "README.md" in listed
    broken = [
        (name, target)
        for name in listed
        for target in LINK.findall((ROOT / name).read_text(encoding="utf-8"))
        if "://" not in target
        and not (ROOT / WRITTEN_ELSEWHERE.get(name, Path(name).parent) / target).exists()
    ]
    assert broken == []
