#!/usr/bin/env python3
"""Bundles pushed to a real registry and pulled again, and registries that lie.

    apt-get install docker-registry apache2-utils
    cargo build --features oci
    python3 tests/oci.py target/debug/policyc

The real one is the CNCF distribution, as Debian packages it (`docker-registry`), started here with
its storage in a temporary folder: open, and with a password (`htpasswd`). What lies is a server of
this file: it gives other bytes, too many, none, the wrong kind; refuses, stalls, sends in circles and
to places that are not encrypted, and asks for tokens. Ends with 1 where an answer is not the one
that is written here.
"""

import base64
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

POLICY = """policyc: 1
name: payments
default: deny
schema: {amount: double}
rules:
  - {id: small, when: amount <= 10.0, allow: "a small amount"}
"""
SECRET = "correct:horse"
BUNDLE = "application/vnd.policyc.bundle.v1+octet-stream"
failures = 0


def said(what, holds, more=""):
    global failures
    if not holds:
        failures += 1
    print(f"{'ok' if holds else 'NOT'}  {what}{'' if holds else chr(10) + more}")


class Here:
    """A folder with a bundle, signed, and the program."""

    def __init__(self, program, folder):
        self.program, self.folder = str(pathlib.Path(program).resolve()), folder
        self.env = {"PATH": os.environ["PATH"], "HOME": folder, "POLICYC_PASSPHRASE": "correct horse battery"}
        pathlib.Path(folder, "payments.yaml").write_text(POLICY)
        self.run(0, "build", "payments.yaml", "-o", "payments.plcb")
        self.run(0, "keygen", "release.key")
        public = re.search(r'public = ".*"', self.run(0, "keygen", "release.key", "--public").stdout)
        pathlib.Path(folder, "trust.toml").write_text(
            'format = 1\nversion = 1\nexpires = 2099-06-01T00:00:00Z\nrollback = "minimum"\n'
            f"[keys.release]\n{public.group()}\n"
            '[roles.bundle]\nkeys = ["release"]\nthreshold = 1\n'
            '[roles.trust]\nkeys = ["release"]\nthreshold = 1\n[bundles.payments]\nminimum = 2\n'
        )
        self.run(0, "sign", "payments.plcb", "--key", "release.key", "--release", "3")

    def run(self, code, *arguments, has=(), hasnt=()):
        ran = subprocess.run(
            [self.program, *arguments], cwd=self.folder, env=self.env, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
        )
        told = " ".join((ran.stdout + ran.stderr).split())
        holds = ran.returncode == code
        holds = holds and all(part in told for part in has) and not any(part in told for part in hasnt)
        what = f"{' '.join(arguments)[:100]} ends with {code}" + (f", {has}" if has else "")
        said(what, holds, f"ended with {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran

    def bytes(self, name):
        path = pathlib.Path(self.folder, name)
        return path.read_bytes() if path.exists() else None


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def registry(folder, password):
    """Starts the real one; returns it and where it listens."""
    port = free_port()
    text = f"""version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}/{'closed' if password else 'open'}}}}}
http: {{addr: 127.0.0.1:{port}}}
log: {{level: error}}
"""
    if password:
        user, word = SECRET.split(":")
        line = subprocess.run(
            ["htpasswd", "-Bbn", user, word], capture_output=True, text=True, check=True
        ).stdout
        pathlib.Path(folder, "htpasswd").write_text(line.strip() + "\n")
        text += f"auth: {{htpasswd: {{realm: here, path: {folder}/htpasswd}}}}\n"
    config = pathlib.Path(folder, f"registry-{port}.yml")
    config.write_text(text)
    process = subprocess.Popen(
        ["docker-registry", "serve", str(config)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, f"127.0.0.1:{port}"
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the registry does not start")


def real(here):
    """There and back."""
    process, host = registry(here.folder, password=False)
    try:
        place = f"{host}/policies/payments"
        pushed = here.run(0, "push", "payments.plcb", f"{place}:3", "--plain-http").stdout.strip()
        said("the digest is printed", pushed.startswith(f"{place}@sha256:"), pushed)
        again = here.run(0, "push", "payments.plcb", f"{place}:3", "--plain-http").stdout.strip()
        said("the same bundle has the same digest", again == pushed, again)
        for name in ["payments.plcb", "payments.plcb.sig"]:
            shutil.copy(pathlib.Path(here.folder, name), pathlib.Path(here.folder, "other" + name[8:]))
        again = here.run(0, "push", "other.plcb", f"{place}:3", "--plain-http").stdout.strip()
        said("whatever its file is called", again == pushed, again)
        pathlib.Path(here.folder, "other.plcb.sig").write_text("{}")
        here.run(2, "push", "other.plcb", f"{place}:3", "--plain-http", has=["R0706"])
        pathlib.Path(here.folder, "other.yaml").write_text(POLICY.replace("10.0", "11.0"))
        here.run(0, "build", "other.yaml", "-o", "other.plcb")
        signed = here.bytes("payments.plcb.sig")
        pathlib.Path(here.folder, "other.plcb.sig").write_bytes(signed)
        here.run(4, "push", "other.plcb", f"{place}:3", "--plain-http", has=["R0707"])
        here.run(0, "pull", pushed, "-o", "back.plcb", "--plain-http", has=["signatures"])
        said("the bundle is the same", here.bytes("back.plcb") == here.bytes("payments.plcb"))
        same = here.bytes("back.plcb.sig") == here.bytes("payments.plcb.sig")
        said("its signatures are the same", same)
        here.run(0, "verify", "back.plcb", "--trust", "trust.toml")
        here.run(2, "pull", f"{place}:3", "-o", "tag.plcb", "--plain-http", has=["moves the tag"])
        said("nothing is written", here.bytes("tag.plcb") is None)
        trusted = ["--plain-http", "--trust", "trust.toml"]
        pulled = here.run(0, "pull", f"{place}:3", "-o", "tag.plcb", *trusted, has=["trusted"])
        said("a tag is resolved", pulled.stdout.strip() == pushed, pulled.stdout)
        here.run(5, "pull", f"{place}:4", "-o", "no.plcb", *trusted, has=["P0928", "nothing of that"])
        here.run(2, "push", "payments.yaml", f"{place}:3", "--plain-http")
        here.run(2, "push", "payments.plcb", f"{place}:3", has=["P0928", "--plain-http"])
        # Unsigned, over the signed one that is there.
        shutil.copy(pathlib.Path(here.folder, "payments.plcb"), pathlib.Path(here.folder, "un.plcb"))
        bare = here.run(0, "push", "un.plcb", place, "--plain-http", has=["unsigned"]).stdout.strip()
        here.run(0, "pull", bare, "-o", "back.plcb", "--plain-http", has=["unsigned"])
        said("signatures of another are gone", here.bytes("back.plcb.sig") is None)
        refused = here.run(4, "pull", bare, "-o", "trusted.plcb", *trusted, has=["R0707"])
        said("nothing is written", here.bytes("trusted.plcb") is None, refused.stderr)
        tampered(here, (host, place), pushed)
    finally:
        process.terminate()
    process, host = registry(here.folder, password=True)
    try:
        place = f"{host}/policies/payments"
        push = ["push", "payments.plcb", f"{place}:3", "--plain-http"]
        here.run(2, *push, has=["P0928", "status 401", "--credentials-file"])
        pathlib.Path(here.folder, "who").write_text("correct:wrong\n")
        here.run(2, *push, "--credentials-file", "who", has=["status 401"], hasnt=["wrong"])
        pathlib.Path(here.folder, "who").write_text(SECRET + "\n")
        here.run(0, *push, "--credentials-file", "who", hasnt=["horse"])
        docker = pathlib.Path(here.folder, ".docker")
        docker.mkdir()
        auth = base64.b64encode(SECRET.encode()).decode()
        docker.joinpath("config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
        here.run(0, *push)
        docker.joinpath("config.json").write_text(json.dumps({"credHelpers": {host: "ecr"}}))
        here.run(2, *push, has=["status 401", "are not started"])
        shutil.rmtree(docker)
    finally:
        process.terminate()


def tampered(here, where, pushed):
    """Somebody with access to the storage changes a blob."""
    host, place = where
    storage = pathlib.Path(here.folder, "open/docker/registry/v2/blobs/sha256")
    digest = hashlib.sha256(here.bytes("payments.plcb")).hexdigest()
    blob = storage / digest[:2] / digest / "data"
    good = blob.read_bytes()
    blob.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    here.run(4, "pull", pushed, "-o", "bad.plcb", "--plain-http", has=["P0928", "nothing was kept"])
    said("nothing is written", here.bytes("bad.plcb") is None)
    blob.write_bytes(good)
    manifest = pushed.rpartition(":")[2]
    blob = storage / manifest[:2] / manifest / "data"
    good = blob.read_bytes()
    blob.write_bytes(good.replace(b"payments.plcb", b"paymentz.plcb", 1))
    ran = here.run(4, "pull", pushed, "-o", "bad.plcb", "--plain-http", has=["P0928"])
    said("nothing is written", here.bytes("bad.plcb") is None, ran.stderr)
    blob.write_bytes(good)


class Liar(http.server.BaseHTTPRequestHandler):
    """Answers as `answers` says for the mode that the repository names."""

    protocol_version = "HTTP/1.1"
    bundle = b""
    seen = []

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, values in headers.items():
            for value in [values] if isinstance(values, str) else values:
                self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def manifest(self, **changes):
        layer = {
            "mediaType": BUNDLE, "size": len(self.bundle),
            "digest": "sha256:" + hashlib.sha256(self.bundle).hexdigest(),
        }
        document = {
            "schemaVersion": 2, "artifactType": "application/vnd.policyc.bundle.v1",
            "layers": [layer],
        }
        layer.update({key: value for key, value in changes.items() if key in layer})
        document.update({key: value for key, value in changes.items() if key in document})
        return json.dumps(document).encode()

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Liar.seen.append((self.path, form))
        if "refresh_token=a.token-of-mine" not in form or "grant_type=refresh_token" not in form:
            return self.answer(401)
        return self.answer(200, json.dumps({"access_token": "let-in"}).encode())

    def do_GET(self):
        Liar.seen.append((self.path, self.headers.get("Authorization")))
        if self.path.startswith("/token"):
            return self.answer(200, json.dumps({"token": "let-in"}).encode())
        if self.path.startswith("/elsewhere"):
            return self.answer(200, self.bundle)
        if self.path.startswith("/greedy"):
            challenge = f'Bearer realm="http://{self.headers["Host"]}/token",service="here"'
            return self.answer(401, WWW_Authenticate=challenge)
        mode, kind = self.path.split("/")[2], self.path.split("/")[3]
        host = self.headers["Host"]
        if mode == "stalls":
            time.sleep(4)
            return None
        if mode in ("token", "moved", "handed") and self.headers.get("Authorization") != "Bearer let-in":
            challenge = f'Bearer realm="http://{host}/token",service="here"'
            return self.answer(401, WWW_Authenticate=challenge)
        if mode in ("several", "listed") and self.headers.get("Authorization") != "Bearer let-in":
            ways = ["Negotiate", 'Basic realm="a, b"', f'Bearer realm="http://{host}/token",service="here"']
            return self.answer(401, WWW_Authenticate=ways if mode == "several" else ", ".join(ways))
        if mode == "strange":
            return self.answer(401, WWW_Authenticate="Negotiate")
        if mode == "nowhere":
            return self.answer(401, WWW_Authenticate='Bearer realm="ftp://a.example/"')
        if mode == "refuses":
            return self.answer(403)
        if mode == "breaks":
            return self.answer(503)
        if mode == "circles":
            return self.answer(307, Location=self.path)
        if kind == "manifests":
            return self.answer(200, {
                "kind": self.manifest(artifactType="application/vnd.other"),
                "index": self.manifest(schemaVersion=1),
                "html": b"<html>",
                "long": b"x" * 100_000,
                "huge": self.manifest(size=1 << 40),
                "short": self.manifest(size=5),
            }.get(mode, self.manifest()))
        if mode == "other":
            return self.answer(200, self.bundle[:-1] + b"!")
        if mode == "cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.bundle)))
            self.end_headers()
            self.wfile.write(self.bundle[: len(self.bundle) // 2])
            self.close_connection = True
            return None
        if mode == "moved":
            return self.answer(307, Location=f"http://127.0.0.2:{host.split(':')[1]}/elsewhere")
        if mode == "handed":
            return self.answer(307, Location=f"http://127.0.0.2:{host.split(':')[1]}/greedy")
        return self.answer(200, self.bundle)


def lying(here):
    Liar.bundle = here.bytes("payments.plcb")
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_address[1]}"
    digest = "sha256:" + "0" * 64

    def pulled(mode, code, *has, more=()):
        # The bundle that is there is kept.
        target = pathlib.Path(here.folder, "kept.plcb")
        target.write_bytes(b"before")
        trusted = ["--trust", "trust.toml"] if mode.endswith(":1") else []
        arguments = ["pull", f"{host}/{mode}", "-o", "kept.plcb", "--plain-http", "--timeout", "2"]
        ran = here.run(code, *arguments, *trusted, *more, has=has)
        kept = target.read_bytes() == (Liar.bundle if code == 0 else b"before")
        said(f"{mode}: the file is {'new' if code == 0 else 'as it was'}", kept, ran.stderr)

    pulled(f"honest@{digest}", 4, "P0928", "it was asked for sha256:0000")
    # By its true digest.
    own = "sha256:" + hashlib.sha256(Liar.manifest(Liar)).hexdigest()
    pulled(f"honest@{own}", 0, "unsigned")
    pulled(f"other@{own}", 4, "P0928", "and gives sha256:")
    pulled(f"cut@{own}", 2, "P0928")
    pulled("short:1", 2, "P0928", "more than 5 bytes")
    pulled("huge:1", 2, "P0928", "more than 16777216 bytes")
    pulled("long:1", 2, "P0928", "more than 65536 bytes")
    pulled("html:1", 2, "P0928", "this is no manifest")
    pulled("kind:1", 2, "P0928", "artifact of another kind")
    pulled("index:1", 2, "P0928", "manifest of another kind")
    pulled(f"stalls@{own}", 2, "P0928", "did not answer in time")
    pulled(f"refuses@{own}", 2, "P0928", "status 403")
    pulled(f"breaks@{own}", 2, "P0928", "status 503")
    pulled(f"circles@{own}", 2, "P0928", "from one place to the next")
    pulled(f"strange@{own}", 2, "P0928")
    pulled(f"nowhere@{own}", 2, "P0928", "not encrypted")
    # A token, asked for with the password, which nobody else is told.
    pathlib.Path(here.folder, "who").write_text(SECRET + "\n")
    Liar.seen.clear()
    pulled(f"token@{own}", 0, more=("--credentials-file", "who"))
    basic = "Basic " + base64.b64encode(SECRET.encode()).decode()
    told = [who for path, who in Liar.seen if path.startswith("/token")]
    said("the password goes to the realm alone", told and set(told) == {basic}, str(Liar.seen))
    others = {who for path, who in Liar.seen if not path.startswith("/token")}
    said("and nowhere else", basic not in others, str(Liar.seen))
    # The same, however many ways there are to say who asks, and without a password.
    for mode in ["several", "listed"]:
        pulled(f"{mode}@{own}", 0, more=("--credentials-file", "who"))
        pulled(f"{mode}@{own}", 0)
    # .. and with an identity token, in the place of a password.
    config = pathlib.Path(here.folder, ".docker", "config.json")
    config.parent.mkdir()
    for token, code in [("a.token-of-mine", 0), ("anothers", 2)]:
        config.write_text(json.dumps({"auths": {host: {"auth": "YTo=", "identitytoken": token}}}))
        Liar.seen.clear()
        pulled(f"token@{own}", code)
        forms = [form for path, form in Liar.seen if path.startswith("/token")]
        asked = len(forms) == 1 and "scope=repository%3Atoken%3Apull" in forms[0]
        said("the identity token goes to the realm alone", asked and token in forms[0], str(Liar.seen))
        others = [who for path, who in Liar.seen if not path.startswith("/token")]
        said("and nowhere else", not any(token in str(who) for who in others), str(Liar.seen))
    config.unlink()
    Liar.seen.clear()
    pulled(f"moved@{own}", 0, more=("--credentials-file", "who"))
    away = [who for path, who in Liar.seen if path.startswith("/elsewhere")]
    said("another host is not told who asks", away == [None], str(Liar.seen))
    # .. nor asked where it wants to be told.
    Liar.seen.clear()
    pulled(f"handed@{own}", 2, "status 401", more=("--credentials-file", "who"))
    asked = [path for path, _ in Liar.seen if path.startswith("/token")]
    said("another host's realm is not asked", len(asked) == 1, str(Liar.seen))
    server.shutdown()
    here.run(2, "pull", f"127.0.0.1:{free_port()}/a@{own}", "-o", "x.plcb", "--plain-http",
             has=["P0928", "not reached"])
    here.run(2, "pull", f"no-such-host.invalid/a@{own}", "-o", "x.plcb", has=["P0928"])
    here.run(2, "pull", f"127.0.0.1:{free_port()}/a:1", "-o", "x.plcb", "--ca-file", "trust.toml",
             "--trust", "trust.toml", has=["no certificate"])


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    for needed in ["docker-registry", "htpasswd"]:
        if shutil.which(needed) is None:
            raise SystemExit(f"`{needed}` is missing: see the head of this file")
    with tempfile.TemporaryDirectory() as folder:
        here = Here(sys.argv[1], folder)
        real(here)
        lying(here)
    print(f"{failures} not as written here")
    raise SystemExit(1 if failures else 0)


main()
