"""Several processes, or hosts, that train one model together: what ``torchrun`` tells each of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, distributed, nn

from offline.mmt.data import Share


def choose_device() -> torch.device:
    """Return the GPU of this process, or the processor where there is none."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def leads() -> bool:
    """Return whether this is the first process, or the only one."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def together() -> Iterator[Share]:
    """Join the other processes that ``torchrun`` started, if it did; at the end, leave them."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Share()
        return
    device = choose_device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Share(distributed.get_rank(), world)
    finally:
        distributed.destroy_process_group()


def all_well(problem: Exception | None) -> None:
    """End all processes where one has a problem: the others would wait for it for ever.

    Raises:
        Exception: this process's own problem, where it is the first one.
        ValueError: what is wrong in which other one, in the first process.
        SystemExit: in the others, so that it is told once.
    """
    problems: list[str] = [str(problem or "")]
    if distributed.is_initialized():
        problems *= distributed.get_world_size()
        distributed.all_gather_object(problems, str(problem or ""))
    if any(problems) and not leads():
        raise SystemExit(1)
    if problem:
        raise problem
    for rank, wrong in enumerate(problems):
        if wrong:
            raise ValueError(f"process {rank}: {wrong}")


def as_the_first(value: Any) -> Any:
    """Return, in all processes, the value that the first one has."""
    values = [value]
    if distributed.is_initialized():
        distributed.broadcast_object_list(values, src=0)
    return values[0]


def summed(value: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes."""
    if distributed.is_initialized():
        distributed.all_reduce(value)
    return value


def sum_gradients(model: nn.Module) -> None:
    """Replace each gradient by its sum over all processes, all in one message.

    Each process scales its own loss by the rows of the whole batch, so that the sum is the batch's gradient.
    """
    if not distributed.is_initialized():
        return
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    together = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(together)
    for gradient, part in zip(gradients, together.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))
