"""Makes the host known on the local network by name (DNS-SD), where the package zeroconf is installed."""

import ipaddress
import socket

import psutil
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

SERVICES = ("_http._tcp.local.", "_osc._udp.local.")


def addresses(address: str) -> list[str]:
    """Return the addresses under which others reach a server that is bound to ``address``."""
    if not ipaddress.ip_address(address).is_unspecified:
        return [address]
    families = (socket.AF_INET, socket.AF_INET6)
    known = [
        entry.address.partition("%")[0]
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in families
    ]
    return [each for each in known if not ipaddress.ip_address(each).is_loopback]


async def announce(address: str, port: int) -> AsyncZeroconf:
    """Announce the page and OSC; what is returned goes on answering until it is closed.

    Raises:
        OSError: there is no network.
    """
    name = socket.gethostname().split(".")[0]
    there = addresses(address)
    server = AsyncZeroconf()
    for kind in SERVICES:
        info = AsyncServiceInfo(
            kind,
            f"Concertino on {name}.{kind}",
            port=port,
            parsed_addresses=there,
            properties={"path": "/"},
            server=f"{name}.local.",
        )
        await server.async_register_service(info, allow_name_change=True)
    return server
