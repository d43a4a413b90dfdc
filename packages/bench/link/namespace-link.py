#!/usr/bin/env python3
"""Two network namespaces joined by a bad link, for benches.

usage: namespace-link.py CLIENT_NS SERVER_NS JSON

JSON: {"delay_ms", "jitter_ms", "loss", "rate", "queue", "seed"}; per direction, rate in octets a second (0: no
limit), queue in octets. The client's namespace has 10.88.0.1, the server's 10.88.0.2. Prints "ready" when the link
is up and takes it down, namespaces included, when its standard input ends. Needs root and /dev/net/tun.
"""
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MTU = 1500


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def make_end(namespace, device, address, peer):
    ip("netns", "add", namespace)
    fd = open_tun(device)
    ip("link", "set", device, "netns", namespace)
    ip("-n", namespace, "link", "set", "lo", "up")
    ip("-n", namespace, "addr", "add", address, "peer", peer, "dev", device)
    ip("-n", namespace, "link", "set", device, "mtu", str(MTU), "txqueuelen", "10000", "up")
    return fd


class Direction:
    """What happens to the packets of one direction: loss, then the queue and its rate, then delay and jitter."""

    def __init__(self, out, parameters, seed):
        self.out, self.p, self.random = out, parameters, random.Random(seed)
        self.line_free_at = 0.0
        self.last_arrival = 0.0

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


def carry(directions, poller):
    """Until standard input ends."""
    due, count = [], 0
    while True:
        now = time.monotonic()
        while due and due[0][0] <= now:
            _, _, out, packet = heapq.heappop(due)
            try:
                os.write(out, packet)
            except OSError:
                pass  # the receiving namespace's queue is full: a lost packet, as on any link
        wait = max(0.0, (due[0][0] - now) * 1e3) if due else 1000.0
        for fd, _ in poller.poll(wait):
            if fd == 0:
                if not os.read(0, 1):
                    return
                continue
            for _ in range(64):
                try:
                    packet = os.read(fd, MTU + 64)
                except BlockingIOError:
                    break
                arrival = directions[fd].arrival(time.monotonic(), len(packet))
                if arrival is not None:
                    count += 1
                    heapq.heappush(due, (arrival, count, directions[fd].out, packet))


def main():
    client, server, parameters = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    try:
        up = make_end(client, "mpb0", "10.88.0.1", "10.88.0.2")
        down = make_end(server, "mpb1", "10.88.0.2", "10.88.0.1")
        seed = parameters.get("seed", 1)
        directions = {up: Direction(down, parameters, seed), down: Direction(up, parameters, seed + 1)}
        poller = select.poll()
        for fd in (0, up, down):
            poller.register(fd, select.POLLIN)
        print("ready", flush=True)
        carry(directions, poller)
    finally:
        for namespace in (client, server):
            subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL)


main()
