"""Reports a person opens: files of this machine, made from what a store holds."""

from pathlib import Path

from trimaran_providers.contract.errors import ProjectError
from trimaran_runtime.registry.release import SHORT, read_release
from trimaran_runtime.storage.store import Store

DRIFT = "monitor/latest.html"
"""Key, inside a store, of the newest drift report."""
_CARD = "model_card"
_PAGE_ROLE = "model_card_page"
"""Role of the card that is a page already; releases of older versions have none."""
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem }}
body {{ margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; display: block; overflow-x: auto }}
th, td {{ text-align: left; padding: .25rem .75rem; border-bottom: 1px solid #8884 }}
code {{ font-family: ui-monospace, monospace; overflow-wrap: anywhere }}
:root {{ color-scheme: light dark }}
</style>
<body>
{body}
</body>
</html>
"""


def release_report(store: Store, folder: Path, release_id: str) -> Path:
    """The model card of a release as an HTML file.

    Args:
        store: the artifact store.
        folder: a directory of this machine; the report goes below its `reports/`.
        release_id: full id.

    Raises:
        ProjectError: the release has no card.
        NotFound, Corrupted: there is no such release, or it does not read back.
    """
    release = read_release(store, release_id)
    path = folder / "reports" / f"{release_id[:SHORT]}.html"
    page = release.files.get(_PAGE_ROLE)
    if page is not None:
        return written(path, store.read_blob(page.digest))
    card = release.files.get(_CARD)
    if card is None:
        raise ProjectError(f"release {release_id[:SHORT]} has no model card")
    title = f"{release.model_name} {release_id[:SHORT]}"
    body = _html(store.read_blob(card.digest).decode())
    return written(path, _PAGE.format(title=title, body=body).encode())


def written(path: Path, content: bytes) -> Path:
    """Write a file; whoever has it open meanwhile sees the old one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
    return path


def drift_report(folder: Path) -> Path:
    """The newest drift report. Raises ProjectError when traffic was never checked."""
    path = folder / DRIFT
    if not path.is_file():
        raise ProjectError(
            "traffic was not checked yet, so there is no drift report",
            next_step="check it now with `trimaran monitor`",
        )
    return path


def drift_address(store: Store) -> str:
    """Address of the newest drift report; empty: there is none."""
    return f"{store.uri}/{DRIFT}" if store.exists(DRIFT) else ""


def _html(markdown: str) -> str:
    from markdown_it import MarkdownIt

    # Values from data stand in the card: what looks like HTML in it is shown, never run.
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))
