"""The `trimaran` command. Importing it loads neither Pulumi nor a cloud."""


def main() -> None:
    """Run the command line and exit with its status."""
    from trimaran.cli.app import run

    raise SystemExit(run())
