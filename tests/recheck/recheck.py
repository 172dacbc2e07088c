#!/usr/bin/env python3
"""Checks an exported ledger with nothing of Xuncha's own code.

    xuncha export ledger --data DIR | recheck.py

Recomputes every leaf from its texts, the RFC 6962 root, the signed checkpoint (C2SP signed note), every push
signature, that a device's op is covered by the push that brought it, and every device's chain. Prints one JSON
summary; exit code 1, with the index of what does not fit, when something does not.
"""
import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

problems = []


def problem(index, what):
    problems.append({"index": index, "what": what})


def sha256(data):
    return hashlib.sha256(data).digest()


def url64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hash_of(text):
    kind, digits = text.split(":", 1)
    assert kind == "sha256", kind
    return url64(digits)


def hash_text(digest):
    return "sha256:" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def key_of(text):
    kind, digits = text.split(":", 1)
    assert kind == "ed25519", kind
    return Ed25519PublicKey.from_public_bytes(url64(digits))


def verifies(key, signature, message):
    try:
        key.verify(signature, message)
        return True
    except InvalidSignature:
        return False


def root_of(leaves):
    """RFC 6962, bottom up: a lone last node of a level moves up as it is."""
    level = list(leaves)
    if not level:
        return sha256(b"")
    while len(level) > 1:
        pairs = [sha256(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0]


def check_entries(entries):
    for expected, entry in enumerate(entries):
        if entry["index"] != expected:
            problem(expected, "entries are missing")
        leaf = sha256(b"\x00" + sha256(entry["op"].encode()) + sha256(entry["facts"].encode()))
        if leaf != hash_of(entry["leaf"]):
            problem(entry["index"], "the texts do not give the leaf")


def check_checkpoint(ledger, entries, note):
    key_text = json.loads(entries[0]["op"])["body"]["key"]
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    name = "xuncha/" + ledger["ledger"]
    if origin != "%s/%d" % (name, ledger["epoch"]) or int(size) != len(entries):
        problem(None, "the checkpoint is of another ledger or size")
    if base64.b64decode(root) != root_of([hash_of(entry["leaf"]) for entry in entries]):
        problem(None, "the checkpoint has another root")
    raw = url64(key_text.split(":", 1)[1])
    key_id = sha256(name.encode() + b"\n\x01" + raw)[:4]
    for line in signatures.strip().split("\n"):
        dash, signer, blob = line.split(" ")
        blob = base64.b64decode(blob)
        if dash == "\u2014" and signer == name and blob[:4] == key_id:
            if not verifies(key_of(key_text), blob[4:], text.encode()):
                problem(None, "the checkpoint's signature does not fit")
            return
    problem(None, "the checkpoint is not signed by the ledger")


def device_keys(entries):
    """Keys of devices by their fingerprint, from the ledger's own entries."""
    keys = {}
    for entry in entries:
        op = json.loads(entry["op"])
        if op["kind"] == "device.add" and json.loads(entry["facts"])["verdict"] == "accepted":
            keys[hash_text(sha256(op["body"]["key"].encode()))] = op["body"]["key"]
    return keys


def check_pushes(ledger, entries, pushes):
    keys = device_keys(entries)
    first = {}
    for entry in entries:
        if entry["push"] is not None:
            first.setdefault(entry["push"], entry["index"])
    for push in pushes.values():
        lines = ["xuncha-push-1", ledger["ledger"], push["device"]] + push["hashes"]
        message = "".join(line + "\n" for line in lines).encode()
        key = keys.get(push["device"])
        signature = url64(push["sig"].split(":", 1)[1])
        if key is None or not verifies(key_of(key), signature, message):
            problem(first.get(push["push"]), "push %d is not signed by its device" % push["push"])
    for entry in entries:
        op = json.loads(entry["op"])
        if "device" not in op:
            if entry["push"] is not None:
                problem(entry["index"], "the ledger's own op came in a push")
            continue
        push = pushes.get(entry["push"])
        covered = push and push["device"] == op["device"]
        if not covered or hash_text(sha256(entry["op"].encode())) not in push["hashes"]:
            problem(entry["index"], "no push covers it")


def check_chains(entries):
    said = {}
    for entry in entries:
        op = json.loads(entry["op"])
        if "device" in op:
            link = (hash_text(sha256(entry["op"].encode())), op.get("prev"), entry["index"])
            said.setdefault(op["device"], {})[op["seq"]] = link
    for chain in said.values():
        for seq, (_, prev, index) in chain.items():
            if (prev is None) != (seq == 1):
                problem(index, "a chain begins in the middle")
            if seq - 1 in chain and chain[seq - 1][0] != prev:
                problem(index, "it does not follow the one before")


def main():
    ledger, entries, pushes, note = None, [], {}, None
    for line in sys.stdin:
        row = json.loads(line)
        kind = row["type"]
        if kind == "ledger":
            ledger = row
        elif kind == "entry":
            entries.append(row)
        elif kind == "push":
            pushes[row["push"]] = row
        elif kind == "checkpoint":
            note = row["note"]
    if ledger["size"] != len(entries):
        problem(None, "the export names %d entries and holds %d" % (ledger["size"], len(entries)))
    check_entries(entries)
    check_checkpoint(ledger, entries, note)
    check_pushes(ledger, entries, pushes)
    check_chains(entries)
    print(json.dumps({"ok": not problems, "entries": len(entries), "pushes": len(pushes), "problems": problems}))
    return 1 if problems else 0


sys.exit(main())
