"""Every cell of the paper's Tables 4.2, 4.3 and 4.4 as data: what is trained, and the paper's figure.

Figures are shares of the notes, for Bach, string, game and pop (Dong et al., ISMIR 2021, and the first
author's dissertation, whose numbers of tables these are); None where none is at hand.
"""

from dataclasses import dataclass

from offline.paper.inputs import Inputs

COLUMNS = ("Bach", "String", "Game", "Pop")
Figures = tuple[float | None, float | None, float | None, float | None]
NOT_AT_HAND: Figures = (None, None, None, None)


BEAT = Inputs()


@dataclass(frozen=True)
class Cell:
    """A line of a table, for any corpus."""

    title: str
    rule: str | None = None
    """What decides instead of a network: a key of ``offline.paper.deciding.RULES``."""
    network: str | None = None
    inputs: Inputs = BEAT
    augmentation: str = "light"
    oracle: bool = False
    """The true past is told; only for the MLP."""
    trained: str | None = None
    """The cell whose trained network this one measures too."""
    paper: Figures = NOT_AT_HAND


LONG = Inputs(duration=True)
NUMBERS = Inputs(pitch="number", time="time number", frequency=False)

CELLS: dict[str, Cell] = {
    "common": Cell("Most common label", rule="common"),
    "zone": Cell("Zone-based", rule="zone", paper=(0.7314, 0.5885, 0.4367, 0.5707)),
    "closest": Cell("Closest pitch", rule="closest", paper=(0.6887, 0.5069, 0.5714, 0.4745)),
    "closest-mono": Cell("Closest pitch (mono)", rule="closest-mono", paper=(0.8976, 0.4282, 0.4991, 0.3228)),
    "mlp": Cell("MLP", network="mlp"),
    "lstm": Cell("LSTM", network="lstm", paper=(0.9302, 0.6743, 0.5022, 0.7414)),
    "transformer-dec": Cell("Transformer-Dec", network="transformer-dec"),
    "zone-oracle": Cell("Zone-based (oracle)", rule="zone-oracle"),
    "mlp-oracle": Cell("MLP (oracle)", network="mlp", oracle=True, trained="mlp"),
    # No published weights have durations but no hints, and those without either reach 95.7 %: the figures
    # of the offline models are those with durations.
    "bilstm-dur": Cell(
        "BiLSTM + durations", network="bilstm", inputs=LONG, paper=(0.9713, 0.7438, 0.5293, 0.7723)
    ),
    "transformer-enc-dur": Cell("Transformer-Enc + durations", network="transformer-enc", inputs=LONG),
    "lstm-numbers": Cell("LSTM, pitch and time as numbers", network="lstm", inputs=NUMBERS),
    "lstm-eh": Cell(
        "LSTM + entry hints",
        network="lstm",
        inputs=Inputs(entry_hints=True),
        paper=(0.9270, 0.6264, 0.6211, 0.7419),
    ),
    "lstm-ph": Cell(
        "LSTM + pitch hints",
        network="lstm",
        inputs=Inputs(pitch_hints=True),
        paper=(0.9287, 0.7020, 0.6745, 0.7589),
    ),
    "lstm-dur": Cell("LSTM + durations", network="lstm", inputs=LONG, paper=(0.9617, 0.6696, 0.5138, 0.7817)),
    "lstm-dur-eh": Cell(
        "LSTM + durations, entry hints",
        network="lstm",
        inputs=Inputs(duration=True, entry_hints=True),
        paper=(0.9595, None, None, None),
    ),
    "bilstm-numbers": Cell("BiLSTM, pitch and time as numbers", network="bilstm", inputs=NUMBERS),
    "bilstm": Cell("BiLSTM", network="bilstm"),
    "bilstm-eh": Cell("BiLSTM + entry hints", network="bilstm", inputs=Inputs(entry_hints=True)),
    "bilstm-dur-eh": Cell(
        "BiLSTM + durations, entry hints",
        network="bilstm",
        inputs=Inputs(duration=True, entry_hints=True),
        paper=(0.9739, 0.7151, 0.6479, 0.7559),
    ),
    "bilstm-dur-ph": Cell(
        "BiLSTM + durations, pitch hints", network="bilstm", inputs=Inputs(duration=True, pitch_hints=True)
    ),
    "lstm-time-number": Cell("Raw time", network="lstm", inputs=Inputs(time="time number")),
    "lstm-beat-numbers": Cell("Raw beat and position", network="lstm", inputs=Inputs(time="beat numbers")),
    "lstm-time-embedding": Cell("Time embedding", network="lstm", inputs=Inputs(time="time embedding")),
    "lstm-none": Cell("No augmentation", network="lstm", augmentation="none"),
    "lstm-strong": Cell("Strong augmentation", network="lstm", augmentation="strong"),
}


@dataclass(frozen=True)
class Table:
    """One table of the paper."""

    title: str
    groups: dict[str, dict[str, str]]
    """By heading, the title of each line by the key of its cell."""


def _own(*keys: str) -> dict[str, str]:
    """Return the cells by key, under their own titles."""
    return {key: CELLS[key].title for key in keys}


TABLES: dict[str, Table] = {
    "4.2": Table(
        "models",
        {
            "Online": _own("common", "zone", "closest", "closest-mono", "mlp", "lstm", "transformer-dec"),
            "Offline": _own("zone-oracle", "mlp-oracle", "bilstm-dur", "transformer-enc-dur"),
        },
    ),
    "4.3": Table(
        "input features",
        {
            "Online": _own("lstm-numbers", "lstm", "lstm-eh", "lstm-ph", "lstm-dur", "lstm-dur-eh"),
            "Offline": _own(
                "bilstm-numbers", "bilstm", "bilstm-eh", "bilstm-dur", "bilstm-dur-eh", "bilstm-dur-ph"
            ),
        },
    ),
    "4.4": Table(
        "time encodings and augmentation",
        {
            "Time (LSTM)": _own("lstm-time-number", "lstm-beat-numbers", "lstm-time-embedding")
            | {"lstm": "Beat and position embedding"},
            "Augmentation (LSTM)": {
                "lstm-none": CELLS["lstm-none"].title,
                "lstm": "Light augmentation",
                "lstm-strong": CELLS["lstm-strong"].title,
            },
        },
    ),
}
"""By number."""


def cells_of(table: str) -> list[str]:
    """Return the keys of the cells of a table, or of ``all``, each once, in the order of the lines.

    Raises:
        ValueError: there is no such table.
    """
    if table != "all" and table not in TABLES:
        raise ValueError(f"there is no table {table!r}; choose one of {', '.join(TABLES)}, all")
    chosen = TABLES.values() if table == "all" else [TABLES[table]]
    return list(dict.fromkeys(key for t in chosen for lines in t.groups.values() for key in lines))
