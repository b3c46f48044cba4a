"""Records of a dataset, made of the logs and the builds that it keeps."""

from __future__ import annotations

from logparse.joining.merge import Copy
from logparse.loading.chosen import Chosen, has
from logparse.loading.together import put_together
from logparse.records import Build, TriageLog
from logparse.store.pieces import Keys, contents, load_pieces, origins
from logparse.store.reading import Store
from logparse.tables.rows import Records


def records_of(store: Store, chosen: Chosen | None) -> Records:
    """Return the records that are chosen of a dataset; None for all, with triage logs.

    Raises
    ------
    InputError
        Where the dataset is damaged, or has been changed since it was opened.
    """
    folder, manifest = store.folder, store.manifest
    with store.reading():
        keys = Keys(folder, manifest)
        if chosen is None:
            numbers = keys.numbers
        else:
            inputs = store.inputs_named(chosen.sources)
            numbers = keys.of(chosen.ids.to_pylist(), chosen.builds.to_pylist(), inputs)
        pieces = load_pieces(folder, manifest, numbers)
        places = origins(folder, manifest, (piece.input for piece in pieces))
        found = [part for _, part in contents(folder, manifest, pieces, places)]
    records, _ = put_together(
        [part for part in found if isinstance(part, Copy)],
        [part for part in found if isinstance(part, Build)],
        [part for part in found if isinstance(part, TriageLog)],
    )
    if chosen is None:
        return records
    return records.chosen(has(chosen, records.invocations), set(chosen.builds.to_pylist()))
