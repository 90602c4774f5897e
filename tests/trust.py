#!/usr/bin/env python3
"""Signatures of policyc by tools that are not ours, and theirs by policyc.

    cargo build
    pip install securesystemslib cryptography
    apt-get install minisign openssl
    python3 tests/trust.py target/debug/policyc

Envelopes of releases, of trust policies and of attestations are read and verified by
securesystemslib, and one that it signed is let in by policyc; secret keys are opened by OpenSSL, and
one that OpenSSL wrote signs; minisign verifies what policyc signed, and policyc what minisign did,
each also after a byte was changed. Ends with 1 where one is not as it must be.
"""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey

POLICYC = pathlib.Path(sys.argv[1]).resolve()
PASSPHRASE = "correct horse battery"
POLICY = """policyc: 1
name: payments
default: deny
schema: {amount: double}
rules:
  - {id: small, when: amount < 10.0, allow: small}
"""
TRUST = """format = 1
version = 1
expires = 2099-01-01T00:00:00Z
rollback = "minimum"
{keys}
[roles.bundle]
keys = {names}
threshold = 1
[roles.trust]
keys = {names}
threshold = 1
[roles.attest]
keys = {names}
threshold = 1
[bundles.payments]
"""
done = 0


def check(what, holds):
    global done
    print(("ok    " if holds else "WRONG ") + what)
    if not holds:
        sys.exit(1)
    done += 1


def run(*words, exit=0, **more):
    made = subprocess.run([str(word) for word in words], capture_output=True, text=True, **more)
    check(f"{pathlib.Path(str(words[0])).name} {words[1]} ends with {exit}",
          made.returncode == exit or print(made.stdout, made.stderr))
    return made.stdout


def policyc(*words, exit=0):
    return run(POLICYC, *words, exit=exit, env={**os.environ, "POLICYC_PASSPHRASE": PASSPHRASE})


def public_of(line):
    return base64.b64decode(line.split('"ed25519:')[1].split('"')[0])


def sslib_key(raw):
    value = {"public": raw.hex()}
    return SSlibKey(hashlib.sha256(raw).hexdigest(), "ed25519", "ed25519", value)


def main(folder):
    os.chdir(folder)
    pathlib.Path("p.yaml").write_text(POLICY)
    policyc("build", "p.yaml", "-o", "payments.plcb")
    line = policyc("keygen", "release.key", "--minisign")
    raw = public_of(line)

    # OpenSSL opens our key, and has the same public half; ours signs with a key of OpenSSL.
    der = subprocess.run(
        ["openssl", "pkey", "-in", "release.key", "-passin", f"pass:{PASSPHRASE}", "-pubout",
         "-outform", "DER"], capture_output=True)
    check("OpenSSL opens the secret key", der.returncode == 0 and der.stdout[-32:] == raw)
    wrong = subprocess.run(["openssl", "pkey", "-in", "release.key", "-passin", "pass:wrong"],
                           capture_output=True)
    check("OpenSSL does not with another passphrase", wrong.returncode != 0)
    for name, scheme in [("scrypt", ["-scrypt"]), ("pbkdf2", ["-v2prf", "hmacWithSHA256"])]:
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", "plain.pem")
        run("openssl", "pkcs8", "-topk8", "-in", "plain.pem", "-out", f"{name}.key", *scheme,
            "-passout", f"pass:{PASSPHRASE}")
        theirs = policyc("keygen", f"{name}.key", "--public")
        der = subprocess.run(["openssl", "pkey", "-in", "plain.pem", "-pubout", "-outform", "DER"],
                             capture_output=True).stdout
        check(f"a key of OpenSSL ({name}) opens", public_of(theirs) == der[-32:])

    # securesystemslib verifies our envelopes.
    stranger = Ed25519PrivateKey.generate()
    their_raw = stranger.public_key().public_bytes_raw()
    keys = f'[keys.release]\npublic = "ed25519:{base64.b64encode(raw).decode()}"\n'
    keys += f'[keys.theirs]\npublic = "ed25519:{base64.b64encode(their_raw).decode()}"\n'
    trust = TRUST.format(keys=keys, names='["release", "theirs"]')
    pathlib.Path("trust.toml").write_text(trust)
    pathlib.Path("next.toml").write_text(trust.replace("version = 1\ne", "version = 2\ne"))
    policyc("sign", "payments.plcb", "--key", "release.key", "--release", "3", "--minisign")
    policyc("sign", "next.toml", "--key", "release.key")
    policyc("attest", "payments.plcb", "--key", "release.key")
    for name in ["payments.plcb.sig", "next.toml.sig", "payments.plcb.att"]:
        text = json.loads(pathlib.Path(name).read_text())
        envelope = Envelope.from_dict(json.loads(json.dumps(text)))
        found = envelope.verify([sslib_key(raw)], 1)
        check(f"securesystemslib verifies {name}", len(found) == 1)
        envelope.payload += b"x"
        try:
            envelope.verify([sslib_key(raw)], 1)
            check("and nothing else", False)
        except Exception:
            check("and nothing else", True)
    statement = json.loads(base64.b64decode(text["payload"]))
    sources = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    digest = hashlib.sha256(POLICY.encode()).hexdigest()
    check("the statement names the source", sources == [{"name": "p.yaml",
                                                          "digest": {"sha256": digest}}])
    digest = hashlib.sha256(pathlib.Path("payments.plcb").read_bytes()).hexdigest()
    check("the statement names the bundle", statement["subject"][0]["digest"]["sha256"] == digest)

    # Ours lets in what securesystemslib signed.
    policyc("verify", "payments.plcb", "--trust", "trust.toml", "--attestation",
            "payments.plcb.att")
    policyc("verify", "next.toml", "--trust", "trust.toml")
    ours = json.loads(pathlib.Path("payments.plcb.sig").read_text())
    theirs = Envelope(base64.b64decode(ours["payload"]), ours["payloadType"], {})
    theirs.sign(CryptoSigner(stranger, sslib_key(their_raw)))
    pathlib.Path("payments.plcb.sig").write_text(json.dumps(theirs.to_dict(), indent=1))
    said = json.loads(policyc("verify", "payments.plcb", "--trust", "trust.toml",
                              "--output-format", "json"))
    check("policyc lets in what securesystemslib signed", said["signers"] == ["theirs"])

    # minisign verifies ours, and ours verifies minisign's.
    our_line = line.split("# minisign: ")[1].strip()
    run("minisign", "-Vm", "payments.plcb", "-P", our_line)
    run("minisign", "-GW", "-p", "mini.pub", "-s", "mini.key")
    os.rename("payments.plcb.minisig", "ours.minisig")
    run("minisign", "-Sm", "payments.plcb", "-s", "mini.key", "-t", "release 3")
    said = policyc("verify", "payments.plcb", "--minisign", "mini.pub")
    check("policyc shows the trusted comment", "release 3" in said)
    policyc("verify", "payments.plcb", "--minisign", our_line, exit=4)
    bundle = bytearray(pathlib.Path("payments.plcb").read_bytes())
    bundle[200] ^= 1
    pathlib.Path("payments.plcb").write_bytes(bundle)
    policyc("verify", "payments.plcb", "--minisign", "mini.pub", exit=4)
    policyc("verify", "payments.plcb", "--trust", "trust.toml", exit=4)
    run("minisign", "-Vm", "payments.plcb", "-x", "ours.minisig", "-P", our_line, exit=1)
    print(f"{done} checks")


with tempfile.TemporaryDirectory() as folder:
    main(folder)
