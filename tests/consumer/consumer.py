# SPDX-License-Identifier: MIT
"""librdv through ctypes: every call by its symbol, with no header and no compiler."""
import ctypes
import errno
import os
import sys
import tempfile
import threading
from ctypes import POINTER, byref, c_bool, c_char_p, c_int, c_long, c_size_t, c_uint
from ctypes import c_uint32, c_uint64, c_void_p


class Attr(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("max_threads", c_uint32),
                ("fence", c_uint32), ("spin_ns", c_uint32), ("patience_ns", c_uint64),
                ("stall_ns", c_uint64), ("on_stall", c_void_p), ("stall_arg", c_void_p)]


class Timespec(ctypes.Structure):
    _fields_ = [("tv_sec", c_long), ("tv_nsec", c_long)]


rdv = ctypes.CDLL(sys.argv[1])
for name, result, arguments in (
        ("domain_create", c_int, (POINTER(c_void_p), POINTER(Attr))),
        ("domain_destroy", c_int, (c_void_p,)),
        ("thread_register", c_int, (c_void_p, c_char_p, POINTER(c_void_p))),
        ("thread_unregister", None, (c_void_p,)),
        ("thread_self", c_void_p, (c_void_p,)),
        ("thread_id", c_uint, (c_void_p,)),
        ("harmless_now", None, (c_void_p,)),
        ("harmless_end", None, (c_void_p,)),
        ("checkpoint", c_bool, (c_void_p,)),
        ("isolate", None, (c_void_p,)),
        ("isolate_try", c_int, (c_void_p,)),
        ("isolate_until", c_int, (c_void_p, POINTER(Timespec))),
        ("release", None, (c_void_p,)),
        ("isolated", c_bool, (c_void_p,)),
        ("domain_isolated", c_int, (c_void_p,)),
        ("thread_harmless", c_bool, (c_void_p, c_uint)),
        ("deadline", Timespec, (c_uint64,)),
        ("version", c_uint, ()),
        ("sync_want", None, (c_void_p,)),
        ("sync_pending", c_bool, (c_void_p,)),
        ("sync_enter", None, (c_void_p,)),
        ("sync_my_turn", c_bool, (c_void_p,)),
        ("sync_exit", None, (c_void_p,)),
        ("export_open", c_int, (c_void_p, c_char_p, POINTER(c_void_p))),
        ("export_update", None, (c_void_p,)),
        ("export_close", None, (c_void_p,))):
    function = getattr(rdv, "rdv_" + name)
    function.restype = result
    function.argtypes = arguments

attr = Attr(ctypes.sizeof(Attr), b"python", 3)
domain = c_void_p()
assert rdv.rdv_domain_create(byref(domain), byref(attr)) == 0
values = [0, 0]  # equal, but for a moment of an isolated thread
done = False
wrong = []


def register(name):
    handle = c_void_p()
    assert rdv.rdv_thread_register(domain, name, byref(handle)) == 0
    assert rdv.rdv_thread_self(domain) == handle.value
    assert rdv.rdv_thread_id(handle) < 3
    return handle


def worker():
    handle = register(b"worker")
    while not done:
        if values[0] != values[1]:
            wrong.append(list(values))
        rdv.rdv_harmless_now(handle)
        rdv.rdv_harmless_end(handle)
        rdv.rdv_checkpoint(handle)
    rdv.rdv_thread_unregister(handle)


self = register(b"main")
assert rdv.rdv_domain_destroy(domain) == -errno.EBUSY
assert rdv.rdv_isolate_until(self, byref(Timespec(0, -1))) == -errno.EINVAL
assert rdv.rdv_version() >= 100
far = rdv.rdv_deadline(3600 * 10**9)
assert rdv.rdv_isolate_until(self, byref(far)) == 0
assert rdv.rdv_domain_isolated(domain) == rdv.rdv_thread_id(self)
rdv.rdv_release(self)
assert rdv.rdv_domain_isolated(domain) == -1
assert not rdv.rdv_thread_harmless(domain, rdv.rdv_thread_id(self))
rdv.rdv_sync_want(self)
assert rdv.rdv_sync_pending(domain)
rdv.rdv_sync_enter(self)
assert rdv.rdv_sync_my_turn(self)
rdv.rdv_sync_exit(self)
with tempfile.TemporaryDirectory() as directory:
    export = c_void_p()
    assert rdv.rdv_export_open(domain, f"{directory}/x".encode(), byref(export)) == 0
    rdv.rdv_export_update(export)
    assert os.path.getsize(f"{directory}/x") > 0
    rdv.rdv_export_close(export)
    assert not os.listdir(directory)
threads = [threading.Thread(target=worker, daemon=True) for _ in range(2)]
for thread in threads:
    thread.start()
for i in range(300):
    rdv.rdv_isolate(self)
    assert rdv.rdv_isolated(self)
    assert rdv.rdv_isolate_try(self) == 0  # nests
    values[0] += 1
    values[1] += 1
    rdv.rdv_release(self)
    rdv.rdv_release(self)
    assert not rdv.rdv_isolated(self)
done = True
rdv.rdv_thread_unregister(self)
for thread in threads:
    thread.join()
assert not wrong, wrong
assert values == [300, 300]
assert rdv.rdv_domain_destroy(domain) == 0
