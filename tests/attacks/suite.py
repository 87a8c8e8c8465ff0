"""Every attack, in the order of the layers that refuse them.

`docs/reference/attacks.md` is made from this list and from `tests.attacks.honest`.
"""

from tests.attacks.case import Attack
from tests.attacks.on_gate import ON_GATE
from tests.attacks.on_lock import ON_LOCK
from tests.attacks.on_model import ON_MODEL
from tests.attacks.on_release import ON_RELEASE
from tests.attacks.on_rows import ON_ROWS

ATTACKS: tuple[Attack, ...] = (*ON_ROWS, *ON_LOCK, *ON_MODEL, *ON_GATE, *ON_RELEASE)
