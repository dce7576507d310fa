"""Runs the graph of a continuation: rows in, scores of what comes next out, the past updated in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.contract import cuda
from realtime.contract.continuation import CODES, SCORES, variant_of
from realtime.contract.error import PluginError, one_line
from realtime.contract.gpu_step import GpuStep
from realtime.contract.kinds import CONTINUATION, KINDS
from realtime.contract.plugin import Plugin
from realtime.contract.session import MISSING_RUNTIME, graph_error
from realtime.contract.tensors import DTYPES, resolve

if TYPE_CHECKING:
    import onnxruntime

CPU, CUDA = "cpu", "cuda"
PROVIDERS = {CPU: "CPUExecutionProvider", CUDA: cuda.PROVIDER}
ON_CUDA = "float16"
"""The cache with which ONNX Runtime's attention runs on a GPU."""


class Past:
    """Buffers for the keys and values of the rows so far; a run writes only what is new."""

    def __init__(self, values: dict[str, Any], feeds: dict[str, str], step: Any, told: dict[str, np.ndarray]):
        self.values, self.feeds = values, feeds
        self.step, self.told = step, told
        self.on_gpu: GpuStep | None = None
        """The step of one row on a GPU."""


class RowStepper:
    """A variant of ``plugin``'s graph in ONNX Runtime.

    ``provider`` is ``cpu`` or ``cuda``; where no GPU works, or the variant doesn't run on it, it is the
    CPU. ``device`` is where it runs, and ``warning`` says why not where it was to; empty: it does.

    Raises:
        PluginError: ONNX Runtime refuses the graph.
        ValueError: a plugin of another kind, or a variant or a provider that there is not.
        ImportError: ONNX Runtime is not installed.
    """

    def __init__(self, plugin: Plugin, variant: str, threads: int = 1, provider: str = CPU):
        if plugin.manifest.kind != CONTINUATION:
            raise ValueError(
                f"plugin {plugin.manifest.name} takes {KINDS[plugin.manifest.kind].meaning}, not "
                f"{KINDS[CONTINUATION].meaning}"
            )
        if provider not in PROVIDERS:
            raise ValueError(f"no provider {provider!r}: choose one of {', '.join(PROVIDERS)}")
        told, manifest = variant_of(plugin.manifest, variant)
        self.plugin, self.manifest, self.variant = plugin, manifest, variant
        assert manifest.continuation is not None
        self.context = manifest.continuation.context
        why = "" if provider == CPU else _obstacle(variant, told.cache)
        self.device = CPU if why else provider
        self.warning = f"{plugin.manifest.name} runs on the CPU: {why}" if why else ""
        self._names = {tensor.source: tensor.name for tensor in manifest.inputs if tensor.source != "state"}
        self._scores = next(tensor.name for tensor in manifest.outputs if tensor.role == "scores")
        self._session = _open(plugin, told.file, threads, self.device)

    def past(self) -> Past:
        """Return buffers of a past of no rows.

        Raises:
            PluginError: there is no memory for them, or the first run fails.
        """
        try:
            return self._past()
        except Exception as error:  # ONNX Runtime's errors have no common base of their own
            reason = one_line(str(error))[:300]
            problem = f"no past of {self.context} rows on {self.device} ({reason}); free memory there, or"
            raise PluginError(
                self.plugin.manifest.name, "continuation.context", f"{problem} choose another variant"
            ) from error

    def _past(self) -> Past:
        import onnxruntime

        feeds = {tensor.feeds: tensor.name for tensor in self.manifest.outputs if tensor.feeds}
        values = {
            tensor.name: onnxruntime.OrtValue.ortvalue_from_numpy(
                np.zeros(resolve(tensor.shape, 1), DTYPES[tensor.dtype]), self.device, 0
            )
            for tensor in self.manifest.inputs
            if tensor.source == "state"
        }
        told = _told(np.zeros((1, len(CODES)), np.int64), 0)
        told["scores"] = np.zeros(resolve(SCORES[1], 1), np.float32)
        past = Past(values, feeds, None, told)
        if self.device == CUDA:
            buffers = {name: (value, feeds[name]) for name, value in values.items()}
            past.on_gpu = GpuStep(
                self._session, self._names, self._scores, buffers, 1, self.context, self.device
            )
            past.on_gpu.run(np.zeros((1, len(CODES)), np.int64), 0)  # the first run takes longest
        else:
            past.step = self._bind(past, told)
        return past

    def run(self, past: Past, rows: np.ndarray, begin: int) -> np.ndarray:
        """Take ``rows``, int64 (n, 6), as those from place ``begin`` on; return float32 (n, 502).

        What the past held from there on is forgotten. The scores of each row are of what comes after it.

        Raises:
            ValueError: there are no rows, more than the context holds, or a code is out of range.
            PluginError: the graph fails; the past from ``begin`` on is then unknown.
        """
        end = begin + len(rows)
        if not 0 <= begin < end <= self.context:
            raise ValueError(f"rows {begin} to {end} are none, or not within the context of {self.context}")
        try:
            if past.on_gpu and len(rows) == 1:
                return past.on_gpu.run(rows, begin)
            return self._run(past, rows, begin)
        except Exception as error:  # ONNX Runtime's errors have no common base of their own
            raise graph_error(self.plugin, error) from error

    def _run(self, past: Past, rows: np.ndarray, begin: int) -> np.ndarray:
        end = begin + len(rows)
        if len(rows) == 1 and self.device == CPU:
            told, binding = past.told, past.step
            told["rows"][0] = rows
            told["places"][0, 0] = begin
            told["last"][0] = begin
            told["total"][()] = end
        else:
            told = _told(np.ascontiguousarray(rows, np.int64), begin)
            told["scores"] = np.zeros(resolve(SCORES[1], 1, rows=len(rows)), np.float32)
            binding = self._bind(past, told)
        self._session.run_with_iobinding(binding)
        if self.device != CPU:
            binding.synchronize_outputs()
        return told["scores"][0].copy()

    def _bind(self, past: Past, told: dict[str, np.ndarray]) -> onnxruntime.IOBinding:
        """Return a binding of the past and of arrays, which it points into."""
        binding = self._session.io_binding()
        for source, name in self._names.items():
            array = told[source]
            if self.device == CPU:
                binding.bind_input(name, CPU, 0, array.dtype.type, array.shape, array.ctypes.data)
            else:
                binding.bind_cpu_input(name, array)
        scores = told["scores"]
        binding.bind_output(self._scores, CPU, 0, scores.dtype.type, scores.shape, scores.ctypes.data)
        for name, value in past.values.items():
            binding.bind_ortvalue_input(name, value)
            binding.bind_ortvalue_output(past.feeds[name], value)
        return binding


def _told(rows: np.ndarray, begin: int) -> dict[str, np.ndarray]:
    """Return what the graph is told of rows from place ``begin`` on, by source."""
    end = begin + len(rows)
    return {
        "rows": rows[None].copy(),
        "places": np.arange(begin, end)[None],
        "last": np.array([end - 1], np.int32),
        "total": np.array(end, np.int32),
    }


def _obstacle(variant: str, cache: str) -> str:
    """Return why a variant does not run on a GPU here; empty: it does."""
    if cache != ON_CUDA:
        return f"variant {variant!r} does not run on a GPU; choose one with a {ON_CUDA} cache"
    try:
        return cuda.obstacle()
    except ImportError as error:
        raise ImportError(MISSING_RUNTIME) from error


def _open(plugin: Plugin, file: str, threads: int, device: str) -> onnxruntime.InferenceSession:
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(MISSING_RUNTIME) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal only: what fails is raised, and told in one sentence
    # Between two rows the processors are for whoever plays: steps are 3 % slower, but no thread spins then.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    providers = list(dict.fromkeys((PROVIDERS[device], PROVIDERS[CPU])))
    try:
        # Without fallback: else one that fails on the GPU is run on the CPU, and the terminal is told.
        return onnxruntime.InferenceSession(
            str(plugin.folder / file), options, providers=providers, enable_fallback=0
        )
    except Exception as error:  # ONNX Runtime's errors have no common base of their own
        reason = one_line(str(error))[:300]
        problem = (
            f"ONNX Runtime {onnxruntime.__version__} refuses it ({reason}); update it, or choose another"
        )
        raise PluginError(plugin.manifest.name, file, f"{problem} variant") from error
