"""Everything that is compared, each as a function that starts it before the same services.

A peer's function gets a `Stage`, the `Backends` and the fd limit, and returns what it `Started`: its
routes ("web" and "h2" to nginx, "bulk" to iperf3) and its processes, each named after the side it stands on.
It raises Failed when it cannot; the table then says so. A peer of a path that is not given is not
run at all. To add one, write a function and a line in `PEERS`.
"""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path

from measure import machine
from measure.backends import nginx_frame, nginx_http_frame
from measure.ours import gateway, outer_ports, proxylite_tunnel, udp_service
from measure.processes import Failed, await_that, find_program, free_port, udp_port_is_open
from measure.route import KEYS, Route, Started


@dataclass(frozen=True)
class Peer:
    name: str
    start: object
    what: str                # one line for the report
    ours: bool = False
    checks_keys: bool = False  # it reads HTTP and checks a key on each request
    needs: tuple = ()        # environment variables that name its programs
    fds_per_visitor: int = 2  # of its busiest process
    most_idle: int = field(default=1 << 30)  # idle visitors it is asked to hold

    def is_available(self):
        return all(os.environ.get(name) for name in self.needs)


def direct(stage, backends, fd_limit):
    return Started({"web": Route(backends.web_port), "bulk": Route(backends.bulk_port),
                    "udp": Route(backends.udp_port, service_port=backends.udp_port)}, {})


def two_hops(start_hop):
    """A peer of two equal hops: visitor -> server -> client -> service.

    `start_hop(stage, side, {listening port: target port}, fd_limit)` returns the process. With `h2`
    the first hop gets another port, `h2_port`, on which it speaks HTTP/2 for the route "web".
    """
    def start(stage, backends, fd_limit, routes=("web", "bulk"), h2=False):
        targets = {route: getattr(backends, f"{route}_port") for route in routes}
        inner = {route: free_port() for route in routes}
        outer = {route: free_port() for route in routes}
        client = start_hop(stage, "client", {inner[r]: targets[r] for r in routes}, fd_limit)
        extra = {"h2_port": free_port()} if h2 else {}
        server = start_hop(stage, "server", {outer[r]: inner[r] for r in routes}, fd_limit, **extra)
        for ports, process in ((inner, client), (outer, server)):
            for port in ports.values():
                process.await_port(port)
        headers = (("Authorization", KEYS[0]),) if routes == ("web",) else ()
        listening = outer | ({"h2": extra["h2_port"]} if h2 else {})
        return Started({r: Route(port, headers) for r, port in listening.items()},
                       {"server": server, "client": client})
    return start


def haproxy(stage, side, ports, fd_limit, splice=False, http=False, h2_port=None):
    folder = stage.make_folder(f"haproxy-{side}")
    config = folder / "haproxy.cfg"
    most = machine.connections_within(fd_limit, 4)  # two sockets, and a pipe when splicing
    lines = [f"global\n  nbthread 1\n  maxconn {most}\n  maxpipes {most // 2}",
             f"defaults\n  mode {'http' if http else 'tcp'}",
             "  timeout connect 5s\n  timeout client 1h\n  timeout server 1h"]
    if splice:
        lines.append("  option splice-auto")
    if http:
        (folder / "keys").write_text("\n".join(KEYS) + "\n")
        lines.append("  http-reuse always")
    for port, target in ports.items():
        lines.append(f"listen p{port}\n  bind 127.0.0.1:{port} backlog 4096")
        if h2_port:
            lines.append(f"  bind 127.0.0.1:{h2_port} proto h2")
        if http and side == "server":
            lines.append(f"  http-request deny deny_status 401 unless "
                         f"{{ req.hdr(authorization) -f {folder}/keys }}")
        lines.append(f"  server s 127.0.0.1:{target}")
    config.write_text("\n".join(lines) + "\n")
    return stage.start(f"haproxy-{side}", [find_program("haproxy"), "-db", "-f", config], folder)


def haproxy_tcp(*arguments):
    return two_hops(haproxy)(*arguments)


def haproxy_splice(*arguments):
    return two_hops(lambda *hop: haproxy(*hop, splice=True))(*arguments)


def haproxy_http(*arguments):
    hop = two_hops(lambda *hop, **extra: haproxy(*hop, http=True, **extra))
    return hop(*arguments, routes=("web",), h2=True)


def nginx_stream_hop(stage, side, ports, fd_limit):
    folder = stage.make_folder(f"nginx-stream-{side}")
    module = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
    servers = "\n".join(f"server {{ listen 127.0.0.1:{port} backlog=4096; "
                        f"proxy_pass 127.0.0.1:{target}; }}" for port, target in ports.items())
    (folder / "nginx.conf").write_text(
        (f"load_module {module};\n" if module.exists() else "")
        + nginx_frame(folder, machine.connections_within(fd_limit, 1))
        + f"stream {{ proxy_timeout 1h; tcp_nodelay on;\n{servers} }}\n")
    return stage.start(f"nginx-{side}", [find_program("nginx"), "-p", folder, "-c",
                                         folder / "nginx.conf"], folder)


def nginx_http_hop(stage, side, ports, fd_limit, h2_port=None):
    folder = stage.make_folder(f"nginx-http-{side}")
    [(port, target)] = ports.items()
    known = "\n".join(f'"{key}" 1;' for key in KEYS)
    check = "if ($known = 0) { return 401; }" if side == "server" else ""
    listen_h2 = f"listen 127.0.0.1:{h2_port} http2 backlog=4096;" if h2_port else ""
    (folder / "nginx.conf").write_text(
        nginx_frame(folder, machine.connections_within(fd_limit, 1)) + f"""http {{
{nginx_http_frame(folder)}
map_hash_bucket_size 256;
map $http_authorization $known {{ default 0; {known} }}
upstream next {{ server 127.0.0.1:{target}; keepalive 512; keepalive_requests 1000000000; }}
server {{ listen 127.0.0.1:{port} backlog=4096; {listen_h2} {check}
location / {{ proxy_pass http://next; proxy_http_version 1.1; proxy_set_header Connection "";
proxy_max_temp_file_size 0; }} }} }}
""")
    return stage.start(f"nginx-{side}", [find_program("nginx"), "-p", folder, "-c",
                                         folder / "nginx.conf"], folder)


def nginx_stream(*arguments):
    return two_hops(nginx_stream_hop)(*arguments)


def nginx_http(*arguments):
    return two_hops(nginx_http_hop)(*arguments, routes=("web",), h2=True)


def socat(stage, backends, fd_limit):
    """Socat forwards one port; a visitor costs it a process per hop."""
    folder = stage.make_folder("socat")
    routes, processes = {}, {}
    for route, target in (("web", backends.web_port), ("bulk", backends.bulk_port)):
        for side in ("client", "server"):
            port = free_port()
            process = stage.start(
                f"socat-{side}-{route}",
                [find_program("socat"), "-b262144", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,"
                 "reuseaddr,backlog=4096,nodelay", f"TCP:127.0.0.1:{target},nodelay"], folder)
            process.await_port(port)
            processes[f"{side}-{route}"] = process
            target = port
        routes[route] = Route(target)
    return Started(routes, processes)


def udp_hops(start_hop):
    """Two equal hops for datagrams; `start_hop(stage, side, listening port, target port)`."""
    def start(stage, backends, fd_limit):
        target, processes = backends.udp_port, {}
        for side in ("client", "server"):
            port = free_port()
            processes[side] = start_hop(stage, side, port, target)
            await_that(lambda port=port: udp_port_is_open(port), 10, f"UDP port {port} opens")
            target = port
        return Started({"udp": Route(target, service_port=backends.udp_port)}, processes)
    return start


def socat_udp_hop(stage, side, port, target):
    return stage.start(f"socat-udp-{side}", [
        find_program("socat"), "-T60", "-b65536",
        f"UDP-LISTEN:{port},bind=127.0.0.1,fork,rcvbuf=4194304",
        f"UDP:127.0.0.1:{target},rcvbuf=4194304"], stage.make_folder(f"socat-udp-{side}"))


def nginx_udp_hop(stage, side, port, target):
    folder = stage.make_folder(f"nginx-udp-{side}")
    module = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
    (folder / "nginx.conf").write_text(
        (f"load_module {module};\n" if module.exists() else "") + nginx_frame(folder, 1000)
        + f"stream {{ proxy_timeout 60s;\nserver {{ listen 127.0.0.1:{port} udp rcvbuf=4m; "
          f"proxy_pass 127.0.0.1:{target}; }} }}\n")
    return stage.start(f"nginx-udp-{side}", [find_program("nginx"), "-p", folder, "-c",
                                             folder / "nginx.conf"], folder)


def ssh(stage, backends, fd_limit):
    """`ssh -R`: one encrypted connection carries all visitors."""
    folder = stage.make_folder("ssh")
    sshd, port = find_program("sshd"), free_port()
    privileges = Path("/run/sshd")  # sshd demands it of root; its package makes it at boot
    if os.getuid() == 0 and not privileges.exists():
        privileges.mkdir(mode=0o755)
    for name in ("host", "user"):
        keygen = stage.start(f"keygen-{name}", [find_program("ssh-keygen"), "-q", "-t", "ed25519",
                                                "-N", "", "-f", folder / name], folder)
        if keygen.ends_with() != 0:
            raise Failed(f"ssh-keygen: {keygen.end_of_log()}")
    (folder / "sshd_config").write_text(f"""ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/user.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
AllowTcpForwarding yes
MaxStartups 100
""")
    server = stage.start("sshd", [sshd, "-D", "-e", "-f", folder / "sshd_config"], folder)
    server.await_port(port)
    web, bulk = free_port(), free_port()
    user = os.environ.get("USER") or "root"
    client = stage.start("ssh", [
        find_program("ssh"), "-N", "-p", port, "-i", folder / "user", "-F", "/dev/null",
        "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known",
        "-o", "ExitOnForwardFailure=yes", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
        "-R", f"127.0.0.1:{web}:127.0.0.1:{backends.web_port}",
        "-R", f"127.0.0.1:{bulk}:127.0.0.1:{backends.bulk_port}", f"{user}@127.0.0.1"], folder)
    client.await_port(web)
    client.await_port(bulk)
    return Started({"web": Route(web), "bulk": Route(bulk)}, {"server": server, "client": client})


def frp(stage, backends, mux, http=False):
    folder = stage.make_folder("frp")
    control, web, bulk = free_port(), free_port(), free_port()
    vhost = f"vhostHTTPPort = {web}\n" if http else ""
    (folder / "frps.toml").write_text(
        f'bindAddr = "127.0.0.1"\nproxyBindAddr = "127.0.0.1"\nbindPort = {control}\n{vhost}'
        f'log.level = "warn"\ntransport.tcpMux = {str(mux).lower()}\n')
    if http:
        proxies = ('[[proxies]]\nname = "web"\ntype = "http"\ncustomDomains = ["127.0.0.1"]\n'
                   f'httpUser = "bench"\nhttpPassword = "bench"\nlocalPort = {backends.web_port}\n')
    else:
        proxies = "".join(
            f'[[proxies]]\nname = "{name}"\ntype = "tcp"\nlocalPort = {local}\n'
            f"remotePort = {remote}\n"
            for name, local, remote in (("web", backends.web_port, web),
                                        ("bulk", backends.bulk_port, bulk)))
    (folder / "frpc.toml").write_text(
        f'serverAddr = "127.0.0.1"\nserverPort = {control}\nlog.level = "warn"\n'
        f"transport.tcpMux = {str(mux).lower()}\ntransport.tls.enable = false\n{proxies}")
    server = stage.start("frps", [os.environ["PEER_FRPS"], "-c", folder / "frps.toml"], folder)
    server.await_port(control)
    client = stage.start("frpc", [os.environ["PEER_FRPC"], "-c", folder / "frpc.toml"], folder)
    client.await_port(web)
    processes = {"server": server, "client": client}
    if http:
        basic = base64.b64encode(b"bench:bench").decode()
        return Started({"web": Route(web, (("Authorization", f"Basic {basic}"),))}, processes)
    client.await_port(bulk)
    return Started({"web": Route(web), "bulk": Route(bulk)}, processes)


def frp_plain(stage, backends, fd_limit):
    return frp(stage, backends, mux=False)


def frp_mux(stage, backends, fd_limit):
    return frp(stage, backends, mux=True)


def frp_http(stage, backends, fd_limit):
    return frp(stage, backends, mux=False, http=True)


def rathole(stage, backends, fd_limit):
    folder = stage.make_folder("rathole")
    control, ports = free_port(), {"web": free_port(), "bulk": free_port()}
    targets = {"web": backends.web_port, "bulk": backends.bulk_port}
    (folder / "server.toml").write_text(
        f'[server]\nbind_addr = "127.0.0.1:{control}"\ndefault_token = "bench"\n'
        + "".join(f'[server.services.{name}]\nbind_addr = "127.0.0.1:{port}"\n'
                  for name, port in ports.items()))
    (folder / "client.toml").write_text(
        f'[client]\nremote_addr = "127.0.0.1:{control}"\ndefault_token = "bench"\n'
        + "".join(f'[client.services.{name}]\nlocal_addr = "127.0.0.1:{target}"\n'
                  for name, target in targets.items()))
    program = os.environ["PEER_RATHOLE"]
    server = stage.start("rathole-server", [program, "--server", folder / "server.toml"], folder)
    server.await_port(control)
    client = stage.start("rathole-client", [program, "--client", folder / "client.toml"], folder)
    for port in ports.values():
        client.await_port(port)
    return Started({name: Route(port) for name, port in ports.items()},
                   {"server": server, "client": client})


def public_frpx(stage, backends, fd_limit):
    """The public frpx in Rust, in its form without a database, whose users and keys are built in."""
    folder = stage.make_folder("public-frpx")
    control, proxy, public, api = (free_port() for _ in range(4))
    server = stage.start("frpx-frps", [
        os.environ["PEER_FRPX_FRPS"], "--control-port", control, "--proxy-port", proxy,
        "--public-port", public, "--api-port", api], folder)
    server.await_port(public)
    client = stage.start("frpx-frpc", [
        os.environ["PEER_FRPX_FRPC"], "--client-id", "bench", "--control-port", control,
        "--proxy-port", proxy, "--local-port", backends.web_port,
        "--email", "test@example.com", "--password", "123456"], folder)
    client.must_run()
    return Started({"web": Route(public, (("Authorization", "Bearer abc123"),))},
                   {"server": server, "client": client})


def proxylite(stage, backends, fd_limit):
    """The package's own frplite programs, `frps` and `frpc` in one folder. Its ports are fixed."""
    home = Path(os.environ["PEER_PROXYLITE"])
    folder = stage.make_folder("proxylite")
    control = free_port()
    web, bulk = free_port(low=40000, high=50000), free_port(low=40000, high=50000)
    (folder / "frps.ini").write_text(f"[common]\nbind_port = {control}\n")
    (folder / "frpc.ini").write_text(
        f"[common]\nserver_addr = 127.0.0.1\nserver_port = {control}\n"
        + "".join(f"[{name}]\ntype = tcp\nlocal_ip = 127.0.0.1\nlocal_port = {local}\n"
                  f"remote_port = {remote}\n"
                  for name, local, remote in (("web", backends.web_port, web),
                                              ("bulk", backends.bulk_port, bulk))))
    server = stage.start("proxylite-server", [home / "frps", "-c", folder / "frps.ini"], folder)
    server.await_port(control)
    client = stage.start("proxylite-client", [home / "frpc", "-c", folder / "frpc.ini"], folder)
    client.await_port(web)
    client.await_port(bulk)
    return Started({"web": Route(web), "bulk": Route(bulk)}, {"server": server, "client": client})


PEERS = (
    Peer("direct", direct, "no proxy at all"),
    Peer("haproxy-tcp", haproxy_tcp, "HAProxy twice, mode tcp"),
    Peer("haproxy-splice", haproxy_splice, "HAProxy twice, mode tcp, splice-auto"),
    Peer("nginx-stream", nginx_stream, "nginx twice, stream"),
    Peer("socat", socat, "socat twice, 256 KiB buffers", most_idle=200),
    Peer("ssh-R", ssh, "OpenSSH's ssh -R, encrypted", most_idle=500),
    Peer("frp-plain", frp_plain, "frp, no mux, no TLS", needs=("PEER_FRPS", "PEER_FRPC")),
    Peer("frp-mux", frp_mux, "frp, mux, no TLS", needs=("PEER_FRPS", "PEER_FRPC")),
    Peer("rathole", rathole, "rathole, plain TCP", needs=("PEER_RATHOLE",)),
    Peer("proxylite", proxylite, "proxylite's frplite", needs=("PEER_PROXYLITE",)),
    Peer("haproxy-http", haproxy_http, "HAProxy twice, mode http, key checked by the first",
         checks_keys=True),
    Peer("nginx-http", nginx_http, "nginx twice, proxy_pass, key checked by the first",
         checks_keys=True),
    Peer("frp-http", frp_http, "frp, vhost with basic auth, no mux, no TLS",
         needs=("PEER_FRPS", "PEER_FRPC")),
    Peer("public-frpx", public_frpx, "the public frpx (Rust), key checked once a connection",
         needs=("PEER_FRPX_FRPS", "PEER_FRPX_FRPC")),
    Peer("tcp-link", outer_ports, "our outer TCP ports, streams on links", ours=True,
         fds_per_visitor=1),
    Peer("proxylite-link", proxylite_tunnel(), "our proxylite tunnel, both ends ours", ours=True,
         fds_per_visitor=1),
    Peer("proxylite-wire", proxylite_tunnel("--no-link"), "the same on the public wire", ours=True,
         fds_per_visitor=1),
    Peer("udp-socat", udp_hops(socat_udp_hop), "socat twice, UDP"),
    Peer("udp-nginx", udp_hops(nginx_udp_hop), "nginx twice, stream, UDP"),
    Peer("udp-link", udp_service, "our UDP service, datagrams on the link", ours=True),
    Peer("gateway-link", gateway(link=True), "our gateway, streams on links", ours=True,
         checks_keys=True, fds_per_visitor=1),
    Peer("gateway", gateway(link=False), "our gateway, --no-link", ours=True, checks_keys=True),
)
