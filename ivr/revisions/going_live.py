"""One revision put live on a running Asterisk, or everything as it was before.

Check, tests, rendering and login come first and change nothing. Then one rename makes the files Asterisk's, a
reload makes them run, and the running dialplan is compared with them; whatever fails there, rename and reload
are done once more, backwards. A process killed in between leaves whole files of a checked revision.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from dialplan import queues
from dialplan.compiler import HOME, RIGHTS, compile
from dialplan.quoting import UnsafeText
from ivr.asterisk.connection import utc_now
from ivr.asterisk.messages import ActionRefused, AmiError
from ivr.asterisk.readiness import OLDEST, TESTED_WITH, TOO_OLD, Send, logged_in, sounds_folder, version_of
from ivr.asterisk.secrets import FOLDER, SecretMissing, make_all_missing
from ivr.base.permissions import write_whole
from ivr.checks.calls import day_of
from ivr.checks.prompts import missing_files
from ivr.checks.whole import load, unfit_database
from ivr.config.changes import changes
from ivr.config.loading import Loaded, configuration_of
from ivr.config.model import Configuration, Server
from ivr.config.problems import errors
from ivr.revisions import takeover
from ivr.revisions.menu_tests import run_tests
from ivr.revisions.shelf import CONFIG, NotApplied, Revision, Shelf, tree_files, yaml_files

_FIRST_TIME = "the first time: `hotline config render`, then `manager reload` in Asterisk's console"
_SETTINGS = ("queues.conf", "queuerules.conf", "manager.conf")
_LOG = "Asterisk's log says more; mend it and apply again"


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall go live, where, and who wants it.

    `asterisk` is Asterisk's configuration folder, `database` the URL that the daemons will use.
    """

    source: Path
    asterisk: Path
    database: str
    shelf: Shelf
    server: str
    author: str
    message: str
    keep: int
    restores: int | None = None


def go_live(wish: Wish, tell: Callable[[Sequence[str] | None], None]) -> tuple[int, bool]:
    """Put the wish live; returns the number of its revision, and whether that was live already.

    Before that, `tell` gets what callers will notice, None if there is nothing to compare with. Raises
    NotApplied: then what was live before is live.
    """
    shelf = wish.shelf
    if not wish.asterisk.is_dir():
        raise NotApplied(f"{wish.asterisk} is not a folder", "name Asterisk's own with --asterisk")
    try:
        with shelf.alone(wish.author, utc_now()):
            number = shelf.begin()
            try:
                loaded = _prepare(wish, number)
                live = shelf.live()
                before = load(shelf.at(live.number) / CONFIG).configuration if live else None
                tell(None if before is None else changes(before, configuration_of(loaded)))
                make_all_missing(wish.asterisk / FOLDER, RIGHTS)
                applied = asyncio.run(_take_over(wish, number, loaded, before))
            except BaseException:
                shelf.drop(number)
                raise
            shelf.prune(wish.keep)
            return applied, applied != number
    except (OSError, AmiError) as problem:
        raise NotApplied(_why(problem), "nothing has changed; mend it and apply again") from None


def _prepare(wish: Wish, number: int) -> Loaded:
    """Fill the empty folder of that revision. Raises NotApplied, OSError.

    Check, tests and rendering work on the copy: what is kept is what was checked, whoever edits meanwhile.
    """
    copy = wish.shelf.at(number) / CONFIG
    for name, content in yaml_files(wish.source).items():
        write_whole(copy / name, content)
    loaded = load(copy)
    problems = (*loaded.problems, *unfit_database(loaded, wish.database), *run_tests(loaded, copy).problems)
    if wrong := errors(problems):
        do = f"see them: hotline --config {wish.source} config check"
        raise NotApplied("the configuration has errors", do, wrong)
    configuration = configuration_of(loaded)
    servers = configuration.servers
    if wish.server not in servers:
        raise NotApplied(f"there is no server {wish.server!r}", f"servers: {', '.join(servers)}")
    try:
        files = compile(loaded, wish.server, today=day_of(utc_now(), configuration))
    except UnsafeText as error:
        raise NotApplied(str(error), "change that text in the YAML") from None
    for name, text in files.items():
        write_whole(wish.shelf.tree(number) / name.removeprefix(f"{HOME}/"), text.encode())
    return loaded


async def _take_over(wish: Wish, number: int, loaded: Loaded, before: Configuration | None) -> int:
    shelf, configuration = wish.shelf, configuration_of(loaded)
    # Asterisk still listens where the live configuration says.
    server = (before or configuration).servers.get(wish.server, configuration.servers[wish.server])
    async with AsyncExitStack() as stack:
        send = await _login(stack, wish, server)
        shown, version = await version_of(send)
        if version < OLDEST:
            raise NotApplied(f"Asterisk is of version {shown}: {TOO_OLD}", f"install Asterisk {TESTED_WITH}")
        sounds = await sounds_folder(send)
        # A folder that is not there is Asterisk's on another machine.
        at_hand = sounds if sounds is not None and sounds.is_dir() else None
        # Going back must not wait for voices: then what is there will do.
        recordings = wish.source if wish.restores is None else None
        if at_hand and (missing := tuple(missing_files(configuration, loaded.places, at_hand, recordings))):
            do = f"hotline --config {wish.source} prompts build --out {at_hand}"
            raise NotApplied(f"{len(missing)} sentences are not built", do, missing)
        shelf.adopt(utc_now())
        live = shelf.live()
        is_like_live = live is not None and wish.restores is None and shelf.is_like(number, live.number)
        await _carry(send, shelf, live, number)
        if live is not None and is_like_live:
            shelf.renew(live.number, number)
            number = live.number
        shelf.point_to(number)
        try:
            await takeover.reload(send)
            if wrong := await _wrong(send, shelf, number, configuration):
                raise NotApplied(f"{len(wrong)} steps run other than rendered: {wrong[0]}", _LOG)
            if not is_like_live:
                at = utc_now().isoformat(timespec="seconds")
                shelf.finish(Revision(number, wish.author, at, wish.message, wish.restores))
            return number
        except BaseException as problem:
            after = await _go_back(wish, server, live, number)
            if isinstance(problem, AmiError | OSError | NotApplied):
                raise NotApplied(f"{_why(problem)}; {after}", getattr(problem, "hint", _LOG)) from None
            raise


async def _login(stack: AsyncExitStack, wish: Wish, server: Server) -> Send:
    where = f"{server.ami_host}:{server.ami_port}"
    try:
        login = logged_in(server, takeover.USER, wish.asterisk / FOLDER, takeover.WITHIN)
        return await stack.enter_async_context(login)
    except SecretMissing as missing:
        raise NotApplied(str(missing), _FIRST_TIME) from None
    except ActionRefused as refused:
        raise NotApplied(f"Asterisk refuses {takeover.USER} at {where}: {refused}", _FIRST_TIME) from None
    except (AmiError, OSError, TimeoutError):
        raise NotApplied(f"no Asterisk answers at {where}", "start it, or see `hotline doctor`") from None


async def _carry(send: Send, shelf: Shelf, live: Revision | None, number: int) -> None:
    """Calls go on in the dialplans they are in, and those that come until the reload in the live one.

    So do the queues that only these name.
    """
    named = await takeover.contexts_in_use(send)
    before = {} if live is None else tree_files(shelf.tree(live.number))
    shelf.carry(takeover.plans_named(named + before.get("extensions.conf", "")), number)
    tree = tree_files(shelf.tree(number))
    gone = queues.outgoing(before.get("queues.conf", ""), tree["queues.conf"], "".join(tree.values()))
    write_whole(shelf.tree(number) / "queues.conf", (tree["queues.conf"] + gone).encode())


async def _wrong(send: Send, shelf: Shelf, number: int, configuration: Configuration) -> list[str]:
    """How what runs differs from that revision."""
    members = {
        queue: [account for account, agent in configuration.agents.items() if queue in agent.queues]
        for queue in configuration.queues
    }
    return [*await _plan_differs(send, shelf, number), *await takeover.lacking_members(send, members)]


async def _plan_differs(send: Send, shelf: Shelf, number: int) -> list[str]:
    plans = [text for name, text in tree_files(shelf.tree(number)).items() if name not in _SETTINGS]
    runs = takeover.running(row.headers for row in (await send({"Action": "ShowDialPlan"})).events)
    return list(takeover.differences(takeover.rendered(plans), runs))


async def _go_back(wish: Wish, server: Server, live: Revision | None, number: int) -> str:
    """Make the last good revision Asterisk's again; returns a clause that says what is live now."""
    shelf = wish.shelf
    name = "nothing" if live is None else f"revision {live.number}"
    try:
        shelf.point_to(None if live is None else live.number)
        async with AsyncExitStack() as stack:
            again = await _login(stack, wish, server)
            if live is not None:
                # Calls may have come into the new dialplan while it ran.
                shelf.carry(takeover.plans_named(await takeover.contexts_in_use(again)), live.number)
            with suppress(ActionRefused):  # what it cannot read now, it has not replaced before
                await takeover.reload(again)
            if live is not None and (wrong := await _plan_differs(again, shelf, live.number)):
                return f"{name} does not run either: {wrong[0]}"
    except (AmiError, NotApplied, OSError) as problem:
        return f"Asterisk has not been brought back to {name}: {_why(problem)}"
    return f"{name} is live as before"


def _why(problem: BaseException) -> str:
    if isinstance(problem, OSError):
        return f"{problem.filename or 'a file'}: {problem.strerror}"
    return str(problem)
