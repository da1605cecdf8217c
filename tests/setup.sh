#!/bin/sh
# Install what is missing, and nothing twice: Debian packages if this is root's, and .venv.
# usage: tests/setup.sh demo|kernel|test
#   demo    what cnictl itself needs
#   kernel  what unit, protocol and kernel need as well, of the lanes of the tests; but no browser
#   test    what every lane needs
set -eu
cd "$(dirname "$0")/.."

level=${1:-test}
python=${PYTHON:-python3}

# a C compiler and headers: python-iptables comes as source
packages="python3-venv python3-dev gcc libc6-dev iproute2 iputils-ping iptables nftables"
extras=""
if [ "$level" != demo ]; then
    packages="$packages containernetworking-plugins"                        # protocol, interop, bench: the Go plugins
    packages="$packages busybox-static conntrack dnsmasq-base jq openssl"   # kernel: servers and witnesses
    packages="$packages dbus firewalld"                                     # kernel, interop: firewall with firewalld
    packages="$packages systemd procps"                                     # kernel: the units of the daemons
    packages="$packages bash-completion fish zsh"                           # protocol: completions
    extras="[dev]"
fi
if [ "$level" = test ]; then
    packages="$packages qemu-system-x86 qemu-system-common kmod xz-utils"   # vm
    packages="$packages debootstrap git"                                    # debian-13
    packages="$packages containerd podman runc"                             # runtime
    packages="$packages chromium"                                           # protocol: the page of cnictl map
    packages="$packages shellcheck"                                         # make lint
fi

say() { echo "setup: $*" >&2; }

missing_packages() {
    # shellcheck disable=SC2086  # one word a package
    present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null | sed -n 's/^installed //p')
    for package in $packages; do
        echo "$present" | grep -qxF "$package" || printf '%s ' "$package"
    done
}

keep_firewalld_off() {
    # the tests start it on throwaway nodes; as a service it would take over this machine's own packet filter
    if [ -d /run/systemd/system ]; then
        systemctl mask --quiet firewalld.service
        say "firewalld.service is masked, so that this machine's rules stay as they are"
    fi
}

install_packages() {
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        say "not a Debian: the programs of these packages must be there: $packages"
        return
    fi
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        say "not root, so these packages stay missing: $missing"
        say "install them with: sudo apt-get install --no-install-recommends $missing"
        return
    fi
    case " $missing" in *" firewalld "*) keep_firewalld_off ;; esac
    say "installing $missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    set -- apt-get install -y -qq --no-install-recommends $missing
    "$@" >/dev/null 2>&1 || { apt-get update -qq && "$@" >/dev/null; } ||
        say "apt-get could not install all of: $missing(the lanes that need them will say so)"
}

fetch_go_plugins() {
    # the newest ones that docs/differences.md speaks of, beside the distribution's; nothing of them is installed
    release=1.9.1
    package="containernetworking-plugins_$release+ds1-1_amd64.deb"
    digest=12857dd3136d61e00bffcc2c8823d14df586e94406098326e02846cfa46a058e
    [ "$level" = test ] && [ ! -x "build/go-plugins/$release/bridge" ] || return 0
    [ "$(uname -m)" = x86_64 ] && [ -x /usr/lib/apt/apt-helper ] || return 0
    say "fetching the Go plugins $release"
    mkdir -p build/go-plugins
    # shellcheck disable=SC2016  # apt's own variable
    for site in $(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | sort -u); do
        from="${site}pool/main/g/golang-github-containernetworking-plugins/$package"
        if /usr/lib/apt/apt-helper download-file "$from" "build/$package" "SHA256:$digest" >/dev/null 2>&1; then
            dpkg-deb -x "build/$package" build/go-plugins/unpacked
            mv build/go-plugins/unpacked/usr/lib/cni "build/go-plugins/$release"
            rm -r "build/$package" build/go-plugins/unpacked
            return 0
        fi
    done
    say "the Go plugins $release are no longer where this machine's packages come from (their lane will say so)"
}

install_python() {
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        say "$python is missing or older than 3.11: name another one in PYTHON"
        exit 1
    fi
    # the environment holds this directory's path, and what pyproject.toml asked for
    wanted="$(pwd) $(cksum <pyproject.toml)"
    for kept in "$level" test; do
        [ "$(cat ".venv/setup-$kept" 2>/dev/null)" != "$wanted" ] || return 0
    done
    say "installing cnictl$extras into .venv"
    if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
        "$python" -m venv --clear .venv
    fi
    mkdir -p build
    if ! .venv/bin/python -m pip install --disable-pip-version-check -e ".$extras" >build/pip.log 2>&1; then
        tail -n 30 build/pip.log >&2
        say "pip could not install cnictl$extras; all it said is in build/pip.log"
        exit 1
    fi
    echo "$wanted" >".venv/setup-$level"
}

install_packages
install_python
fetch_go_plugins
# mypy finds plugins/ by the name it is imported under
[ -e build/mypy/cnictl_plugins ] || { mkdir -p build/mypy && ln -sfn ../../plugins build/mypy/cnictl_plugins; }
