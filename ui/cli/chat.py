"""`clippings chat`: the web chat, on this machine only unless a password or `--no-auth` says otherwise."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import click

from index.errors import UserError
from index.permissions import make_folder, secure
from index.terminal import echo
from rag.settings import Settings, load
from ui.library_access import build_default_library, fetch_models
from ui.web.server.auth import Account, account_from_environment, account_from_file, write_password
from ui.web.server.middleware import LOOPBACK
from ui.web.server.options import Options, network


@click.command()
@click.option("--library", help="Folder of the library [default: library].")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=7860, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--root-path", default="", help="Path or URL under which a proxy in front shows the chat.")
@click.option(
    "--behind-proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="Believe X-Forwarded headers of requests from this address or network; may be given several times.",
)
@click.option(
    "--host-name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A further name the chat is reached by; addresses and this machine's names need none.",
)
@click.option("--auth", "auth_file", metavar="USER:PASSWORDFILE", help="Ask for this name and password.")
@click.option("--auth-env", is_flag=True, help="Ask for the name and password in CLIPPINGS_AUTH (USER:PASSWORD).")
@click.option("--no-auth", is_flag=True, help="Let everyone in who can reach the address.")
@click.option("--set-password", metavar="FILE", help="Ask for a password, write its hash to FILE, and stop.")
@click.option("--allow-private", is_flag=True, help="Let pasted addresses lead into this network.")
@click.option(
    "--group-readable/--owner-only", default=None, help="Let this machine's group read the library, or nobody else."
)
@click.option("--empty", is_flag=True, help="Begin with an empty library where there is none, not with the seeds.")
@click.option("--open/--no-open", "browser", default=None, help="Open the page in the browser [default: on a desktop].")
def chat(
    library: str | None,
    host: str,
    port: int,
    root_path: str,
    proxies: tuple[str, ...],
    names: tuple[str, ...],
    auth_file: str | None,
    auth_env: bool,
    no_auth: bool,
    set_password: str | None,
    allow_private: bool,
    group_readable: bool | None,
    empty: bool,
    browser: bool | None,
) -> None:
    """Open the web chat in the browser.

    Ask questions, see where each sentence of an answer stands, add and remove articles, run evaluations. Where
    there is no library yet the default one is built from the seed articles first; one named with --library
    begins empty.

    \b
    Examples:
      clippings chat --library mine
      clippings chat --host 0.0.0.0 --auth ada:password-file
    """
    if set_password:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        write_password(Path(set_password), password)
        echo(f"Wrote {set_password}. Use it: clippings chat --auth USER:{set_password}")
        return
    account = account_for(host, auth_file, auth_env, no_auth)
    settings, origins = load({"library": library})
    if not empty and (report := build_default_library(settings, origins)):
        echo(f"{report.added} articles. Add your own in the Library tab, or: clippings index FOLDER", err=True)
    if group_readable is not None:
        with suppress(OSError):  # what is wrong with the folder is said when conversations are kept there
            make_folder(Path(settings.library))
        secure(Path(settings.library), group_readable)
    fetch_models(settings)  # where its progress is seen, and not while somebody waits for an answer
    options = Options(host, port, root_path, account, allow_private, names, tuple(map(network, proxies)))
    serve(settings, options, browser)


def account_for(host: str, auth_file: str | None, auth_env: bool, no_auth: bool) -> Account | None:
    """Who may log in, or None where everyone may; raises UserError where others can reach it and neither was chosen."""
    if sum((bool(auth_file), auth_env, no_auth)) > 1:
        raise click.UsageError("Choose one of --auth, --auth-env and --no-auth.")
    if auth_file:
        return account_from_file(auth_file)
    if auth_env:
        return account_from_environment(os.environ)
    if host not in LOOPBACK and not no_auth:
        raise UserError(
            f"{host!r} can be reached by others. Ask for a password: clippings chat --host {host} "
            "--auth USER:PASSWORDFILE (make the file with --set-password FILE), or let everyone in: --no-auth"
        )
    return None


def serve(settings: Settings, options: Options, browser: bool | None) -> None:
    """Listen until interrupted; raises UserError when the address cannot be listened on."""
    import uvicorn

    os.umask(0o077)  # before any thread: all that this process writes is people's own, and what is shared says so
    from ui.web.server.application import app
    from ui.web.server.connections import CONNECTIONS, PatientProtocol

    host, port = options.host, options.port
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, TypeError) as error:  # TypeError where no name can be written so
        raise UserError(
            f"Cannot listen on {host!r} port {port} ({getattr(error, 'strerror', error)}). "
            f"Choose another: clippings chat --port {port + 1}"
        ) from error
    port = listener.getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{port}/"
    echo(f"Starting; the chat will be at {address}", err=True)
    application = app(settings, options)
    echo(f"Clippings is at {address} (stop with Ctrl+C)", err=True)
    if browser or (browser is None and _desktop()):
        click.launch(address)
    config = uvicorn.Config(
        application,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
        http=PatientProtocol,
        limit_concurrency=CONNECTIONS,
        proxy_headers=False,  # uvicorn would believe them of every process on this machine
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn has shut down by then, and raises it again
        echo("\nStopped.", err=True)


def _desktop() -> bool:
    """Whether a browser can be opened here: a terminal with a display."""
    display = sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return os.isatty(2) and display
