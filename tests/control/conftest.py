import pytest

from realtime.control.client import Remote
from tests.live import Host, wait_until

QUIET = ("--audio", "null", "--midi-in", "virtual", "--separator", "zone", "--ensemble", "string-quartet")


class Served:
    """A host that serves its control interface, and where."""

    def __init__(self, host, port):
        self.host, self.port = host, port
        self.url = f"http://127.0.0.1:{port}"
        self.remote = Remote(str(port))

    def get(self, name):
        return self.remote.get(name)


def port_of(host):
    line = wait_until(lambda: next((line for line in host.lines if "the page: http" in line), None))
    return int(line.split("the page: http://", 1)[1].split(":")[1].split("/")[0])


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """One host for all tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("served")
    homes = {"HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}
    with Host(folder, *QUIET, "--record", str(folder / "takes"), "--control", "0", **homes) as host:
        served = Served(host, port_of(host))
        served.folder = folder
        yield served
        host.stop()
