"""A small TCP proxy that misbehaves on order, each direction by itself, switchable while it runs.

    proxy = ChaosProxy(server.control)
    proxy.up.mode = "slice"          # towards the target, one byte at a time
    proxy.down.mode = "stall"        # from the target: taken no further until mode changes
    proxy.refuse(); proxy.accept()   # connects are refused; accepted again, on the same port
    proxy.reset_all(); proxy.cut_all()
"""

import threading

from support import net
from support.waiting import seconds

MODES = ("pass", "slice", "stall", "delay", "swallow")


class Direction:
    """How the bytes of one direction fare.

    `mode`: "pass"; "slice", single bytes, each in its own packet; "stall", nothing is read any
    more; "delay", every piece waits `delay` seconds; "swallow", bytes vanish. When `end_after`
    bytes have passed, the connection is ended by `end_how`: "reset" or "cut" (a FIN midway).
    """

    def __init__(self):
        self._changed = threading.Condition()
        self._mode = "pass"
        self.delay = 0.05
        self.end_after, self.end_how = None, "reset"
        self.passed = 0

    @property
    def mode(self):
        return self._mode

    @mode.setter
    def mode(self, mode):
        assert mode in MODES, mode
        with self._changed:
            self._mode = mode
            self._changed.notify_all()

    def await_flow(self):
        with self._changed:
            self._changed.wait_for(lambda: self._mode != "stall")

    def pause(self):
        """Wait the delay, or less if the mode changes."""
        with self._changed:
            self._changed.wait_for(lambda: self._mode != "delay", timeout=seconds(self.delay))


class ChaosProxy:
    """Forwards every connection on `port` to `target` on loopback, half-closes included."""

    def __init__(self, target):
        self.target = target
        self.up, self.down = Direction(), Direction()
        self._lock = threading.Lock()
        self._pairs = set()
        self._forsaken = set()
        self._listener = net.Listener(self._serve)
        self.port = self._listener.port

    @property
    def connections(self):
        """How many connections have been accepted so far."""
        return self._listener.accepted

    @property
    def open(self):
        with self._lock:
            return len(self._pairs)

    def refuse(self):
        self._listener.pause()

    def accept(self):
        self._listener.resume()

    def reset_all(self):
        """Reset every open connection on both sides."""
        self._end_all(net.reset)

    def cut_all(self):
        """End every open connection on both sides with a FIN, whatever is under way."""
        self._end_all(net.close)

    def forsake(self):
        """Reset the visitors' side of every connection and keep the target's open, silent.

        For the target it is as if a machine had vanished.
        """
        with self._lock:
            forsaken, self._pairs = self._pairs, set()
            self._forsaken |= forsaken
        for visitor, _ in forsaken:
            net.reset(visitor)

    def heal(self):
        """Everything passes again; connections that stalled go on."""
        self.up.mode = self.down.mode = "pass"
        self.up.end_after = self.down.end_after = None

    def stop(self):
        self.refuse()
        self.heal()
        self.cut_all()
        for _, target in self._forsaken:
            net.close(target)
        self._listener.stop()

    def _end_all(self, how):
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for sock in pair:
                how(sock)

    def _serve(self, visitor):
        try:
            target = net.connect(self.target)
        except OSError:
            net.reset(visitor)
            return
        target.settimeout(None)
        pair = (visitor, target)
        with self._lock:
            self._pairs.add(pair)
        other = threading.Thread(target=self._pump, args=(target, visitor, self.down, pair),
                                 daemon=True)
        other.start()
        self._pump(visitor, target, self.up, pair)
        other.join()
        self._end(pair, net.close)

    def _pump(self, source, sink, direction, pair):
        try:
            while True:
                direction.await_flow()
                data = source.recv(65536)
                direction.await_flow()  # it may have been told to stall while it was reading
                if not data:
                    if pair not in self._forsaken:
                        sink.shutdown(1)
                    return
                if direction.mode == "delay":
                    direction.pause()
                if direction.mode != "swallow":
                    self._forward(sink, data, direction, pair)
        except ConnectionResetError:
            self._end(pair, net.reset)
        except OSError:
            self._end(pair, net.close)

    def _forward(self, sink, data, direction, pair):
        if direction.end_after is not None:
            data = data[:max(0, direction.end_after - direction.passed)]
        if direction.mode == "slice":
            for at in range(len(data)):
                sink.sendall(data[at:at + 1])
        else:
            sink.sendall(data)
        direction.passed += len(data)
        if direction.end_after is not None and direction.passed >= direction.end_after:
            self._end(pair, net.reset if direction.end_how == "reset" else net.close)

    def _end(self, pair, how):
        with self._lock:
            if pair in self._forsaken:
                return
            self._pairs.discard(pair)
        for sock in pair:
            how(sock)
