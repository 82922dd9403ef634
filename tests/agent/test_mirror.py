"""A mirror has what it was told, and knows what it was never told."""

from agent.mirror import Mirror
from agent.objects import MESH_CONFIG, SERVICE, SERVICE_EXPORT, ObjectKey

WEB = ObjectKey(SERVICE, "shop", "web")


def service(name: str, namespace: str = "shop", port: int = 80) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"port": port}}


def test_a_kind_is_known_once_it_was_listed_or_is_not_served() -> None:
    mirror = Mirror()
    assert not mirror.knows(SERVICE)
    assert not mirror.knows(SERVICE_EXPORT)
    mirror.serve([(SERVICE, "v1")])
    assert not mirror.knows(SERVICE)
    assert mirror.knows(SERVICE_EXPORT)
    mirror.replace(SERVICE, [])
    assert mirror.knows(SERVICE)


def test_of_the_versions_that_are_served_the_best_counts() -> None:
    mirror = Mirror()
    mirror.serve([(MESH_CONFIG, "v1alpha1"), (MESH_CONFIG, "v1alpha2"), (SERVICE, "v9")])
    assert mirror.version(MESH_CONFIG) == "v1alpha2"
    assert mirror.version(SERVICE) is None


def test_what_is_served_no_more_is_forgotten() -> None:
    mirror = Mirror()
    mirror.serve([(SERVICE, "v1")])
    mirror.put(WEB, service("web"))
    mirror.serve([(SERVICE_EXPORT, "v1beta1")])
    assert mirror.get(WEB) is None
    assert mirror.knows(SERVICE)


def test_replacing_tells_what_differs() -> None:
    mirror = Mirror()
    assert mirror.replace(SERVICE, [service("web"), service("db")]) == [
        ObjectKey(SERVICE, "shop", "db"),
        WEB,
    ]
    assert mirror.replace(SERVICE, [service("web", port=81)]) == [
        ObjectKey(SERVICE, "shop", "db"),
        WEB,
    ]
    assert mirror.replace(SERVICE, [service("web", port=81)]) == []


def test_one_object_comes_and_goes() -> None:
    mirror = Mirror()
    assert mirror.put(WEB, service("web"))
    assert not mirror.put(WEB, service("web"))
    assert mirror.get(WEB) == service("web")
    assert mirror.remove(WEB)
    assert not mirror.remove(WEB)
    assert mirror.take(WEB, service("web"))
    assert mirror.take(WEB, None)
    assert not mirror.take(WEB, None)


def test_objects_are_given_by_key_and_by_namespace() -> None:
    mirror = Mirror()
    mirror.replace(SERVICE, [service("web"), service("db"), service("api", "other")])
    names = [key.name for key, _ in mirror.of(SERVICE)]
    assert names == ["api", "db", "web"]
    assert [key.name for key, _ in mirror.of(SERVICE, "shop")] == ["db", "web"]
    assert mirror.count(SERVICE) == 3
    assert mirror.count(MESH_CONFIG) == 0
