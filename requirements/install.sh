#!/bin/sh
# Install one of the project's environments: install.sh pipeline|dev|superset|browser|driver
# Needs Debian 12 or the like with Python 3.11; asks apt for what Python or the browser lacks.
set -eu
cd "$(dirname "$0")/.."
# Whom the machine trusts, uv trusts: companies inspect traffic with certificates of their own.
export UV_SYSTEM_CERTS=true

say() { printf '%s\n' "$*"; }

apt_install() {
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "missing system packages: $*; install them with: apt-get install $*" >&2
            exit 1
        fi
        as_root="sudo"
    fi
    say "installing system packages: $*"
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

python_311() {
    for candidate in python3.11 python3; do
        if command -v "$candidate" >/dev/null &&
            [ "$("$candidate" -c 'import sys; print(sys.version_info[:2] == (3, 11))')" = True ]; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11 is needed (Debian 12 has it as python3)" >&2
    exit 1
}

bootstrap() {
    [ -x .venv/bootstrap/bin/uv ] && return
    python=$(python_311)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        apt_install python3-venv
    fi
    "$python" -m venv .venv/bootstrap
    .venv/bootstrap/bin/pip install --quiet --disable-pip-version-check -r requirements/bootstrap.txt
}

# install ENVIRONMENT FILE...: bring an environment to the pinned versions of the files.
install() {
    environment=".venv/$1"
    shift
    bootstrap
    if [ ! -x "$environment/bin/python" ]; then
        UV_PYTHON_DOWNLOADS=never .venv/bootstrap/bin/uv venv --quiet --python "$(python_311)" "$environment"
    fi
    files=""
    for file in "$@"; do files="$files -r requirements/$file.txt"; done
    say "installing into $environment: $*"
    # shellcheck disable=SC2086
    VIRTUAL_ENV="$environment" .venv/bootstrap/bin/uv pip install $files
}

case "$1" in
pipeline) install pipeline pipeline sandbox ;;
dev)
    install pipeline pipeline sandbox dev
    # It resolves the compose file in the tests; no container engine is needed for that.
    command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1 ||
        apt_install docker-compose
    ;;
superset) install superset superset ;;
browser)
    command -v chromium >/dev/null || apt_install chromium fonts-dejavu-core fonts-liberation
    ;;
driver)
    # Superset's worker takes the pictures of its reports through it.
    command -v chromedriver >/dev/null || apt_install chromium-driver
    ;;
*)
    say "unknown environment: $1" >&2
    exit 2
    ;;
esac
