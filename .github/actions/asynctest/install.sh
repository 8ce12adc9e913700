#!/usr/bin/env bash
# Installs the command of the version that this action is of: the binary of its release, or else
# built from the sources beside it.
set -euo pipefail

TARGET=x86_64-unknown-linux-musl
BIN="${CARGO_HOME:-$HOME/.cargo}/bin"
SOURCES="$(cd "$(dirname "$0")/../../.." && pwd)"

# The releases are of tags, and a branch has none.
from_release() {
    if [ -z "${REPOSITORY:-}" ] || [[ "${REF:-}" != v* ]]; then return 1; fi
    local url="https://github.com/$REPOSITORY/releases/download/$REF/cargo-asynctest-$TARGET.tar.gz"
    mkdir -p "$BIN"
    curl --proto '=https' --tlsv1.2 --retry 3 -fsSL "$url" | tar -xz -C "$BIN" cargo-asynctest
}

# The cache may have brought it.
if [[ "${REF:-}" == v* ]] && [ "$("$BIN/cargo-asynctest" asynctest --version 2>/dev/null)" = "asynctest ${REF#v}" ]; then
    exit 0
fi
if from_release; then exit 0; fi
cargo install --locked --force --path "$SOURCES/cargo-asynctest"
