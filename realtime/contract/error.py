"""The one error of the plugin contract."""

LONGEST = 600
"""Characters of a message, however long the names in a manifest are."""


class PluginError(ValueError):
    """A plugin that is refused: one printable sentence that names plugin and field, and says what to do.

    Attributes: ``plugin`` (name), ``field`` (of the manifest, or a file of the folder) and ``problem``.
    """

    def __init__(self, plugin: str, field: str, problem: str):
        self.plugin, self.field, self.problem = plugin, field, problem
        super().__init__(one_line(f"plugin {plugin}: {field}: {problem}"))


def one_line(text: str) -> str:
    """Return ``text`` on one line and fit for a terminal: texts of a plugin's author end up in messages."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."
