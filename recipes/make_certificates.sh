#!/bin/sh
# Certificates for a Dask cluster of your own: an authority that signs one pair for all its hosts.
#
#     sh recipes/make_certificates.sh ~/course-tls
#
# Whoever holds key.pem can run code on the cluster: keep the folder yours alone.
set -eu
folder=${1:?usage: make_certificates.sh FOLDER}
umask 077
mkdir -p "$folder"
cd "$folder"
quiet() { "$@" 2>errors.txt || { cat errors.txt >&2; exit 1; }; }
quiet openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj "/CN=course authority" \
    -keyout ca-key.pem -out ca.pem
quiet openssl req -newkey rsa:3072 -nodes -subj "/CN=course cluster" -keyout key.pem -out request.pem
quiet openssl x509 -req -days 365 -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial \
    -out cert.pem
rm -f request.pem errors.txt
echo "Made ca.pem, cert.pem and key.pem in $folder"
