
# The rest is the same on every host. It runs once, when the host first starts.
set -Eeuo pipefail
export AWS_DEFAULT_REGION=$REGION HOME=/root
umask 077
files=/etc/portal-rabbitmq
data=/var/lib/rabbitmq
self=node$NODE.$ZONE

signal() {
  /opt/aws/bin/cfn-signal --exit-code "$1" --reason "$2" --stack "$STACK" --resource "$RESOURCE" --region "$REGION" || true
}
# The command as it is written, before anything is filled in: no secret reaches the reason.
trap 'signal 1 "$RESOURCE, line $LINENO: ${BASH_COMMAND:0:200}"' ERR

# Try again until it works, at most so many seconds.
patiently() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 5
  done
}
secret() { aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text; }
# 32 bytes in hexadecimal for one purpose, out of the one secret that the hosts share.
derive() { printf '%s:%s' "$1" "$seed" | sha256sum | cut -d ' ' -f 1; }
unhex() { python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read().strip()))'; }
ctl() { docker exec rabbitmq rabbitmqctl "$@"; }
queue_is_there() { ctl -q list_queues name | grep -x "$QUEUE.failed" >/dev/null; }

patiently 300 dnf install -y -q docker aws-cfn-bootstrap jq xfsprogs
systemctl enable --now docker
patiently 300 docker pull -q "$IMAGE"

# The data volume: CloudFormation attaches it while the host starts.
device=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${VOLUME//-/}
patiently 300 test -e "$device"
blkid "$device" >/dev/null || mkfs.xfs -q "$device"
mkdir -p "$data" "$files"
chmod 755 "$files"
grep -q " $data " /etc/fstab || echo "$device $data xfs defaults,noatime,nofail 0 2" >>/etc/fstab
mountpoint -q "$data" || mount "$data"

seed=$(secret "$CLUSTER_SECRET")
derive cookie >"$data/.erlang.cookie"
derive metrics >"$files/metrics.password"

# Every host makes the same authority out of the shared secret, and signs its own certificate with it. 30 31 … is the
# frame of a P-256 key in DER.
{ printf '\x30\x31\x02\x01\x01\x04\x20'; derive authority | unhex; printf '\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07'; } |
  openssl ec -inform DER -out "$files/authority.key" 2>/dev/null
openssl req -x509 -new -key "$files/authority.key" -subj "/CN=$ZONE authority" -days 7300 \
  -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign -out "$files/authority.pem"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=rabbitmq" \
  -keyout "$files/node.key" -out "$files/node.csr" 2>/dev/null
cat >"$files/node.ext" <<END
subjectAltName=DNS:$self,DNS:$ZONE,DNS:localhost
extendedKeyUsage=serverAuth,clientAuth
keyUsage=critical,digitalSignature
basicConstraints=critical,CA:FALSE
authorityKeyIdentifier=keyid
END
openssl x509 -req -in "$files/node.csr" -CA "$files/authority.pem" -CAkey "$files/authority.key" -days 3650 \
  -set_serial "0x$(openssl rand -hex 16)" -extfile "$files/node.ext" -out "$files/node.pem" 2>/dev/null
rm "$files/authority.key" "$files/node.csr" "$files/node.ext"
if [ "$NODE" = 1 ]; then
  aws ssm get-parameter --name "$AUTHORITY" --query Parameter.Value --output text >"$files/published.pem"
  openssl verify -CAfile "$files/published.pem" "$files/node.pem" >/dev/null 2>&1 ||
    aws ssm put-parameter --name "$AUTHORITY" --type String --overwrite --value "file://$files/authority.pem" >/dev/null
  rm "$files/published.pem"
fi

cat >"$files/rabbitmq.conf" <<END
cluster_name = $PREFIX
listeners.tcp = none
listeners.ssl.default = $PORT
ssl_options.cacertfile = /etc/rabbitmq/tls/authority.pem
ssl_options.certfile = /etc/rabbitmq/tls/node.pem
ssl_options.keyfile = /etc/rabbitmq/tls/node.key
ssl_options.versions.1 = tlsv1.3
ssl_options.versions.2 = tlsv1.2
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
loopback_users.guest = true
management.tcp.ip = 127.0.0.1
management.tcp.port = 15672
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = 15692
disk_free_limit.absolute = 2GB
queue_leader_locator = balanced
log.file = false
log.console = true
log.console.level = info
END
if [ "$NODES" -gt 1 ]; then
  {
    echo "cluster_formation.peer_discovery_backend = classic_config"
    echo "cluster_partition_handling = pause_minority"
    for peer in $(seq "$NODES"); do
      echo "cluster_formation.classic_config.nodes.$peer = rabbit@node$peer.$ZONE"
    done
  } >>"$files/rabbitmq.conf"
fi
if [ "$SCRAPED" = yes ]; then
  cat >>"$files/rabbitmq.conf" <<END
prometheus.ssl.port = 15691
prometheus.ssl.cacertfile = /etc/rabbitmq/tls/authority.pem
prometheus.ssl.certfile = /etc/rabbitmq/tls/node.pem
prometheus.ssl.keyfile = /etc/rabbitmq/tls/node.key
END
fi
echo '[rabbitmq_management,rabbitmq_prometheus].' >"$files/enabled_plugins"

# What the nodes say to each other is encrypted too, and each proves that it belongs to the same authority.
cat >"$files/between.config" <<END
[{server, [{cacertfile, "/etc/rabbitmq/tls/authority.pem"}, {certfile, "/etc/rabbitmq/tls/node.pem"},
           {keyfile, "/etc/rabbitmq/tls/node.key"}, {verify, verify_peer}, {fail_if_no_peer_cert, true}]},
 {client, [{cacertfile, "/etc/rabbitmq/tls/authority.pem"}, {certfile, "/etc/rabbitmq/tls/node.pem"},
           {keyfile, "/etc/rabbitmq/tls/node.key"}, {verify, verify_peer}]}].
END
ssl_path=$(docker run --rm --entrypoint erl "$IMAGE" -noinput -eval \
  'io:format("~s", [filename:dirname(code:which(inet_tls_dist))]), init:stop().')
arguments="-pa $ssl_path -proto_dist inet_tls -ssl_dist_optfile /etc/rabbitmq/between.config"
cat >"$files/env" <<END
RABBITMQ_USE_LONGNAME=true
RABBITMQ_NODENAME=rabbit@$self
RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=$arguments
RABBITMQ_CTL_ERL_ARGS=$arguments
END

# The image's user has the number 999.
mkdir -p "$files/tls"
mv "$files"/*.pem "$files/node.key" "$files/tls/"
chown -R 999:999 "$data" "$files/tls" "$files/rabbitmq.conf" "$files/enabled_plugins" "$files/between.config"
chmod 400 "$data/.erlang.cookie" "$files/tls/node.key"

cat >/etc/systemd/system/rabbitmq.service <<END
[Unit]
Description=RabbitMQ
Requires=docker.service
After=docker.service network-online.target
RequiresMountsFor=$data
[Service]
ExecStartPre=-/usr/bin/docker rm --force rabbitmq
ExecStart=/usr/bin/docker run --rm --name rabbitmq --network host --ulimit nofile=65536:65536 \\
  --env-file $files/env --volume $data:/var/lib/rabbitmq --volume $files/tls:/etc/rabbitmq/tls:ro \\
  --volume $files/rabbitmq.conf:/etc/rabbitmq/conf.d/90-portal.conf:ro \\
  --volume $files/enabled_plugins:/etc/rabbitmq/enabled_plugins:ro \\
  --volume $files/between.config:/etc/rabbitmq/between.config:ro \\
  --log-driver awslogs --log-opt awslogs-region=$REGION --log-opt awslogs-group=$LOG_GROUP \\
  --log-opt awslogs-stream=node$NODE $IMAGE
ExecStop=/usr/bin/docker stop --time 90 rabbitmq
TimeoutStopSec=120
Restart=always
RestartSec=5
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now rabbitmq
patiently 600 docker exec rabbitmq rabbitmq-diagnostics -q check_running
ctl await_online_nodes "$NODES" --timeout 900

# Users and queues once all nodes are there, so that a quorum queue has a member on each. Passwords as hashes only.
if [ "$NODE" = 1 ]; then
  { secret "$ADMIN_SECRET"; secret "$LOGIN_SECRET"; cat "$files/metrics.password"; } | python3 -c '
import base64, hashlib, json, os, sys
lines = sys.stdin.read().splitlines()
admin, login = json.loads(lines[0]), json.loads(lines[1])
def user(name, password, tags):
    salt = os.urandom(4)
    digest = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    algorithm = "rabbit_password_hashing_sha256"
    return {"name": name, "password_hash": digest, "hashing_algorithm": algorithm, "tags": tags}
def permission(name, pattern):
    return {"user": name, "vhost": "/", "configure": pattern, "write": pattern, "read": pattern}
def queue(name, **more):
    arguments = {"x-queue-type": "quorum", **more}
    return {"name": name, "vhost": "/", "durable": True, "auto_delete": False, "arguments": arguments}
name = sys.argv[1]
failed = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": name + ".failed"}
print(json.dumps({
    "users": [user(admin["username"], admin["password"], ["administrator"]),
              user(login["username"], login["password"], []), user("metrics", lines[2], ["monitoring"])],
    "vhosts": [{"name": "/"}],
    "permissions": [permission(admin["username"], ".*"), permission(login["username"], ".*"), permission("metrics", "^$")],
    "queues": [queue(name, **failed), queue(name + ".failed")],
}))' "$QUEUE" | docker exec -i rabbitmq rabbitmqctl import_definitions
  patiently 120 queue_is_there
  ctl delete_user guest || true
fi

# What alarms and scaling look at, once a minute from every host: the whole queue, and this node.
cat >"$files/metrics.py" <<'END'
import base64, json, os, shutil, subprocess, sys, urllib.request

namespace, queue, node, folder, data = sys.argv[1:]
with open(folder + "/metrics.password") as file:
    login = base64.b64encode(("metrics:" + file.read().strip()).encode()).decode()

def ask(path):
    request = urllib.request.Request("http://127.0.0.1:15672/api/" + path, headers={"Authorization": "Basic " + login})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)

def measure(name, value, **dimensions):
    dimensions = [{"Name": key, "Value": value_} for key, value_ in dimensions.items()]
    return {"MetricName": name, "Value": value, "Dimensions": dimensions}

def state(name):
    return ask("queues/%2F/" + name + "?msg_rates_age=60&msg_rates_incr=5")

def per_minute(found, *kinds):
    stats = found.get("message_stats", {})
    rates = (stats.get(kind + "_details", {}) for kind in kinds)
    return 60 * sum(rate.get("avg_rate", rate.get("rate", 0)) for rate in rates)

found, nodes = state(queue), ask("nodes")
own = next(item for item in nodes if item["name"].startswith("rabbit@" + node + "."))
disk = shutil.disk_usage(data)
metrics = [
    measure("QueueDepth", found["messages"], Queue=queue),
    measure("Arrivals", per_minute(found, "publish"), Queue=queue),
    measure("Completions", per_minute(found, "ack", "deliver_no_ack", "get_no_ack"), Queue=queue),
    measure("Consumers", found["consumers"], Queue=queue),
    measure("QueueDepth", state(queue + ".failed")["messages"], Queue=queue + ".failed"),
    measure("RunningNodes", sum(1 for item in nodes if item["running"]), Queue=queue),
    measure("NodeAlarm", int(own["mem_alarm"] or own["disk_free_alarm"]), Node=node),
    measure("MemoryUsedPercent", 100 * own["mem_used"] / own["mem_limit"], Node=node),
    measure("DiskUsedPercent", 100 * disk.used / disk.total, Node=node),
]
command = ["aws", "cloudwatch", "put-metric-data", "--namespace", namespace, "--metric-data", json.dumps(metrics)]
subprocess.run(command, check=True, env={**os.environ})
END
cat >/etc/systemd/system/rabbitmq-metrics.service <<END
[Unit]
Description=Metrics of RabbitMQ
[Service]
Type=oneshot
Environment=AWS_DEFAULT_REGION=$REGION
ExecStart=/usr/bin/python3 $files/metrics.py $NAMESPACE $QUEUE node$NODE $files $data
END
cat >/etc/systemd/system/rabbitmq-metrics.timer <<END
[Unit]
Description=Metrics of RabbitMQ, every minute
[Timer]
OnCalendar=minutely
AccuracySec=1s
[Install]
WantedBy=timers.target
END
systemctl daemon-reload
systemctl enable --now rabbitmq-metrics.timer

if [ -n "$ZABBIX_SERVER" ]; then
  # The host's own metrics. The packages are signed, and the key of their repository is known by its fingerprint.
  curl -sSf --retry 5 -o "$files/zabbix.asc" https://repo.zabbix.com/RPM-GPG-KEY-ZABBIX-B5333005
  gpg --show-keys --with-colons "$files/zabbix.asc" 2>/dev/null |
    grep -q '^fpr:*4C3D6F2CC75F5146754FC374D913219AB5333005:'
  rpm --import "$files/zabbix.asc"
  cat >/etc/yum.repos.d/zabbix.repo <<END
[zabbix]
name=Zabbix
baseurl=https://repo.zabbix.com/zabbix/7.0/amazonlinux/2023/\$basearch/
enabled=1
gpgcheck=1
END
  patiently 300 dnf install -y -q zabbix-agent2
  derive zabbix >/etc/zabbix/agent.psk
  chown zabbix:zabbix /etc/zabbix/agent.psk
  cat >/etc/zabbix/zabbix_agent2.d/portal.conf <<END
Server=$ZABBIX_SERVER
ServerActive=$ZABBIX_SERVER
Hostname=$PREFIX-rabbitmq-$NODE
TLSConnect=psk
TLSAccept=psk
TLSPSKIdentity=$PREFIX
TLSPSKFile=/etc/zabbix/agent.psk
END
  chmod 644 /etc/zabbix/zabbix_agent2.d/portal.conf
  systemctl enable --now zabbix-agent2
fi

docker exec rabbitmq rabbitmq-diagnostics -q check_port_listener "$PORT"
docker exec rabbitmq rabbitmq-diagnostics -q check_local_alarms
signal 0 "RabbitMQ runs on $self"
