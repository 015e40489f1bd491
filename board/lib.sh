# Shared by the scripts: goes to the project's root, installs what a Debian 12 machine lacks, and finds a cargo.
# Sourced, not run.
set -eu
cd "$(dirname "$0")"
while [ ! -e Cargo.toml ]; do cd ..; done

say() { printf 'visavis: %s\n' "$*" >&2; }

# as_root COMMAND…: runs it as root, or says what is to be done where that is not allowed.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "please run as root: $*"
        exit 1
    fi
}

# need PACKAGE…: installs the Debian packages that are missing; says what to do where it may not.
need() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || { say "please install:$missing"; exit 1; }
    say "installing$missing"
    log=$(mktemp)
    # A second try after a fresh index: mirrors drop old versions, and a first download may be cut off.
    # shellcheck disable=SC2086
    apt_install $missing >"$log" 2>&1 ||
        { as_root apt-get update -q >"$log" 2>&1 && apt_install $missing >>"$log" 2>&1; } ||
        { tail -n 5 "$log" >&2; say "could not install$missing"; exit 1; }
    rm -f "$log"
}

# apt_install APT-GET ARGUMENT…: without questions and without what is merely recommended.
apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive ${APT_CONFIG:+"APT_CONFIG=$APT_CONFIG"} apt-get install -y -q --no-install-recommends "$@"
}

# new_enough RUSTC: true when it is at least the version Cargo.toml asks for.
new_enough() {
    wanted=$(sed -n 's/^rust-version = "1\.\([0-9]*\).*/\1/p' Cargo.toml)
    minor=$("$1" --version 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\).*/\1/p')
    [ -n "$minor" ] && [ "$minor" -ge "$wanted" ]
}

# find_cargo: makes `cargo` work, or ends with one line that says how to get Rust.
find_cargo() {
    [ ! -f "${HOME:-/root}/.cargo/env" ] || . "${HOME:-/root}/.cargo/env"
    if command -v cargo >/dev/null && new_enough rustc; then return 0; fi
    if apt-cache policy rustc-web 2>/dev/null | grep -q 'Candidate: 1'; then
        need rustc-web cargo-web
        if new_enough rustc; then return 0; fi
    fi
    say "Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) or newer is needed: install it from https://rustup.rs and run this again"
    exit 1
}

# What building needs: C++ for the codecs, ALSA's headers, libclang for V4L2's.
build_packages="g++ make pkg-config nasm libasound2-dev libclang-dev"
# What the tests need beside it: independent encoders, servers and judges (systemd's judges the unit; it is not started),
# and links whose rate is set.
test_packages="ffmpeg nginx libnginx-mod-rtmp alsa-utils curl systemd iproute2 ethtool"

# A second RTMP server for the tests, from npm: this version, which runs on Debian 12's node.
node_media_server=4.2.8

# need_node_media_server: puts it into the user's cache, with nothing of its packages run on the way.
need_node_media_server() {
    folder=${XDG_CACHE_HOME:-$HOME/.cache}/visavis/node-media-server-$node_media_server
    [ ! -e "$folder/node_modules/node-media-server/package.json" ] || return 0
    command -v npm >/dev/null || need nodejs npm
    say "installing node-media-server $node_media_server"
    mkdir -p "$folder"
    log=$(mktemp)
    npm install --prefix "$folder" --ignore-scripts --omit=dev --no-audit --no-fund \
        "node-media-server@$node_media_server" >"$log" 2>&1 ||
        { tail -n 5 "$log" >&2; say "could not install node-media-server"; exit 1; }
    rm -f "$log"
}
