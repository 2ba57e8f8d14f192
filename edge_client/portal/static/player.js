// Records how a lesson is used, and brings the records to the node.
//
// Rules:
//   - Playing never waits for recording, and no failure here is shown or felt.
//   - An event stays in memory, and in localStorage where there is one, until the node has said
//     that it is durable (204) or that it can never be taken (400, 413, 422).
//   - Every event has a number in its session, so one that is sent twice counts once.
//   - "completed": at least 90 % of the medium has been played, or its end was reached. Once.
(function () {
  'use strict';
  const COMPLETED_SHARE = 0.9;
  const MAX_EVENTS = 50;
  const MAX_BYTES = 7000;
  const MAX_KEPT = 500;
  const KEEP_DAYS = 30;
  const SOON = 400;
  const FIRST_DELAY = 1000;
  const LONGEST_DELAY = 60000;
  const SEEK_SETTLES = 300;
  const PREFIX = 'packhorse-usage-';
  const GIVEN_UP = [400, 413, 422];
  const stage = document.querySelector('[data-usage]');
  if (!stage) {
    return;
  }

  // ---- Keeping and sending -------------------------------------------------------------

  // One session's events: those of this page, or those that an earlier page could not send.
  function Outbox(session, token, events) {
    this.session = session;
    this.token = token;
    this.events = events;
    this.delay = FIRST_DELAY;
    this.timer = 0;
    this.sending = false;
  }

  Outbox.prototype.add = function (event) {
    this.events.push(event);
    this.keep();
    if (!this.sending && this.delay === FIRST_DELAY) {
      this.later(SOON);
    }
  };

  Outbox.prototype.keep = function () {
    try {
      const name = PREFIX + this.session;
      if (this.events.length) {
        const kept = { token: this.token, events: this.events.slice(-MAX_KEPT) };
        localStorage.setItem(name, JSON.stringify(kept));
      } else {
        localStorage.removeItem(name);
      }
    } catch (error) {
      // Storage is full or forbidden: memory has them.
    }
  };

  Outbox.prototype.later = function (delay) {
    const outbox = this;
    clearTimeout(this.timer);
    this.timer = setTimeout(function () { outbox.send(); }, delay);
  };

  // The longest row of events from ``first`` on that one request may carry.
  Outbox.prototype.body = function (first) {
    const now = Date.now();
    const report = { token: this.token, session: this.session, events: [] };
    let size = JSON.stringify(report).length;
    for (let i = first; i < this.events.length && report.events.length < MAX_EVENTS; i += 1) {
      const event = Object.assign({}, this.events[i]);
      event.ago = Math.max(0, Math.min(now - event.at, KEEP_DAYS * 86400000));
      delete event.at;
      size += JSON.stringify(event).length + 1;
      if (size > MAX_BYTES) {
        break;
      }
      report.events.push(event);
    }
    return report;
  };

  Outbox.prototype.send = function () {
    clearTimeout(this.timer);
    if (this.sending || !this.events.length) {
      return;
    }
    const outbox = this;
    const report = this.body(0);
    const count = report.events.length;
    this.sending = true;
    fetch('/usage', {
      method: 'POST',
      body: JSON.stringify(report),
      headers: { 'Content-Type': 'application/json' },
      credentials: 'same-origin'
    }).then(
      function (response) { outbox.answered(response.status, count); },
      function () { outbox.answered(0, count); }
    );
  };

  Outbox.prototype.answered = function (status, count) {
    this.sending = false;
    if (status === 204 || GIVEN_UP.indexOf(status) >= 0) {
      this.events.splice(0, count);
      this.keep();
      this.delay = FIRST_DELAY;
      if (this.events.length) {
        this.later(0);
      }
      return;
    }
    this.later(this.delay * (0.75 + Math.random() / 2));
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY);
  };

  // The page may be gone in a moment: hand everything to the browser. Whether it arrives is not
  // told, so the events stay in localStorage and may be sent again.
  Outbox.prototype.beacon = function () {
    let first = 0;
    while (navigator.sendBeacon && first < this.events.length) {
      const report = this.body(first);
      if (!report.events.length || !navigator.sendBeacon('/usage', JSON.stringify(report))) {
        break;
      }
      first += report.events.length;
    }
  };

  const outbox = new Outbox(stage.dataset.usage, stage.dataset.token, []);
  const outboxes = [outbox];
  let number = 0;

  function record(verb, values) {
    outbox.add(Object.assign({
      number: number,
      verb: verb,
      pack: stage.dataset.pack,
      item: stage.dataset.item,
      version: Number(stage.dataset.version),
      at: Date.now()
    }, values));
    number += 1;
  }

  // What earlier pages of this browser could not bring away.
  function takeUpLeftovers() {
    try {
      const names = Object.keys(localStorage).filter(function (name) {
        return name.startsWith(PREFIX) && name !== PREFIX + outbox.session;
      });
      names.forEach(function (name) {
        const kept = JSON.parse(localStorage.getItem(name));
        const oldest = Date.now() - KEEP_DAYS * 86400000;
        const events = kept.events.filter(function (event) { return event.at > oldest; });
        const left = new Outbox(name.slice(PREFIX.length), kept.token, events);
        left.keep();
        outboxes.push(left);
        left.later(FIRST_DELAY);
      });
    } catch (error) {
      // No storage, or not ours.
    }
  }

  function sendAll() {
    outboxes.forEach(function (one) { one.later(0); });
  }

  document.addEventListener('packhorse-node', function (event) {
    if (event.detail) {
      sendAll();
    }
  });
  window.addEventListener('online', sendAll);

  // ---- Watching a medium ---------------------------------------------------------------

  function watchMedium(medium) {
    const failed = document.getElementById('failed');
    let stretch = -1;
    let last = 0;
    let from = -1;
    let settles = 0;
    let isCompleted = false;

    function milliseconds(seconds) {
      return isFinite(seconds) ? Math.round(seconds * 1000) : -1;
    }
    function values(more) {
      const basic = { position: milliseconds(medium.currentTime), length: milliseconds(medium.duration) };
      return Object.assign(basic, more);
    }
    function played() {
      let sum = 0;
      for (let i = 0; i < medium.played.length; i += 1) {
        sum += medium.played.end(i) - medium.played.start(i);
      }
      return sum;
    }
    function complete() {
      if (!isCompleted) {
        isCompleted = true;
        record('completed', values());
      }
    }
    function settle() {
      clearTimeout(settles);
      if (from >= 0) {
        const left = from;
        from = -1;
        if (stretch >= 0) {
          stretch = milliseconds(medium.currentTime);
        }
        record('seeked', values({ start: left }));
      }
    }

    function initialise() {
      record('initialized', values());
    }
    if (medium.readyState >= 1) {
      initialise();
    } else {
      medium.addEventListener('loadedmetadata', initialise, { once: true });
    }
    medium.addEventListener('play', function () {
      settle();
      stretch = milliseconds(medium.currentTime);
      record('played', values());
    });
    medium.addEventListener('pause', function () {
      if (stretch >= 0 && from < 0) {
        record('paused', values({ start: stretch }));
        stretch = -1;
      } else if (stretch >= 0) {
        // Browsers pause while the handle is dragged: that stretch ended where the drag began.
        record('paused', values({ start: stretch, position: from }));
        stretch = -1;
      }
    });
    medium.addEventListener('timeupdate', function () {
      if (!medium.seeking && from < 0) {
        last = milliseconds(medium.currentTime);
      }
      if (medium.duration > 0 && played() >= medium.duration * COMPLETED_SHARE) {
        complete();
      }
    });
    medium.addEventListener('seeking', function () {
      clearTimeout(settles);
      if (from < 0) {
        from = last;
      }
    });
    // A drag makes many of these; one is recorded when it rests.
    medium.addEventListener('seeked', function () {
      clearTimeout(settles);
      settles = setTimeout(settle, SEEK_SETTLES);
    });
    medium.addEventListener('ended', complete);
    medium.addEventListener('error', function () {
      record('failed', values());
      if (failed) {
        failed.hidden = false;
      }
    });
    return function () {
      settle();
      record('terminated', values(stretch >= 0 ? { start: stretch } : {}));
      stretch = -1;
    };
  }

  // ---- Watching a page, a picture, a document ------------------------------------------

  // "terminated" carries how long the page was seen: a stretch from 0 to that many milliseconds.
  function watchPage() {
    let seen = 0;
    let since = document.hidden ? -1 : performance.now();
    function note() {
      if (since >= 0) {
        seen += performance.now() - since;
      }
      since = document.hidden ? -1 : performance.now();
    }
    document.addEventListener('visibilitychange', note);
    return function () {
      note();
      record('terminated', { start: 0, position: Math.round(seen) });
    };
  }

  // ---- Beginning and end ---------------------------------------------------------------

  const medium = stage.querySelector('video, audio');
  let isOpen = true;
  record('opened');
  const terminate = medium ? watchMedium(medium) : watchPage();
  takeUpLeftovers();

  window.addEventListener('pagehide', function () {
    if (isOpen) {
      isOpen = false;
      terminate();
    }
    outboxes.forEach(function (one) { one.beacon(); });
  });
  // Back from the browser's memory: the same page, opened again.
  window.addEventListener('pageshow', function (event) {
    if (event.persisted) {
      isOpen = true;
      record('opened');
      sendAll();
    }
  });
  // A tablet may end a hidden page without another word.
  document.addEventListener('visibilitychange', function () {
    if (document.hidden) {
      outboxes.forEach(function (one) { one.beacon(); });
    }
  });
})();
