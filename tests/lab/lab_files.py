"""The rest of a lab Asterisk's configuration: SIP on loopback, few modules, everything in folders of ours.

Agents are found by their From user and must give their password; who is neither an agent nor comes from a
trunk's address gets no answer. A production Asterisk has a pjsip.conf of its own. Calls come in by a context
of the lab's, in which each may bring its own moment along.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dialplan.quoting import Section, render, value
from ivr.asterisk.words import CONTEXT_AGENTS, CONTEXT_INBOUND
from ivr.config.model import Configuration
from tests.lab.phone import MOMENT_HEADER

_MODULES = """
    app_dial app_exec app_mixmonitor app_playback app_queue app_read app_senddtmf app_stack app_userevent
    app_verbose bridge_builtin_features bridge_holding bridge_native_rtp bridge_simple bridge_softmix
    chan_pjsip codec_alaw codec_resample codec_ulaw format_pcm format_sln format_wav func_callerid
    func_channel func_cut func_db func_devstate func_dialplan func_env func_global func_logic func_sha1
    func_strings func_timeout pbx_config res_agi res_clioriginate res_musiconhold res_pjproject res_pjsip
    res_pjsip_authenticator_digest res_pjsip_caller_id res_pjsip_dtmf_info res_pjsip_endpoint_identifier_ip
    res_pjsip_endpoint_identifier_user res_pjsip_header_funcs res_pjsip_nat
    res_pjsip_outbound_authenticator_digest res_pjsip_path res_pjsip_pubsub res_pjsip_refer
    res_pjsip_registrar res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_session res_rtp_asterisk
    res_sorcery_astdb res_sorcery_config res_sorcery_memory res_speech res_timing_timerfd
"""
_TONES = """[az]
description = Azerbaijan
ringcadence = 1000,4000
dial = 425
busy = 425/500,0/500
ring = 425/1000,0/4000
congestion = 425/250,0/250
"""
_MEDIA = (
    ("disallow", "all"),
    ("allow", "alaw,ulaw"),
    ("direct_media", "no"),
    ("rtp_symmetric", "yes"),
    ("dtmf_mode", "auto"),
    ("allow_overlap", "no"),
)
_PHONES, _TRUNKS = "phones", "trunks"
"""Transports."""
CONTEXT_TRUNK = "lab-in"
"""Where the trunk delivers calls, in front of the hotline's own context."""


@dataclass(frozen=True, slots=True)
class Lab:
    """For an Asterisk of our own that touches nothing of the machine's; all folders are absolute."""

    sip_host: str
    sip_port: int
    trunk_port: int
    """Calls to trunks leave from here, and nothing else."""
    folder: str
    """Writable: spool, logs, database."""
    run_folder: str
    """Of the control socket; short, for the path of a Unix socket has at most 107 bytes."""
    modules: str
    data: str
    """Asterisk's data folder; its `sounds/` holds the built prompts."""


def files(configuration: Configuration, lab: Lab) -> dict[str, str]:
    """Every file beside those of `hotline/`."""
    included = {
        name: f'#include "hotline/{name}"\n'
        for name in ("extensions.conf", "queues.conf", "queuerules.conf", "manager.conf")
    }
    return {
        **included,
        "extensions.conf": f"{included['extensions.conf']}\n{_arrivals(configuration)}",
        "pjsip.conf": render(_pjsip(configuration, lab)),
        "asterisk.conf": render(_asterisk(lab)),
        "modules.conf": "[modules]\nautoload = no\n"
        + "".join(f"load = {name}.so\n" for name in _MODULES.split()),
        "logger.conf": (
            "[general]\ndateformat = %F %T.%3q\nqueue_log = yes\nqueue_log_to_file = yes\n"
            "[logfiles]\nmessages => notice,warning,error\n"
        ),
        "rtp.conf": "[general]\nrtpstart = 20000\nrtpend = 30999\n",
        "musiconhold.conf": f"[default]\nmode = files\ndirectory = {value(lab.data)}/moh\n",
        "features.conf": "[general]\n",
        "indications.conf": f"[general]\ncountry = az\n\n{_TONES}",
        "pjproject.conf": "",
        "cdr.conf": "[general]\nenable = no\n",
        "cel.conf": "[general]\nenable = no\n",
        "ccss.conf": "[general]\n",
        "udptl.conf": "[general]\n",
        "acl.conf": "",
    }


def _arrivals(configuration: Configuration) -> str:
    """A call that carries a moment, in epoch seconds, is asked to believe that it is then."""
    lines = [f"[{CONTEXT_TRUNK}]", f"include => {CONTEXT_INBOUND}"]
    for number in configuration.hotline.delivered:
        lines.append(f"exten => {number},1,Set(TESTTIME=${{PJSIP_HEADER(read,{MOMENT_HEADER})}})")
        lines.append(f" same => n,Goto({CONTEXT_INBOUND},{number},1)")
    return "\n".join((*lines, ""))


def _asterisk(lab: Lab) -> Iterator[Section]:
    yield Section(
        "directories",
        (
            ("astetcdir", f"{lab.folder}/etc"),
            ("astmoddir", lab.modules),
            ("astvarlibdir", f"{lab.folder}/lib"),
            ("astdbdir", f"{lab.folder}/lib"),
            ("astkeydir", f"{lab.folder}/lib"),
            ("astdatadir", lab.data),
            ("astagidir", f"{lab.folder}/agi"),
            ("astspooldir", f"{lab.folder}/spool"),
            ("astrundir", lab.run_folder),
            ("astlogdir", f"{lab.folder}/log"),
            ("astsbindir", lab.folder),
        ),
    )
    yield Section(
        "options", (("verbose", "0"), ("languageprefix", "yes"), ("documentation_language", "en_US"))
    )


def _pjsip(configuration: Configuration, lab: Lab) -> Iterator[Section]:
    yield Section(
        "global",
        (("type", "global"), ("endpoint_identifier_order", "username,ip"), ("user_agent", "hotline")),
    )
    for name, port in (_PHONES, lab.sip_port), (_TRUNKS, lab.trunk_port):
        bind = f"{lab.sip_host}:{port}"
        yield Section(name, (("type", "transport"), ("protocol", "udp"), ("bind", bind)))
    for trunk in configuration.trunks.values():
        yield Section(
            trunk.endpoint,
            (
                ("type", "endpoint"),
                ("transport", _TRUNKS),
                ("context", CONTEXT_TRUNK),
                ("identify_by", "ip"),  # else anybody whose From names the endpoint is the provider
                ("aors", trunk.endpoint),
                ("trust_id_inbound", "yes"),
                ("allow_transfer", "no"),
                *_MEDIA,
            ),
        )
        yield Section(trunk.endpoint, (("type", "aor"), ("contact", f"sip:{trunk.server}")))
        addresses = trunk.match or [trunk.server.partition(":")[0]]
        match = tuple(("match", address) for address in addresses)
        yield Section(f"{trunk.endpoint}-in", (("type", "identify"), ("endpoint", trunk.endpoint), *match))
    for account in configuration.agents:
        yield from _agent(account)


def _agent(account: str) -> Iterator[Section]:
    yield Section(
        account,
        (
            ("type", "endpoint"),
            ("transport", _PHONES),
            ("context", CONTEXT_AGENTS),
            ("identify_by", "username"),
            ("auth", account),
            ("aors", account),
            ("rewrite_contact", "yes"),  # else whoever registers at the provider's address lets calls out
            ("callerid", f"<{account}>"),
            *_MEDIA,
        ),
    )
    contacts = (("max_contacts", "1"), ("remove_existing", "yes"), ("minimum_expiration", "30"))
    yield Section(account, (("type", "aor"), *contacts))
    yield Section(
        account,
        (("type", "auth"), ("auth_type", "digest"), ("username", account)),
        secret=f"secrets.d/{account}.conf",
    )
