"""Prepare this checkout: Debian packages, Python environment, Asterisk, PostgreSQL; run by `make setup`.

Standard library only, for it runs before anything is installed. Every step is skipped when it is already
done, says how long it took, and on failure says what to do next. Touches nothing outside this checkout but
Debian packages (as root only), never /etc/asterisk, never a system service.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
LAB = REPO / ".lab"
VENV = REPO / ".venv"
LOG = LAB / "setup.log"
ASTERISK_ROOT = LAB / "asterisk"
POSTGRESQL_ROOT = LAB / "postgresql"
OLDEST_ASTERISK = 22
OLDEST_PYTHON = (3, 11)

PROGRAMS = {
    "espeak-ng": "speaks the prompts in Azerbaijani, Russian and English",
    "faketime": "sets the clock of a process under test",
    "sox": "turns them into 8 kHz telephone recordings",
    "systemd": "has systemd-analyze, which checks the service's unit",
}
PROGRAMS_OF_BENCH = {"sip-tester": "has SIPp, which makes the calls that `make bench` measures"}
"""Needed too when the set-up is run with the word `bench`."""
PACKAGES_OF_REPORT = {
    "fonts-inter": "the typeface of reports on paper, which has ə and ı",
    "libharfbuzz-subset0": "embeds only the letters that are used",
    "libpangoft2-1.0-0": "sets the text of reports on paper",
    "openssl": "makes the certificate of a mail server under test",
    "poppler-utils": "has pdftotext, by which tests read what was printed",
}
"""Needed too when the set-up is run with the word `report`."""
PROGRAM_OF = {"systemd": "systemd-analyze", "sip-tester": "sipp"}
"""Where a package's program has another name."""
BOOTSTRAP = {"mmdebstrap": "unpacks Asterisk 22 into .lab/asterisk, without installing it"}


class SetupError(Exception):
    """A step that failed: what went wrong and what to do next, for the person at the terminal."""


def main() -> int:
    """Run the steps in order; exit status 1 and one clear message when one of them fails."""
    try:
        system = debian_or_ubuntu()
        LAB.mkdir(exist_ok=True)
        step("Debian packages", lambda: install_packages(missing_packages()), missing_packages)
        step("Python environment", make_environment, lambda: environment_stamp() != wanted_stamp())
        step("Asterisk 22", lambda: unpack_asterisk(system), lambda: asterisk_version() < OLDEST_ASTERISK)
        step("PostgreSQL", unpack_postgresql, lambda: not postgresql_programs())
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def step(name, work, needed):
    """Do `work` if `needed()`; print one line with the seconds it took."""
    if not needed():
        return
    print(f"  {name:<20} …", end="", flush=True)
    began = time.monotonic()
    work()
    print(f"\r  {name:<20} {time.monotonic() - began:4.0f} s")


def debian_or_ubuntu():
    """`/etc/os-release` as a mapping; SetupError on any other system."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    system = {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
    family = {system.get("ID", ""), *system.get("ID_LIKE", "").split()}
    if not family & {"debian", "ubuntu"}:
        raise SetupError(
            f"This is {system.get('PRETTY_NAME', 'an unknown system')}; the set-up knows Debian and Ubuntu.\n"
            "Use a Debian 12 machine or container."
        )
    return system


def missing_packages():
    """Debian packages we need whose program is not on this machine, with what each is for."""
    needed = PROGRAMS | (PROGRAMS_OF_BENCH if "bench" in sys.argv[1:] else {})
    if asterisk_version() < OLDEST_ASTERISK:
        needed.update(BOOTSTRAP)
    missing = {name: why for name, why in needed.items() if shutil.which(PROGRAM_OF.get(name, name)) is None}
    if "report" in sys.argv[1:]:
        missing |= {name: why for name, why in PACKAGES_OF_REPORT.items() if not is_installed(name)}
    return missing


def is_installed(package):
    """Whether that Debian package is on this machine: a library or font has no program to look for."""
    asked = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", package]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout == "installed"


def install_packages(packages):
    """Install with apt-get if we are root; otherwise say what the owner of the machine has to type."""
    wanted = "\n".join(f"    {name:<20} {why}" for name, why in packages.items())
    if os.geteuid() != 0:
        raise SetupError(
            f"These Debian packages are missing:\n{wanted}\n\nInstall them and start again:\n"
            f"    sudo apt-get install --no-install-recommends {' '.join(packages)}"
        )
    print(f" installing\n{wanted}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], "reading the package lists", environment=environment)
    run(
        ["apt-get", "install", "-y", "--no-install-recommends", *packages],
        "installing Debian packages",
        environment=environment,
    )


def wanted_stamp():
    """Changes whenever the environment has to be made again."""
    parts = [(REPO / name).read_bytes() for name in ("requirements-dev.lock", "pyproject.toml")]
    return hashlib.sha256(b"\0".join([*parts, str(REPO).encode()])).hexdigest()


def environment_stamp():
    """What the environment on disk was made for; empty if there is none."""
    stamp = VENV / "hotline.stamp"
    return stamp.read_text(encoding="ascii") if stamp.exists() else ""


def make_environment():
    """Make `.venv` with the pinned, hashed dependencies and our own package on top."""
    python = suitable_python()
    run(
        [python, "-m", "venv", "--clear", str(VENV)], "making .venv (on Debian: apt-get install python3-venv)"
    )
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    run(
        [*pip, "--require-hashes", "-r", str(REPO / "requirements-dev.lock")],
        "installing the pinned dependencies",
    )
    run([*pip, "--no-deps", "--no-build-isolation", "-e", str(REPO)], "installing the hotline command")
    (VENV / "hotline.stamp").write_text(wanted_stamp(), encoding="ascii")


def suitable_python():
    """The first Python of at least 3.11 on this machine."""
    for name in (sys.executable, "python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        question = "import sys; print(*sys.version_info[:2])"
        found = (
            subprocess.run([name, "-c", question], capture_output=True, text=True, check=False)
            if shutil.which(name)
            else None
        )
        if found and found.returncode == 0 and tuple(map(int, found.stdout.split())) >= OLDEST_PYTHON:
            return name
    raise SetupError("Python 3.11 or newer is needed.\nOn Debian 12: apt-get install python3 python3-venv")


def asterisk_version():
    """Major version of the newest Asterisk at hand, the machine's own or ours; 0 if there is none."""
    own = shutil.which("asterisk")
    return max(said_version([own]) if own else 0, unpacked_version(ASTERISK_ROOT))


def unpacked_version(root):
    """Major version of an Asterisk unpacked below `root`, run through its own loader and libraries."""
    for loader in root.glob("usr/lib/*-linux-gnu/ld-linux-*.so.*"):
        program = str(root / "usr/sbin/asterisk")
        return said_version([str(loader), "--library-path", str(loader.parent), program])
    return 0


def said_version(command):
    """Major version that this Asterisk says of itself; 0 if it says none."""
    said = subprocess.run([*command, "-V"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"Asterisk (\d+)", said)
    return int(match[1]) if match else 0


def unpack_asterisk(system):
    """Unpack Asterisk and the libraries it needs from the distribution's own archive into `.lab/asterisk`."""
    if shutil.disk_usage(LAB).free < 600 * 2**20:
        raise SetupError(
            "Asterisk needs 300 MB in .lab and as much while it is unpacked: free 600 MB and start again."
        )
    suite, components = (
        ("forky", "main") if system.get("ID") == "debian" else (system["VERSION_CODENAME"], "main,universe")
    )
    fresh = LAB / "asterisk.new"
    shutil.rmtree(fresh, ignore_errors=True)
    command = ["mmdebstrap", "--variant=extract", "--include=asterisk", f"--components={components}"]
    command += [f"--mode={'root' if os.geteuid() == 0 else 'chrootless'}"]
    command += ['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Check-Valid-Until "false"']
    run([*command, suite, str(fresh), mirror()], f"unpacking Asterisk from {suite}")
    version = unpacked_version(fresh)
    if version < OLDEST_ASTERISK:
        raise SetupError(
            f"{suite} has Asterisk {version or 'none'}; 22 or newer is needed.\n"
            "Use a Debian machine, or install Asterisk 22 yourself and start again."
        )
    shutil.rmtree(ASTERISK_ROOT, ignore_errors=True)
    fresh.rename(ASTERISK_ROOT)


def postgresql_programs():
    """The folders with a PostgreSQL server's programs, the machine's own or ours."""
    return [
        path.parent
        for root in (Path("/"), POSTGRESQL_ROOT)
        for path in root.glob("usr/lib/postgresql/*/bin/initdb")
        if path.with_name("postgres").exists()
    ]


def unpack_postgresql():
    """Unpack PostgreSQL and the libraries this machine lacks into `.lab/postgresql`.

    Installed as a package it would make a cluster and start a service; unpacked, the tests start their own.
    """
    apt, fresh = LAB / "apt", LAB / "postgresql.new"
    for folder in (apt, fresh):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in ("lists/partial", "archives/partial"):
        (apt / folder).mkdir(parents=True)
    command = ["apt-get", "-y", "--no-install-recommends", "-o", "Debug::NoLocking=true"]
    command += ["-o", f"Dir::State::lists={apt / 'lists'}", "-o", f"Dir::Cache={apt}"]
    run([*command, "update"], "reading the package lists")
    run([*command, "--download-only", "install", "postgresql"], "downloading PostgreSQL")
    for package in sorted((apt / "archives").glob("*.deb")):
        if not package.name.startswith("libllvm"):  # only compiles queries, which the tests switch off
            run(["dpkg-deb", "-x", str(package), str(fresh)], f"unpacking {package.name}")
    shutil.rmtree(apt)
    shutil.rmtree(POSTGRESQL_ROOT, ignore_errors=True)
    fresh.rename(POSTGRESQL_ROOT)
    if not postgresql_programs():
        raise SetupError("Debian's package `postgresql` has no server in it: see .lab/setup.log.")


def mirror():
    """The archive this machine itself installs from, read from its own apt configuration."""
    said = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)"],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    for line in said.splitlines():
        origin, codename, component, uri = line.split("|", 3)
        if origin in {"Debian", "Ubuntu"} and component == "main" and "security" not in codename:
            return uri.rstrip("/")
    raise SetupError(
        "No Debian or Ubuntu archive is known to apt on this machine.\n"
        "Check /etc/apt/sources.list*, run apt-get update, and start again."
    )


def run(command, doing, environment=None):
    """Run a command with its output in `.lab/setup.log`; SetupError with the last lines when it fails."""
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(command)}\n")
        log.flush()
        status = subprocess.run(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, check=False
        ).returncode
    if status != 0:
        last = "\n".join(LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
        raise SetupError(
            f"Failed while {doing} (all of it in .lab/setup.log):\n\n{last}\n\n"
            "Mend that and start again; what is done is kept."
        )


if __name__ == "__main__":
    sys.exit(main())
