"""A certificate authority of one test, made by the program `openssl`."""

import ssl
import subprocess
from pathlib import Path

# The keys that certificates have, as `openssl req` makes them.
ECDSA = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
RSA = ["-newkey", "rsa:2048"]


class Authority:
    def __init__(self, openssl, folder):
        self.openssl = openssl
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        # No extensions but those that are asked for.
        (self.folder / "openssl.cnf").write_text("[req]\ndistinguished_name = name\n[name]\n")
        self.path = self.folder / "authority.pem"
        extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
        self._request("authority", self.folder, extensions)

    def issue(self, name, *hosts, days=90, folder=None, key=ECDSA):
        """`name.pem` and `name.key` for hosts such as DNS:localhost and IP:127.0.0.1, as settings of a server."""
        folder = folder or self.folder
        names = "subjectAltName=" + ",".join(hosts or ("DNS:localhost", "IP:127.0.0.1"))
        extensions = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth", names]
        signer = ["-CA", self.path, "-CAkey", self.folder / "authority.key"]
        self._request(name, folder, extensions, *signer, days=days, key=key)
        return {
            "PALCO_TLS_CERT": str(folder / f"{name}.pem"),
            "PALCO_TLS_KEY": str(folder / f"{name}.key"),
            "PALCO_TLS_PORT": "0",
        }

    def trust(self):
        """For clients that believe nobody else."""
        return ssl.create_default_context(cafile=self.path)

    def _request(self, name, folder, extensions, *more, days=30, key=ECDSA):
        command = [self.openssl, "req", "-x509", "-config", self.folder / "openssl.cnf", *key]
        command += ["-nodes", "-subj", f"/CN={name}", "-days", str(days)]
        command += ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", *more]
        for extension in extensions:
            command += ["-addext", extension]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
