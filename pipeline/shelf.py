"""What a release holds beside its data for those who find it: read me, dictionary, citation, page, zip, catalogue.

All of it is made from datapackage.json alone, so that a release written again says what it now is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline import paths
from pipeline.bundle import write_bundle
from pipeline.catalogue import write_catalogue
from pipeline.citation import cff
from pipeline.croissant import croissant
from pipeline.csvw import csvw
from pipeline.entries import Release
from pipeline.readme import dictionary, readme
from pipeline.schema_org import page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write(folder: Path, descriptor: Mapping[str, Any]) -> None:
    """Writes these files: the same bytes for the same descriptor and database.

    Args:
        folder: the release's.
        descriptor: its datapackage.json.

    Raises:
        OSError: the folder cannot be written.
    """
    paths.write_json(folder / "csvw-metadata.json", csvw(descriptor))
    paths.write_json(folder / "croissant.json", croissant(descriptor))
    texts = {
        "README.md": readme(descriptor),
        "DICTIONNAIRE.md": dictionary(descriptor),
        "CITATION.cff": cff(descriptor),
        "index.html": page(descriptor),
    }
    for name, text in texts.items():
        paths.write(folder / name, text.encode())
    write_bundle(folder, descriptor)
    write_catalogue(folder, [Release(descriptor, folder)])
