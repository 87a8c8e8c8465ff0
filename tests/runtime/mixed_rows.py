"""A small table of every kind of column, with holes, for three tasks; its folder of code."""

from pathlib import Path

MODULE = """
import numpy as np
import pandas as pd

ROWS = 600

def rows():
    generator = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "x": generator.normal(size=ROWS),
            "y": generator.normal(size=ROWS),
            "count": generator.integers(0, 9, ROWS),
            "flag": generator.random(ROWS) < 0.5,
            "shop": generator.choice(["north", "south", "west", None], ROWS),
            "when": pd.Timestamp("2026-01-01")
            + pd.to_timedelta(generator.integers(0, 10**7, ROWS), unit="s"),
        }
    )
    table["maybe"] = np.where(generator.random(ROWS) < 0.2, None, table["flag"])
    words = np.array("red green blue big small fast slow new old".split())
    table["story"] = [" ".join(generator.choice(words, 4)) + f" {n}" for n in range(ROWS)]
    table["code"] = [f"id{n}" for n in range(ROWS)]
    table.loc[generator.random(ROWS) < 0.1, ["x", "when", "story"]] = None
    score = (
        table["x"].fillna(0) * table["x"].fillna(0)
        + table["flag"]
        + table["story"].fillna("").str.contains("red")
        + (table["when"].dt.hour > 12)
        + (table["shop"] == "west")
        + generator.normal(size=ROWS) * 0.3
    )
    return table, score

def binary():
    table, score = rows()
    return table.assign(label=score > score.median())

def classes():
    table, score = rows()
    cuts = pd.qcut(score, 3, labels=["low", "mid", "top"])
    return table.assign(label=cuts.astype(str))

def number():
    table, score = rows()
    return table.assign(label=score)
"""


def write_code(folder: Path) -> Path:
    """The folder of code, with module `mixed`."""
    folder.mkdir(exist_ok=True)
    (folder / "mixed.py").write_text(MODULE)
    return folder
