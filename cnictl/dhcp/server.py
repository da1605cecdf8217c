"""The daemon's side of the socket: calls of plugins in, replies out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.dhcp.client import identifier
from cnictl.dhcp.table import Attachment
from cnictl.ipam import dhcp_options, dhcp_rpc, gob
from cnictl.ipam.dhcp_options import CLIENT_ID, LONGEST_MESSAGE, PARAMETERS, ProvideConfig, RequestConfig
from cnictl.ipam.dhcp_rpc import ALLOCATE, CONNECTED, NOTHING, RELEASE, RESPONSE
from cnictl.ipam.gob import GobError, Struct
from cnictl.plugin.log import Log
from cnictl.spec import names
from cnictl.spec.args import parse_leniently
from cnictl.spec.document import Document, decode_object
from cnictl.spec.errors import CnictlError, CniError
from cnictl.spec.keys import Config, integer, nested_list
from cnictl.spec.result import IPConfig

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from cnictl.dhcp.table import Table
    from cnictl.ipam.gob import Plain

PATIENCE = 30.0
"""Seconds that a plugin may take to say what it wants."""
MESSAGE_SIZE = 1500
"""Bytes of the longest message that a DHCP server may answer with."""
LONGEST_HEAD = 1 << 12
_REFUSAL = (
    b"HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 17\r\nConnection: close\r\n\r\n405 must CONNECT\n"
)


class LeaseConfig(Config):
    """As much of `ipam` as the daemon reads."""

    provide = nested_list("provide", ProvideConfig, text="options to send")
    request = nested_list("request", RequestConfig, text="options to ask for")
    priority = integer("priority", text="metric of the routes; 0 for none")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call is answered with; `lease_of` is the client that got a new lease by it."""

    kind: Struct
    value: Mapping[str, Plain]
    error: str = ""
    lease_of: str = ""


class Server:
    """Serves connections from a table of leases."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._log = Log("info")

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer the calls of one connection, one after the other, until it ends."""
        connection = Connection(reader, writer)
        try:
            if await connection.greet():
                while (call := await connection.next_call()) is not None:
                    await self._answer(connection, *call)
        except TimeoutError:
            self._log.warning("plugin said nothing, hanging up", seconds=f"{PATIENCE:g}")
        except GobError as error:
            self._log.warning("plugin cannot be understood, hanging up", reason=error)
        except (ConnectionError, EOFError) as error:
            self._log.debug("plugin hung up", reason=repr(error))
        except asyncio.CancelledError:
            pass  # the daemon ends; asyncio would log a task that ends with this
        finally:
            writer.close()

    async def _answer(self, connection: Connection, method: str, arguments: dict[str, Plain]) -> None:
        """Have a call done and answered; a lease that nobody waits for any more is not kept."""
        call = asyncio.create_task(self._reply(method, arguments))
        gone = asyncio.create_task(connection.wait_for_end())
        try:
            await asyncio.wait({call, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() and method == ALLOCATE:
                call.cancel()
            await asyncio.wait({call})
            has_ended = gone.done()
        finally:
            gone.cancel()
            await asyncio.wait({gone})
        if call.cancelled():
            raise ConnectionResetError
        reply = call.result()
        try:
            if has_ended:
                raise ConnectionResetError
            await connection.answer(method, reply)
        except ConnectionError:
            if reply.lease_of:
                await self._table.release(reply.lease_of)
            raise

    async def _reply(self, method: str, arguments: dict[str, Plain]) -> Reply:
        try:
            if method == ALLOCATE:
                return await self._allocate(arguments)
            if method == RELEASE:
                attachment, _ = _attachment(arguments)
                await self._table.release(attachment.client_id)
                return Reply(NOTHING, {})
            what = "method" if method.startswith("DHCP.") else "service"
            return Reply(NOTHING, {}, error=f"rpc: can't find {what} {method}")
        except (CnictlError, OSError) as error:
            text = error.msg if isinstance(error, CniError) else str(error)
            self._log.warning("call failed", method=method, error=error)
            return Reply(NOTHING, {}, error=text)
        except Exception as error:  # noqa: BLE001 - the plugin waits for an answer
            self._log.error("call failed, which should not have happened", method=method, error=repr(error))
            return Reply(NOTHING, {}, error=f"internal error: {error!r}")

    async def _allocate(self, arguments: dict[str, Plain]) -> Reply:
        attachment, document = _attachment(arguments)
        section = LeaseConfig(document.object("ipam") or Document({}))
        given = parse_leniently(str(arguments.get("Args", "")))
        options = {
            PARAMETERS: dhcp_options.requested(section.request),
            LONGEST_MESSAGE: MESSAGE_SIZE.to_bytes(2, "big"),
            CLIENT_ID: identifier(attachment.client_id),
            **dhcp_options.provided(section.provide, given),
        }
        lease, is_new = await self._table.allocate(attachment, options)
        value = dhcp_rpc.reply_of([IPConfig(lease.prefix, lease.gateway)], lease.routes, section.priority)
        return Reply(dhcp_rpc.RESULT, value, lease_of=attachment.client_id if is_new else "")


class Connection:
    """One plugin that calls: a stream of gob in each direction, behind some lines of HTTP."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._encoder = gob.Encoder()
        self._decoder = gob.Decoder()
        self._sequence = 0

    async def greet(self) -> bool:
        """Read the lines of HTTP and answer them; return whether calls follow."""
        async with asyncio.timeout(PATIENCE):
            head = b""
            while not head.endswith((b"\n\n", b"\n\r\n")) and len(head) < LONGEST_HEAD:
                head += await self._reader.readexactly(1)
            is_call = head.startswith(b"CONNECT /_goRPC_ ")
            self._writer.write(CONNECTED if is_call else _REFUSAL)
            await self._writer.drain()
        return is_call

    async def next_call(self) -> tuple[str, dict[str, Plain]] | None:
        """Return the method that is called and its arguments, None at the end; raises GobError."""
        async with asyncio.timeout(PATIENCE):
            first = await self._reader.read(1)
            if not first:
                return None
            header = await self._struct(first)
            arguments = await self._struct()
        sequence = header.get("Seq", 0)
        self._sequence = sequence if isinstance(sequence, int) else 0
        return str(header.get("ServiceMethod", "")), arguments

    async def answer(self, method: str, reply: Reply) -> None:
        """Send a reply to the last call."""
        header: dict[str, Plain] = {"ServiceMethod": method, "Seq": self._sequence, "Error": reply.error}
        self._writer.write(self._encoder.encode(RESPONSE, header))
        self._writer.write(self._encoder.encode(reply.kind, reply.value))
        async with asyncio.timeout(PATIENCE):
            await self._writer.drain()

    async def wait_for_end(self) -> None:
        """Return when the plugin has hung up, or says something before it was answered, which none does."""
        try:
            await self._reader.read(1)
        except ConnectionError:
            pass

    async def _struct(self, first: bytes = b"") -> dict[str, Plain]:
        while True:
            first = first or await self._reader.readexactly(1)
            size = int.from_bytes(await self._reader.readexactly(gob.following(first)) or first, "big")
            if size > gob.LONGEST:
                raise GobError(f"a message of {size} bytes")
            found = self._decoder.decode(await self._reader.readexactly(size))
            if found is not None:
                return found
            first = b""


def _attachment(arguments: Mapping[str, Plain]) -> tuple[Attachment, Document]:
    """Return what a call is about and the network configuration; raises CniError."""
    stdin = arguments.get("StdinData", b"")
    try:
        document = Document(decode_object(stdin if isinstance(stdin, bytes) else b""))
        network = document.string("name")
        # They become part of the name of a file.
        names.check_network_name(network)
        names.check_container_id(str(arguments.get("ContainerID", "")))
        names.check_interface_name(str(arguments.get("IfName", "")))
    except CniError as error:
        raise error.within("error parsing netconf: ") from None
    attachment = Attachment(
        str(arguments.get("ContainerID", "")),
        network,
        str(arguments.get("IfName", "")),
        str(arguments.get("Netns", "")),
    )
    return attachment, document
