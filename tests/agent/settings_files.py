"""Settings files for tests."""

from pathlib import Path

from agent.settings_file import Settings, read_settings

FOLDER = Path("nowhere")

LEAST = """\
apiVersion: isthmus.dev/v1alpha1
kind: AgentConfig
cluster: east
store: {directory: store}
state: state
keys: {cluster: cluster.key}
"""


def settings_of(folder: Path, more: str = "") -> Settings:
    """Write a settings file with some fields more than it needs, and read it."""
    file = folder / "agent.yaml"
    file.write_text(LEAST + more)
    return read_settings(file, {}, "node-1")
