#!/bin/sh
# Chromium for the browser journeys, from the distribution where it is not there yet. The shell
# without a window is the same browser at a third of the work; some distributions have only the whole.
set -eu

for name in chromium-headless-shell chromium; do
    if command -v "$name" >/dev/null 2>&1 || [ -x "/usr/bin/$name" ]; then exit 0; fi
done

if ! command -v apt-get >/dev/null 2>&1; then
    echo "make e2e needs Chromium: install it with your package manager, so that 'chromium' runs." >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then root=""; else root="sudo"; fi
echo "Installing Chromium with apt …"
$root apt-get update -qq
for name in chromium-headless-shell chromium; do
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$name" && exit 0
done
exit 1
