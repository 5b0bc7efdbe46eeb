#!/bin/bash
# open.sh FOLDER: start the server on a demonstration's data and open the desktop on it, signed in as a clerk; without a display say how.
set -euo pipefail
demo=$1
log=$demo/open.log
./build/zhiping-server serve --data "$demo/data" --listen 127.0.0.1:0 --demonstration-date 2026-06-11 >"$demo/listening" 2>"$log" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true' EXIT INT TERM
until [ -s "$demo/listening" ]; do
	kill -0 $server || { cat "$log" >&2; exit 1; }
done
read -r _ _ address _ pin _ < "$demo/listening"
if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
	echo
	echo "There is no display here. On a machine with one:"
	echo "  ./build/zhiping-server serve --data $demo/data --demonstration-date 2026-06-11"
	echo "  ./build/zhiping --server 127.0.0.1:8443 --pin $pin --account housing --password demo-password-1"
	echo "Documents: $demo/documents   Workbooks: $demo/workbooks"
	exit 0
fi
ZHIPING_DEMO_PASSWORD=demo-password-1 ./build/zhiping --server "$address" --pin "$pin" --account housing
