"""A runtime that says over CRI what a test wants it to say."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from cnictl.cri import messages_pb2 as messages

READY, NOT_READY = messages.SANDBOX_READY, messages.SANDBOX_NOTREADY


class Runtime:
    """What it says; `version` is the one of CRI that it speaks, `delay` how long it takes to answer.

    `before` is called with how often it was asked for its sandboxes.
    """

    def __init__(self) -> None:
        self.version = "v1"
        self.delay = 0.0
        self.sandboxes: dict[str, tuple[str, str, int]] = {}
        self.details: dict[str, dict[str, Any]] = {}
        self.conditions = [messages.RuntimeCondition(type="NetworkReady", status=True)]
        self.info: dict[str, str] = {}
        self.asked: list[str] = []
        self.before: Callable[[int], object] = lambda times: times

    def answer(self, method: str, request: bytes, context: grpc.ServicerContext) -> Any:
        self.asked.append(method)
        if method == "ListPodSandbox":
            self.before(self.asked.count(method))
        time.sleep(self.delay)
        if method == "Version":
            return messages.VersionResponse(runtime_name="containerd", runtime_version="v0")
        if method == "Status":
            status = messages.RuntimeStatus(conditions=self.conditions)
            return messages.StatusResponse(status=status, info=self.info)
        if method == "ListPodSandbox":
            return messages.ListPodSandboxResponse(
                items=[
                    messages.PodSandbox(
                        id=id_,
                        metadata=messages.PodSandboxMetadata(namespace=namespace, name=name),
                        state=state,  # type: ignore[arg-type]  # the stub wants a name
                        created_at=1_000_000_000_000_000_000,
                    )
                    for id_, (namespace, name, state) in self.sandboxes.items()
                ]
            )
        asked = messages.PodSandboxStatusRequest.FromString(request)
        if asked.pod_sandbox_id not in self.details:
            context.abort(grpc.StatusCode.NOT_FOUND, "an error occurred when try to find sandbox: not found")
        return messages.PodSandboxStatusResponse(
            status=messages.PodSandboxStatus(network=messages.PodSandboxNetworkStatus(ip="10.0.0.2")),
            info={"info": json.dumps(self.details[asked.pod_sandbox_id])},
        )

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        service, _, method = call.method.rpartition("/")
        if service != f"/runtime.{self.version}.RuntimeService":
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self.answer(method, request, context),
            response_serializer=lambda message: message.SerializeToString(),
        )


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        return self._runtime.service(call)


@contextmanager
def serving(path: str) -> Iterator[Runtime]:
    """Have a runtime listen at a socket."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    runtime = Runtime()
    server = grpc.server(ThreadPoolExecutor(4), handlers=[_Handler(runtime)])
    server.add_insecure_port(f"unix://{path}")
    server.start()
    try:
        yield runtime
    finally:
        server.stop(None).wait()


def network(path: str) -> dict[str, Any]:
    """What containerd and CRI-O say of the namespace of a sandbox."""
    return {"runtimeSpec": {"linux": {"namespaces": [{"type": "ipc"}, {"type": "network", "path": path}]}}}
