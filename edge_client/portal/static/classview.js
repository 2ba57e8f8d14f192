// What a class's screen shows: the lesson, where it stopped and why, and what to do when it cannot.
// Used by pupils' tablets, big screens and the teacher's own page; see class.js for keeping step.
(function () {
  'use strict';
  const own = window.packhorseClass;
  const REPORT_EVERY = 5000;
  const JOINED = 'packhorse-class-';
  const IDLE_AFTER = 4000;
  const FAULT_STAYS = 6000;

  function element(id) {
    return document.getElementById(id);
  }

  function show(id, isShown) {
    const found = element(id);
    if (found) {
      found.hidden = !isShown;
    }
  }

  // Sets a text only when it changes, so that a screen reader says it once.
  function write(id, text) {
    const found = element(id);
    if (found && found.textContent !== text) {
      found.textContent = text;
    }
  }

  // ---- The stage -----------------------------------------------------------------------

  function Stage(page) {
    const stage = this;
    this.page = page;
    this.cues = JSON.parse(page.dataset.cues);
    this.stills = JSON.parse(page.dataset.stills);
    this.shown = null;
    this.isLost = false;
    this.wantsCode = false;
    const video = element('video');
    this.follower = new own.Follower(
      video, function () { return stage.place(); }, function () { stage.report(); }
    );
    video.addEventListener('error', function () { stage.failed(); });
    this.listen();
    this.timer = setInterval(function () { stage.refresh(); }, 250);
    setInterval(function () { stage.report(); }, REPORT_EVERY);
  }

  Stage.prototype.listen = function () {
    const stage = this;
    const video = element('video');
    const join = element('join');
    if (join) {
      join.addEventListener('click', function () {
        stage.remember();
        stage.follower.free();
        show('joining', false);
      });
    }
    ['playing', 'waiting', 'seeked', 'canplay'].forEach(function (name) {
      video.addEventListener(name, function () { stage.refresh(); });
    });
    document.addEventListener('visibilitychange', function () {
      if (!document.hidden) {
        stage.link.hurry();
      }
    });
  };

  // A page that is loaded anew asks for no second tap where the browser asks for none.
  Stage.prototype.remember = function () {
    try {
      sessionStorage.setItem(JOINED + this.page.dataset.code, '1');
    } catch (error) {
      // Forbidden: it asks again.
    }
  };

  Stage.prototype.hasJoined = function () {
    try {
      return sessionStorage.getItem(JOINED + this.page.dataset.code) !== null;
    } catch (error) {
      return false;
    }
  };

  Stage.prototype.begin = function (link) {
    this.link = link;
    if (this.page.dataset.role !== 'pupil' || this.hasJoined()) {
      this.follower.free();
    }
    this.refresh();
  };

  // A rendition that this device cannot show: the simpler one.
  Stage.prototype.failed = function () {
    const video = element('video');
    const other = video.dataset.other;
    if (other) {
      delete video.dataset.other;
      video.src = other;
      video.load();
    }
    this.report();
  };

  Stage.prototype.place = function () {
    return this.shown && own.placeOf(this.shown, this.cues, this.link.clock.now());
  };

  Stage.prototype.view = function (view) {
    this.shown = view;
    this.follower.sound(this.playsSound());
    this.follower.tick();
    if (this.length()) {
      this.report();
    }
    this.refresh();
  };

  // The chosen screen does; where a class is led from one screen alone, that one.
  Stage.prototype.playsSound = function () {
    const view = this.shown;
    const isAlone = this.page.dataset.alone !== undefined && view.leads;
    return view.sound ? view.sound === view.you : isAlone;
  };

  Stage.prototype.lost = function () {
    this.isLost = true;
    this.refresh();
  };

  Stage.prototype.found = function () {
    this.isLost = false;
    this.report();
    this.refresh();
  };

  Stage.prototype.fault = function (fault) {
    const link = this.link;
    write('fault-text', fault.text);
    show('fault', true);
    clearTimeout(this.faulty);
    // What an order met is soon past; why the portal closed stays.
    this.faulty = setTimeout(function () { show('fault', link.isOver); }, FAULT_STAYS);
  };

  Stage.prototype.report = function () {
    const state = this.follower.state();
    const position = Math.max(0, Math.round(element('video').currentTime * 1000));
    if (this.link) {
      this.link.send({ type: 'here', position: position, state: state, length: this.length() });
    }
    this.refresh();
  };

  // How long the lesson is, where the portal does not know; it takes this from who leads.
  Stage.prototype.length = function () {
    const view = this.shown;
    const length = element('video').duration * 1000;
    return view && view.leads && !view.length && isFinite(length) ? Math.round(length) : 0;
  };

  // The cue at which the class stands, told by the portal or reached by this screen itself.
  Stage.prototype.stoppedAt = function () {
    const view = this.shown;
    if (view.phase === 'cue') {
      return view.cue;
    }
    const place = this.place();
    return view.phase === 'playing' && !place.isMoving ? view.next_cue : -1;
  };

  Stage.prototype.refresh = function () {
    const view = this.shown;
    const state = this.follower.state();
    const phase = view ? view.phase : 'connecting';
    document.body.dataset.phase = phase;
    show('lost', this.isLost && !this.link.isOver);
    show('anew', this.link.isOver);
    if (this.link.isOver) {
      // Nobody tells this screen any more where the class is.
      this.follower.stop();
    }
    show('failed', state === 'failed' && !element('video').dataset.other);
    show('joining', state === 'blocked' && phase !== 'ended');
    show('loading', state === 'loading' && phase === 'playing');
    show('waiting', phase === 'waiting' || phase === 'connecting');
    show('ended', phase === 'ended');
    show('code', phase === 'waiting' || this.wantsCode);
    if (this.follower.isSilenced) {
      write('join-text', own.say('sound'));
    }
    this.numbered(view);
    this.showStill();
    const at = view ? this.stoppedAt() : -1;
    this.tell(phase, at < 0 ? null : this.cues[at]);
  };

  // The teacher chooses by this number which screen plays the sound.
  Stage.prototype.numbered = function (view) {
    if (view && view.you) {
      const plays = this.playsSound() ? ' · ' + own.say('plays-sound') : '';
      write('own-number', own.say('screen') + ' ' + view.you + plays);
    }
  };

  // The picture that belongs to this place of a lesson that is sound alone.
  Stage.prototype.showStill = function () {
    const place = this.shown && this.place();
    const image = element('still');
    const passed = this.stills.filter(function (one) { return place && one.at <= place.position; });
    const still = passed.pop() || this.stills[0];
    show('still', Boolean(still));
    if (still && image.getAttribute('src') !== still.url) {
      image.src = still.url;
    }
  };

  Stage.prototype.isAtEnd = function () {
    return this.shown.length > 0 && this.shown.position >= this.shown.length;
  };

  Stage.prototype.tell = function (phase, cue) {
    show('stop', Boolean(cue) || phase === 'paused');
    if (cue) {
      write('stop-kind', own.say('kind-' + cue.kind) || own.say('kind-pause'));
      write('stop-title', cue.title || own.say('stopped'));
    } else {
      write('stop-kind', '');
      write('stop-title', phase === 'paused' ? own.say(this.isAtEnd() ? 'over' : 'paused') : '');
    }
  };

  // ---- A big screen --------------------------------------------------------------------

  function isTyping(target) {
    return Boolean(target.closest && target.closest('input, select, textarea'));
  }

  function fullScreen() {
    const root = document.documentElement;
    if (document.fullscreenElement) {
      document.exitFullscreen();
    } else if (root.requestFullscreen) {
      root.requestFullscreen().catch(function () { /* Not allowed here: it stays a window. */ });
    }
  }

  // Shows the subtitles of the next language, after the last one none.
  function nextSubtitles() {
    const tracks = Array.from(element('video').textTracks);
    const at = tracks.findIndex(function (one) { return one.mode === 'showing'; });
    tracks.forEach(function (one, index) {
      one.mode = index === at + 1 ? 'showing' : 'disabled';
    });
  }

  // What nobody uses goes away from the picture, and comes back with the hand.
  function hideWhenIdle() {
    let idle = 0;
    function awake() {
      document.body.classList.remove('idle');
      clearTimeout(idle);
      idle = setTimeout(function () { document.body.classList.add('idle'); }, IDLE_AFTER);
    }
    ['mousemove', 'touchstart', 'keydown'].forEach(function (name) {
      document.addEventListener(name, awake, { passive: true });
    });
    awake();
  }

  function bigScreen(stage) {
    const acts = {
      c: nextSubtitles,
      f: fullScreen,
      q: function () {
        stage.wantsCode = !stage.wantsCode;
        stage.refresh();
      }
    };
    document.addEventListener('keydown', function (event) {
      const act = acts[event.key.toLowerCase()];
      if (act && !event.ctrlKey && !event.altKey && !event.metaKey && !isTyping(event.target)) {
        act();
      }
    });
    element('full').addEventListener('click', acts.f);
    element('show-code').addEventListener('click', acts.q);
    element('subtitles').addEventListener('click', acts.c);
    show('subtitles', element('video').textTracks.length > 0);
    show('full', Boolean(document.documentElement.requestFullscreen));
    hideWhenIdle();
  }

  // ---- Beginning -----------------------------------------------------------------------

  function begin() {
    const page = element('class');
    if (!window.WebSocket) {
      show('unsupported', true);
      return;
    }
    const parts = [new Stage(page)];
    if (own.Desk) {
      parts.push(new own.Desk(page, parts[0]));
    }
    function each(name) {
      return function (value) {
        parts.forEach(function (part) { part[name](value); });
      };
    }
    const link = new own.Link(page.dataset.code, page.dataset.role, {
      view: each('view'), lost: each('lost'), found: each('found'), fault: each('fault')
    });
    each('begin')(link);
    if (element('full')) {
      bigScreen(parts[0]);
    }
  }

  own.show = show;
  own.write = write;
  own.isTyping = isTyping;
  document.addEventListener('DOMContentLoaded', begin);
})();
