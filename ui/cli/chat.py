"""`clippings chat`: the web chat, on this machine only unless accounts or `--no-auth` say otherwise; the accounts."""

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
from ui.store.people import Role
from ui.web.server.accounts import FILE, Accounts, checked_name
from ui.web.server.auth import Account, account_from_environment, account_from_file
from ui.web.server.options import UPLOAD_LIMIT, UPLOAD_SPACE, Options, network


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
@click.option("--add-account", metavar="NAME", help="Add somebody who may log in, ask for the password, and stop.")
@click.option("--reader", is_flag=True, help="With --add-account: who may ask and read, and change nothing.")
@click.option("--accounts", "list_accounts", is_flag=True, help="List who may log in, and stop.")
@click.option("--change-password", metavar="NAME", help="Give an account another password, and stop.")
@click.option("--make-reader", metavar="NAME", help="Let an account ask and read only, and stop.")
@click.option("--make-editor", metavar="NAME", help="Let an account change the library, and stop.")
@click.option("--remove-account", metavar="NAME", help="Let an account in no longer, and stop.")
@click.option("--auth", "auth_file", metavar="NAME:FILE", help="One account more, its hash in a file of its own.")
@click.option("--auth-env", is_flag=True, help="One account more, as in CLIPPINGS_AUTH (NAME:PASSWORD).")
@click.option("--no-auth", is_flag=True, help="Let everyone in who can reach the address, to ask and to read.")
@click.option("--allow-changes", is_flag=True, help="With --no-auth: let everyone change the library, too.")
@click.option(
    "--upload-limit",
    default=UPLOAD_LIMIT,
    show_default=True,
    type=click.IntRange(1),
    help="Megabytes one person may upload in an hour.",
)
@click.option(
    "--upload-space",
    default=UPLOAD_SPACE,
    show_default=True,
    type=click.IntRange(1),
    help="Megabytes all uploads may take on disk.",
)
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
    add_account: str | None,
    reader: bool,
    list_accounts: bool,
    change_password: str | None,
    make_reader: str | None,
    make_editor: str | None,
    remove_account: str | None,
    auth_file: str | None,
    auth_env: bool,
    no_auth: bool,
    allow_changes: bool,
    upload_limit: int,
    upload_space: int,
    allow_private: bool,
    group_readable: bool | None,
    empty: bool,
    browser: bool | None,
) -> None:
    """Open the web chat in the browser.

    Ask questions, see where each sentence of an answer stands, add and remove articles, run evaluations. Where
    there is no library yet the default one is built from the seed articles first; one named with --library
    begins empty. Once a library has accounts, everybody logs in who opens its chat.

    \b
    Examples:
      clippings chat --library mine
      clippings chat --add-account ada
    """
    settings, origins = load({"library": library})
    accounts = Accounts(Path(settings.library) / FILE)
    if reader and not add_account:
        raise click.UsageError("--reader goes with --add-account NAME.")
    chosen = [add_account, list_accounts, change_password, make_reader, make_editor, remove_account]
    if sum(map(bool, chosen)) > 1:
        raise click.UsageError("One change of accounts at a time.")
    if add_account:
        _add_account(accounts, add_account, role_of(reader=reader), settings.library)
    elif list_accounts:
        _list_accounts(accounts)
    elif change_password:
        name = accounts.require(change_password)
        accounts.set_password(name, _new_password())
        echo(f"{name} has another password, and has to log in again.")
    elif make_reader or make_editor:
        name, role = accounts.require(make_reader or make_editor or ""), role_of(reader=bool(make_reader))
        accounts.set_role(name, role)
        echo(f"{name} {ROLES[role]} from now on.")
    elif remove_account:
        name = accounts.require(remove_account)
        accounts.remove(name)
        echo(
            f"Removed {name}. The conversations stay, for whoever gets this name again: "
            f"clippings chat --add-account {name}"
        )
    if any(chosen):
        return
    accounts = Accounts(accounts.file, _other_accounts(auth_file, auth_env, no_auth))
    if allow_changes and not no_auth:
        raise click.UsageError("--allow-changes goes with --no-auth.")
    options = Options(
        host,
        port,
        root_path,
        accounts if accounts.all() and not no_auth else None,
        allow_changes,
        allow_private,
        names,
        tuple(map(network, proxies)),
        upload_limit,
        upload_space,
    )
    if options.for_others and not (options.accounts or no_auth):
        where = f"{host!r}" if not options.on_loopback else "A chat behind a proxy or another name"
        raise UserError(
            f"{where} can be reached by others. Add accounts that may log in: clippings chat --add-account NAME; or "
            "let everyone ask and read: clippings chat --no-auth"
        )
    if not empty and (report := build_default_library(settings, origins)):
        echo(f"{report.added} articles. Add your own in the Library tab, or: clippings index FOLDER", err=True)
    if group_readable is not None:
        with suppress(OSError):  # what is wrong with the folder is said when conversations are kept there
            make_folder(Path(settings.library))
        secure(Path(settings.library), group_readable)
    fetch_models(settings)  # where its progress is seen, and not while somebody waits for an answer
    serve(settings, options, browser)


ROLES: dict[Role, str] = {"editor": "may change the library", "reader": "may ask and read"}


def role_of(reader: bool) -> Role:
    """The role of an account that is to be a reader, or not."""
    return "reader" if reader else "editor"


def _new_password() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _add_account(accounts: Accounts, name: str, role: Role, library: str) -> None:
    first = not accounts.all()
    name = accounts.add(checked_name(name), _new_password(), role)
    echo(f"Added {name}, who {ROLES[role]}.")
    if first:
        echo(f"Who opens the chat of {library!r} logs in from now on: clippings chat")


def _list_accounts(accounts: Accounts) -> None:
    for account in accounts.all():
        echo(f"{account.name}: {ROLES[account.role]}")
    if not accounts.all():
        echo("No accounts. Add one: clippings chat --add-account NAME")


def _other_accounts(auth_file: str | None, auth_env: bool, no_auth: bool) -> list[Account]:
    """The accounts that stand in no file of accounts."""
    if no_auth and (auth_file or auth_env):
        raise click.UsageError("--no-auth lets everyone in: leave out --auth and --auth-env.")
    others = [account_from_file(auth_file)] if auth_file else []
    return others + ([account_from_environment(os.environ)] if auth_env else [])


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
