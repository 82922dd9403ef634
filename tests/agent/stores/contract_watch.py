"""What is watched, and which kinds are served."""

import pytest

from agent.objects import (
    CRD,
    ENDPOINT_SLICE,
    SERVICE,
    SERVICE_EXPORT,
    ObjectKey,
    at,
)
from agent.store import (
    ChangeType,
    GoneError,
    NotServedError,
)
from tests.agent.stores.site import (
    EXPORT,
    WEB,
    Site,
    export,
    lease,
    next_change,
    served_exports,
    service,
)


class WatchContract:
    """Derive by `contract.StoreContract`."""

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
