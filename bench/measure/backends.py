"""The services behind everything: one nginx with small and large answers, one iperf3."""

from measure import machine
from measure.processes import await_that, find_program, free_port

# The paths that nginx serves and how many bytes each answers.
SIZES = {"/23": 23, "/1k": 2**10, "/16k": 2**14, "/64k": 2**16, "/256k": 2**18, "/1m": 2**20}


def nginx_frame(folder, connections):
    """What every nginx of ours starts with: in the foreground, one process, files in its folder."""
    return f"""daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
worker_rlimit_nofile {2 * connections + machine.RESERVED_FDS};
events {{ worker_connections {connections}; }}
"""


def nginx_http_frame(folder):
    paths = " ".join(f"{kind}_temp_path {folder}/{kind};"
                     for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""access_log off; {paths} keepalive_timeout 1h; keepalive_requests 1000000000;
tcp_nodelay on; default_type text/plain;"""


class Backends:
    """Started once for all peers, so that all have the very same service."""

    def __init__(self, stage, fd_limit):
        self._stage = stage
        self.web_port, self.bulk_port = free_port(), free_port()
        self.udp_port = free_port()  # of a service that comes with the load
        folder = stage.make_folder("service")
        self.files = files = folder / "files"
        files.mkdir(mode=0o755)
        for path, size in SIZES.items():
            (files / path[1:]).write_bytes((b"The quick brown fox ran" * (size // 23 + 1))[:size])
        config = folder / "nginx.conf"
        config.write_text(nginx_frame(folder, fd_limit - machine.RESERVED_FDS) + f"""http {{
{nginx_http_frame(folder)} sendfile on; tcp_nopush on; open_file_cache max=16;
server {{ listen 127.0.0.1:{self.web_port} backlog=4096; root {files}; }} }}
""")
        self.web = stage.start("service-nginx",
                               [find_program("nginx"), "-p", folder, "-c", config], folder)
        self.web.await_port(self.web_port)
        self._folder = folder
        self._start_iperf()

    def _start_iperf(self):
        self.bulk = self._stage.start(
            "service-iperf3", [find_program("iperf3"), "-s", "-B", "127.0.0.1", "-p",
                               self.bulk_port], self._folder)
        self.bulk.await_port(self.bulk_port)

    def await_free_bulk(self):
        """iperf3 takes one test at a time, and refuses the next while the last one still ends."""
        await_that(lambda: not machine.has_connections(self.bulk_port), 10, "iperf3 is free")

    def renew_bulk(self):
        """After a failed test iperf3 may take itself for busy: start it anew, on the same port."""
        self._stage.end([self.bulk])
        self._start_iperf()

    def must_run(self):
        self.web.must_run()
        self.bulk.must_run()
