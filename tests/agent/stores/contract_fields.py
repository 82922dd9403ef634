"""The fields of an object, whose they are, and the status apart from the rest."""

import pytest

from agent.objects import (
    SECRET,
    ObjectKey,
    at,
)
from agent.store import (
    ConflictError,
    NotFoundError,
)
from tests.agent.stores.site import EXPORT, WEB, Site, export, ports, served_exports, service


class FieldsContract:
    """Derive by `contract.StoreContract`."""

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
