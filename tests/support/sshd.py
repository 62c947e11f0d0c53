"""Debian's SSH server on a port of its own, for a service that speaks first and keeps both ways."""

import os
import shutil
import subprocess

from support import net
from support.programs import Program, tool
from support.waiting import seconds


class Sshd:
    """An sshd with keys of its own; `stop` ends it, as things of the lab do."""

    def __init__(self, folder):
        sshd = tool("sshd")
        self.folder = folder / "ssh"
        self.folder.mkdir(mode=0o700)
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                            self.folder / name], check=True)
        shutil.copy(self.folder / "user.pub", self.folder / "authorized")
        self.port = net.closed_port()
        config = self.folder / "config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\n"
            f"StrictModes no\nAuthorizedKeysFile {self.folder}/authorized\nPidFile none\n"
            "UsePAM no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n")
        os.makedirs("/run/sshd", exist_ok=True)
        self._program = Program("sshd", [sshd, "-D", "-e", "-f", config], self.folder)
        self._program.says("Server listening")

    def run(self, port, command, data=b""):
        """What the command there prints, asked for through that port."""
        options = ["-i", self.folder / "user", "-o", "StrictHostKeyChecking=no", "-o",
                   f"UserKnownHostsFile={self.folder}/known", "-o", "BatchMode=yes", "-p",
                   str(port)]
        done = subprocess.run(["ssh", *options, "127.0.0.1", command], input=data,
                              capture_output=True, timeout=seconds(30), check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self):
        self._program.kill()
