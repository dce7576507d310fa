#!/usr/bin/env bash
# Installs what is missing, and says what it could not install. A second run is quick.
#
#   .ci/setup.sh play    what a player needs
#   .ci/setup.sh test    and what the tests need besides
#
# GPU=1 installs ONNX Runtime for NVIDIA GPUs, GPU=0 the one for the CPU; unset, nvidia-smi decides.
# PYTHON names the interpreter for .venv; unset, the newest python3 of at least 3.11 is taken.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-play}
PATH=$PATH:/usr/sbin:/sbin  # ldconfig, on Debian, for users other than root

say() { echo "setup: $*" >&2; }

has_library() { [[ $(ldconfig -p) == *"$1"* ]]; }
has_soundfont() {
    [ -n "$(find /usr/share/sounds /usr/share/soundfonts -name 'FluidR3*' -o -name 'MuseScore_General*' 2>/dev/null)" ]
}
has_venv() { local python; python=$(find_python) && "$python" -c 'import ensurepip, venv' 2>/dev/null; }

find_python() {
    local name
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    return 1
}

# What is needed, as: how to see that it is there, then the packages that bring it, first choice first.
# The libjack of PipeWire counts: Debian's own would take its place and cut off a running desktop.
needs() {
    cat <<'NEEDS'
has_library libfluidsynth.so   | libfluidsynth3
has_library libjack.so.0       | libjack-jackd2-0
has_library libasound.so.2     | libasound2t64 libasound2
has_library libportaudio.so.2  | libportaudio2t64 libportaudio2
has_soundfont                  | fluidr3mono-gm-soundfont
has_venv                       | python3-venv python3.11-venv
NEEDS
    [ "$purpose" = test ] || return 0
    cat <<'NEEDS'
command -v jackd               | jackd2
command -v jack_wait           | jack-example-tools jackd2
command -v jack_capture        | jack-capture
command -v csound              | csound
command -v fluidsynth         | fluidsynth
command -v jack_midi_clock    | jack-midi-clock
command -v chromium            | chromium
NEEDS
}

missing() {
    local check packages
    needs | while IFS='|' read -r check packages; do
        eval "$check" >/dev/null 2>&1 || echo "$packages"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then env DEBIAN_FRONTEND=noninteractive "$@"
    else sudo env DEBIAN_FRONTEND=noninteractive "$@"; fi
}

# The first of several package names that apt can install: Ubuntu 24.04 renamed some.
candidate() {
    local package
    for package in "$@"; do
        if [[ $(apt-cache policy "$package") == *"Candidate: "[^\(]* ]]; then echo "$package"; return; fi
    done
    echo "$1"
}

install_debian() {
    local wanted line packages=()
    wanted=$(missing)
    [ -n "$wanted" ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        say "these packages are missing, and neither root nor sudo is at hand:" $(echo "$wanted" | awk '{print $1}')
        return 0
    fi
    as_root apt-get -q update || say "apt-get update failed; going on with the lists that are there"
    while read -r line; do packages+=("$(candidate $line)"); done <<<"$wanted"
    say "installing ${packages[*]}"
    as_root apt-get -q install -y --no-install-recommends "${packages[@]}" ||
        say "apt-get failed; install by hand: ${packages[*]}"
}

install_macos() {
    local formula wanted=()
    if ! command -v brew >/dev/null; then
        say "Homebrew is missing (https://brew.sh); install fluid-synth and portaudio by hand"
        return 0
    fi
    for formula in fluid-synth portaudio; do
        brew list --formula "$formula" >/dev/null 2>&1 || wanted+=("$formula")
    done
    [ ${#wanted[@]} = 0 ] || brew install "${wanted[@]}" || say "brew failed; install by hand: ${wanted[*]}"
}

install_system() {
    if [ "$(uname)" = Darwin ]; then install_macos
    elif command -v apt-get >/dev/null; then install_debian
    elif [ -n "$(missing)" ]; then
        say "this system has no apt-get; install your packages for these (Debian names):" \
            $(missing | awk '{print $1}')
    fi
}

runtime() {
    case "${GPU:-auto}" in
        1) echo gpu ;;
        0) echo cpu ;;
        *) if nvidia-smi -L >/dev/null 2>&1; then echo gpu; else echo cpu; fi ;;
    esac
}

# PyPI's torch for Linux brings gigabytes of CUDA, which the tests don't use.
install_torch() {
    local index=https://download.pytorch.org/whl/cpu
    if [ "$(uname)" = Linux ] && .venv/bin/python -c "
from urllib.request import urlopen; urlopen('$index/torch/', timeout=10).close()" 2>/dev/null; then
        .venv/bin/pip install -q --extra-index-url "$index" torch==2.13.0+cpu
    else
        .venv/bin/pip install -q torch==2.13.0
    fi
}

install_python() {
    local python kind stamp sum extras
    kind=$(runtime)
    sum=$(cat pyproject.toml .ci/setup.sh | cksum)
    for stamp in ".venv/.setup-$purpose" .venv/.setup-test; do
        if [ "$(cat "$stamp" 2>/dev/null)" = "$kind $sum" ] && .venv/bin/python -c 'import realtime' 2>/dev/null
        then return 0; fi
    done
    if ! python=$(find_python); then
        say "Python 3.11 or newer is needed; install it, or name it with PYTHON=..."
        exit 1
    fi
    .venv/bin/python -c '' 2>/dev/null || "$python" -m venv --clear .venv
    rm -f .venv/.setup-*
    say "installing Concertino into .venv (ONNX Runtime for the $kind)"
    # Both carry the module onnxruntime: left side by side, one breaks the other.
    if [ "$kind" = gpu ]; then .venv/bin/pip uninstall -q -y onnxruntime 2>/dev/null
    else .venv/bin/pip uninstall -q -y onnxruntime-gpu 2>/dev/null; fi
    extras=$kind
    if [ "$purpose" = test ]; then
        install_torch
        extras=$kind,offline,network,test
    fi
    .venv/bin/pip install -q -e ".[$extras]"
    # For the tests, the core is compiled beside the linters.
    [ "$purpose" = test ] || .venv/bin/python -m realtime.host.warm ||
        say "the audio core could not be compiled; 'concertino doctor' says more"
    echo "$kind $sum" >".venv/.setup-$purpose"
}

install_system
install_python
