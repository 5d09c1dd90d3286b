"""Does what the reaper of Testcontainers does: remembers filters, and removes what they fit when their senders are gone."""
import http.client
import json
import os
import socket
import threading
import time
import urllib.parse


class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/var/run/docker.sock")


def ask(method, path, **query):
    engine = Engine("docker")
    engine.request(method, f"/v1.41{path}?{urllib.parse.urlencode(query)}")
    answer = engine.getresponse()
    body = answer.read()
    if answer.status >= 400 and answer.status != 404:
        raise SystemExit(f"{method} {path}: {answer.status} {body}")
    return json.loads(body) if body else None


def listen_to(client):
    with client, client.makefile("rw", newline="\n") as lines:
        for line in lines:
            filters.append(urllib.parse.parse_qsl(line.strip()))
            lines.write("ACK\n")
            lines.flush()
    alive.release()


def prune(pairs):
    wanted = {}
    for key, value in pairs:
        wanted.setdefault(key, {})[value] = True
    words = json.dumps(wanted)
    for one in ask("GET", "/containers/json", all=1, filters=words):
        if one["Labels"].get("org.testcontainers.ryuk") == "true":
            continue
        print("removing", one["Id"], flush=True)
        ask("DELETE", f"/containers/{one['Id']}", force=1, v=1)
    for one in ask("GET", "/networks", filters=words):
        ask("DELETE", f"/networks/{one['Id']}")
    for one in ask("GET", "/volumes", filters=words)["Volumes"] or []:
        ask("DELETE", f"/volumes/{one['Name']}", force=1)
    for one in ask("GET", "/images/json", filters=words):
        ask("DELETE", f"/images/{one['Id']}", force=1)


filters = []
alive = threading.Semaphore(0)
print("Pinging the engine:", ask("GET", "/info")["ServerVersion"], flush=True)
server = socket.create_server(("", 8080))
server.settimeout(60)
print("Started!", flush=True)
clients = 1
threading.Thread(target=listen_to, args=(server.accept()[0],)).start()
server.settimeout(float(os.environ.get("RYUK_RECONNECTION_TIMEOUT", "10s").rstrip("s")))
while clients > 0:
    # A client that comes back in time keeps all alive.
    alive.acquire()
    clients -= 1
    try:
        threading.Thread(target=listen_to, args=(server.accept()[0],)).start()
        clients += 1
    except TimeoutError:
        pass
for pairs in filters:
    prune(pairs)
print("Removed all that fits", time.strftime("%FT%TZ", time.gmtime()), flush=True)
