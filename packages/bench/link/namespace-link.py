#!/usr/bin/env python3
"""Two network namespaces joined by a bad link, for benches.

usage: namespace-link.py CLIENT_NS SERVER_NS JSON

JSON: {"delay_ms", "jitter_ms", "loss", "rate", "queue", "seed"}; per direction, rate in octets a second (0: no
limit), queue in octets. The client's namespace has 10.88.0.1, the server's 10.88.0.2, each routes 10.88.0.0/16 to
the link. Prints {} when the link is up. When its standard input ends it takes everything down, the namespaces and what
still runs in them.
Until then each line of standard input is an order, and each is answered by a line of JSON:

  {"set": {...}}              other parameters for both directions; what is under way keeps its moment
  {"cut": true | false}       while true nothing passes and what is under way is lost
  {"rebind": "10.88.0.7"}     a NAT at the client's end gives each of its UDP sockets a new port at this address, and
                              forgets the ports that it gave before
  {"counts": true}            answers {"up": {...}, "down": {...}}: packets and octets (IP included) that each end
                              put on the link, and how many of them arrived

Needs root and /dev/net/tun.
"""
import fcntl
import heapq
import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MTU = 1500
UDP = 17


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def make_end(namespace, device, inside, address):
    ip("netns", "add", namespace)
    fd = open_tun(device)
    ip("link", "set", device, "netns", namespace)
    ip("-n", namespace, "link", "set", device, "name", inside)
    ip("-n", namespace, "link", "set", "lo", "up")
    ip("-n", namespace, "addr", "add", f"{address}/32", "dev", inside)
    ip("-n", namespace, "link", "set", inside, "mtu", str(MTU), "txqueuelen", "10000", "up")
    ip("-n", namespace, "route", "add", "10.88.0.0/16", "dev", inside)
    return fd


class Direction:
    """What happens to the packets of one direction: loss, then the queue and its rate, then delay and jitter."""

    def __init__(self, out, parameters, seed):
        self.out, self.p, self.random = out, parameters, random.Random(seed)
        self.line_free_at = 0.0
        self.last_arrival = 0.0
        self.counts = {"packets": 0, "octets": 0, "arrived": 0}

    def arrival(self, now, size):
        p = self.p
        if self.random.random() < p.get("loss", 0):
            return None
        start = max(now, self.line_free_at)
        rate = p.get("rate", 0)
        if rate:
            if (start - now) * rate > p.get("queue", 256 * 1024):
                return None
            self.line_free_at = start = start + size / rate
        jitter = p.get("jitter_ms", 0) / 1e3
        # A queue keeps its order; jitter moves packets together, not past each other.
        self.last_arrival = max(
            self.last_arrival, start + p.get("delay_ms", 0) / 1e3 + self.random.uniform(0, jitter))
        return self.last_arrival


class Nat:
    """Rewrites where the client's UDP packets come from, once it was told to."""

    def __init__(self):
        self.address, self.given, self.owners, self.next_port = None, {}, {}, 20000

    def rebind(self, address):
        self.address, self.given, self.owners = socket.inet_aton(address), {}, {}

    def up(self, packet):
        if self.address is None or packet[9] != UDP:
            return packet
        owner = packet[12:16] + udp_ports(packet)[0:2]
        if owner not in self.given:
            self.given[owner] = self.next_port.to_bytes(2, "big")
            self.owners[self.given[owner]] = owner
            self.next_port += 1
        return rewritten(packet, 12, self.address, 0, self.given[owner])

    def down(self, packet):
        """None where nobody has that port any more."""
        if self.address is None or packet[9] != UDP:
            return packet
        owner = self.owners.get(udp_ports(packet)[2:4])
        if owner is None or packet[16:20] != self.address:
            return None
        return rewritten(packet, 16, owner[0:4], 2, owner[4:6])


def udp_ports(packet):
    header = (packet[0] & 15) * 4
    return packet[header:header + 4]


def rewritten(packet, address_at, address, port_at, port):
    changed = bytearray(packet)
    header = (changed[0] & 15) * 4
    changed[address_at:address_at + 4] = address
    changed[header + port_at:header + port_at + 2] = port
    changed[10:12] = b"\0\0"
    changed[10:12] = checksum(bytes(changed[:header]))
    changed[header + 6:header + 8] = b"\0\0"
    datagram = bytes(changed[header:])
    pseudo = bytes(changed[12:20]) + struct.pack("!BBH", 0, UDP, len(datagram))
    # A sum of zero travels as all ones: zero says that there is none.
    changed[header + 6:header + 8] = checksum(pseudo + datagram).replace(b"\0\0", b"\xff\xff")
    return bytes(changed)


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


class Carrier:
    """Moves packets between the two ends until there are no more orders."""

    def __init__(self, up_fd, down_fd, parameters):
        seed = parameters.get("seed", 1)
        self.up = Direction(down_fd, parameters, seed)
        self.down = Direction(up_fd, parameters, seed + 1)
        self.from_fd = {up_fd: self.up, down_fd: self.down}
        self.nat = Nat()
        self.dead = False
        self.due, self.count = [], 0
        self.orders = b""

    def run(self):
        fds = [0, *self.from_fd]
        while True:
            self.deliver()
            wait = max(0.0, self.due[0][0] - time.monotonic()) if self.due else None
            for fd in select.select(fds, [], [], wait)[0]:
                if fd != 0:
                    self.take(fd)
                elif not self.obey():
                    return

    def take(self, fd):
        direction = self.from_fd[fd]
        for _ in range(64):
            try:
                packet = os.read(fd, MTU + 64)
            except BlockingIOError:
                return
            if packet[0] >> 4 != 4:
                continue  # the kernel's own IPv6 router solicitations
            direction.counts["packets"] += 1
            direction.counts["octets"] += len(packet)
            arrival = None if self.dead else direction.arrival(time.monotonic(), len(packet))
            if arrival is not None:
                if direction is self.up:
                    packet = self.nat.up(packet)
                self.count += 1
                heapq.heappush(self.due, (arrival, self.count, direction, packet))

    def deliver(self):
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            _, _, direction, packet = heapq.heappop(self.due)
            if direction is self.down:
                packet = self.nat.down(packet)
            if packet is None:
                continue
            try:
                os.write(direction.out, packet)
                direction.counts["arrived"] += 1
            except OSError:
                pass  # the receiving namespace's queue is full: a lost packet, as on any link

    def obey(self):
        """False when there are no more orders."""
        read = os.read(0, 4096)
        *lines, self.orders = (self.orders + read).split(b"\n")
        for line in lines:
            print(json.dumps(self.order(**json.loads(line))), flush=True)
        return read != b""

    def order(self, set=None, cut=None, rebind=None, counts=False):
        if set is not None:
            self.up.p = self.down.p = set
        if cut is not None:
            self.dead = cut
            self.due = []
        if rebind is not None:
            self.nat.rebind(rebind)
        return {"up": self.up.counts, "down": self.down.counts} if counts else {}


def main():
    client, server, parameters = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGINT, interrupted)
    try:
        # What else the machine does is not to be taken for a property of the link.
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        pass
    try:
        up = make_end(client, f"c{os.getpid()}", "mpb0", "10.88.0.1")
        down = make_end(server, f"s{os.getpid()}", "mpb0", "10.88.0.2")
        carrier = Carrier(up, down, parameters)
        print("{}", flush=True)
        carrier.run()
    finally:
        for namespace in (client, server):
            remove(namespace)


def remove(namespace):
    """With what still runs there: a mosh-server waits for its client for ever."""
    pids = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True).stdout
    for pid in pids.split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended by itself meanwhile
    subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL)


def interrupted(*_):
    raise SystemExit(1)


main()
