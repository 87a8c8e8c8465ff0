"""`python -m tests.runtime.channel_mover STORE WHO MOVES RELEASE OTHER`: one of two that race."""

import sys

from trimaran_runtime.errors import RegistryError
from trimaran_runtime.registry.channels import Channel, current, move
from trimaran_runtime.storage.store import Store


def main(uri: str, who: str, moves: str, *releases: str) -> None:
    """Move production to and fro, looking again whenever the other was first."""
    store, done = Store(uri), 0
    print("ready", flush=True)
    sys.stdin.readline()
    while done < int(moves):
        now = current(store, Channel.production)
        expected = now.release if now else None
        # Never the release that is there: that would be no move.
        target = releases[0] if expected != releases[0] else releases[1]
        try:
            move(store, Channel.production, target, expected=expected, why=str(done), who=who)
        except RegistryError:
            continue
        done += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
