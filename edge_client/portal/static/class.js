// Connects a screen of a class with the portal, and knows where the class is.
//
// Rules:
//   - Devices' clocks are wrong: only performance.now() is read, and its difference to the
//     portal's clock is measured.
//   - When the connection is lost the class goes on by this screen's own clock to the next cue.
window.packhorseClass = (function () {
  'use strict';

  // ---- The portal's clock --------------------------------------------------------------

  // How much two devices' clocks may drift apart, milliseconds in a millisecond.
  const DRIFT = 0.0002;
  const MOST_SAMPLES = 40;
  const DOUBT = 50;

  // Measures the difference to the portal's clock: of all answers the one that can be wrong by
  // the least counts, which is half its time on the way and what the clocks drifted since.
  function PortalClock() {
    this.samples = [];
  }

  PortalClock.prototype.take = function (sent, received, portal) {
    const sample = {
      offset: portal - (sent + received) / 2, bound: (received - sent) / 2, at: received
    };
    const best = this.best(received);
    // Nothing that drifts: the device slept, or the portal's machine was started anew.
    if (best && Math.abs(sample.offset - best.offset) >
        sample.bound + this.doubt(best, received) + DOUBT) {
      this.samples = [];
    }
    this.samples.push(sample);
    if (this.samples.length > MOST_SAMPLES) {
      this.samples.shift();
    }
  };

  PortalClock.prototype.doubt = function (sample, now) {
    return sample.bound + (now - sample.at) * DRIFT;
  };

  PortalClock.prototype.best = function (now) {
    const clock = this;
    return this.samples.reduce(function (best, one) {
      return best && clock.doubt(best, now) <= clock.doubt(one, now) ? best : one;
    }, null);
  };

  // The portal's clock now, milliseconds.
  PortalClock.prototype.now = function () {
    const now = performance.now();
    const best = this.best(now);
    return now + (best ? best.offset : 0);
  };

  // ---- The connection ------------------------------------------------------------------

  const FIRST_PINGS = 8;
  const FIRST_PING_EVERY = 150;
  const PING_EVERY = 2000;
  const FIRST_DELAY = 1000;
  const LONGEST_DELAY = 4000;
  const PATIENCE = 6000;
  // The portal closed for good: see docs/class-protocol.md.
  const FINAL = [4400, 4401, 4403, 4404, 4409, 4410, 4429];
  const KEY = 'packhorse-class-key';

  // A page that is loaded anew keeps its number in the class; a copy of a tab is another screen.
  function pageKey() {
    const found = performance.getEntriesByType('navigation')[0];
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    let key = Array.from(bytes, function (byte) { return (256 + byte).toString(16).slice(1); }).join('');
    try {
      const kept = sessionStorage.getItem(KEY);
      if (kept && found && found.type === 'reload') {
        key = kept;
      }
      sessionStorage.setItem(KEY, key);
    } catch (error) {
      // No storage: it is a new screen at each loading.
    }
    return key;
  }

  // Holds the connection: calls heard.view, heard.fault, heard.lost and heard.found.
  function Link(code, role, heard) {
    this.address = (location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host +
      '/class/socket?code=' + encodeURIComponent(code) + '&as=' + role + '&key=' + pageKey();
    this.heard = heard;
    this.clock = new PortalClock();
    this.delay = FIRST_DELAY;
    this.isOver = false;
    this.pings = {};
    this.count = 0;
    this.connect();
  }

  Link.prototype.connect = function () {
    const link = this;
    const socket = new WebSocket(this.address);
    this.socket = socket;
    this.isMeasured = false;
    this.waiting = null;
    this.pings = {};
    this.last = performance.now();
    socket.onopen = function () {
      link.last = performance.now();
      link.ping(FIRST_PINGS);
    };
    socket.onmessage = function (event) {
      if (socket === link.socket) {
        link.last = performance.now();
        link.take(JSON.parse(event.data), link.last);
      }
    };
    socket.onclose = function (event) {
      if (socket === link.socket) {
        link.isOver = FINAL.indexOf(event.code) >= 0;
        link.ended();
      }
    };
    clearTimeout(this.watch);
    this.watch = setTimeout(function () { link.look(); }, PING_EVERY);
  };

  // A connection that says nothing is as good as none, and the browser may not notice for long.
  Link.prototype.look = function () {
    const link = this;
    if (performance.now() - this.last > PATIENCE) {
      this.ended();
      return;
    }
    this.watch = setTimeout(function () { link.look(); }, PING_EVERY / 2);
  };

  Link.prototype.ended = function () {
    const link = this;
    const socket = this.socket;
    this.socket = null;
    clearTimeout(this.watch);
    clearTimeout(this.pinging);
    if (socket) {
      socket.close();
    }
    if (this.isOver) {
      return;
    }
    this.heard.lost();
    this.again = setTimeout(function () { link.connect(); }, this.delay);
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY);
  };

  // Goes on at once with what a person waits for.
  Link.prototype.hurry = function () {
    if (!this.socket && !this.isOver) {
      clearTimeout(this.again);
      this.connect();
    }
  };

  Link.prototype.ping = function (left) {
    const link = this;
    this.count += 1;
    if (this.send({ type: 'ping', id: this.count })) {
      this.pings[this.count] = performance.now();
    }
    this.pinging = setTimeout(
      function () { link.ping(Math.max(0, left - 1)); }, left ? FIRST_PING_EVERY : PING_EVERY
    );
  };

  // Sends a message, or gives false: what a person did a while ago is not done later.
  Link.prototype.send = function (message) {
    if (!this.socket || this.socket.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.socket.send(JSON.stringify(message));
    return true;
  };

  Link.prototype.take = function (message, received) {
    if (message.type === 'pong') {
      this.measured(message, received);
    } else if (message.type === 'view') {
      this.waiting = message;
      this.deliver();
    } else if (message.type === 'fault') {
      this.heard.fault(message);
    }
  };

  Link.prototype.measured = function (pong, received) {
    const sent = this.pings[pong.id];
    delete this.pings[pong.id];
    if (sent === undefined) {
      return;
    }
    this.clock.take(sent, received, pong.now);
    if (!this.isMeasured) {
      this.isMeasured = true;
      this.delay = FIRST_DELAY;
      this.heard.found();
    }
    this.deliver();
  };

  // A view's moment means nothing before the clock of this connection was measured.
  Link.prototype.deliver = function () {
    if (this.waiting && this.isMeasured) {
      const view = this.waiting;
      this.waiting = null;
      this.heard.view(view);
    }
  };

  // ---- Where the class is --------------------------------------------------------------

  // Gives the place of a view at a moment of the portal's clock. It stops at the next cue and at
  // the end without being told.
  function placeOf(view, cues, now) {
    if (view.phase !== 'playing') {
      return { position: view.position, rate: view.rate, isMoving: false, end: view.position };
    }
    const cue = cues[view.next_cue];
    const end = cue ? cue.at : view.length || Infinity;
    const there = view.position + Math.max(0, now - view.at) * view.rate;
    return { position: Math.min(there, end), rate: view.rate, isMoving: there < end, end: end };
  }

  // ---- Words ---------------------------------------------------------------------------

  // Gives one of the page's sentences.
  function say(name) {
    const found = document.getElementById('say-' + name);
    return found ? found.textContent.trim() : '';
  }

  // Writes milliseconds as minutes and seconds.
  function clockText(milliseconds) {
    const seconds = Math.max(0, Math.round(milliseconds / 1000));
    const rest = seconds % 60;
    return Math.floor(seconds / 60) + ':' + (rest < 10 ? '0' : '') + rest;
  }

  return {
    Link: Link,
    PortalClock: PortalClock,
    clockText: clockText,
    placeOf: placeOf,
    say: say
  };
})();
