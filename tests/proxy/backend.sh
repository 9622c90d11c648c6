# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# An nginx for the tests of rdv-proxy, in the directory $1.  It takes the socket that it
# was given, as in an upgrade, so that nobody need wait for it, and prints the port.
set -eu

cd "$1"
mkdir html
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "line %d\n", i }' >html/large
cat >nginx.conf <<END
daemon off;
user $(id -un);
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {
	worker_connections 4096;
}
http {
	access_log off;
	client_body_temp_path temp;
	proxy_temp_path temp;
	fastcgi_temp_path temp;
	uwsgi_temp_path temp;
	scgi_temp_path temp;
	keepalive_timeout 600s;
	keepalive_requests 100;
	server {
		listen 127.0.0.1:$PORT;
		root html;
		location = / {
			return 200 "$PORT\n";
		}
		location = /for-ever {
			keepalive_requests 1000000000;
			return 200 "$PORT\n";
		}
	}
}
END
echo "$PORT"
exec nginx -p "$1/" -c nginx.conf >/dev/null
