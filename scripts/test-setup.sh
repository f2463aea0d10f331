#!/usr/bin/env bash
# Puts what the end-to-end tests need beside the build into the user's cache folder: the real SDKs, a verifier of mail, what drives a browser, and a
# real purchase log; and, as root, mail servers of Debian's into the system. Everything is pinned by checksum. Quick when nothing has changed, so that it can run before every test run.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${CROWSNEST_TESTS_CACHE:-$HOME/.cache/crowsnest-tests}
mkdir -p "$cache"

# Two test runs at once must not lay the same folder twice.
exec 9>"$cache/.lock"
if command -v flock >/dev/null; then flock 9; fi

need() { # command, package that has it
    command -v "$1" >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $2, since there is no $1"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null
    fi
    command -v "$1" >/dev/null || {
        echo "error: the tests need the command $1; install the package $2" >&2
        exit 1
    }
}

stamp() { cat "$@" | sha256sum | cut -d' ' -f1; }
fresh() { [ -f "$1/.stamp" ] && [ "$(cat "$1/.stamp")" = "$2" ]; }

# Real mail servers can only be begun by root. They are installed and not started: the tests begin them, with folders and
# ports of their own.
mail_servers() {
    [ -x /usr/sbin/postfix ] && [ -x /usr/sbin/dovecot ] && /usr/bin/python3 -c 'import dkim' 2>/dev/null && return
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "note: without root and apt-get there are no mail servers here; what needs them says so, and fails in CI" >&2
        return
    fi
    echo "installing postfix, dovecot and python3-dkim, as mail servers for the tests"
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made=1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        postfix dovecot-imapd dovecot-lmtpd python3-dkim >/dev/null
    [ -z "$made" ] || rm "$policy"
}
mail_servers

need node nodejs
need npm npm
need python3 python3
need chromium chromium

# What npm installs for the tests of a folder, under a name in the cache.
modules() { # name, folder
    local place="$cache/$1" from="$here/$2" wanted
    wanted=$(stamp "$from/package.json" "$from/package-lock.json")-$(node --version)
    if ! fresh "$place" "$wanted"; then
        rm -rf "$place" && mkdir -p "$place"
        cp "$from/package.json" "$from/package-lock.json" "$place/"
        npm ci --prefix "$place" --ignore-scripts --no-audit --no-fund --loglevel=error
        echo "$wanted" >"$place/.stamp"
    fi
}
modules node tests/sdk
modules mail tests/mail
modules browser tests/browser

python="$cache/python"
version=$(python3 --version)
wanted=$(stamp "$here/tests/sdk/requirements.txt")-$version
if ! fresh "$python" "$wanted"; then
    rm -rf "$python"
    if ! python3 -m venv "$python" >/dev/null 2>&1; then
        # Debian keeps this module in a package of its own.
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
        fi
        rm -rf "$python" && python3 -m venv "$python"
    fi
    "$python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        -r "$here/tests/sdk/requirements.txt"
    echo "$wanted" >"$python/.stamp"
fi

data="$cache/data"
wanted=$(stamp "$here/tests/sdk/data.txt")
if ! fresh "$data" "$wanted"; then
    rm -rf "$data" && mkdir -p "$data"
    "$python/bin/pip" download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
        --dest "$data" -r "$here/tests/sdk/data.txt"
    "$python/bin/python" - "$data" <<'PYTHON'
import pathlib, sys, zipfile

folder = pathlib.Path(sys.argv[1])
(wheel,) = folder.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    (folder / "CDNOW_master.txt").write_bytes(archive.read("lifetimes/datasets/CDNOW_master.txt"))
wheel.unlink()
PYTHON
    echo "$wanted" >"$data/.stamp"
fi

echo "what the tests need is in $cache: node (SDKs), mail (verifier), browser (its driver), python (SDK), data (purchase log)"
