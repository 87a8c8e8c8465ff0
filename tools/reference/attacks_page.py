"""Bad releases that the tests build, what refuses each, and good ones that pass."""

from tests.attacks.case import Attack, Layer
from tests.attacks.honest import HONEST
from tests.attacks.suite import ATTACKS
from tools.reference.table import MADE, head, row


def attacks_page() -> str:
    """Which layer refuses which bad release, and what it says."""
    counts = {layer: sum(attack.layer is layer for attack in ATTACKS) for layer in Layer}
    lines = [
        MADE,
        "# Bad releases, and what refuses them\n",
        f"{len(ATTACKS)} bad releases that `tests/attacks` builds with the real steps, most",
        "of them with a good model in production. Each is refused by the check that names",
        "its cause, and",
        "production stays as it is: "
        + ", ".join(f"{layer} ({count})" for layer, count in counts.items())
        + ".\n",
        *head("attack", "refused by", "what is said"),
        *(row(attack.name, _refused_by(attack), f"`{attack.says}`") for attack in ATTACKS),
        "\n## Good releases that pass\n",
        f"{len(HONEST)} good releases go into production: a gate that refuses everything is as",
        "useless as none.\n",
        *(f"- {case.name}" for case in HONEST),
    ]
    return "\n".join(lines) + "\n"


def _refused_by(attack: Attack) -> str:
    if attack.layer in {Layer.validation, Layer.gate}:
        return f"{attack.layer}: `{attack.check}`"
    return str(attack.layer)
