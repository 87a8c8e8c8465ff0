"""Where the local cloud keeps things: everything lives below the project's `.trimaran/`."""

from dataclasses import dataclass
from pathlib import Path

from trimaran_providers.contract.errors import ProjectError

FOLDER = ".trimaran"


@dataclass(frozen=True, slots=True)
class Layout:
    """Folders of one project's local cloud.

    Attributes:
        project: folder that has Pulumi.yaml.
    """

    project: Path

    @classmethod
    def find(cls, start: Path) -> "Layout":
        """Layout of the project that a folder is in.

        Raises:
            ProjectError: no Pulumi.yaml in it or above it.
        """
        for folder in (start.absolute(), *start.absolute().parents):
            if (folder / "Pulumi.yaml").is_file():
                return cls(folder)
        raise ProjectError(
            f"no Pulumi.yaml in {start} or above it",
            next_step="go to your project's folder, or make one with `trimaran new NAME`",
        )

    @property
    def root(self) -> Path:
        """The folder of everything."""
        return self.project / FOLDER

    def store(self, physical: str) -> Path:
        """Artifact store of a deployment."""
        return self.root / "stores" / physical

    def endpoint(self, physical: str) -> Path:
        """Gateway's folder of a deployment."""
        return self.root / "endpoints" / physical

    def alerts(self, physical: str) -> Path:
        """Alert destinations of a deployment (a file only its owner can read)."""
        return self.root / "alerts" / f"{physical}.json"

    @property
    def supervisor(self) -> Path:
        """The supervisor's folder."""
        return self.root / "supervisor"

    def job(self, job_id: str) -> Path:
        """Definition of a supervised job."""
        return self.supervisor / "jobs" / f"{job_id}.json"

    def deployments(self) -> list[str]:
        """Physical names (`{name}-{stack}`) of what is deployed, sorted."""
        names = {p.name for p in (self.root / "endpoints").glob("*") if p.is_dir()}
        names |= {p.parent.parent.name for p in (self.root / "stores").glob(f"*/{DEFINITION}")}
        return sorted(names)


DEFINITION = "pipeline/definition.json"
"""Key, inside a store, of the pipeline's definition."""


def owner_of(path: Path) -> Layout:
    """Layout that a path below `.trimaran/` belongs to.

    Raises:
        ProjectError: it is not below such a folder.
    """
    for folder in path.absolute().parents:
        if folder.name == FOLDER:
            return Layout(folder.parent)
    raise ProjectError(f"{path} is not below a {FOLDER} folder")
