# A private apt for packages of another architecture or of backports: they are resolved by apt, downloaded and unpacked
# into the user's cache. The machine's sources are read, and nothing of the machine's apt or dpkg is touched.
# Sourced after lib.sh.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/visavis
private=$cache/apt

# private_apt COMMAND…: apt-get or apt-cache with the private sources and lists.
private_apt() { APT_CONFIG="$private/apt.conf" "$@"; }

# private_apt_ready: writes the private sources and refreshes their lists, at most once a day.
private_apt_ready() {
    mkdir -p "$private/lists/partial" "$private/archives/partial" "$cache/deb"
    : >"$private/no-status"
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    # The machine's own mirrors, as its apt knows them; backports lie beside the release.
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sort -u |
        awk -v release="$codename" -v ring=/usr/share/keyrings/debian-archive-keyring.gpg '
            function deb(uri, suite) { print "deb [arch=amd64,arm64 signed-by=" ring "] " uri " " suite " main" }
            index($2, release) == 1 { deb($1, $2) }
            $2 == release { uri = $1 }
            $2 == release "-backports" { there = 1 }
            END { if (uri && !there) deb(uri, release "-backports") }' >"$private/sources.new"
    grep -q " $codename main" "$private/sources.new" || { say "apt knows no mirror of Debian $codename"; exit 1; }
    cat >"$private/apt.conf" <<EOF
#clear APT::Architectures;
APT::Architectures { "amd64"; "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Dir::Etc::SourceList "$private/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$private/lists";
Dir::Cache "$private";
Dir::Cache::Archives "$private/archives";
EOF
    if cmp -s "$private/sources.new" "$private/sources.list" &&
        [ -n "$(find "$private/refreshed" -mmin -1440 2>/dev/null)" ]; then return 0; fi
    mv "$private/sources.new" "$private/sources.list"
    if private_apt apt-get update -qq >&2; then
        touch "$private/refreshed"
    else
        [ -e "$private/refreshed" ] || exit 1
        say "the package lists are older than a day and could not be refreshed"
    fi
}

# closure PACKAGE…: file names of the packages and of all they depend on, as if nothing were installed.
closure() {
    private_apt apt-get install -y -qq --print-uris -o Dir::State::status="$private/no-status" "$@" |
        sed -n "s/^'[^']*' \([^ ]*\.deb\) .*/\1/p" | sort
}

# fetch FILE…: downloads packages by file name (name_version_arch.deb) into the cache, unless they are there.
fetch() {
    for file in "$@"; do
        [ ! -s "$cache/deb/$file" ] || continue
        version=${file#*_} version=$(printf '%s' "${version%_*}" | sed 's/%3a/:/')
        arch=${file##*_}
        case $arch in all.deb) arch= ;; *) arch=:${arch%.deb} ;; esac
        echo "${file%%_*}$arch=$version"
    done >"$private/wanted"
    # shellcheck disable=SC2046
    [ ! -s "$private/wanted" ] || (cd "$cache/deb" && private_apt apt-get download -qq $(cat "$private/wanted") >&2)
}

# unpack FOLDER FILE…: the files of these packages and nothing else; made again when the list changes.
unpack() {
    folder=$1
    shift
    [ "$(cat "$folder.packages" 2>/dev/null)" != "$*" ] || return 0
    fetch "$@"
    rm -rf "$folder" "$folder.packages"
    mkdir -p "$folder/usr/bin" "$folder/usr/sbin" "$folder/usr/lib"
    for merged in bin sbin lib; do ln -s "usr/$merged" "$folder/$merged"; done
    for file in "$@"; do
        dpkg-deb --fsys-tarfile "$cache/deb/$file" | tar x -C "$folder" --keep-directory-symlink --no-same-owner
    done
    echo "$*" >"$folder.packages"
}

# need_from_backports PROGRAM PACKAGE…: installs the packages on this machine unless the program is there.
need_from_backports() {
    program=$1
    shift
    ! command -v "$program" >/dev/null || return 0
    say "installing $* from backports"
    APT_CONFIG="$private/apt.conf" apt_install -t "$codename-backports" "$@" >"$private/log" 2>&1 ||
        { tail -n 5 "$private/log" >&2; say "could not install $*"; exit 1; }
}
