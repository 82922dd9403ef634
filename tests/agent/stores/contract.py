"""What every `ObjectStore` does: one suite, for the memory, the directory, and the API server.

A test class of each store derives from `StoreContract` and has a fixture `site`: two clients of one
store, and a hand of people who change objects without asking any of them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
import trio

from agent.objects import (
    CRD,
    DRAIN,
    ENDPOINT_SLICE,
    LEASE,
    MANAGED_BY,
    MANAGER,
    SECRET,
    SERVICE,
    SERVICE_EXPORT,
    Document,
    ObjectKey,
    at,
    resource_version,
)
from agent.store import (
    Change,
    ChangeType,
    ConflictError,
    GoneError,
    InvalidError,
    NotFoundError,
    NotServedError,
    ObjectStore,
)

WEB = ObjectKey(SERVICE, "shop", "web")
EXPORT = ObjectKey(SERVICE_EXPORT, "shop", "web")
LEASE_KEY = ObjectKey(LEASE, "isthmus", "publisher")


@dataclass(frozen=True)
class Site:
    """One store, as two clients and a person have it."""

    ours: ObjectStore
    theirs: ObjectStore
    by_hand: Callable[[Document], Awaitable[None]]
    """A person makes an object have these fields, whoever owns them."""
    by_hand_gone: Callable[[ObjectKey], Awaitable[None]]
    """A person deletes an object that he made."""


def service(name: str = "web", namespace: str = "shop", **spec: object) -> Document:
    metadata = {"name": name, "namespace": namespace, "labels": {MANAGED_BY: MANAGER}}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": [{"name": "http", "port": 80, "protocol": "TCP"}], **spec},
    }


def ports(*numbers: int, name: str = "p") -> list[object]:
    return [{"name": f"{name}{each}", "port": each, "protocol": "TCP"} for each in numbers]


def lease(holder: str, transitions: int = 0) -> Document:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": LEASE_KEY.name, "namespace": LEASE_KEY.namespace},
        "spec": {"holderIdentity": holder, "leaseTransitions": transitions},
    }


def export(api_version: str = "v1alpha1") -> Document:
    return {
        "apiVersion": f"multicluster.x-k8s.io/{api_version}",
        "kind": "ServiceExport",
        "metadata": {"name": "web", "namespace": "shop"},
    }


def definition(*versions: str) -> Document:
    """The CustomResourceDefinition of ServiceExport, as far as a store reads it."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "serviceexports.multicluster.x-k8s.io"},
        "spec": {
            "group": "multicluster.x-k8s.io",
            "scope": "Namespaced",
            "names": {
                "kind": "ServiceExport",
                "plural": "serviceexports",
                "singular": "serviceexport",
                "listKind": "ServiceExportList",
            },
            "versions": [
                {
                    "name": each,
                    "served": True,
                    "storage": each == versions[0],
                    "schema": schema,
                    "subresources": {"status": {}},
                }
                for each in versions
            ],
        },
    }


async def next_change(watch: AsyncIterator[Change]) -> Change:
    """The next change that is one; nobody waits for it longer than a minute."""
    with trio.fail_after(60):
        async for change in watch:
            if change.type is not ChangeType.BOOKMARK:
                return change
    raise AssertionError("the watch has ended")


async def served_exports(site: Site, *versions: str) -> None:
    await site.ours.apply(definition(*(versions or ("v1alpha1",))))
    with trio.fail_after(60):
        for store in (site.ours, site.theirs):
            while not {kind for kind, _ in await store.served()} & {SERVICE_EXPORT}:
                await trio.lowlevel.checkpoint()


class StoreContract:
    """Derive, and give a fixture `site`."""

    # --- list, get, apply ----------------------------------------------------------------

    async def test_what_one_client_applies_the_other_lists_and_gets(self, site: Site) -> None:
        applied = await site.ours.apply(service())
        assert at(applied, "metadata", "uid")
        assert at(applied, "metadata", "creationTimestamp")
        assert resource_version(applied)
        assert at(applied, "spec", "ports", 0, "port") == 80
        listing = await site.theirs.list(SERVICE, "v1")
        assert [each for each in listing.objects if at(each, "metadata", "name") == "web"] == [
            applied
        ]
        assert await site.theirs.get(WEB, "v1") == applied

    async def test_applying_the_same_again_changes_nothing(self, site: Site) -> None:
        applied = await site.ours.apply(service())
        assert await site.theirs.apply(service()) == applied

    async def test_a_change_of_the_spec_keeps_the_identity_and_makes_a_version(
        self, site: Site
    ) -> None:
        before = await site.ours.apply(service())
        after = await site.ours.apply(service(type="ClusterIP", sessionAffinity="ClientIP"))
        for field in ("uid", "creationTimestamp"):
            assert at(before, "metadata", field) == at(after, "metadata", field)
        assert resource_version(before) != resource_version(after)
        assert at(after, "spec", "sessionAffinity") == "ClientIP"

    async def test_a_field_that_is_applied_no_more_is_removed(self, site: Site) -> None:
        await site.ours.apply(service(externalIPs=["192.0.2.1"]))
        after = await site.ours.apply(service())
        assert at(after, "spec", "externalIPs") is None
        assert at(after, "spec", "ports", 0, "port") == 80

    async def test_what_is_not_there_is_not_found(self, site: Site) -> None:
        with pytest.raises(NotFoundError):
            await site.ours.get(WEB, "v1")
        with pytest.raises(NotFoundError):
            await site.ours.delete(WEB)

    async def test_two_of_one_name_in_two_namespaces_are_two(self, site: Site) -> None:
        await site.ours.apply(service())
        await site.ours.apply(service(namespace="bank"))
        await site.ours.delete(ObjectKey(SERVICE, "bank", "web"))
        assert await site.theirs.get(WEB, "v1")

    async def test_an_object_that_belongs_to_no_namespace_has_none(self, site: Site) -> None:
        metadata = {"name": "all"}
        drain = {"apiVersion": "isthmus.dev/v1alpha1", "kind": "Drain", "metadata": metadata}
        applied = await site.ours.apply({**drain, "spec": {"reason": "upgrade"}})
        assert at(applied, "metadata", "namespace") is None
        found = await site.theirs.get(ObjectKey(DRAIN, "", "all"), "v1alpha1")
        assert at(found, "spec", "reason") == "upgrade"

    @pytest.mark.parametrize("name", ["", "Web", "web_1", "-web", "a" * 64, "web/x"])
    async def test_a_name_that_is_none_is_refused(self, site: Site, name: str) -> None:
        with pytest.raises(InvalidError, match=r"metadata\.name"):
            await site.ours.apply(service(name))
        assert not [
            each
            for each in (await site.theirs.list(SERVICE, "v1")).objects
            if at(each, "metadata", "namespace") == "shop"
        ]

    async def test_an_object_without_its_namespace_is_refused(self, site: Site) -> None:
        document = {**service(), "metadata": {"name": "web"}}
        with pytest.raises(InvalidError, match=r"metadata\.namespace"):
            await site.ours.apply(document)

    async def test_a_label_that_is_no_text_is_refused(self, site: Site) -> None:
        metadata = {"name": "web", "namespace": "shop", "labels": {"country": False}}
        with pytest.raises(InvalidError, match=r"country"):
            await site.ours.apply({**service(), "metadata": metadata})

    # --- owners of fields ----------------------------------------------------------------

    async def test_fields_of_two_owners_make_one_object(self, site: Site) -> None:
        await site.by_hand({**service(), "spec": {"ports": ports(80), "type": "ClusterIP"}})
        both = {"name": "web", "namespace": "shop", "annotations": {"isthmus.dev/note": "ours"}}
        await site.ours.apply({"apiVersion": "v1", "kind": "Service", "metadata": both})
        found = await site.theirs.get(WEB, "v1")
        assert at(found, "metadata", "annotations", "isthmus.dev/note") == "ours"
        assert at(found, "spec", "type") == "ClusterIP"

    async def test_another_owners_field_with_another_value_is_a_conflict(self, site: Site) -> None:
        await site.by_hand({**service(), "spec": {"ports": ports(80), "type": "ClusterIP"}})
        before = await site.ours.get(WEB, "v1")
        with pytest.raises(ConflictError, match="type"):
            await site.ours.apply({**service(), "spec": {"type": "NodePort"}})
        assert await site.ours.get(WEB, "v1") == before

    async def test_force_takes_the_field(self, site: Site) -> None:
        await site.by_hand({**service(), "spec": {"ports": ports(80), "sessionAffinity": "None"}})
        wanted = {**service(), "spec": {"sessionAffinity": "ClientIP"}}
        applied = await site.ours.apply(wanted, force=True)
        assert at(applied, "spec", "sessionAffinity") == "ClientIP"
        assert at(applied, "spec", "ports", 0, "port") == 80

    async def test_another_owners_field_with_the_same_value_is_shared(self, site: Site) -> None:
        await site.by_hand({**service(), "spec": {"ports": ports(80), "type": "ClusterIP"}})
        await site.ours.apply({**service(), "spec": {"type": "ClusterIP"}})
        after = await site.ours.apply({**service(), "spec": {"externalName": "x.example"}})
        assert at(after, "spec", "type") == "ClusterIP", "he owns it still"

    async def test_ports_are_told_apart_by_number_and_protocol(self, site: Site) -> None:
        await site.by_hand({**service(), "spec": {"ports": ports(80)}})
        await site.ours.apply({**service(), "spec": {"ports": ports(81)}})
        found = await site.theirs.get(WEB, "v1")
        assert [at(found, "spec", "ports", index, "port") for index in (0, 1)] == [80, 81]
        await site.ours.apply({**service(), "spec": {}})
        found = await site.theirs.get(WEB, "v1")
        assert at(found, "spec", "ports", 0, "port") == 80
        assert at(found, "spec", "ports", 1) is None

    # --- preconditions -------------------------------------------------------------------

    async def test_of_two_who_hold_a_lease_by_its_version_one_gets_it(self, site: Site) -> None:
        first = await site.ours.apply(lease("a"), if_version="")
        with pytest.raises(ConflictError):
            await site.theirs.apply(lease("b"), if_version="")
        version = resource_version(first)
        await site.theirs.apply(lease("b", 1), if_version=version, force=True)
        with pytest.raises(ConflictError):
            await site.ours.apply(lease("a", 1), if_version=version, force=True)
        found = await site.ours.get(LEASE_KEY, "v1")
        assert at(found, "spec", "holderIdentity") == "b"

    async def test_many_who_count_up_a_lease_at_once_lose_no_count(self, site: Site) -> None:
        await site.ours.apply(lease("0"))

        async def count_up(store: ObjectStore, name: str) -> None:
            for _ in range(10):
                while True:
                    found = await store.get(LEASE_KEY, "v1")
                    count = at(found, "spec", "leaseTransitions")
                    assert isinstance(count, int)
                    try:
                        await store.apply(
                            lease(name, count + 1), if_version=resource_version(found), force=True
                        )
                    except ConflictError:
                        continue
                    break

        async with trio.open_nursery() as nursery:
            nursery.start_soon(count_up, site.ours, "a")
            nursery.start_soon(count_up, site.theirs, "b")
        found = await site.ours.get(LEASE_KEY, "v1")
        assert at(found, "spec", "leaseTransitions") == 20

    async def test_what_was_expected_and_is_gone_is_a_conflict(self, site: Site) -> None:
        version = resource_version(await site.ours.apply(service()))
        await site.ours.delete(WEB)
        with pytest.raises(ConflictError):
            await site.ours.apply(service(), if_version=version)

    async def test_a_deletion_by_version_spares_what_has_changed(self, site: Site) -> None:
        version = resource_version(await site.ours.apply(service()))
        changed = await site.theirs.apply(service(sessionAffinity="ClientIP"))
        with pytest.raises(ConflictError):
            await site.ours.delete(WEB, if_version=version)
        await site.ours.delete(WEB, if_version=resource_version(changed))
        with pytest.raises(NotFoundError):
            await site.theirs.get(WEB, "v1")

    # --- status --------------------------------------------------------------------------

    async def test_a_status_and_the_rest_do_not_touch_each_other(self, site: Site) -> None:
        await served_exports(site)
        await site.by_hand(export())
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        api_version = "multicluster.x-k8s.io/v1alpha1"
        before = await site.ours.get(EXPORT, "v1alpha1")
        told = await site.ours.apply_status(EXPORT, api_version, ready)
        assert at(told, "status", "conditions", 0, "status") == "True"
        assert at(told, "metadata", "generation") == at(before, "metadata", "generation")
        await site.theirs.apply({**export(), "status": {"conditions": []}, "spec": {"x": "y"}})
        found = await site.ours.get(EXPORT, "v1alpha1")
        assert at(found, "status", "conditions", 0, "status") == "True"
        assert at(found, "spec", "x") == "y"

    async def test_conditions_of_two_owners_stand_side_by_side(self, site: Site) -> None:
        await served_exports(site)
        theirs = {"type": "Valid", "status": "True"}
        await site.by_hand({**export(), "status": {"conditions": [theirs]}})
        ready = {"conditions": [{"type": "Ready", "status": "False"}]}
        api_version = "multicluster.x-k8s.io/v1alpha1"
        await site.ours.apply_status(EXPORT, api_version, ready)
        found = await site.theirs.get(EXPORT, "v1alpha1")
        assert [at(found, "status", "conditions", index, "type") for index in (0, 1)] == [
            "Valid",
            "Ready",
        ]
        await site.ours.apply_status(EXPORT, api_version, {"conditions": []})
        found = await site.theirs.get(EXPORT, "v1alpha1")
        assert at(found, "status", "conditions", 0, "type") == "Valid"
        assert at(found, "status", "conditions", 1) is None

    async def test_the_same_status_again_changes_nothing(self, site: Site) -> None:
        await served_exports(site)
        await site.ours.apply(export())
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        first = await site.ours.apply_status(EXPORT, "multicluster.x-k8s.io/v1alpha1", ready)
        again = await site.theirs.apply_status(EXPORT, "multicluster.x-k8s.io/v1alpha1", ready)
        assert first == again

    async def test_a_status_of_what_is_not_there_or_has_none_is_not_found(self, site: Site) -> None:
        with pytest.raises(NotFoundError):
            await site.ours.apply_status(WEB, "v1", {})
        metadata = {"name": "key", "namespace": "shop"}
        await site.ours.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
        with pytest.raises(NotFoundError):
            await site.ours.apply_status(ObjectKey(SECRET, "shop", "key"), "v1", {"a": "b"})

    async def test_the_next_object_of_a_name_does_not_inherit_the_status(self, site: Site) -> None:
        await served_exports(site)
        await site.ours.apply(export())
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        await site.ours.apply_status(EXPORT, "multicluster.x-k8s.io/v1alpha1", ready)
        await site.ours.delete(EXPORT)
        anew = await site.ours.apply(export())
        assert at(anew, "status", "conditions", 0) is None

    # --- dry run -------------------------------------------------------------------------

    async def test_a_dry_run_answers_as_if_and_changes_nothing(self, site: Site) -> None:
        shown = await site.ours.apply(service(), dry_run=True)
        assert at(shown, "spec", "ports", 0, "port") == 80
        with pytest.raises(NotFoundError):
            await site.theirs.get(WEB, "v1")
        applied = await site.ours.apply(service())
        await site.ours.delete(WEB, dry_run=True)
        await site.ours.apply_status(WEB, "v1", {"loadBalancer": {}}, dry_run=True)
        assert await site.theirs.get(WEB, "v1") == applied

    async def test_a_dry_run_refuses_what_would_be_refused(self, site: Site) -> None:
        with pytest.raises(InvalidError):
            await site.ours.apply(service("Web"), dry_run=True)
        await site.ours.apply(service())
        with pytest.raises(ConflictError):
            await site.ours.apply(service(), if_version="", dry_run=True)
        with pytest.raises(NotFoundError):
            await site.ours.delete(ObjectKey(SERVICE, "shop", "other"), dry_run=True)

    # --- watch ---------------------------------------------------------------------------

    async def test_a_watch_brings_each_change_once_and_in_order(self, site: Site) -> None:
        listing = await site.theirs.list(SERVICE, "v1")
        async with site.theirs.watch(SERVICE, "v1", listing.version) as watch:
            first = await site.ours.apply(service())
            await site.ours.apply(lease("a"))
            second = await site.ours.apply(service(sessionAffinity="ClientIP"))
            await site.ours.delete(WEB)
            changes = [await next_change(watch) for _ in range(3)]
        assert [each.type for each in changes] == ["ADDED", "MODIFIED", "DELETED"]
        assert [each.document for each in changes[:2]] == [first, second]
        assert at(changes[2].document, "spec") == at(second, "spec")

    async def test_a_watch_goes_on_from_any_change_that_it_brought(self, site: Site) -> None:
        listing = await site.ours.list(SERVICE, "v1")
        await site.ours.apply(service("one"))
        await site.ours.apply(service("two"))
        async with site.theirs.watch(SERVICE, "v1", listing.version) as watch:
            first = await next_change(watch)
        async with site.theirs.watch(SERVICE, "v1", first.version) as watch:
            second = await next_change(watch)
        names = [at(each.document, "metadata", "name") for each in (first, second)]
        assert names == ["one", "two"]

    async def test_what_a_person_does_is_watched_too(self, site: Site) -> None:
        listing = await site.ours.list(ENDPOINT_SLICE, "v1")
        metadata = {"name": "web-1", "namespace": "shop"}
        document = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": metadata,
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.0.0.1"]}],
        }
        async with site.ours.watch(ENDPOINT_SLICE, "v1", listing.version) as watch:
            await site.by_hand(document)
            assert (await next_change(watch)).type is ChangeType.ADDED
            await site.by_hand({**document, "endpoints": [{"addresses": ["10.0.0.2"]}]})
            changed = await next_change(watch)
            assert changed.type is ChangeType.MODIFIED
            assert at(changed.document, "endpoints", 0, "addresses", 0) == "10.0.0.2"
            await site.by_hand_gone(ObjectKey(ENDPOINT_SLICE, "shop", "web-1"))
            assert (await next_change(watch)).type is ChangeType.DELETED

    async def test_a_watch_from_what_is_no_version_is_gone(self, site: Site) -> None:
        with pytest.raises(GoneError):
            async with site.ours.watch(SERVICE, "v1", "yesterday") as watch:
                await next_change(watch)

    # --- kinds ---------------------------------------------------------------------------

    async def test_a_kind_without_its_definition_is_not_served(self, site: Site) -> None:
        assert (SERVICE, "v1") in await site.ours.served()
        assert SERVICE_EXPORT not in {kind for kind, _ in await site.ours.served()}
        with pytest.raises(NotServedError, match="ServiceExport"):
            await site.ours.list(SERVICE_EXPORT, "v1alpha1")
        with pytest.raises(NotServedError, match="ServiceExport"):
            await site.ours.apply(export())
        with pytest.raises(NotServedError):
            async with site.ours.watch(SERVICE_EXPORT, "v1alpha1", "1"):
                raise AssertionError("it is not served")
        with pytest.raises(NotServedError):
            await site.ours.apply({**service(), "apiVersion": "v7"})

    async def test_a_kind_is_served_in_all_versions_of_its_definition(self, site: Site) -> None:
        await served_exports(site, "v1beta1", "v1alpha1")
        served = await site.theirs.served()
        assert {(SERVICE_EXPORT, "v1beta1"), (SERVICE_EXPORT, "v1alpha1")} <= served
        await site.ours.apply(export("v1alpha1"))
        found = await site.theirs.get(EXPORT, "v1beta1")
        assert found["apiVersion"] == "multicluster.x-k8s.io/v1beta1"
        listing = await site.theirs.list(SERVICE_EXPORT, "v1alpha1")
        assert listing.objects[0]["apiVersion"] == "multicluster.x-k8s.io/v1alpha1"

    async def test_with_its_definition_a_kind_and_its_objects_go(self, site: Site) -> None:
        await served_exports(site)
        await site.ours.apply(export())
        listing = await site.theirs.list(SERVICE_EXPORT, "v1alpha1")
        async with site.theirs.watch(SERVICE_EXPORT, "v1alpha1", listing.version) as watch:
            await site.ours.delete(ObjectKey(CRD, "", "serviceexports.multicluster.x-k8s.io"))
            assert (await next_change(watch)).type is ChangeType.DELETED
        with pytest.raises(NotServedError):
            await site.ours.list(SERVICE_EXPORT, "v1alpha1")
        await served_exports(site)
        assert not (await site.ours.list(SERVICE_EXPORT, "v1alpha1")).objects

    # --- deletion ------------------------------------------------------------------------

    async def test_an_object_with_a_finalizer_is_marked_and_goes_with_it(self, site: Site) -> None:
        metadata = {"name": "web", "namespace": "shop", "finalizers": ["isthmus.dev/hold"]}
        await site.ours.apply({**service(), "metadata": metadata})
        await site.ours.delete(WEB)
        marked = await site.theirs.get(WEB, "v1")
        assert at(marked, "metadata", "deletionTimestamp")
        await site.ours.delete(WEB)
        assert await site.theirs.get(WEB, "v1") == marked
        await site.ours.apply({**service(), "metadata": {"name": "web", "namespace": "shop"}})
        with pytest.raises(NotFoundError):
            await site.theirs.get(WEB, "v1")

    async def test_an_object_that_is_made_anew_is_another(self, site: Site) -> None:
        first = await site.ours.apply(service())
        await site.ours.delete(WEB)
        second = await site.theirs.apply(service())
        assert at(first, "metadata", "uid") != at(second, "metadata", "uid")

    # --- processes -----------------------------------------------------------------------

    async def test_of_a_process_that_nobody_knows_nobody_says_that_it_is_gone(
        self, site: Site
    ) -> None:
        assert not await site.ours.is_gone("a process that never was")
