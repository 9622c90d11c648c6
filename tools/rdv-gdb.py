# SPDX-License-Identifier: MIT
"""rdv-dump: what rdv_domain_dump() writes, from a core or a stopped process.

    gdb -x tools/rdv-gdb.py PROGRAM CORE
    (gdb) rdv-dump              all domains
    (gdb) rdv-dump EXPRESSION   the one that a rdv_domain * points to

librdv has to have its debugging symbols.  The same as src/inside/dump.c, but for the line
"clock": a core does not know how late it was.
"""
import gdb

CLOSED, ROUND, COMPETING, KEPT_SLEEPS = 1, 1 << 18, 1 << 15, 1 << 15
WORD_BITS = 32
PHASES = 4  # of a sync-point
HISTOGRAMS = ("to_isolation", "isolated", "held", "to_release", "to_grace")
TO_ISOLATION, ISOLATED, HELD, TO_RELEASE, TO_GRACE = range(5)
STATES = {0: "running", 1: "harmless"}
LISTED = 16


def name_in(enum, value):
    """The name of a value of an enum of src/domain.h, as the dump has it."""
    names = {f.enumval: f.name for f in gdb.lookup_type("enum " + enum).fields()}
    return names[int(value)].rsplit("_", 1)[1].lower()


def wait_of(m):
    return name_in("rdv_wait_kind", m["wait_kind"])


def text(array):
    """A name, as rdv_put_name() has it."""
    out = ""
    first, last = array.type.range()
    for i in range(first, last + 1):
        c = int(array[i]) & 0xFF
        if not c:
            break
        out += chr(c) if 0x20 <= c <= 0x7E else "?"
    return out


def where(noted):
    """A note, as dump.c has it: an array, or a pointer to a string."""
    if noted.type.strip_typedefs().code == gdb.TYPE_CODE_PTR:
        out = noted.string("latin-1")[:31] if int(noted) else ""
        out = "".join(c if " " <= c <= "~" else "?" for c in out)
    else:
        out = text(noted)
    return out.replace(" ", "_") or "-"


def line(*words):
    print(" ".join(str(w) for w in words))


def fields(*pairs):
    return [w for pair in pairs for w in pair]


def bound(bucket):
    return bucket if bucket < 4 else (4 + bucket % 4) << (bucket // 4 - 1)


def percentile(buckets, percent):
    count = sum(buckets)
    if not count:
        return 0
    rank, seen = max(1, -(-count * percent // 100)), 0
    for i, n in enumerate(buckets):
        seen += n
        if seen >= rank:
            return (bound(i) + bound(i + 1)) // 2
    return 0


class Domain:
    def __init__(self, pointer):
        self.d = pointer.dereference()
        self.slots = []
        for i in range(int(self.d["max_threads"])):
            m = self.d["member"][i]
            if int(m):
                self.slots.append(m.dereference())
        self.members = [m for m in self.slots if int(m["record"]["tid"])]

    def number(self, name):
        return int(self.d[name])

    def words(self, mask):
        return [int(self.d[mask][i]) for i in range(int(self.d["words"]))]

    def bit(self, mask, m):
        return 1 if int(self.d[mask][int(m["word"])]) & int(m["bit"]) else 0

    def owner(self):
        for m in self.slots:
            if int(m["id"]) == self.owner_id():
                return m
        return None

    def owner_id(self):
        ctl = self.number("ctl")
        return ctl % ROUND >> 3 if ctl & CLOSED else -1

    # ------------------------------------------------------------- what is printed

    def dump(self):
        d = self.d
        line("librdv-dump 1")
        line("domain", *fields(("threads", self.number("members")),
                               ("at_most", self.number("members_max")),
                               ("max_threads", self.number("max_threads")),
                               ("fence", "biased" if self.number("biased") else "full")),
             "name", text(d["name"]))
        line("clock now_ns ?")
        ctl = self.number("ctl")
        line("ctl", *fields(("owner", self.owner_id()), ("round", ctl // ROUND)))
        held = self.number("held")
        line("words", *fields(("held", (held >> 16) + held % 65536)),
             *fields(*[(name, self.number(name))
                       for name in ("asleep", "waking", "queued")]),
             *fields(("competing", self.number("competing") % COMPETING)),
             *fields(*[(name, self.number(name))
                       for name in ("barred_until", "gathering", "spinners")]))
        line("asking", *fields(("grace", self.number("grace")),
                               ("owed", self.number("owed")),
                               ("asleep", self.number("graces_asleep"))))
        for mask in ("harmless", "want_rdv", "awaited", "owing"):
            line("mask", mask, *["%08x" % w for w in self.words(mask)])
        self.dump_sync(d["sync"])
        for m in self.members:
            self.dump_member(m)
        blockers = self.blockers()
        line("blockers count", len(blockers))
        for m, why, since in blockers[:LISTED]:
            r = m["record"]
            line("blocker", *fields(("id", int(m["id"])), ("tid", int(r["tid"])),
                                    ("why", why), ("since_ns", since),
                                    ("where", where(r["where"]) if why == "isolated"
                                     else "-")),
                 "name", text(m["name"]))
        self.dump_stats()
        line("end")

    def served(self):
        """The id of the thread whose turn it is in the sync-point, or -1."""
        turn = int(self.d["sync"]["turn"])
        serving = name_in("rdv_sync_phase", turn % PHASES) == "serving"
        return turn // PHASES if serving else -1

    def dump_sync(self, s):
        line("sync phase", name_in("rdv_sync_phase", int(s["turn"]) % PHASES),
             "turn", self.served(),
             *[w for name in ("pending", "fd", "readable", "wanting", "entered",
                              "exited") for w in (name, int(s[name]))])

    def dump_member(self, m):
        wait, depth = wait_of(m), int(m["depth"])
        r = m["record"]
        since = int(r["wait_since"]) if wait != "none" else int(r["alone"]) if depth else 0
        line("thread", *fields(
            ("id", int(m["id"])), ("tid", int(r["tid"])),
            ("state", STATES.get(int(m["self"]["state"]), "parked")),
            ("bit", self.bit("harmless", m)), ("want_rdv", self.bit("want_rdv", m)),
            ("shielded", int(m["shielded"])), ("depth", depth), ("wait", wait),
            ("since_ns", since), ("sync_want", int(m["sync_want"])),
            ("sync_in", int(m["sync_in"])),
            ("sync_turn", 1 if self.served() == int(m["id"]) else 0),
            ("kept_by", int(self.d["kept"][int(m["id"])]) % KEPT_SLEEPS - 1),
            ("isolations", int(r["isolations"])), ("worst_delay_ns", int(r["worst"])),
            ("retired", int(r["items"]) - int(r["called"])),
            ("where", where(r["where"]) if wait in ("gather", "queue") or depth
             else "-")),
            "name", text(m["name"]))

    def blockers(self):
        owner = self.owner()
        wanted = self.number("held") or self.number("queued")
        if owner is not None and wait_of(owner) == "gather":
            missing = [a & ~h for a, h in zip(self.words("awaited"),
                                              self.words("harmless"))]
            since = int(owner["record"]["wait_since"])
            return [(m, "running", since) for m in self.members
                    if missing[int(m["word"])] & int(m["bit"])]
        if owner is not None and int(owner["depth"]) and wanted:
            return [(owner, "isolated", int(owner["record"]["alone"]))]
        if owner is None and self.number("queued") and self.number("held"):
            return [(m, "held", int(m["record"]["wait_since"])) for m in self.members
                    if wait_of(m) == "held"]
        return []

    # ----------------------------------------------------------------- statistics

    def histogram(self, kind):
        counts = self.d["history"]["counts"][kind]
        first, last = counts["bucket"].type.range()
        buckets = [int(counts["bucket"][i]) for i in range(first, last + 1)]
        for r in (m["record"] for m in self.slots):
            if kind in (TO_ISOLATION, ISOLATED):
                buckets[int(r["bucket"][kind])] += int(r["untimed"])
                continue
            for i in range(int(r["logged"])):
                entry = int(r["log"][i])
                if entry >> 8 == kind:
                    buckets[entry & 0xFF] += 1
        if kind == TO_RELEASE:
            buckets[0] += max(0, sum(self.histogram(ISOLATED)) - sum(buckets))
        return buckets

    def total(self, name):
        return sum(int(m["record"][name]) for m in self.slots)

    def dump_stats(self):
        wakes = int(self.d["sync"]["wakes"]) + self.number("held_wakes")
        history = self.d["history"]
        called = int(history["called"]) + self.total("called")
        waiting = int(history["orphans"]) + self.total("items") - self.total("called")
        line("stats", *fields(
            ("isolations", self.total("isolations")), ("rounds", self.total("rounds")),
            ("tries_failed", self.total("tries")),
            ("timeouts_failed", int(history["timeouts"])),
            ("futex_waits", self.total("waits")),
            ("futex_wakes", wakes + self.total("wakes")),
            ("membarriers", self.number("fences"))))
        line("graces", *fields(
            ("periods", int(history["graces"])),
            ("failed", int(history["graces_failed"])),
            ("retired", called + waiting), ("waiting", waiting)))
        for kind, name in enumerate(HISTOGRAMS):
            h = self.histogram(kind)
            line("time", name, *fields(
                ("count", sum(h)), ("p50_ns", percentile(h, 50)),
                ("p90_ns", percentile(h, 90)), ("p99_ns", percentile(h, 99)),
                ("max_ns", percentile(h, 100))))
        for which in ("last", "worst", "longest", "last_grace", "worst_grace"):
            b = history[which]
            if int(b["id"]):
                line("delay", which, *fields(("id", int(b["id"]) - 1),
                                             ("tid", int(b["tid"])), ("ns", int(b["ns"])),
                                             ("where", where(b["where"]))),
                     "name", text(b["name"]))


class RdvDump(gdb.Command):
    __doc__ = __doc__

    def __init__(self):
        super().__init__("rdv-dump", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if argument:
            d = gdb.parse_and_eval(argument)
            Domain(d.cast(gdb.lookup_type("struct rdv_domain").pointer())).dump()
            return
        d = gdb.parse_and_eval("'fork.c'::domains")
        if not int(d):
            raise gdb.GdbError("no domain")
        while int(d):
            Domain(d).dump()
            d = d["next"]


RdvDump()
