"""The two policies of cleaning up: undo all when ADD fails, do all one can in DEL."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, ParamSpec, Self

    P = ParamSpec("P")


class Undo:
    """Steps that run newest first, and only if the block fails.

    An undo step that fails itself does not hide the error that matters: it is noted on it,
    and the skeleton puts the notes into the error object's details.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]] = []

    def push(self, step: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Remember what to call, with which arguments, if the block fails later."""
        self._steps.append((step, args, kwargs))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            return
        for step, args, kwargs in reversed(self._steps):
            try:
                step(*args, **kwargs)
            except Exception as failure:  # noqa: BLE001 - the next steps must still run
                error.add_note(f"while undoing: {failure}")


class Failures:
    """Steps that are all tried; the block ends with the first failure, the others as notes on it."""

    def __init__(self) -> None:
        self._failures: list[Exception] = []

    def run(self, step: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call a step and keep its failure for the end."""
        try:
            step(*args, **kwargs)
        except Exception as failure:  # noqa: BLE001 - raised by __exit__
            self._failures.append(failure)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None or not self._failures:
            return
        first, *others = self._failures
        for other in others:
            first.add_note(f"and then: {other}")
        raise first
