"""What agents write into a directory store: objects under `managed/`, statuses under `status/`.

A person's file is never written to: what is applied to his object stands beside it, and a deletion
of his object is refused. A plan is made and the file written under one lock, so nobody else has
changed the object in between.
"""

from agent.objects import CRD, Document, ObjectKey, map_at, text_at
from agent.store import ConflictError, ForbiddenError, InvalidError, UnavailableError
from agent.stores.admission import admit, split_status
from agent.stores.file_states import Lane, path_of
from agent.stores.folder import Folder
from agent.stores.lookout import Seen
from agent.stores.planning import Plan, plan_apply, plan_delete, plan_status
from agent.stores.shelf import Drop
from agent.stores.yaml_text import to_yaml
from discovery.wall_time import shown_time


class FolderWriter:
    """Does what an `ObjectStore` does, at `now_us` of a monotonic clock, for one process."""

    def __init__(self, folder: Folder) -> None:
        """Write into this folder."""
        self._folder = folder

    def apply(
        self,
        document: Document,
        now_us: int,
        *,
        if_version: str | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> Document:
        """Do what `ObjectStore.apply` says."""
        folder = self._folder

        def plan() -> Plan:
            born = folder.keeper.born
            return plan_apply(folder.shelf, document, born, if_version=if_version, force=force)

        if dry_run:
            folder.catch_up(now_us)
            return plan().document
        with folder.writing(f"apply a {text_at(document, 'kind')}", now_us):
            return self._apply(plan(), document, now_us)

    def apply_status(
        self, key: ObjectKey, version: str, status: Document, now_us: int, *, dry_run: bool = False
    ) -> Document:
        """Do what `ObjectStore.apply_status` says."""
        folder = self._folder
        if dry_run:
            folder.catch_up(now_us)
            return plan_status(folder.shelf, key, version, status).document
        with folder.writing(f"apply the status of {key}", now_us):
            plan = plan_status(folder.shelf, key, version, status)
            if not plan.steps:
                return plan.document
            self._write(Lane.STATUS, key, {**_named(plan.document), "status": status}, now_us)
            return folder.shelf.get(key, version)

    def delete(
        self,
        key: ObjectKey,
        now_us: int,
        *,
        if_version: str | None = None,
        dry_run: bool = False,
    ) -> None:
        """Do what `ObjectStore.delete` says; a person's object stays (`ForbiddenError`)."""
        folder = self._folder
        now = shown_time(folder.wall_clock_ms())
        if dry_run:
            folder.catch_up(now_us)
            self._refuse_persons(plan_delete(folder.shelf, key, now, if_version=if_version))
            return
        with folder.writing(f"delete {key}", now_us):
            plan = plan_delete(folder.shelf, key, now, if_version=if_version)
            self._refuse_persons(plan)
            self._delete(plan, now_us)

    def _refuse_persons(self, plan: Plan) -> None:
        for key in {plan.key, *(step.key for step in plan.steps)}:
            source = self._folder.ledger.sources.get(key, {}).get(Lane.PERSON)
            # With a definition go the objects of its kind, people's too: they are not served.
            if source is not None and not (plan.key.kind == CRD and key != plan.key):
                raise ForbiddenError(
                    f"{key} stands in {source.path}, which is not ours to change: delete it there"
                )

    def _apply(self, plan: Plan, document: Document, now_us: int) -> Document:
        if not plan.steps:
            return plan.document
        if plan.steps[-1] == Drop(plan.key):
            self._end(plan.key, now_us)
            return plan.document
        kind, version = plan.key.kind, text_at(document, "apiVersion").rpartition("/")[2]
        fields = admit(kind, version, document).fields
        if self._folder.shelf.served.has_status(kind, version):
            fields, _ = split_status(fields)
        self._write(Lane.MANAGED, plan.key, _whole(_named(plan.document), fields), now_us)
        return self._folder.shelf.get(plan.key, version)

    def _delete(self, plan: Plan, now_us: int) -> None:
        if not plan.steps:
            return
        if plan.steps[-1] == Drop(plan.key):
            self._end(plan.key, now_us)
            return
        admitted = self._folder.keeper.document(path_of(Lane.MANAGED, plan.key), plan.key)
        if admitted is None:
            raise UnavailableError(f"the file of {plan.key} cannot be read now: try again")
        whole = _whole(_named(plan.document), admitted.fields)
        marked = {"deletionTimestamp": text_at(plan.document, "metadata", "deletionTimestamp")}
        whole = {**whole, "metadata": {**map_at(whole, "metadata"), **marked}}
        self._write(Lane.MANAGED, plan.key, whole, now_us)

    def _write(self, lane: Lane, key: ObjectKey, document: Document, now_us: int) -> None:
        path, claimant = path_of(lane, key), self._folder.ledger.claimant(lane, key)
        if claimant is not None and claimant < path:
            raise ConflictError(
                f"{key} stands in {claimant} too: only agents write there, delete it"
            )
        try:
            text = to_yaml(document)
        except ValueError as error:
            raise InvalidError(f"{key}: {error}") from None
        self._folder.write(lane, key, text.encode(), now_us)

    def _end(self, key: ObjectKey, now_us: int) -> None:
        """Remove what was written about an object, itself first."""
        for lane in (Lane.MANAGED, Lane.STATUS):
            path = self._folder.ledger.claimant(lane, key)
            if path is not None:
                self._folder.remove(path)
                self._folder.keeper.take({path: Seen(None, "", None)}, now_us)


def _named(document: Document) -> Document:
    """Return what of an object says which it is, and when it was made."""
    metadata = map_at(document, "metadata")
    names = ("name", "namespace", "uid", "creationTimestamp")
    stated = {name: metadata[name] for name in names if name in metadata}
    return {"apiVersion": document["apiVersion"], "kind": document["kind"], "metadata": stated}


def _whole(named: Document, fields: Document) -> Document:
    metadata = {**map_at(named, "metadata"), **map_at(fields, "metadata")}
    rest = {name: each for name, each in fields.items() if name != "metadata"}
    return {**named, "metadata": metadata, **rest}
