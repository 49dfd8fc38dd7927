#!/bin/sh
# SeaweedFS as one server that speaks S3, with one key pair from the environment and the bucket that Kaibo writes to.
set -eu
umask 077
cat > /tmp/s3.json <<END
{"identities":[{"name":"kaibo","credentials":[{"accessKey":"${S3_ACCESS_KEY:?}","secretKey":"${S3_SECRET_KEY:?}"}],
"actions":["Admin","Read","Write","List","Tagging"]}]}
END
# The bucket can only be made once the server is there.
(until echo 's3.bucket.create -name kaibo' | weed shell -master=127.0.0.1:9333; do sleep 2; done) &
# As many volumes as the disk has room for; by itself it stops at eight.
exec weed server -dir=/data -ip=127.0.0.1 -ip.bind=0.0.0.0 -master.volumeSizeLimitMB=1024 -volume.max=0 \
  -filer -s3 -s3.config=/tmp/s3.json
