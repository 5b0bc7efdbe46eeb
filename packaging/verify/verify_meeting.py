#!/usr/bin/python3
"""verify_meeting.py FILE... [--key HEX] [--facts]: recompute meetings from their records.

A second verifier, written from the byte description in shared/ballot/doc.go alone, so that nobody has to trust one program's
word. It needs python3 and python3-cryptography. Exit status: 0 the record holds, 1 it does not, 3 it holds but somebody must
look into the alarms; of several files the worst. --facts prints what was recomputed as a line of JSON for each file, for comparison with another
verifier (zhiping-server verify meeting --facts writes the same).
"""

import argparse
import base64
import hashlib
import hmac
import json
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Bad(Exception):
    """The record does not hold."""


def need(ok, why):
    if not ok:
        raise Bad(why)


def sha(b):
    return hashlib.sha256(b).digest()


# ---- objects: the lines of each type, in order -------------------------------------------------------------------------------

NUM, TEXT, HEX, ID = "num", "text", "hex", "id"  # ID: 32 bytes or empty; ("hex", n): exactly n bytes


def rep(name, *kinds):
    return (name, "list", kinds)


B32 = (HEX, 32)
PACKAGE_HEAD = [
    ("meeting", TEXT), ("session", TEXT), ("title", TEXT), ("date", TEXT), ("place", TEXT), ("committee", TEXT), ("issued", NUM),
    ("suite", TEXT), ("rules", B32), ("ruleset", HEX), ("panel", NUM), ("origin", TEXT), ("hub", TEXT),
]
PACKAGE_PEOPLE = [
    rep("staff", TEXT), ("chair", TEXT), ("supervisor", TEXT), rep("custodian", TEXT, TEXT, TEXT, TEXT, HEX),
    rep("expert", TEXT, TEXT, TEXT, TEXT), rep("applicant", TEXT, NUM, TEXT, TEXT),
]
ROUND = [TEXT, TEXT, TEXT, TEXT, NUM, NUM, NUM, NUM]
ENVELOPE = [
    ("suite", TEXT), ("meeting", TEXT), ("session", TEXT), ("round", TEXT), ("package", B32), ("expert", TEXT), ("credential", TEXT),
    ("version", NUM), ("prev", TEXT), ("return", TEXT), ("cells", NUM), ("commit", B32), ("device", TEXT), ("at", NUM), ("nonce", (HEX, 16)),
    rep("onion", TEXT, TEXT),
]
S, AT = ("session", TEXT), ("at", NUM)
TALLY = [S, ("round", TEXT), ("close", B32), ("pair", TEXT), ("program", TEXT), ("columns", B32)]
LINES = {
    "zp-package/1": PACKAGE_HEAD + [("tls", TEXT)] + PACKAGE_PEOPLE + [rep("round", *ROUND)],
    "zp-package/2": PACKAGE_HEAD + [("spare", TEXT), ("tls", TEXT), ("sparetls", TEXT), ("app", TEXT), ("mode", TEXT)] + PACKAGE_PEOPLE + [
        rep("reviewer", TEXT, TEXT, TEXT), rep("round", *ROUND, NUM, NUM, TEXT, NUM, NUM), rep("item", TEXT, NUM, TEXT, NUM, NUM),
        rep("depends", TEXT, B32, TEXT, TEXT)],
    "zp-checkin/1": [S, ("expert", TEXT), ("credential", TEXT), ("device", TEXT), ("proof", B32), AT],
    "zp-revoke/1": [S, ("expert", TEXT), ("credential", TEXT), ("reason", TEXT), AT],
    "zp-attend/1": [S, ("expert", TEXT), ("status", TEXT), ("reason", TEXT), AT],
    "zp-attend/2": [S, ("expert", TEXT), ("status", TEXT), ("reason", TEXT), ("round", TEXT), ("base", NUM), ("newbase", NUM),
                    ("need", NUM), ("newneed", NUM), AT],
    "zp-opinion/1": [S, ("applicant", TEXT), ("expert", TEXT), ("role", TEXT), rep("text", TEXT), AT],
    "zp-open/1": [S, ("round", TEXT), ("spec", B32), ("present", NUM), AT],
    "zp-open/2": [S, ("round", TEXT), ("spec", B32), ("present", NUM), ("again", ID), ("reason", TEXT), AT],
    "zp-envelope/1": ENVELOPE,
    "zp-reject/1": [S, ("envelope", B32), ("reason", TEXT)],
    "zp-reject/2": [S, ("envelope", B32), ("reason", TEXT), ("content", HEX)],
    "zp-retreq/1": [S, ("envelope", B32), ("reason", TEXT), AT],
    "zp-return/1": [S, ("envelope", B32), ("reason", TEXT), ("request", TEXT), AT],
    "zp-device/1": [S, ("round", TEXT), ("expert", TEXT), ("device", TEXT), ("sealed", NUM), ("receipts", NUM), ("outbox", NUM),
                    ("origin", TEXT), ("size", NUM), ("root", B32), AT],
    "zp-quarantine/1": [S, ("object", B32), ("reason", TEXT), AT],
    "zp-close/1": [S, ("round", TEXT), ("root", B32), ("counted", NUM), ("present", NUM), ("missing", NUM), AT],
    "zp-close/2": [S, ("round", TEXT), ("opened", ID), ("root", B32), ("counted", NUM), ("present", NUM), ("missing", NUM),
                   ("absent", NUM), ("recused", NUM), ("left", NUM), rep("exception", TEXT, TEXT), AT],
    "zp-opening/1": [S, ("close", B32), ("pair", TEXT), AT],
    "zp-tally/1": TALLY + [rep("result", TEXT, *[NUM] * 8, TEXT)],
    "zp-tally/2": TALLY + [rep("invalid", TEXT), rep("voted", TEXT, *[NUM] * 4), rep("result", TEXT, *[NUM] * 13, TEXT)],
    "zp-attest/1": [S, ("expert", TEXT), ("tally", B32), ("mismatches", NUM), AT],
    "zp-signoff/1": [S, ("tally", B32), ("size", NUM), ("root", B32), ("sheet", TEXT), AT],
    "zp-void/1": [S, ("round", TEXT), ("next", TEXT), ("reason", TEXT), AT],
    "zp-epoch/1": [S, ("epoch", NUM), ("hub", TEXT), ("from", HEX), ("reason", TEXT), AT],
    "zp-derive/1": [S, ("package", B32), rep("basis", TEXT, B32, TEXT, NUM, B32, B32), rep("applicant", TEXT), AT],
    "zp-archive/1": [S, ("size", NUM), ("root", B32), AT],
    "zp-release/1": [S, ("by", TEXT), ("reason", TEXT), AT],
    "zp-wipe/1": [S, ("expert", TEXT), ("device", TEXT), AT],
}


def value(kind, s):
    """Read one value; it must be in its only form."""
    if kind == NUM:
        need(s.isascii() and s.isdigit() and (s == "0" or s[0] != "0"), "数字不正确：" + s)
        need(len(s) <= 19 and int(s) < 1 << 63, "数字过大")
        n = int(s)
        return n
    s = "" if s == "-" else s
    if kind == TEXT:
        return s
    if kind == ID and s == "":
        return b""
    size = 32 if kind == ID else kind[1] if isinstance(kind, tuple) else None
    try:
        b = bytes.fromhex(s)
    except ValueError:
        raise Bad("十六进制数不正确")
    need(b.hex() == s and (size is None or len(b) == size), "十六进制数不正确")
    return b


def printable(s):
    return all(not (ord(c) < 32 or 127 <= ord(c) < 160) for c in s)


class Obj:
    """An object whose signatures have not been checked yet."""

    def __init__(self, raw):
        need(0 < len(raw) <= 1000000, "记录过大")
        try:
            s = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Bad("不是UTF-8")
        at = s.rfind("\n\n")
        need(at >= 0 and s.endswith("\n") and s[at + 2:].startswith("— "), "没有签名")
        self.raw, self.id = raw, sha(raw)
        self.text = s[:at + 1]
        self.signatures = s[at + 2:-1].split("\n")
        lines = self.text[:-1].split("\n")
        self.kind = lines[0]
        need(self.kind in LINES, "不认识的类型")
        self.f = {}
        self._read(lines[1:])

    def _read(self, lines):
        for spec in LINES[self.kind]:
            key = spec[0]
            if spec[1] == "list":
                rows = []
                while lines and lines[0].startswith(key + " "):
                    rows.append(self._values(lines[0][len(key) + 1:], spec[2]))
                    lines = lines[1:]
                self.f[key] = [r[0] if len(spec[2]) == 1 else r for r in rows]
            else:
                need(lines and lines[0].startswith(key + " "), "缺少行：" + key)
                self.f[key] = self._values(lines[0][len(key) + 1:], (spec[1],))[0]
                lines = lines[1:]
        need(not lines, "多余的行")

    @staticmethod
    def _values(rest, kinds):
        parts = rest.split("|")
        need(len(parts) == len(kinds) and all(p != "" and printable(p) for p in parts), "行的项数或内容不正确")
        return [value(k, p) for k, p in zip(kinds, parts)]

    def __getitem__(self, key):
        return self.f[key]

    def signed(self, *by):
        """Exactly one good signature of each (role, keys)."""
        need(len(self.signatures) == len(by), self.kind + "的签名数不正确")
        used = set()
        for role, keys in by:
            hit = [i for i, line in enumerate(self.signatures) if i not in used and good(line, self.text, role, keys)]
            need(hit, "%s缺少有效签名（%s）" % (self.kind, role))
            used.add(hit[0])


def good(line, text, role, keys):
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or parts[1] != role:
        return False
    try:
        b = base64.b64decode(parts[2], validate=True)
    except ValueError:
        return False
    if len(b) != 68 or base64.b64encode(b).decode() != parts[2]:
        return False
    for key in keys:
        try:
            pub = bytes.fromhex(key)
            if len(pub) != 32 or pub.hex() != key or sha(role.encode() + b"\n\x01" + pub)[:4] != b[:4]:
                continue
            Ed25519PublicKey.from_public_bytes(pub).verify(b[4:], text.encode())
            return True
        except (ValueError, InvalidSignature):
            continue
    return False


PAIRS = {"1,2": (0, 1), "1,3": (0, 2), "2,3": (1, 2)}


class Envelope:
    def __init__(self, raw):
        parts, rest = [], raw
        while rest:
            need(len(rest) >= 4, "封套不完整")
            n = struct.unpack(">I", rest[:4])[0]
            need(n <= 1 << 20 and n <= len(rest) - 4, "封套不完整")
            parts.append(rest[4:4 + n])
            rest = rest[4 + n:]
        need(len(parts) == 4, "封套应有4段")
        self.raw, self.id = raw, sha(raw)
        self.note, self.blobs = Obj(parts[0]), parts[1:]
        need(self.note.kind == "zp-envelope/1" and self.note["suite"] == "zp1", "不是封套")
        want = [[p, sha(b).hex()] for p, b in zip(PAIRS, self.blobs)]
        need(self.note["onion"] == want, "密封层与摘要不符")

    def __getitem__(self, key):
        return self.note[key]


# ---- Merkle tree and checkpoints ---------------------------------------------------------------------------------------------


class Tree:
    def __init__(self):
        self.edge, self.roots = [], []

    def add(self, raw):
        self.edge.append(sha(b"\x00" + raw))
        n = len(self.roots) + 1
        while n % 2 == 0:
            right, left = self.edge.pop(), self.edge.pop()
            self.edge.append(sha(b"\x01" + left + right))
            n //= 2
        h = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            h = sha(b"\x01" + left + h)
        self.roots.append(h)


def checkpoint(raw, keys):
    """Origin, size and root of a signed checkpoint."""
    try:
        s = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Bad("检查点格式不正确")
    at = s.rfind("\n\n")
    need(at >= 0 and s.endswith("\n"), "检查点格式不正确")
    text, lines = s[:at + 1], s[at + 2:-1].split("\n")
    need(len(lines) == 1 and good(lines[0], text, "hub", keys), "检查点的签名无效")
    parts = text.split("\n")
    need(len(parts) == 4, "检查点格式不正确")
    size = value(NUM, parts[1])
    try:
        root = base64.b64decode(parts[2], validate=True)
    except ValueError:
        raise Bad("检查点格式不正确")
    need(size > 0 and len(root) == 32 and base64.b64encode(root).decode() == parts[2], "检查点格式不正确")
    return parts[0], size, root


# ---- package -----------------------------------------------------------------------------------------------------------------


class Round:
    def __init__(self, v):
        (self.id, self.kind, self.secrecy, self.base, self.min, self.max, self.step, self.items) = v[:8]
        (self.trim, self.most, self.rule, self.value, self.divisor) = v[8:] if len(v) > 8 else (0, 0, "", 0, 0)

    def again(self, id):
        r = Round.__new__(Round)
        r.__dict__.update(self.__dict__, id=id)
        return r

    @property
    def width(self):
        return 1 if self.kind == "VOTE" else 2 * self.items


def next_run(id):
    first, _, n = id.partition("~")
    return "%s~%d" % (first, int(n or 1) + 1)


class Package:
    def __init__(self, raw, server):
        o = self.o = Obj(raw)
        need(o.kind in ("zp-package/1", "zp-package/2"), "第一条不是会议包")
        o.signed(("server", [server]))
        self.id, self.old = o.id, o.kind.endswith("1")
        need(sha(o["ruleset"]) == o["rules"], "规则集与摘要不符")
        try:
            rules = json.loads(o["ruleset"])
            self.num, self.den = rules["need_numerator"]["value"], rules["need_denominator"]["value"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Bad("规则集不正确")
        need(type(self.num) is int and type(self.den) is int and 1 <= self.num <= self.den, "规则集不正确")
        self.experts = [{"id": e[0], "name": e[1], "recused": e[3].split(",") if e[3] else []} for e in o["expert"]]
        self.applicants = [{"id": a[0], "position": a[1], "name": a[2]} for a in o["applicant"]]
        self.rounds = {}
        self.items = {}
        for key in ("expert", "applicant"):
            ids = [x[0] for x in o[key]]
            need(len(set(ids)) == len(ids) and all(i and " " not in i and "," not in i for i in ids), "人员编号重复或不正确")
        for v in o["round"]:
            r = Round(v)
            need(self.old or r.id not in self.rounds, "轮次重复")
            self.rounds[r.id] = r
        need(o["suite"] == "zp1" and len(o["custodian"]) == 3 and self.rounds and o["staff"] and self.applicants, "会议包不完整")
        self.hubs = [o["hub"]]
        if self.old:
            return
        for column in (0, 3, 4):
            need(len({c[column] for c in o["custodian"]}) == 3, "保管人的编号或密钥相同")
        need(o["panel"] <= 1000000, "评委会人数过大")
        need(o["hub"] != o["spare"] and o["mode"] in ("REAL", "REHEARSAL"), "会议包不正确")
        if o["spare"]:
            self.hubs.append(o["spare"])
        for i in o["item"]:
            self.items.setdefault(i[0], []).append(i)
        for r in self.rounds.values():
            self.check_round(r)
        ids = {e["id"] for e in self.experts}, {a["id"] for a in self.applicants}
        for a, e, role in o["reviewer"]:
            need(a in ids[1] and e in ids[0] and role in ("MAIN", "ASSISTANT"), "主审名单不正确")
        for d in o["depends"]:
            need(d[0] and d[3] in ("PASSED", "ALL"), "首轮会议不正确")

    def check_round(self, r):
        items = self.items.get(r.id, [])
        need(r.id and not any(c in r.id for c in "~ /\\"), "轮次编号不正确")
        need(r.secrecy in ("SECRET", "NAMED") and r.base in ("ATTENDING", "ATTENDING-RECUSED"), "轮次不正确")
        if r.kind == "VOTE":
            need(r.items == 0 and r.trim == 0 and r.rule == "" and not items, "轮次不正确")
            return
        need(r.kind == "SCORE" and 1 <= r.items <= 100 and r.step >= 1 and r.min <= r.max < 65534 and r.most == 0, "轮次不正确")
        need(r.trim <= 1000 and r.divisor <= 1000000000, "轮次不正确")
        need(r.rule in ("", "TOP", "MEAN") and len(items) in (0, r.items), "轮次不正确")
        for n, i in enumerate(items):
            need(i[1] == n + 1 and 1 <= i[3] <= 10000 and (i[4] == 0 or r.min <= i[4] < 65534), "评分标准不正确")

    def round(self, id):
        first, again, n = id.partition("~")
        r = self.rounds.get(first)
        if r is None or not again:
            return r
        return r.again(id)

    def spec(self, id):
        r = self.round(id)
        v = [r.id, r.kind, r.secrecy, r.base, r.min, r.max, r.step, r.items]
        if not self.old:
            v += [r.trim, r.most, r.rule, r.value, r.divisor]
        return sha(("round " + "|".join(str(x) if x != "" else "-" for x in v) + "\n").encode())

    def need(self, n):
        return -(-n * self.num // self.den)

    def expert(self, id):
        return next((e for e in self.experts if e["id"] == id), None)

    def origin(self, epoch):
        return self.o["origin"] if epoch == 1 else "%s+%d" % (self.o["origin"], epoch)

    def epoch_of(self, origin):
        if origin == self.o["origin"]:
            return 1
        head = self.o["origin"] + "+"
        n = origin[len(head):] if origin.startswith(head) else ""
        if not (n.isascii() and n.isdigit() and len(n) <= 19 and n[0] != "0" and 2 <= int(n) < 1 << 63):
            return 0
        return int(n)

    # cells

    def limits(self, r, k):
        items = self.items.get(r.id.partition("~")[0], [])
        return (r.min, items[k][4]) if k < len(items) and items[k][4] else (r.min, r.max)

    def cell_kind(self, r, cell):
        if r.kind == "VOTE":
            return {1: "agree", 2: "oppose", 3: "abstain", 4: "recused"}.get(cell[0])
        if 65535 in cell:
            return "recused"
        return "abstain" if 65534 in cell else "scored"

    def legal(self, r, cell, recused):
        """Whether a cell (a list of numbers) may stand for an expert who is recused or not."""
        if r.kind == "VOTE":
            return len(cell) == 1 and 1 <= cell[0] <= 4 and recused == (cell[0] == 4)
        if len(cell) != r.items:
            return False
        abstained = 0
        for k, v in enumerate(cell):
            low, high = self.limits(r, k)
            if recused != (v == 65535):
                return False
            if not recused and v != 65534 and not (low <= v <= high and (v - low) % max(r.step, 1) == 0):
                return False
            abstained += v == 65534
        return self.old or abstained in (0, r.items)

    def split_cells(self, r, b):
        w = r.width
        rows = [b[i:i + w] for i in range(0, len(b), w)]
        return [[x[0]] if r.kind == "VOTE" else list(struct.unpack(">%dH" % r.items, x)) for x in rows]


# ---- state: what has happened, from the log alone ----------------------------------------------------------------------------


class RoundState:
    def __init__(self):
        self.state, self.inside, self.heads, self.returned = "READY", [], {}, {}
        self.open_id = self.close = self.close_id = self.tally = self.tally_id = self.signoff = self.void = None
        self.devices, self.alarmed, self.openers, self.pair, self.attests, self.tally_index = set(), set(), [], "", {}, 0
        self.accepted = self.returns = self.openings = 0

    def in_force(self, expert):
        return expert in self.heads and expert not in self.returned


class Later(Exception):
    pass


class State:
    def __init__(self, raw, server):
        self.server = server
        self.p = self.whole = Package(raw, server)
        self.binding, self.epoch, self.hub = self.p.id, 1, self.p.o["hub"]
        self.rounds = {id: RoundState() for id in self.p.rounds}
        self.creds, self.revoked, self.status = {}, set(), {}
        self.quarantined, self.requests, self.alarms, self.epochs = [], {}, [], []
        self.rejections, self.wiped, self.issued, self.opinions = [], set(), 0, 0
        self.firsts, self.earlier, self.found, self.late = [], [], [], 0  # set by verify
        self.derived = self.archived = self.released = None
        self.tree = Tree()
        self.tree.add(raw)

    @property
    def size(self):
        return len(self.tree.roots)

    def root_at(self, size):
        return self.tree.roots[size - 1] if 1 <= size <= self.size else None

    def holder(self, role):
        o = self.p.o
        return {"server": ("server", [self.server]), "hub": ("hub", [self.hub]), "staff": ("staff", o["staff"]),
                "chair": ("chair", [o["chair"]]), "supervisor": ("supervisor", [o["supervisor"]])}[role]

    def by(self, o, *roles):
        o.signed(*[self.holder(r) for r in roles])

    def by_expert(self, o):
        need(o["expert"] in self.creds, "专家没有签到凭证")
        o.signed(("expert", [self.creds[o["expert"]]]))

    def apply(self, raw):
        if raw[:3] == b"zp-":
            o = Obj(raw)
            need(o.kind[:10] != "zp-package" and o.kind != "zp-envelope/1", "不应在此处")
            need(self.archived is None or o.kind == "zp-wipe/1", "归档之后的记录")
            need(self.released is None or o.kind in ("zp-archive/1", "zp-wipe/1"), "解除之后的记录")
            need(o["session"] == self.p.o["session"], "不属于本场会议")
            name, version = o.kind[3:].split("/")
            if name in ("attend", "open", "reject", "close", "tally"):
                need((version == "1") == self.p.old, "版本与会议包不符")
            change = getattr(self, "do_" + name)(o)
        else:
            need(self.archived is None and self.released is None, "归档或解除之后的选票")
            e = Envelope(raw)
            try:
                reason = self.decide(e)
            except Later:
                raise Bad("选票所需的记录尚不存在")
            need(reason == "", "计入了应拒收的选票：" + reason)
            change = lambda: self.count(e)
        self.tree.add(raw)
        if change:
            change()

    # experts

    def do_checkin(self, o):
        o.signed(("expert", [o["credential"]]), self.holder("staff"))
        need(self.p.expert(o["expert"]) and o["expert"] not in self.creds, "签到不成立")
        need(o["credential"] not in self.revoked and o["credential"] not in self.creds.values(), "签到凭证不成立")

        def change():
            self.creds[o["expert"]] = o["credential"]
            self.issued += 1
        return change

    def do_revoke(self, o):
        self.by(o, "staff")
        need(o["reason"] and o["credential"] and self.creds.get(o["expert"]) == o["credential"], "作废凭证不成立")

        def change():
            del self.creds[o["expert"]]
            self.revoked.add(o["credential"])
        return change

    def under_way(self):
        for id, r in self.rounds.items():
            if r.state == "OPEN" or r.state == "CLOSED" and not self.p.old:
                return id
        return None

    def do_attend(self, o):
        id = self.under_way()
        r = self.rounds[id] if id else None
        self.by(o, "staff", *(["chair", "supervisor"] if id else []))
        expert, status = o["expert"], o["status"]
        need(self.p.expert(expert) and status in ("PRESENT", "ABSENT", "LEFT", "RECUSED"), "出席状态不正确")
        if status == "PRESENT":
            need(expert in self.creds and not id, "出席登记不成立")
        else:
            need(o["reason"], "没有原因")
        need(not r or r.state == "OPEN", "表决已关闭")
        need(not (r and r.in_force(expert)) or status == "LEFT", "已提交选票")
        leaves = r is not None and status != "PRESENT" and expert in r.inside and not r.in_force(expert)
        if not self.p.old:
            n = len(r.inside) if r else 0
            m = n - leaves
            want = (id, n, m, self.p.need(n), self.p.need(m)) if r else ("", 0, 0, 0, 0)
            need((o["round"], o["base"], o["newbase"], o["need"], o["newneed"]) == want, "出席人数与所示不符")

        def change():
            self.status[expert] = status
            if leaves:
                r.inside = [x for x in r.inside if x != expert]
        return change

    def do_opinion(self, o):
        self.by_expert(o)
        e = self.p.expert(o["expert"])
        rows = [] if self.p.old else self.p.o["reviewer"]
        need(e and any(a["id"] == o["applicant"] for a in self.p.applicants) and o["applicant"] not in e["recused"], "意见不成立")
        need(o["role"] in ("MAIN", "ASSISTANT") and (not rows or [o["applicant"], o["expert"], o["role"]] in rows), "不是主审")
        need(o["text"], "意见为空")

        def change():
            self.opinions += 1
        return change

    # rounds

    def do_open(self, o):
        again = not self.p.old and o["again"] != b""
        self.by(o, "staff", *(["chair"] if again else []))
        r = self.rounds.get(o["round"])
        need(r and o["spec"] == self.p.spec(o["round"]), "轮次不符")
        if again:
            need(r.state == "CLOSED" and o["again"] == r.close_id and not r.openers and o["reason"], "重新开启不成立")
            need(o["present"] == len(r.inside), "出席人数不符")

            def change():
                r.state, r.open_id, r.close, r.close_id, r.devices = "OPEN", o.id, None, None, set()
                r.openings += 1
            return change
        inside = [e["id"] for e in self.p.experts if self.status.get(e["id"]) == "PRESENT"]
        need(r.state == "READY" and not self.under_way(), "不能开启")
        need(self.p.old or not self.p.o["depends"] or self.derived, "尚未确定参评人员")
        need(o["present"] == len(inside) and len(inside) >= self.p.need(self.p.o["panel"]), "出席人数不足或不符")

        def change():
            r.state, r.inside, r.open_id, r.openings = "OPEN", inside, o.id, 1
        return change

    def counted(self, r):
        return [r.heads[e["id"]] for e in self.p.experts if r.in_force(e["id"])]

    def exceptions(self, r):
        ids = [e["id"] for e in self.p.experts]
        out = [["RETURNED", e] for e in ids if e in r.returned]
        out += [["DEVICE", e] for e in ids if e in r.inside and e not in r.devices]
        out += [["CHECKPOINT", e] for e in ids if e in r.alarmed]
        return out + [["QUARANTINED", q.hex()] for q in self.quarantined]

    def do_close(self, o):
        self.by(o, "staff", "chair")
        r = self.rounds.get(o["round"])
        need(r and r.state == "OPEN", "轮次没有开启")
        counted = self.counted(r)
        root = sha("".join(sorted("%s %d %s\n" % (e["expert"], e["version"], e.id.hex()) for e in counted)).encode())
        need(o["root"] == root and o["counted"] == len(counted) and o["present"] == len(r.inside), "关闭的计数不符")
        need(o["missing"] == len(r.inside) - len(counted), "关闭的计数不符")
        if not self.p.old:
            others = [self.status.get(e["id"]) for e in self.p.experts if e["id"] not in r.inside]
            gone, left = others.count("RECUSED"), others.count("LEFT")
            need((o["recused"], o["left"], o["absent"]) == (gone, left, len(others) - gone - left), "缺席的计数不符")
            need(o["opened"] == r.open_id and o["exception"] == self.exceptions(r), "关闭的例外不符")

        def change():
            r.state, r.close, r.close_id = "CLOSED", o, o.id
        return change

    def by_close(self, id):
        for name, r in self.rounds.items():
            if r.close is not None and r.close_id == id:
                return name, r
        raise Bad("没有这次关闭")

    def do_opening(self, o):
        need(o["pair"] in PAIRS, "没有这一组保管人")
        who = None
        for i in PAIRS[o["pair"]]:
            try:
                o.signed(("custodian", [self.p.o["custodian"][i][3]]))
                who = i
            except Bad:
                continue
        need(who is not None, "保管人的签名无效")
        _, r = self.by_close(o["close"])
        need(r.state == "CLOSED" and r.pair in ("", o["pair"]) and who not in r.openers, "开票授权不成立")

        def change():
            r.pair = o["pair"]
            r.openers.append(who)
        return change

    def do_tally(self, o):
        self.by(o, "hub")
        name, r = self.by_close(o["close"])
        need(name == o["round"] and r.state == "CLOSED" and len(r.openers) == 2 and o["pair"] == r.pair, "计票不成立")
        need([x[0] for x in o["result"]] == [a["id"] for a in self.p.applicants], "结果的人员不符")
        for x in self.results_of(o):
            total = sum(x[k] for k in ("agree", "oppose", "abstain", "recused", "scored", "invalid"))
            need(total == r.close["counted"] and x["missing"] == r.close["missing"], "票数不平衡")
            need(self.p.old or x["invalid"] == len(o["invalid"]), "无效票数不符")

        def change():
            r.state, r.tally, r.tally_id, r.tally_index = "OPENED", o, o.id, self.size - 1
        return change

    FIGURES = ["agree", "oppose", "abstain", "recused", "invalid", "missing", "base", "need", "scored", "kept", "sum", "mean", "rank"]

    def results_of(self, tally):
        out = []
        for v in tally["result"]:
            if self.p.old:
                x = dict(zip(self.FIGURES, v[1:9]), scored=0, kept=0, sum=0, mean=0, rank=0)
                if v[9] == "NONE":
                    x.update(scored=x["agree"], kept=x["agree"], sum=x["base"], mean=x["need"], agree=0, base=0, need=0)
            else:
                x = dict(zip(self.FIGURES, v[1:14]))
            out.append(dict(x, applicant=v[0], decision=v[-1]))
        return out

    def by_tally(self, id):
        for r in self.rounds.values():
            if r.tally is not None and r.tally_id == id and r.state == "OPENED":
                return r
        raise Bad("没有这次计票")

    def do_attest(self, o):
        self.by_expert(o)
        r = self.by_tally(o["tally"])
        need(r.in_force(o["expert"]) and o["expert"] not in r.attests, "核对不成立")
        return lambda: r.attests.__setitem__(o["expert"], o["mismatches"])

    def do_signoff(self, o):
        self.by(o, "chair", "supervisor")
        r = self.by_tally(o["tally"])
        need(not any(r.attests.values()), "有专家核对不一致")
        need(o["size"] > r.tally_index and self.root_at(o["size"]) == o["root"], "签字的根摘要不符")

        def change():
            r.state, r.signoff = "SIGNED", o
        return change

    def do_void(self, o):
        self.by(o, "chair", "supervisor", "staff")
        r = self.rounds.get(o["round"])
        need(r and r.state in ("OPEN", "CLOSED", "OPENED") and o["reason"], "作废不成立")
        need(o["next"] in ("", next_run(o["round"])), "重新表决的编号不正确")

        def change():
            r.state, r.void = "VOID", o
            if o["next"]:
                self.rounds[o["next"]] = RoundState()
        return change

    # ballots

    def decide(self, e):
        p, r = self.p, self.rounds.get(e["round"])
        if e["meeting"] != p.o["meeting"] or e["session"] != p.o["session"] or e["package"] != self.binding or r is None:
            return "WRONG_ROUND"
        if p.expert(e["expert"]) is None:
            return "NOT_ELIGIBLE"
        if e["credential"] in self.revoked:
            return "CREDENTIAL"
        if e["expert"] not in self.creds:
            raise Later()
        if self.creds[e["expert"]] != e["credential"]:
            return "CREDENTIAL"
        try:
            e.note.signed(("expert", [e["credential"]]))
        except Bad:
            return "BAD_SIG"
        if r.state == "READY":
            raise Later()
        if r.state != "OPEN":
            return "LATE"
        if e["expert"] not in r.inside:
            return "NOT_ELIGIBLE"
        size = 33 + e["cells"] + 2 * 1136
        if e["cells"] != len(p.applicants) * p.round(e["round"]).width or any(len(b) != size for b in e.blobs):
            return "MALFORMED"
        head, chained = r.heads.get(e["expert"]), e["prev"] != "" and e["return"] != ""
        if head is None:
            if e["version"] > 1 and chained:
                raise Later()
            return "" if (e["version"], e["prev"], e["return"]) == (1, "", "") else "MALFORMED"
        back = r.returned.get(e["expert"])
        next_one = e["version"] == head["version"] + 1 and e["prev"] == head.id.hex()
        if next_one and back is not None and e["return"] == back.hex():
            return ""
        if next_one and back is None and e["return"] != "" or e["version"] > head["version"] + 1 and chained:
            raise Later()
        return "NEED_RETURN"

    def count(self, e):
        r = self.rounds[e["round"]]
        r.heads[e["expert"]] = e
        r.returned.pop(e["expert"], None)
        r.accepted += 1

    def head_of(self, id):
        for r in self.rounds.values():
            if r.state == "OPEN":
                for expert, e in r.heads.items():
                    if e.id == id and r.in_force(expert):
                        return r, e
        raise Bad("没有这份生效的选票")

    def do_reject(self, o):
        self.by(o, "hub")

        def refused():
            self.rejections.append([o["envelope"].hex(), o["reason"], self.size - 1])
        if self.p.old:
            need(o["reason"] in ("LATE", "NOT_OPEN", "NEED_RETURN", "NOT_ELIGIBLE", "BAD_SIG", "WRONG_ROUND", "MALFORMED", "CREDENTIAL"), "拒收原因")
            return refused
        e = Envelope(o["content"])
        need(e.id == o["envelope"], "拒收的选票与编号不符")
        try:
            need(self.decide(e) == o["reason"] != "", "拒收原因不成立")
        except Later:
            raise Bad("拒收原因不成立")
        return refused

    def do_retreq(self, o):
        _, e = self.head_of(o["envelope"])
        need(e["expert"] in self.creds, "没有签到凭证")
        o.signed(("expert", [self.creds[e["expert"]]]))
        return lambda: self.requests.__setitem__(o.id.hex(), o["envelope"])

    def do_return(self, o):
        self.by(o, "staff")
        r, e = self.head_of(o["envelope"])
        if o["request"] == "staff":
            need(o["reason"], "没有原因")
        else:
            need(self.requests.get(o["request"]) == o["envelope"], "没有专家的退回申请")

        def change():
            r.returned[e["expert"]] = o.id
            r.returns += 1
        return change

    def do_device(self, o):
        self.by_expert(o)
        r = self.rounds.get(o["round"])
        need(r and r.state == "OPEN", "轮次没有开启")
        other = o["origin"] == self.p.origin(self.epoch) and self.root_at(o["size"]) != o["root"]

        def change():
            if o["outbox"] == 0 and o["sealed"] == o["receipts"]:
                r.devices.add(o["expert"])
            if other and o["expert"] not in r.alarmed:
                r.alarmed.add(o["expert"])
                self.alarms.append("专家%s的电脑保存的检查点与本记录不一致" % o["expert"])
        return change

    def do_quarantine(self, o):
        self.by(o, "hub")
        return lambda: self.quarantined.append(o["object"])

    # hubs, second rounds, hand-over

    def do_epoch(self, o):
        n = len(o.signatures)
        self.by(o, *{1: ["server"], 2: ["chair", "staff"]}.get(n, ["chair", "staff", "server"]))
        need(o["epoch"] > self.epoch and o["hub"] and o["reason"] and (n != 2 or o["hub"] in self.p.hubs), "更换主机不成立")
        fresh = self.size == 1
        if o["from"] == b"":
            need(fresh, "缺少检查点")
        else:
            origin, size, root = checkpoint(o["from"], self.p.hubs + [self.hub])
            k = self.p.epoch_of(origin)
            need(0 < k < o["epoch"], "检查点不属于之前的主机")
            if not (fresh and size > 1):
                need(k == self.epoch and size == self.size and root == self.root_at(size), "检查点与记录不一致")

        def change():
            self.epoch, self.hub = o["epoch"], o["hub"]
            self.epochs.append(o["hub"])
        return change

    def do_derive(self, o):
        self.by(o, "staff", "chair")
        depends = self.p.o["depends"] if not self.p.old else []
        need(depends and not self.derived and all(r.state == "READY" for r in self.rounds.values()), "不需要首轮结果")
        need(o["package"] == self.p.id and len(o["basis"]) == len(depends), "首轮会议不符")
        for b, d in zip(o["basis"], depends):
            need(b[0] == d[0] and b[1] == d[1] and b[2].partition("~")[0] == d[2], "首轮会议不符")
        ids, kept = o["applicant"], []
        for a in self.p.applicants:
            if len(kept) < len(ids) and ids[len(kept)] == a["id"]:
                kept.append(a)
        need(kept and len(kept) == len(ids), "第二轮的人员不符")

        def change():
            narrowed = Package.__new__(Package)
            narrowed.__dict__.update(self.p.__dict__, applicants=kept)
            self.p, self.derived, self.binding = narrowed, o, o.id
        return change

    def do_archive(self, o):
        self.by(o, "server")
        need(self.root_at(o["size"]) == o["root"], "归档的根摘要不符")

        def change():
            self.archived = o
            for r in self.rounds.values():
                r.state = "ARCHIVED" if r.state == "SIGNED" else r.state
        return change

    def do_release(self, o):
        self.by(o, "server")
        return lambda: setattr(self, "released", o)

    def do_wipe(self, o):
        self.by_expert(o)
        need(self.archived, "尚未归档")
        return lambda: self.wiped.add(o["expert"])

    def current(self, id):
        while id in self.rounds and self.rounds[id].void and self.rounds[id].void["next"]:
            id = self.rounds[id].void["next"]
        return id


# ---- columns and results -----------------------------------------------------------------------------------------------------


def read_columns(p, r, text):
    """Ballots of a named round, and the rows of each applicant."""
    need(text.endswith("\n"), "计票栏不完整")
    lines, ballots = text[:-1].split("\n"), []
    while lines and lines[0].startswith("ballot "):
        f = lines.pop(0).split(" ")
        need(len(f) == 4 and r.secrecy == "NAMED", "记名选票格式不正确")
        secret, cells = value((HEX, 32), f[2]), value(HEX, f[3])
        need(len(cells) == r.width * len(p.applicants), "记名选票格式不正确")
        ballots.append((f[1], secret, cells))
    rows, at, last = [[] for _ in p.applicants], -1, ""
    for line in lines:
        if line.startswith("applicant "):
            at, last = at + 1, ""
            need(at < len(rows) and line[10:] == p.applicants[at]["id"], "计票栏的人员不符")
            continue
        code, _, val = line.partition(" ")
        need(at >= 0 and len(code) == 16 and value((HEX, 8), code) and code > last, "计票栏的行不正确")
        last = code
        cell = [value(NUM, x) for x in val.split(",")]
        need(all(x < 65536 for x in cell) and len(cell) == (1 if r.kind == "VOTE" else r.items), "计票栏的值不正确")
        kind = p.cell_kind(r, cell)
        need(p.legal(r, cell, kind == "recused"), "计票栏的值不正确")
        rows[at].append((code, cell, kind))
    need(at == len(rows) - 1, "计票栏缺少人员")
    return ballots, rows


def results(p, r, rows, invalid, close):
    """Recompute every applicant's figures."""
    out = []
    items = p.items.get(r.id.partition("~")[0], [])
    for a, col in zip(p.applicants, rows):
        need(len(col) == close["counted"] - invalid, "一栏的行数不符")
        x = dict.fromkeys(State.FIGURES, 0)
        x.update(applicant=a["id"], invalid=invalid, missing=close["present"] - close["counted"])
        totals = []
        for _, cell, kind in col:
            x[kind] += 1
            if kind == "scored":
                totals.append(sum(v * (items[k][3] if items else 1) for k, v in enumerate(cell)))
        if r.kind == "VOTE":
            x["base"] = close["present"] - (x["recused"] if r.base == "ATTENDING-RECUSED" else 0)
            x["need"] = p.need(x["base"])
            x["decision"] = "PASSED" if x["base"] > 0 and x["agree"] >= x["need"] else "FAILED"
        else:
            totals.sort()
            if len(totals) > 2 * r.trim:
                totals = totals[r.trim:len(totals) - r.trim]
            x["kept"], x["sum"] = len(totals), sum(totals)
            x["mean"] = 100 * x["sum"] // (x["kept"] * max(r.divisor, 1)) if totals else 0
        out.append(x)
    if r.kind == "SCORE":
        for x in out:
            if x["kept"] and not p.old:
                x["rank"] = 1 + sum(1 for y in out if y["kept"] and y["mean"] > x["mean"])
            ok = x["kept"] and (r.rule == "TOP" and x["rank"] <= r.value or r.rule == "MEAN" and x["mean"] >= r.value)
            x["decision"] = "NONE" if r.rule == "" else "PASSED" if ok else "FAILED"
    return out


def check_named(p, r, valid, ballots, rows, tally):
    if r.secrecy != "NAMED":
        need(tally["voted"] == [], "无记名投票不应有各专家的票数")
        return
    need(len(ballots) == len(valid), "记名选票的数目不符")
    again, voted = [[] for _ in p.applicants], []
    for (expert, secret, cells), e in zip(ballots, valid):
        need(expert == e["expert"] and sha(b"\x01" + secret + cells) == e["commit"], "记名选票与承诺不符")
        recused, tallies = p.expert(expert)["recused"], dict(agree=0, oppose=0, abstain=0, recused=0)
        split = p.split_cells(r, cells)
        need(not r.most or sum(1 for c in split if c == [1]) <= r.most, "记名选票的同意票过多")
        for i, (a, cell) in enumerate(zip(p.applicants, split)):
            need(p.legal(r, cell, a["id"] in recused), "记名选票的值不正确")
            code = hmac.new(secret, (r.id + "\0" + a["id"]).encode(), hashlib.sha256).digest()[:8].hex()
            kind = p.cell_kind(r, cell)
            again[i].append((code, cell, kind))
            tallies["agree" if kind == "scored" else kind] += 1
        voted.append([expert, tallies["agree"], tallies["oppose"], tallies["abstain"], tallies["recused"]])
    need([sorted(x) for x in again] == rows, "记名选票与计票栏不符")
    need(voted == tally["voted"], "各专家的票数不符")


def check_round(s, id, columns):
    p, r, rs = s.p, s.p.round(id), s.rounds[id]
    if rs.tally is None:
        need(columns is None, "没有计票却有计票栏")
        return
    need(columns is not None and sha(columns) == rs.tally["columns"], "计票栏与摘要不符")
    counted = s.counted(rs)
    names = [] if p.old else rs.tally["invalid"]
    need(names == sorted(set(names)) and all(any(e.id.hex() == x for e in counted) for x in names), "无效选票列表不正确")
    valid = [e for e in counted if e.id.hex() not in names]
    said = s.results_of(rs.tally)
    invalid = said[0]["invalid"] if p.old else len(names)
    try:
        ballots, rows = read_columns(p, r, columns.decode("utf-8"))
    except UnicodeDecodeError:
        raise Bad("计票栏不是文本")
    need(results(p, r, rows, invalid, rs.close) == said, "轮次%s的结果与重新计算的不一致" % id)
    if p.old:
        return
    for a, x in zip(p.applicants, said):
        want = sum(1 for e in valid if a["id"] in p.expert(e["expert"])["recused"])
        need(x["recused"] == want, "回避票数与回避名单不符")
    check_named(p, r, valid, ballots, rows, rs.tally)


# ---- evidence ----------------------------------------------------------------------------------------------------------------

TAGS = [b"KEY ", b"LOG ", b"HEAD", b"COL ", b"FRST", b"OLD ", b"SEEN", b"LATE"]


def read_evidence(b):
    need(len(b) > 44 and sha(b[:-32]) == b[-32:], "文件不完整或已损坏")
    parts = {t: [] for t in TAGS}
    body = b[12:-32]
    if b[:12] == b"zp-record/1\n":
        return read_first(body, parts)
    need(b[:12] == b"zp-record/2\n", "不是会议记录文件")
    last = 0
    while body:
        need(len(body) >= 8, "文件不完整")
        tag, n = body[:4], struct.unpack(">I", body[4:8])[0]
        need(tag in TAGS and TAGS.index(tag) >= last and n <= len(body) - 8, "文件的部分不正确")
        last = TAGS.index(tag)
        parts[tag].append(body[8:8 + n])
        body = body[8 + n:]
    need(parts[b"LOG "] and len(parts[b"HEAD"]) == 1 and len(parts[b"KEY "]) <= 1, "文件的部分不正确")
    columns = {}
    for c in parts[b"COL "]:
        id, nl, text = c.partition(b"\n")
        id = id.decode("utf-8", "replace")
        need(nl and text and id not in columns, "计票栏不正确")
        columns[id] = text
    return parts, columns


def read_first(body, parts):
    all_parts = []
    while body:
        need(len(body) >= 4, "文件不完整")
        n = struct.unpack(">I", body[:4])[0]
        need(n <= len(body) - 4, "文件不完整")
        all_parts.append(body[4:4 + n])
        body = body[4 + n:]
    need(len(all_parts) >= 2 and len(all_parts[0]) == 8, "文件不完整")
    n = struct.unpack(">Q", all_parts[0])[0]
    need(1 <= n <= len(all_parts) - 2, "文件的条数不正确")
    parts[b"LOG "], parts[b"HEAD"] = all_parts[1:1 + n], [all_parts[1 + n]]
    ids = [v[0] for v in Obj(all_parts[1])["round"]]
    rest = all_parts[2 + n:]
    need(len(rest) == len(ids), "计票栏的数目不符")
    return parts, {i: c for i, c in zip(ids, rest) if c}


def verify(b, key, depth=0):
    need(depth <= 4, "文件嵌套过深")
    parts, columns = read_evidence(b)
    own = parts[b"KEY "][0].decode("ascii", "replace") if parts[b"KEY "] else ""
    need(key or own, "文件中没有服务器公钥，请用 --key 给出")
    need(not key or not own or key == own, "文件中的服务器公钥与给出的不同")
    s = State(parts[b"LOG "][0], key or own)
    for i, raw in enumerate(parts[b"LOG "][1:], 1):
        try:
            s.apply(raw)
        except Bad as e:
            raise Bad("第%d条会议记录不成立：%s" % (i, e))
    origin, size, root = checkpoint(parts[b"HEAD"][0], [s.hub])
    need((origin, size, root) == (s.p.origin(s.epoch), s.size, s.root_at(s.size)), "记录与检查点不一致")
    for id in s.rounds:
        check_round(s, id, columns.pop(id, None))
    need(not columns, "有不属于任何轮次的计票栏")
    s.late = len(parts[b"LATE"])
    check_firsts(s, parts[b"FRST"], depth)
    s.found += s.alarms
    for f in parts[b"OLD "]:
        old = verify(f, s.server, depth + 1)
        need(old.p.id == s.p.id and old.epoch < s.epoch, "原主机记录不属于本场会议")
        s.earlier.append(old)
        s.found += lost(s, old)
    for cp in parts[b"SEEN"]:
        origin, size, root = checkpoint(cp, s.p.hubs + [s.hub] + s.epochs)
        n = s.p.epoch_of(origin)
        need(0 < n <= s.epoch, "检查点不属于本场会议")
        if s.root_at(size) != root:
            s.found.append("有电脑保存的检查点（第%d任主机，%d条）不在本记录中" % (n, size))
    return s


def lost(s, old):
    alarms = []
    for id, r in old.rounds.items():
        now = s.rounds.get(id)
        for e in old.p.experts:
            if not r.in_force(e["id"]):
                continue
            head, mine = r.heads[e["id"]], now.heads.get(e["id"]) if now else None
            if mine is None or mine["version"] < head["version"] or mine["version"] == head["version"] and mine.raw != head.raw:
                alarms.append("第%d任主机已回执专家%s在轮次%s的选票，现记录中没有" % (old.epoch, e["id"], id))
        if r.openers and (now is None or now.close_id != r.close_id):
            alarms.append("第%d任主机已授权开票的轮次%s，在更换主机后又重新表决" % (old.epoch, id))
    return alarms


def check_firsts(s, files, depth):
    d = s.derived
    if d is None:
        need(not files, "有不需要的首轮记录")
        return
    need(len(files) == len(s.whole.o["depends"]), "首轮记录的数目不符")
    stays = set()
    for f, dep, basis in zip(files, s.whole.o["depends"], d["basis"]):
        first = verify(f, s.server, depth + 1)
        s.firsts.append(first)
        s.found += ["首轮会议%s：%s" % (first.p.o["session"], x) for x in first.found]
        id = first.current(dep[2])
        r = first.rounds.get(id)
        need(first.p.o["session"] == dep[0] and first.p.id == dep[1] and r and r.signoff, "首轮会议不符或尚未签字")
        need(basis == [dep[0], dep[1], id, r.signoff["size"], r.signoff["root"], r.tally_id], "首轮会议的依据不符")
        stays |= {x["applicant"] for x in first.results_of(r.tally) if dep[3] == "ALL" or x["decision"] == "PASSED"}
    need(d["applicant"] == [a["id"] for a in s.whole.applicants if a["id"] in stays], "第二轮的人员与首轮结果不符")


def facts(s):
    """Everything that was recomputed, for comparison with another verifier."""
    return {
        "size": s.size, "root": s.root_at(s.size).hex(), "package": s.whole.id.hex(), "binding": s.binding.hex(), "origin": s.p.origin(s.epoch),
        "epoch": s.epoch, "hub": s.hub, "server": s.server, "issued": s.issued, "opinions": s.opinions, "late": s.late, "alarms": s.found,
        "derived": s.derived is not None, "archived": s.archived is not None, "released": s.released is not None, "order": list(s.rounds),
        "quarantined": [q.hex() for q in s.quarantined], "applicants": [a["id"] for a in s.p.applicants], "rejections": s.rejections,
        "experts": {e["id"]: {"status": s.status.get(e["id"], ""), "credential": s.creds.get(e["id"], ""), "wiped": e["id"] in s.wiped}
                    for e in s.p.experts},
        "rounds": {id: round_facts(s, r) for id, r in s.rounds.items()},
        "firsts": [facts(x) for x in s.firsts], "earlier": [facts(x) for x in s.earlier],
    }


def round_facts(s, r):
    ids = [e["id"] for e in s.p.experts]
    t = r.tally
    f = {
        "state": r.state, "present": r.inside, "counted": [[e["expert"], e["version"], e.id.hex()] for e in s.counted(r)],
        "returned": [e for e in ids if e in r.returned], "accepted": r.accepted, "returns": r.returns, "devices": [e for e in ids if e in r.devices],
        "alarmed": [e for e in ids if e in r.alarmed], "attests": r.attests, "openers": len(r.openers), "pair": r.pair, "openings": r.openings,
        "results": [[x["applicant"]] + [x[k] for k in State.FIGURES] + [x["decision"]] for x in s.results_of(t)] if t else [],
        "voted": t["voted"] if t and not s.p.old else [], "invalid": t["invalid"] if t and not s.p.old else [],
    }
    if r.close is not None:
        c = r.close
        f["close"] = [r.close_id.hex(), c["counted"], c["present"], c["missing"], 0 if s.p.old else len(c["exception"])]
    if t:
        f["tally"] = r.tally_id.hex()
    if r.signoff:
        f["signoff"] = r.signoff["size"]
    if r.void:
        f["next"] = r.void["next"]
    return f


def say(s, key):
    for id, r in s.rounds.items():
        print("轮次 %s：%s" % (id, r.state))
    for x in s.found:
        print("须查明：" + x)
    if not key:
        print("未给出服务器公钥：只证明记录自身一致，未证明会议包由哪台服务器签发")
    print("记录 %d 条，根 %s\n一致" % (s.size, s.root_at(s.size).hex()))


def check(path, key, as_facts):
    """The exit status of one file."""
    try:
        with open(path, "rb") as f:
            b = f.read()
    except OSError as e:
        print("不能读取文件“%s”：%s" % (path, e.strerror))
        return 2
    try:
        s = verify(b, key)
    except Bad as e:
        print(json.dumps({"bad": str(e)}, ensure_ascii=False) if as_facts else "不成立：%s" % e)
        return 1
    if as_facts:
        print(json.dumps(facts(s), sort_keys=True, ensure_ascii=False, separators=(",", ":")))
    else:
        say(s, key)
    return 3 if s.found else 0


def main():
    a = argparse.ArgumentParser()
    a.add_argument("file", nargs="+")
    a.add_argument("--key", default="", help="the server's public key, 64 hexadecimal digits")
    a.add_argument("--facts", action="store_true")
    args = a.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    all_of = [check(path, args.key, args.facts) for path in args.file]
    return 1 if 1 in all_of else max(all_of)


if __name__ == "__main__":
    sys.exit(main())
