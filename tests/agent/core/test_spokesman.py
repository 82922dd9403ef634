"""What is said in the status of objects: by the publisher alone, soon, and not again and again."""

from collections.abc import Iterable

from agent.core.spokesman import AGAIN, LATER, SOON, Speakers, Spokesman
from agent.mirror import Mirror
from agent.objects import (
    SERVICE_EXPORT,
    TRAFFIC_POLICY,
    TRUSTED_CLUSTER,
    TRUSTED_FLEET,
    at,
    list_at,
    text_at,
)
from agent.writes import ApplyStatus
from discovery.names import Origin
from failure_detect.clock import NEVER
from tests.agent.core.townscape import WEB, Town


def policy(name: str) -> dict[str, object]:
    return {
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "TrafficPolicy",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"mode": "Locality"},
    }


class Scene:
    """A spokesman of its own for the publisher of `east`."""

    def __init__(self) -> None:
        self.town = Town()
        self.town.start()
        self.town.settle()
        self.town.run(1)
        process = self.town.process(self.town.publisher("east"))
        assert process.agent.head is not None
        head = process.agent.head
        self.shelf = self.town.api("east").shelf
        self.mirror = Mirror()
        self.mirror.serve(self.shelf.served.known())
        for kind in (SERVICE_EXPORT, TRAFFIC_POLICY, TRUSTED_CLUSTER, TRUSTED_FLEET):
            # As if nobody had said anything yet, which the publisher of this world has.
            documents = self.town.api("east").documents(kind)
            self.mirror.replace(kind, [{**each, "status": {}} for each in documents])
        self.spokesman = Spokesman(
            Speakers(Origin("east"), self.mirror, head.bridge, head.sources, head.writer)
        )

    def say(self, now: int) -> list[ApplyStatus]:
        return self.spokesman.advance(self.town.agenda.wall_ms(), now)


def names(statuses: Iterable[ApplyStatus]) -> list[str]:
    return [str(each.key) for each in statuses]


def condition(status: ApplyStatus, kind: str) -> tuple[str, str]:
    [found] = [each for each in list_at(status.status, "conditions") if at(each, "type") == kind]
    return text_at(found, "status"), text_at(found, "reason")


def test_nobody_but_the_publisher_says_anything() -> None:
    scene = Scene()
    scene.spokesman.changed([WEB], 0)
    scene.spokesman.touched(0)
    assert scene.spokesman.deadline == NEVER
    assert scene.say(NEVER - 1) == []


def test_a_new_publisher_says_everything_soon() -> None:
    scene = Scene()
    scene.spokesman.may_speak(0, may=True)
    assert scene.spokesman.deadline == SOON
    assert scene.say(SOON - 1) == []
    said = scene.say(SOON)
    export, *trust = said
    assert names(said) == [
        "ServiceExport shop/web",
        "TrustedCluster south",
        "TrustedCluster west",
    ]
    assert condition(export, "Ready") == ("True", "Exported")
    assert condition(trust[1], "Serving") == ("True", "Live")
    assert scene.spokesman.deadline == SOON + AGAIN


def test_a_service_that_changed_is_said_alone_and_once() -> None:
    scene = Scene()
    scene.spokesman.may_speak(0, may=True)
    scene.say(SOON)
    scene.spokesman.changed([WEB], 10 * SOON)
    scene.spokesman.changed([WEB], 10 * SOON + 5)
    assert scene.spokesman.deadline == 11 * SOON
    assert names(scene.say(11 * SOON)) == ["ServiceExport shop/web"]
    assert scene.spokesman.deadline == SOON + AGAIN
    assert scene.say(11 * SOON + 1) == []


def test_after_anything_happened_everything_is_looked_at_again_later() -> None:
    scene = Scene()
    scene.spokesman.may_speak(0, may=True)
    scene.say(SOON)
    scene.spokesman.touched(2 * SOON)
    scene.spokesman.touched(3 * SOON)
    assert scene.spokesman.deadline == 2 * SOON + LATER


def test_what_stands_there_already_is_not_written_again() -> None:
    scene = Scene()
    scene.spokesman.may_speak(0, may=True)
    for said in scene.say(SOON):
        document = scene.mirror.get(said.key)
        assert document is not None
        scene.mirror.put(said.key, {**document, "status": said.status})
    assert scene.say(SOON + AGAIN) == []


def test_a_policy_is_told_what_became_of_it() -> None:
    scene = Scene()
    scene.town.api("east").put(policy("web"))
    scene.town.run(1)
    scene.mirror.replace(TRAFFIC_POLICY, [policy("web")])
    scene.spokesman.may_speak(0, may=True)
    said = {each.key.kind.name: each for each in scene.say(SOON)}
    assert said["TrafficPolicy"].key.name == "web"
    assert list_at(said["TrafficPolicy"].status, "conditions")


def test_who_is_publisher_no_more_falls_silent() -> None:
    scene = Scene()
    scene.spokesman.may_speak(0, may=True)
    scene.spokesman.may_speak(1, may=False)
    assert scene.spokesman.deadline == NEVER
    assert scene.say(SOON) == []
    scene.spokesman.may_speak(5 * SOON, may=True)
    assert scene.spokesman.deadline == 6 * SOON
