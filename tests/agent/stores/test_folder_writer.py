"""What agents and people do to a directory comes to what an API server would make of it."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent.objects import (
    CRD,
    LEASE,
    SERVICE,
    SERVICE_EXPORT,
    Document,
    Kind,
    ObjectKey,
    key_of,
    map_at,
    resource_version,
)
from agent.store import ChangeType, ForbiddenError, StoreError
from agent.stores.file_states import PEOPLE
from agent.stores.memory_shelf import MemoryShelf
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.folders import NOON_MS, Process
from tests.agent.stores.site import LEASE_KEY, WEB, definition, export, lease, service

API = ObjectKey(SERVICE, "shop", "api")
EXPORT = ObjectKey(SERVICE_EXPORT, "shop", "web")
DEFINITION = ObjectKey(CRD, "", "serviceexports.multicluster.x-k8s.io")
KEYS = (WEB, API, EXPORT, LEASE_KEY)
KINDS = (CRD, SERVICE, SERVICE_EXPORT, LEASE)
READY = {"conditions": [{"type": "Ready", "status": "True"}]}

SPECS: tuple[Mapping[str, object], ...] = (
    {},
    {"type": "ClusterIP"},
    {"type": "NodePort", "sessionAffinity": "None"},
    {"ports": [{"port": 81, "name": "b"}]},
    {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "c"}]},
)


def document(key: ObjectKey, variant: int) -> Document:
    if key == EXPORT:
        metadata = {"name": "web", "namespace": "shop", "labels": {"v": f"v{variant}"}}
        spec = {} if variant == 0 else {"spec": {"x": variant % 2}}
        status = {"status": READY} if variant == 3 else {}
        return {**export(), "metadata": metadata, **spec, **status}
    if key == LEASE_KEY:
        return lease(f"holder-{variant}", variant)
    return {**service(key.name), "spec": SPECS[variant]}


documents = st.builds(document, st.sampled_from(KEYS), st.integers(0, len(SPECS) - 1))
outcomes = Document | type[StoreError]


def bare(document: Document) -> Document:
    """An object without what each store gives it by its own dice and counter."""
    metadata = dict(map_at(document, "metadata"))
    for name in ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"):
        metadata.pop(name, None)
    return {**document, "metadata": metadata}


class Directory(RuleBasedStateMachine):
    """Two processes and a person in one directory, beside a shelf that does the same."""

    def __init__(self) -> None:
        super().__init__()
        shm = Path("/dev/shm")  # noqa: S108  a disk that is fast, where there is one
        self.root = Path(tempfile.mkdtemp(dir=shm if shm.is_dir() else None))
        self.shelf = MemoryShelf(lambda: NOON_MS, Random(7))
        self.processes = [Process(self.root, seed=seed) for seed in (1, 2)]
        self.files: dict[str, list[Document]] = {}
        self.stated: dict[ObjectKey, Document] = {}
        self.watched: dict[ObjectKey, Document] = {}
        self.since = self.first.settled().folder.shelf.version

    @property
    def first(self) -> Process:
        return self.processes[0]

    def teardown(self) -> None:
        for process in self.processes:
            process.close()
        shutil.rmtree(self.root)

    # --- agents --------------------------------------------------------------------------

    @rule(
        wanted=documents,
        who=st.integers(0, 1),
        force=st.booleans(),
        expected=st.sampled_from([None, None, "", "current", "stale"]),
        dry_run=st.sampled_from([False, False, True]),
    )
    def apply(
        self, wanted: Document, who: int, force: bool, expected: str | None, dry_run: bool
    ) -> None:
        process = self.processes[who].after()

        def theirs() -> Document:
            version = self.version(process, wanted, expected)
            return process.writer.apply(
                wanted, process.now_us, if_version=version, force=force, dry_run=dry_run
            )

        def modelled() -> Document:
            version = expected
            if expected == "current":
                held = self.shelf.held(self.key(wanted))
                version = "" if held is None else resource_version(held.document)
            return self.shelf.apply(wanted, if_version=version, force=force, dry_run=dry_run)

        self.same(theirs, modelled)

    def version(self, process: Process, wanted: Document, expected: str | None) -> str | None:
        if expected != "current":
            return expected
        held = process.folder.shelf.held(self.key(wanted))
        return "" if held is None else resource_version(held.document)

    @rule(key=st.sampled_from(KEYS), who=st.integers(0, 1), variant=st.integers(0, 2))
    def apply_status(self, key: ObjectKey, who: int, variant: int) -> None:
        status: Document = (READY, {"conditions": []}, {"x": variant})[variant]
        version, process = key.kind.versions[-1], self.processes[who].after()
        self.same(
            lambda: process.writer.apply_status(key, version, status, process.now_us),
            lambda: self.shelf.apply_status(key, version, status),
        )

    @rule(key=st.sampled_from(KEYS), who=st.integers(0, 1))
    def delete(self, key: ObjectKey, who: int) -> None:
        process = self.processes[who].after()
        if key in self.stated and self.shelf.held(key) is not None:
            with pytest.raises(ForbiddenError, match=r"\.ya?ml"):
                process.writer.delete(key, process.now_us)
            return

        def theirs() -> Document:
            process.writer.delete(key, process.now_us)
            return {}

        def modelled() -> Document:
            self.shelf.delete(key)
            return {}

        self.same(theirs, modelled)

    def same(self, theirs: Callable[[], Document], modelled: Callable[[], Document]) -> None:
        assert outcome(theirs) == outcome(modelled)

    # --- people --------------------------------------------------------------------------

    @rule(name=st.sampled_from(["a.yaml", "sub/b.yml"]), content=st.lists(documents, max_size=3))
    def write(self, name: str, content: list[Document]) -> None:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        if content:
            self.files[name] = content
            path.write_text("---\n".join(to_yaml(each) for each in content))
        elif name in self.files:
            # What is empty keeps what it had; it is written again, or deleted.
            path.write_text("")
            self.first.after()
            path.unlink()
            del self.files[name]
        self.people_have_written()

    @rule(is_there=st.booleans())
    def define(self, is_there: bool) -> None:
        path = self.root / "definition.yaml"
        if is_there:
            self.files["definition.yaml"] = [definition("v1alpha1", "v1beta1")]
            path.write_text(to_yaml(self.files["definition.yaml"][0]))
        else:
            self.files.pop("definition.yaml", None)
            path.unlink(missing_ok=True)
        self.people_have_written()

    def people_have_written(self) -> None:
        """Do to the shelf what the files come to: the first file by name has an object."""
        self.first.settled()
        found: dict[ObjectKey, Document] = {}
        for name in sorted(self.files):
            for each in self.files[name]:
                found.setdefault(self.key(each), each)
        if DEFINITION not in found:
            found.pop(EXPORT, None)
        for key in sorted(self.stated.keys() - found.keys(), key=lambda key: key.kind == CRD):
            self.shelf.delete(key)
        for key in sorted(found, key=lambda key: key.kind != CRD):
            if self.stated.get(key) != found[key]:
                self.state(key, found[key])
        self.stated = found

    def state(self, key: ObjectKey, document: Document) -> None:
        self.shelf.apply(document, manager=PEOPLE, force=True)
        version = str(document["apiVersion"]).rpartition("/")[2]
        if self.shelf.served.has_status(key.kind, version):
            status = map_at(document, "status")
            before = map_at(self.stated.get(key, {}), "status")
            if status or before:
                self.shelf.apply_status(key, version, status, manager=PEOPLE)

    # --- processes -----------------------------------------------------------------------

    @rule(who=st.integers(0, 1))
    def restart(self, who: int) -> None:
        self.processes[who].close()
        self.processes[who] = Process(self.root, seed=99 + who).settled()
        if who == 0:
            self.watched = {
                key_of(kind, each): each for kind in KINDS for each in self.listed(self.first)[kind]
            }
            self.since = self.first.folder.shelf.version

    @rule()
    def touch(self) -> None:
        for name in self.files:
            (self.root / name).touch()
        self.first.after()

    # --- what holds ----------------------------------------------------------------------

    @invariant()
    def the_directory_has_what_the_shelf_has(self) -> None:
        for kind, found in self.listed(self.first.after()).items():
            held = (self.shelf.held(key) for key in self.shelf.keys(kind))
            wanted = [bare(each.document) for each in held if each is not None]
            assert [bare(each) for each in found] == wanted

    @invariant()
    def two_processes_have_the_very_same(self) -> None:
        one, two = (process.after() for process in self.processes)
        assert self.listed(one) == self.listed(two)
        assert one.folder.shelf.version == two.folder.shelf.version
        assert one.folder.faults() == two.folder.faults()

    @invariant()
    def a_watch_brought_it_all(self) -> None:
        shelf = self.first.after().folder.shelf
        for kind in KINDS:
            for change in shelf.changes(kind, kind.versions[0], self.since):
                key = key_of(kind, change.document)
                if change.type is ChangeType.DELETED:
                    del self.watched[key]
                else:
                    assert (key in self.watched) == (change.type is ChangeType.MODIFIED)
                    self.watched[key] = change.document
        self.since = shelf.version
        found = {
            key_of(kind, each): each for kind in KINDS for each in self.listed(self.first)[kind]
        }
        assert {key: bare(each) for key, each in found.items()} == {
            key: {**bare(each), "apiVersion": found[key]["apiVersion"]}
            for key, each in self.watched.items()
        }

    def listed(self, process: Process) -> dict[Kind, list[Document]]:
        shelf = process.folder.shelf
        found: dict[Kind, list[Document]] = {kind: [] for kind in KINDS}
        for kind in KINDS:
            for key in shelf.keys(kind):
                held = shelf.held(key)
                assert held is not None
                found[kind].append(held.document)
        return found

    def key(self, document: Document) -> ObjectKey:
        (key,) = (each for each in (*KEYS, DEFINITION) if is_of(each, document))
        return key


def is_of(key: ObjectKey, document: Document) -> bool:
    return (key.kind.name, key.name) == (document["kind"], map_at(document, "metadata")["name"])


def outcome(work: Callable[[], Document]) -> outcomes:
    try:
        return bare(work())
    except StoreError as error:
        return type(error)


TestDirectory = Directory.TestCase
