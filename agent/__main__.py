"""Where the process begins: `isthmus`, and `python -m agent`."""

from agent.cli import root


def main() -> None:
    """Run the command line, and leave the process with its exit code."""
    root(prog_name="isthmus")


if __name__ == "__main__":
    main()
