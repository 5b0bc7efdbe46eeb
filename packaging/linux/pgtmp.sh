#!/bin/bash
# pgtmp.sh COMMAND...: run a command with a throw-away PostgreSQL in ZHIPING_TEST_POSTGRES, then remove it.
# The cluster runs as an unprivileged user on a private socket, without fsync: for tests only.
set -euo pipefail
bin=
for d in "${PG_BIN:-}" /usr/lib/postgresql/*/bin; do
	if [ -n "$d" ] && [ -x "$d/initdb" ]; then bin=$d; fi
done
if [ -z "$bin" ]; then
	echo "PostgreSQL's server programs are missing: apt-get install postgresql" >&2
	exit 69
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/zhiping-pg.XXXXXX")
as=()
if [ "$(id -u)" = 0 ]; then
	user=${PG_TMP_USER:-nobody}
	chown "$user" "$dir"
	as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME="$dir")
fi
chmod 700 "$dir"
cleanup() {
	(cd "$dir" && "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1) || true
	rm -rf "$dir"
}
trap cleanup EXIT INT TERM
here=$PWD
cd "$dir"
"${as[@]}" "$bin/initdb" -D "$dir/data" -U test -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
cat >>"$dir/data/postgresql.conf" <<C
listen_addresses = ''
unix_socket_directories = '$dir'
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 64MB
max_connections = 400
C
"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -l "$dir/pg.log" -w -t 60 start >/dev/null || { cat "$dir/pg.log" >&2; exit 1; }
cd "$here"
export ZHIPING_TEST_POSTGRES="host=$dir port=5432 user=test dbname=postgres sslmode=disable"
set +e
"$@"
exit $?
