"""A reporter that remembers what a person would have seen."""

from dataclasses import dataclass, field


@dataclass
class Listener:
    """Takes every line."""

    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def progress(self, text: str) -> None:
        self.lines.append(text)

    def info(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)
