"""``concertino models``: the separators that are installed, and adding more."""

import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from realtime.contract.error import PluginError, one_line
from realtime.contract.files import CARD
from realtime.contract.kinds import CONTINUATION, KINDS, PLAY, SEPARATOR, SEQUENCE_SEPARATOR
from realtime.contract.library import Listing, add_plugin, find_plugin, list_plugins, search_path
from realtime.contract.manifest import Input, manifest_schema
from realtime.contract.plugin import Plugin
from realtime.contract.verify import verify_plugin

REFUSED = 2
"""Exit code of ``verify`` when a model fails; other refusals are raised."""

EXTENSIONS = "concertino.models"
"""Group of entry points through which other packages add subcommands: functions, as Typer takes them."""

KIND_WORDS = {SEPARATOR: "note by note", SEQUENCE_SEPARATOR: "whole piece", CONTINUATION: "continues"}
app = typer.Typer(rich_markup_mode="markdown")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output instead of a table.")]


@app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List, check and add models.

    A model (a *plugin*) is a folder with `model.onnx`, `manifest.json` and `README.md`. Models are looked
    for in the folders of the variable `CONCERTINO_MODELS`, then among those you added, then among those
    that come with Concertino; the first of a name is used.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _names(incomplete: str) -> list[str]:
    return sorted({listing.name for listing in list_plugins() if listing.name.startswith(incomplete)})


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List every model that is found, broken ones with the reason.

    Example: `concertino models list`
    """
    listings = list_plugins()
    if as_json:
        _print_json([_listing_data(listing) for listing in listings])
        return
    table = Table("model", "version", "kind", "parts", "state", "summary", "folder")
    for listing in listings:
        manifest = listing.plugin.manifest if listing.plugin else None
        state = "broken" if listing.error else "hidden by an earlier one" if listing.shadowed else "ok"
        table.add_row(
            _text(listing.name),
            _text(manifest.version if manifest else "-"),
            KIND_WORDS[manifest.kind] if manifest else "-",
            _text(_parts_text(manifest.parts) if manifest else "-"),
            state,
            _text(manifest.summary if manifest else str(listing.error)),
            _text(str(listing.folder.parent)),
        )
    if listings:
        Console().print(table)
    else:
        typer.echo("No models in " + ", ".join(str(place) for place in search_path()) + ".")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The model's name.", autocompletion=_names)],
    as_json: AsJson = False,
) -> None:
    """Show what a model is, what it takes and gives, where its weights come from, and how good it is.

    Example: `concertino models show bach-chorale`
    """
    plugin = find_plugin(name)
    if as_json:
        _print_json({"folder": str(plugin.folder), "manifest": msgspec.to_builtins(plugin.manifest)})
        return
    console = Console()
    console.print(_facts(plugin))
    console.print(_tensors(plugin))


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names of models, or folders (with a slash in them). None: all.", autocompletion=_names
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check models in full: files, hash, manifest, graph, and 1,000 notes that are run and timed.

    The times are those of one note, by ONNX Runtime called from Python. Exits with 2 if a model fails.

    Examples: `concertino models verify` · `concertino models verify bach-chorale ./my-model`
    """
    results = [_verify_named(name) for name in names] if names else list(map(_verify_listed, list_plugins()))
    if as_json:
        _print_json(results)
    else:
        table = Table("model", "result", "graph KiB", "parts tried", "note p50 us", "note p99 us")
        for result in results:
            table.add_row(*(_text(cell) for cell in _result_cells(result)))
        Console().print(table)
    failures = [result["error"] for result in results if not result["ok"]]
    for failure in failures:
        typer.echo(failure, err=True)
    if failures:
        raise typer.Exit(REFUSED)


@app.command()
def add(
    path: Annotated[Path, typer.Argument(help="A model's folder, or a .zip, .tar.gz or .tgz file of one.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace the model of the same name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a model and keep it with yours; it is added as a whole or not at all.

    Only add models from people you trust: their graph is run.

    Example: `concertino models add ~/Downloads/my-model.zip`
    """
    plugin = add_plugin(path, replace=replace)
    if as_json:
        _print_json({"name": plugin.manifest.name, "folder": str(plugin.folder)})
    else:
        typer.echo(
            f"Added {plugin.manifest.name} to {plugin.folder}. "
            f"Play it: {PLAY[plugin.manifest.kind].format(name=plugin.manifest.name)}"
        )


@app.command()
def schema() -> None:
    """Print the JSON Schema of `manifest.json`, for those who make models.

    Example: `concertino models schema > manifest.schema.json`
    """
    _print_json(manifest_schema())


def _print_json(data: Any) -> None:
    typer.echo(json.dumps(data, indent=2))


def _verify_named(name: str) -> dict[str, Any]:
    # A slash makes it a folder, so that a model can be checked before it is added.
    if "/" in name or "\\" in name:
        return _verified(name, Path(name))
    try:
        return _verified(name, find_plugin(name).folder)
    except PluginError as error:
        return _refused(name, error)


def _verify_listed(listing: Listing) -> dict[str, Any]:
    return _refused(listing.name, listing.error) if listing.error else _verified(listing.name, listing.folder)


def _refused(name: str, error: PluginError) -> dict[str, Any]:
    return {"name": name, "ok": False, "error": str(error)}


def _verified(name: str, folder: Path) -> dict[str, Any]:
    try:
        report = verify_plugin(folder)
    except PluginError as error:
        return _refused(name, error)
    return {
        "name": report.name,
        "ok": True,
        "error": None,
        "folder": str(report.folder),
        "graph_bytes": report.graph_bytes,
        "parts": list(report.parts),
        "notes": report.notes,
        "step_us": report.step_us,
    }


def _result_cells(result: dict[str, Any]) -> list[str]:
    if not result["ok"]:
        return [result["name"], "refused", "-", "-", "-", "-"]
    parts = ", ".join(str(number) for number in result["parts"])
    step_us = result["step_us"]
    size = f"{result['graph_bytes'] / 1024:.0f}"
    return [result["name"], "ok", size, parts, f"{step_us['p50']:.1f}", f"{step_us['p99']:.1f}"]


def _listing_data(listing: Listing) -> dict[str, Any]:
    manifest = listing.plugin.manifest if listing.plugin else None
    return {
        "name": listing.name,
        "folder": str(listing.folder),
        "ok": listing.error is None,
        "error": str(listing.error) if listing.error else None,
        "shadowed": listing.shadowed,
        "version": manifest.version if manifest else None,
        "kind": manifest.kind if manifest else None,
        "summary": manifest.summary if manifest else None,
        "parts": list(manifest.parts) if manifest else None,
    }


def _parts_text(parts: tuple[str, ...]) -> str:
    return ", ".join(parts) or "any"


def _facts(plugin: Plugin) -> Table:
    manifest = plugin.manifest
    training = manifest.training
    facts = {
        "summary": manifest.summary,
        "version": manifest.version,
        "kind": f"{manifest.kind}: takes {KINDS[manifest.kind].meaning}",
        "licence": manifest.licence,
        "parts": _parts_text(manifest.parts),
        "ticks per quarter": str(manifest.resolution),
        "trained on": f"{training.corpus} ({training.licence}), split {training.split}",
        "made by": training.command,
        "metrics": ", ".join(f"{name} {value:g}" for name, value in manifest.metrics.items()) or "-",
        "graph": f"{plugin.graph_path.name}, opset {manifest.graph.opset}, sha256 {manifest.graph.sha256}",
        "folder": str(plugin.folder),
        "model card": CARD if (plugin.folder / CARD).is_file() else "none",
    }
    if manifest.continuation:
        told = manifest.continuation
        facts["context"] = f"{told.context} rows of {', '.join(told.fields)}"
        facts["instruments"] = str(len(told.instruments))
        facts["variants"] = "; ".join(
            f"{name}: {v.precision} ({v.file})" for name, v in told.variants.items()
        )
    table = Table(title=_text(manifest.name), show_header=False)
    for fact, value in facts.items():
        table.add_row(fact, _text(value))
    return table


def _tensors(plugin: Plugin) -> Table:
    table = Table("tensor", "dtype", "shape", "what it is")
    for tensor in (*plugin.manifest.inputs, *plugin.manifest.outputs):
        what = f"input: {tensor.source}" if isinstance(tensor, Input) else f"output: {tensor.role}"
        shape = " x ".join(str(dim) for dim in tensor.shape) or "scalar"
        table.add_row(_text(tensor.name), tensor.dtype, shape, what)
    return table


def _text(text: str) -> Text:
    """Return ``text`` as it is: an author's words are neither markup nor commands to the terminal."""
    return Text(one_line(text))


def _add_extensions() -> None:
    """Add the subcommands that other packages bring."""
    for entry in entry_points(group=EXTENSIONS):
        app.command(entry.name)(entry.load())


_add_extensions()
