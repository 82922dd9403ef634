"""Objects one by one: what a client applies, deletes, expects, and would do (a dry run)."""

import pytest
import trio

from agent.objects import (
    DRAIN,
    SERVICE,
    ObjectKey,
    at,
    resource_version,
)
from agent.store import (
    ConflictError,
    InvalidError,
    NotFoundError,
    ObjectStore,
)
from tests.agent.stores.site import LEASE_KEY, WEB, Site, lease, service


class ObjectsContract:
    """Derive by `contract.StoreContract`."""

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

    async def test_of_a_process_that_nobody_knows_nobody_says_that_it_is_gone(
        self, site: Site
    ) -> None:
        assert not await site.ours.is_gone("a process that never was")
