"""Who may reach a scheduler: TLS for one on a network, since whoever reaches it runs code."""

import contextlib
import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from course_utils.errors import BatchError


def credentials(scheduler: str | None, tls: dict | None):
    """Dask's Security for an address and TLS files, or None where it needs none.

    Raises BatchError for a missing file, and for a tls:// address when neither files are given nor
    Dask's own configuration names them.
    """
    given = {name: str(path) for name, path in (tls or {}).items() if path}
    if not given:
        if scheduler is not None and scheduler.startswith("tls://") and not _is_configured():
            raise BatchError(
                f"The scheduler {scheduler} is reached by TLS alone, which needs three files: "
                "--tls-ca, --tls-cert and --tls-key. "
                f"For example: --scheduler {scheduler} --tls-ca ca.pem --tls-cert me.pem "
                "--tls-key me.key"
            )
        return None
    if scheduler is None or not scheduler.startswith("tls://"):
        raise BatchError(
            "TLS files are for a scheduler at a tls:// address. "
            "For example: --scheduler tls://HOST:8786 --tls-ca ca.pem --tls-cert me.pem --tls-key me.key"
        )
    for name in ("ca", "cert", "key"):
        if name not in given:
            raise BatchError(
                f"--tls-{name} is missing: TLS needs --tls-ca, --tls-cert and --tls-key."
            )
        if not Path(given[name]).is_file():
            raise BatchError(f"--tls-{name} names {given[name]}, which is not a file.")
    from distributed.security import Security

    return Security(
        require_encryption=True,
        tls_ca_file=given["ca"],
        tls_client_cert=given["cert"],
        tls_client_key=given["key"],
    )


def _is_configured():
    from distributed.security import Security

    found = Security()
    return bool(found.tls_ca_file and found.tls_client_cert and found.tls_client_key)


def is_open_to_network(scheduler: str | None) -> bool:
    """Whether an address is reached over a network without TLS: whoever else reaches it runs code."""
    if scheduler is None or scheduler.startswith("tls://"):
        return False
    with contextlib.suppress(ValueError):  # A name is no address, and a broken one no host.
        host = urlsplit(scheduler if "://" in scheduler else f"tcp://{scheduler}").hostname or ""
        return host != "localhost" and not ipaddress.ip_address(host).is_loopback
    return True
