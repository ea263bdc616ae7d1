#!/bin/sh
# Chromium for the browser journeys, from the distribution where it is not there yet.
set -eu

command -v chromium >/dev/null 2>&1 && exit 0
[ -x /usr/bin/chromium ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "make e2e needs Chromium: install it with your package manager, so that 'chromium' runs." >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then root=""; else root="sudo"; fi
echo "Installing Chromium with apt …"
$root apt-get update -qq
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
