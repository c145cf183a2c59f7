"""One SSH library carries one script to many hosts: `python libraries_play.py LIBRARY HOSTS`, told by play.json.

Runs in the opponents' environment (asyncssh) or the product's (paramiko); openssh is a process for each host. Twelve
hosts at a time. Prints one line of JSON: wall_s, cpu_s (with children), import_s.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

AT_ONCE = 12
play = json.loads(Path("play.json").read_text())
script = Path(play["script"]).read_bytes()
end = play["end"].encode()


def by_asyncssh(hosts: int) -> None:
    """One event loop for all."""
    import asyncio

    import asyncssh  # type: ignore[import-not-found]  # the opponents' environment has it

    room = asyncio.Semaphore(AT_ONCE)

    async def look() -> None:
        options = {"username": play["user"], "client_keys": [play["key"]], "known_hosts": play["known_hosts"]}
        async with (
            room,
            asyncssh.connect("127.0.0.1", play["port"], config=None, agent_path=None, **options) as connection,
        ):
            done = await connection.run("sh -s", input=script, encoding=None)
            check(done.stdout)

    async def all_of_them() -> None:
        await asyncio.gather(*(look() for _ in range(hosts)))

    asyncio.run(all_of_them())


def by_paramiko(hosts: int) -> None:
    """A thread for each host, and paramiko's own."""
    import paramiko

    def look(_: int) -> None:
        client = paramiko.SSHClient()
        client.load_host_keys(play["known_hosts"])
        client.connect(
            "127.0.0.1",
            port=play["port"],
            username=play["user"],
            key_filename=play["key"],
            look_for_keys=False,
            allow_agent=False,
        )
        stdin, stdout, _stderr = client.exec_command("sh -s")
        stdin.write(script)
        stdin.channel.shutdown_write()
        check(stdout.read())
        client.close()

    in_threads(look, hosts)


def by_openssh(hosts: int) -> None:
    """A process for each host."""
    options = ("BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "StrictHostKeyChecking=yes")
    flags = [word for option in (*options, f"UserKnownHostsFile={play['known_hosts']}") for word in ("-o", option)]
    address = ("-i", play["key"], "-p", str(play["port"]), f"{play['user']}@127.0.0.1")
    words = ("ssh", "-F", "none", "-T", *flags, *address, "sh -s")

    def look(_: int) -> None:
        check(subprocess.run(words, input=script, capture_output=True, timeout=60, check=True).stdout)

    in_threads(look, hosts)


def in_threads(look: Callable[[int], None], hosts: int) -> None:
    """Each host once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(look, range(hosts)))


def check(said: bytes) -> None:
    """Fail where the script was not carried to its end."""
    if end not in said:
        raise SystemExit(f"the script did not end: {said[-200:]!r}")


def used_s() -> float:
    """Processor time of this process and its ended children."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def main(library: str, hosts: int) -> None:
    """Measure one go."""
    began = time.perf_counter()
    if library != "openssh":
        __import__(library)
    imported, cpu_s = time.perf_counter(), used_s()
    {"asyncssh": by_asyncssh, "paramiko": by_paramiko, "openssh": by_openssh}[library](hosts)
    told = {"wall_s": time.perf_counter() - imported, "cpu_s": used_s() - cpu_s, "import_s": imported - began}
    print(json.dumps(told))


main(sys.argv[1], int(sys.argv[2]))
