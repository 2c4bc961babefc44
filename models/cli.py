"""``python -m models``: list, train, evaluate, export and clear."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from models import dataset as datasets
from models import summary
from models.artefact import Artefact
from models.catalog import BASE, Network, Technique, Variant
from models.dataset import Dataset
from models.errors import ModelsError
from models.exporting import export_keras, export_variant
from models.jobs import Done, Opener, Task, failures, work
from models.paths import cache_root
from models.pipeline import Pipeline
from models.progress import Progress, watched
from models.selection import select_folds, select_networks, select_techniques
from models.split import split
from models.store import Store
from models.summary import Evaluated


class _Group(TyperGroup):
    """Ends with the message of the project's own errors instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ModelsError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="""From a data set to trained, compressed and evaluated networks.

Networks are the rows of the paper's Table 1 (`C_1` to `C_8`, `CL_1` to `CL_6`); techniques are `L`
(lite conversion), `D` (dynamic quantization) and `F` (full-integer quantization); `C_5-D` is a
variant. What is made is kept in a store (in `HAR_CACHE`, by default the user's cache folder) and
never made twice; any number of processes may share it.

The data set is UCI-HAR: from `--dataset`, `HAR_DATASET`, the store, or a download. Where there is
none a simulated surrogate stands in, and the first line says so.

- `python -m models evaluate --networks C_5` trains, compresses and evaluates one network
- `python -m models export --networks 'CL_*' --techniques F --to out` writes files for a device
- `python -m models evaluate --folds all --jobs 2` takes the time for a coffee or two
""",
)

NetworksOption = Annotated[
    str | None,
    typer.Option("--networks", help="Names or patterns, with commas: `C_5` or `CL_*,C_1`."),
]
NetworksFileOption = Annotated[
    Path | None,
    typer.Option(
        "--networks-file",
        help="TOML file with networks of your own; without `--networks` only these are taken.",
    ),
]
TechniquesOption = Annotated[str, typer.Option("--techniques", help="With commas: `L,F`.")]
DatasetOption = Annotated[
    Path | None,
    typer.Option("--dataset", help="UCI-HAR as folder or zip; or `surrogate`, the stand-in."),
]
FoldOption = Annotated[
    str, typer.Option("--fold", "--folds", help="Fold of test subjects: 0 to 3, `1,3` or `all`.")
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of the training.")
]
JobsOption = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes at a time.")]


@dataclass(frozen=True)
class Opening:
    """Opens pipelines on a data set, in whatever process (`models.jobs.Opener`)."""

    dataset: Path | None
    seed: int

    def __call__(self, fold: int, progress: Progress) -> Pipeline:
        """The pipeline of a fold."""
        return Pipeline(
            _dataset(self.dataset),
            split(fold),
            store=Store(cache_root(), progress.say),
            seed=self.seed,
            progress=progress,
        )


@functools.cache
def _dataset(path: Path | None) -> Dataset:
    """The data set, read once for all folds of a process."""
    return datasets.load(path)


@app.command("list")
def list_(
    networks: NetworksOption = None,
    networks_file: NetworksFileOption = None,
    dataset: DatasetOption = None,
    fold: FoldOption = "0",
    seed: SeedOption = 0,
) -> None:
    """Show what the store has of each network; nothing is trained or converted.

    Example: `python -m models list --networks 'CL_*'`
    """
    chosen = select_networks(networks, networks_file)
    for pipeline in _announce(Opening(dataset, seed), select_folds(fold), watched()):
        Console().print(_stored(pipeline, chosen))
    entries = Store(cache_root()).entries()
    size = sum(entry.size for entry in entries)
    typer.echo(f"{len(entries)} entries, {size / 1e6:,.1f} MB, in {cache_root()}")


@app.command()
def train(
    networks: NetworksOption = None,
    networks_file: NetworksFileOption = None,
    dataset: DatasetOption = None,
    fold: FoldOption = "0",
    seed: SeedOption = 0,
    jobs: JobsOption = 1,
) -> None:
    """Train networks.

    Example: `python -m models train --networks C_5 --folds all --jobs 2`
    """
    chosen = select_networks(networks, networks_file)
    folds = select_folds(fold)
    opener, progress = Opening(dataset, seed), watched()
    _announce(opener, folds, progress)
    tasks = [Task(network, fold) for network in chosen for fold in folds]
    results = dict(work(opener, tasks, jobs=jobs, progress=progress))
    for task in tasks:
        match results[task]:
            case Done(weights=weights):
                typer.echo(f"{task.label}: {weights.facts.summary}")
    _fail_for(results.items())


@app.command()
def evaluate(
    networks: NetworksOption = None,
    networks_file: NetworksFileOption = None,
    techniques: TechniquesOption = "L,D,F",
    dataset: DatasetOption = None,
    fold: FoldOption = "0",
    seed: SeedOption = 0,
    jobs: JobsOption = 1,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="Write the table to this file too.")
    ] = None,
) -> None:
    """Train, compress and evaluate; print the accuracies on the test subjects.

    Example: `python -m models evaluate --folds all --jobs 2 --markdown docs/accuracy.md`
    """
    chosen = select_networks(networks, networks_file)
    folds, letters = select_folds(fold), select_techniques(techniques)
    opener, progress = Opening(dataset, seed), watched()
    pipelines = _announce(opener, folds, progress)
    tasks = [Task(network, fold, letters) for network in chosen for fold in folds]
    results = dict(work(opener, tasks, jobs=jobs, progress=progress))
    rows = []
    for network in chosen:
        done = [results[Task(network, fold, letters)] for fold in folds]
        tested = [_tested(one) for one in done if isinstance(one, Done)]
        if len(tested) == len(folds):
            rows += summary.rows(network.name, tested)
    typer.echo(summary.markdown(rows))
    if markdown is not None:
        text = summary.document(rows, pipelines[0].dataset, [one.split for one in pipelines])
        _write(markdown, text)
    _fail_for(results.items())


@app.command()
def export(
    to: Annotated[Path, typer.Option("--to", help="Folder to write to; made if need be.")],
    networks: NetworksOption = None,
    networks_file: NetworksFileOption = None,
    techniques: TechniquesOption = "L,D,F",
    dataset: DatasetOption = None,
    fold: FoldOption = "0",
    seed: SeedOption = 0,
    jobs: JobsOption = 1,
) -> None:
    """Write networks and variants as files, after making what is missing.

    For each network `<network>.keras`; for each variant a folder with the `.tflite` file, its C++
    source (`.h`, `.cc`), `manifest.json` and `golden.npz`. With several folds, a folder for each.

    Example: `python -m models export --networks C_5 --techniques L,F --to out`
    """
    chosen = select_networks(networks, networks_file)
    folds, letters = select_folds(fold), select_techniques(techniques)
    opener, progress = Opening(dataset, seed), watched()
    _announce(opener, folds, progress)
    tasks = [Task(network, fold, letters) for network in chosen for fold in folds]
    results = list(work(opener, tasks, jobs=jobs, progress=progress))
    for task, result in results:
        if isinstance(result, Done):
            below = to if len(folds) == 1 else to / f"fold-{task.fold}"
            typer.echo(export_keras(result.weights, below))
            for artefact in result.variants.values():
                if isinstance(artefact, Artefact):
                    typer.echo(export_variant(artefact, below))
    _fail_for(results)


@app.command()
def clear(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Empty the store: the data set, what was trained, and what was made of it.

    Example: `python -m models clear --yes`
    """
    store = Store(cache_root())
    entries = store.entries()
    what = f"{len(entries)} entries, {sum(entry.size for entry in entries) / 1e6:,.1f} MB"
    if yes or typer.confirm(f"Remove {what}, from {store.root}?"):
        store.clear()
        typer.echo(f"removed {what}, from {store.root}")


def _announce(opener: Opener, folds: Sequence[int], progress: Progress) -> list[Pipeline]:
    """Open the pipelines and print what goes with every result: data set first, then the splits."""
    pipelines = [opener(fold, progress) for fold in folds]
    typer.echo(pipelines[0].dataset.describe())
    for pipeline in pipelines:
        typer.echo(f"{pipeline.split.describe()}; seed {pipeline.seed}")
    return pipelines


def _stored(pipeline: Pipeline, networks: Iterable[Network]) -> Table:
    """What the store has: whether a network is trained, and its variants' sizes and accuracies."""
    columns = ("network", "trained", *(f"{t}: bytes, accuracy" for t in Technique))
    table = Table(*columns, title=f"fold {pipeline.split.fold}")
    for network in networks:
        cells = ["yes" if pipeline.stored_weights(network) else "no"]
        for technique in Technique:
            artefact = pipeline.stored_variant(Variant(network, technique))
            cells.append("" if artefact is None else _brief(artefact))
        table.add_row(network.name, *cells)
    return table


def _brief(artefact: Artefact) -> str:
    facts = artefact.manifest
    return f"{facts.model.size:,} {100 * facts.accuracy.litert.accuracy:.1f} %"


def _tested(done: Done) -> dict[str, Evaluated]:
    """What was measured, by column of the table."""
    tested = {} if done.base is None else {BASE: Evaluated(done.base)}
    for technique, artefact in done.variants.items():
        if isinstance(artefact, Artefact):
            tested[technique] = Evaluated.of(artefact.manifest)
    return tested


def _fail_for(results: Iterable[tuple[Task, Done | ModelsError]]) -> None:
    """Say what failed, if anything did, and end with exit code 1."""
    told = [failure for task, result in results for failure in failures(task, result)]
    for failure in told:
        typer.echo(f"error: {failure}", err=True)
    if told:
        raise typer.Exit(1)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ModelsError(
            f"cannot write {path}: {error.strerror or error}; name another file with --markdown"
        ) from error
