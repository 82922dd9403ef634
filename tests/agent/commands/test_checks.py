"""What is looked at on this machine: keys, state, ports, seeds."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from agent.commands.checks import Result, check_keys, check_port, check_seeds, check_state
from agent.commands.keys import keys
from agent.key_files import certificate_document, write_document
from agent.settings_file import Settings, read_settings
from discovery.certificates import ClusterBody, issue_cluster_certificate
from discovery.names import Origin
from discovery.signing import SigningKey
from tests.agent.commands.stage import WALL_MS, Stage, stage
from tests.agent.key_rings import FLEET_SEED, OWN_SEED

__all__ = ["stage"]


def settings_of(stage: Stage, more: str = "") -> Settings:
    stage.settle(more)
    return read_settings(stage.config, {}, "node-1")


@contextmanager
def taken(kind: socket.SocketKind) -> Iterator[int]:
    with closing(socket.socket(socket.AF_INET, kind)) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        yield int(holder.getsockname()[1])


def free_port() -> int:
    with taken(socket.SOCK_STREAM) as port:
        return port


def test_keys_are_read_as_the_agent_reads_them(stage: Stage) -> None:
    settings = settings_of(stage)
    (found,) = check_keys(settings, WALL_MS)
    assert (found.result, found.what) == (Result.OK, "generation 1 of east")
    (stage.folder / "cluster.key").chmod(0o644)
    (found,) = check_keys(settings, WALL_MS)
    assert found.result is Result.FAIL
    assert found.remedy == f"run: chmod 600 {stage.folder / 'cluster.key'}"


def test_a_staged_key_and_a_certificate_that_ends_are_warnings(stage: Stage) -> None:
    stage.run(keys, "rotate", str(stage.folder / "cluster.key"))
    fleet = SigningKey.from_seed(FLEET_SEED)
    body = ClusterBody(
        cluster=Origin("east"),
        key=SigningKey.from_seed(OWN_SEED).public,
        generation=1,
        fleet=fleet.public,
        not_after_ms=WALL_MS + 1,
    )
    certificate = certificate_document(issue_cluster_certificate(body, fleet))
    write_document(stage.folder / "c", certificate)
    settings = settings_of(stage, "")
    stage.config.write_text(
        stage.config.read_text().replace(
            "{cluster: cluster.key}", "{cluster: cluster.key, fleetCertificate: c}"
        )
    )
    settings = read_settings(stage.config, {}, "node-1")
    fine, staged, ends = check_keys(settings, WALL_MS)
    assert (fine.result, staged.result, ends.result) == (Result.OK, Result.WARN, Result.WARN)
    assert staged.what == "generation 2 waits to be activated"
    assert ends.what.startswith("the fleet's certificate ends at")


def test_the_state_folder_may_be_made_later_and_must_not_be_a_file(stage: Stage) -> None:
    settings = settings_of(stage)
    assert [each.what for each in check_state(settings)] == ["will be made"]
    (stage.folder / "state").mkdir()
    assert [each.what for each in check_state(settings)] == ["can be written"]
    damaged = stage.folder / "state" / "rest.state.damaged"
    damaged.write_bytes(b"")
    (found,) = check_state(settings)
    assert (found.result, found.where) == (Result.WARN, str(damaged))
    settings = settings_of(stage)
    damaged.unlink()
    (stage.folder / "state").rmdir()
    (stage.folder / "state").write_text("")
    (found,) = check_state(settings)
    assert (found.result, found.what) == (Result.FAIL, "is no directory")


def test_a_port_is_free_or_taken_by_the_agent_or_by_another(stage: Stage) -> None:
    settings = settings_of(stage, f"listen: 127.0.0.1:{free_port()}\n")
    assert {each.result for each in check_port(settings, is_running=False)} == {Result.OK}
    assert {each.result for each in check_port(settings, is_running=True)} == {Result.WARN}
    for kind, at in ((socket.SOCK_DGRAM, 0), (socket.SOCK_STREAM, 1)):
        with taken(kind) as port:
            settings = settings_of(stage, f"listen: 127.0.0.1:{port}\n")
            found = list(check_port(settings, is_running=False))[at]
            assert (found.result, "in use by another program" in found.what) == (Result.FAIL, True)
            found = list(check_port(settings, is_running=True))[at]
            assert found.result is Result.OK


def test_an_address_that_is_not_of_this_machine_is_told(stage: Stage) -> None:
    settings = settings_of(stage, "listen: 192.0.2.1:7979\n")
    results = list(check_port(settings, is_running=False))
    assert {each.result for each in results} == {Result.FAIL}
    assert results[0].remedy == "correct listen: in the settings"


def test_seeds_resolve_and_answer_or_it_is_told(stage: Stage) -> None:
    with taken(socket.SOCK_STREAM) as port:
        settings = settings_of(
            stage,
            f"seeds: {{lan: ['127.0.0.1:{port}', '127.0.0.1:{free_port()}'], "
            "wan: ['nobody.invalid:7979']}\n",
        )
        answers, silent, unknown = check_seeds(settings)
    assert (answers.result, answers.check) == (Result.OK, "seeds.lan")
    assert (silent.result, "does not answer" in silent.what) == (Result.WARN, True)
    assert (unknown.result, "does not resolve" in unknown.what) == (Result.FAIL, True)


def test_no_seed_of_another_cluster_is_a_warning(stage: Stage) -> None:
    (found,) = check_seeds(settings_of(stage))
    assert found.result is Result.WARN
    assert found.document()["result"] == "warn"
    assert Path(stage.config).exists()
