// The teacher's desk of a class: orders, guide, times, and who is there. See class.js.
(function () {
  'use strict';
  const own = window.packhorseClass;
  const BACK = 10000;
  const SECOND = 1000;
  const MINUTE = 60000;
  const UNKNOWN = '–';
  // Presenters' remote controls send the keys of a page up and down.
  const KEYS = {
    ' ': 'toggle', k: 'toggle', ArrowLeft: 'back', ArrowRight: 'next', ArrowDown: 'next',
    ArrowUp: 'previous', PageDown: 'next', PageUp: 'previous'
  };

  function element(id) {
    return document.getElementById(id);
  }

  function Desk(page, stage) {
    this.page = page;
    this.stage = stage;
    this.cues = stage.cues;
    this.shown = null;
    this.link = null;
  }

  Desk.prototype.begin = function (link) {
    const desk = this;
    this.link = link;
    document.querySelectorAll('[data-act]').forEach(function (button) {
      button.addEventListener('click', function () {
        desk.order(button.dataset.act, Number(button.dataset.value || 0));
      });
    });
    element('toggle').addEventListener('click', function () { desk.toggle(); });
    element('rate').addEventListener('change', function () {
      desk.order('rate', Number(element('rate').value));
    });
    element('sound').addEventListener('change', function () {
      desk.order('sound', Number(element('sound').value));
    });
    element('heads').addEventListener('change', function () {
      const heads = element('heads');
      if (heads.checkValidity()) {
        desk.order('heads', Number(heads.value || 0));
      }
    });
    if (element('show-guide')) {
      element('show-guide').addEventListener('click', function () { desk.showGuide(); });
    }
    this.able(false);
    this.listenToEnd();
    this.listenToKeys();
    setInterval(function () { desk.refresh(); }, 250);
  };

  // The end is asked once, and what was asked is forgotten when the teacher goes on.
  Desk.prototype.listenToEnd = function () {
    const desk = this;
    element('end').addEventListener('click', function () {
      own.show('ending', true);
      element('go-on').focus();
    });
    element('go-on').addEventListener('click', function () {
      own.show('ending', false);
      element('end').focus();
    });
    element('end-now').addEventListener('click', function () {
      own.show('ending', false);
      desk.order('end', 0);
    });
  };

  Desk.prototype.listenToKeys = function () {
    const desk = this;
    document.addEventListener('keydown', function (event) {
      if (event.ctrlKey || event.altKey || event.metaKey || own.isTyping(event.target)) {
        return;
      }
      if (event.key === ' ' && event.target.closest('button, a, summary')) {
        return;
      }
      const act = KEYS[event.key];
      if (act) {
        event.preventDefault();
        if (!event.repeat) {
          desk.press(act);
        }
      } else if (event.key.toLowerCase() === 'g' && element('guide')) {
        desk.showGuide();
      }
    });
  };

  Desk.prototype.press = function (act) {
    if (act === 'toggle') {
      this.toggle();
    } else {
      this.order(act, act === 'back' ? BACK : 0);
    }
  };

  Desk.prototype.showGuide = function () {
    const guide = element('guide');
    guide.hidden = !guide.hidden;
    element('show-guide').setAttribute('aria-expanded', String(!guide.hidden));
  };

  Desk.prototype.toggle = function () {
    const place = this.stage.place();
    if (place) {
      this.order(place.isMoving ? 'pause' : 'play', 0);
    }
  };

  Desk.prototype.order = function (act, value) {
    const revision = this.shown ? this.shown.revision : 0;
    this.link.send({ type: 'order', act: act, value: value, revision: revision });
  };

  // ---- What comes ----------------------------------------------------------------------

  Desk.prototype.view = function (view) {
    this.shown = view;
    this.choose(element('rate'), Math.round(view.rate * 100));
    this.listScreens(view);
    if (document.activeElement !== element('heads')) {
      element('heads').value = view.heads || '';
    }
    this.refresh();
  };

  Desk.prototype.lost = function () { this.able(false); };
  Desk.prototype.found = function () { this.able(true); };
  Desk.prototype.fault = function () {};

  Desk.prototype.able = function (isAble) {
    document.body.classList.toggle('cut', !isAble);
  };

  Desk.prototype.choose = function (select, value) {
    if (document.activeElement !== select && select.value !== String(value)) {
      select.value = String(value);
    }
  };

  // The screens by the numbers that they show, and this device itself.
  Desk.prototype.listScreens = function (view) {
    const select = element('sound');
    const options = [[0, own.say('first-screen')], [view.you, own.say('this-device')]].concat(
      view.big.map(function (number) { return [number, own.say('screen') + ' ' + number]; })
    );
    const text = JSON.stringify(options);
    if (select.dataset.listed !== text) {
      select.dataset.listed = text;
      select.textContent = '';
      options.forEach(function (one) {
        select.add(new Option(one[1], one[0]));
      });
    }
    select.value = String(view.sound);
  };

  // ---- What the desk shows -------------------------------------------------------------

  Desk.prototype.refresh = function () {
    const view = this.shown;
    const place = view && this.stage.place();
    if (!place) {
      return;
    }
    const now = this.link.clock.now();
    const isOver = view.phase === 'ended';
    element('toggle').classList.toggle('playing', place.isMoving);
    own.write('toggle-text', own.say(place.isMoving ? 'pause' : 'play'));
    own.show('taking', !view.leads && !isOver);
    own.show('controls', !isOver);
    own.show('over', isOver);
    document.body.classList.toggle('is-over', isOver);
    this.times(view, place, now);
    this.people(view);
    this.guides(view, place, now);
  };

  Desk.prototype.times = function (view, place, now) {
    const left = (view.length - place.position) / place.rate;
    own.write('position', own.clockText(place.position));
    own.write('length', view.length ? own.clockText(view.length) : UNKNOWN);
    own.write('left', view.length ? own.clockText(left) : UNKNOWN);
    const bar = element('progress');
    if (bar) {
      bar.max = view.length || 1;
      bar.value = view.length ? place.position : 0;
    }
    const ends = Number(this.page.dataset.slotEnds || 0);
    own.show('slot', ends > 0);
    if (ends) {
      own.write('slot-left', own.clockText(ends - now));
      element('slot').classList.toggle('short', ends - now < left);
    }
  };

  Desk.prototype.people = function (view) {
    own.write('pupils', String(view.pupils));
    own.write('screens', String(view.screens));
    own.write('troubled', String(view.troubled));
    own.show('trouble', view.troubled > 0);
  };

  Desk.prototype.guides = function (view, place, now) {
    const at = this.stage.stoppedAt();
    const next = this.nextCue(view, at);
    document.querySelectorAll('#cues li').forEach(function (row, index) {
      row.classList.toggle('now', index === at);
      row.classList.toggle('passed', index !== at && (next < 0 || index < next));
    });
    this.guide('now', at);
    this.guide('next', next);
    own.show('no-guide', at < 0 && next < 0);
    if (next >= 0) {
      own.write('next-in', own.clockText((this.cues[next].at - place.position) / place.rate));
    }
    this.countDown(view, at, now);
  };

  Desk.prototype.nextCue = function (view, at) {
    const isNext = at >= 0 && view.phase === 'playing' && at === view.next_cue;
    const next = isNext ? at + 1 : view.next_cue;
    return next < this.cues.length ? next : -1;
  };

  Desk.prototype.guide = function (which, index) {
    own.show(which + '-cue', index >= 0);
    if (index < 0) {
      return;
    }
    const row = document.querySelectorAll('#cues li')[index];
    own.write(which + '-kind', row.querySelector('.kind').textContent);
    own.write(which + '-title', row.querySelector('.cue-title').textContent);
    own.write(which + '-guide', row.querySelector('.guide-text').textContent);
  };

  // The minutes that the cue suggests; below nothing they count what is taken beyond them.
  Desk.prototype.countDown = function (view, at, now) {
    const minutes = at < 0 ? 0 : this.cues[at].minutes;
    own.show('cue-left', minutes > 0 && view.stopped > 0);
    if (minutes && view.stopped) {
      const left = minutes * MINUTE - (now - view.stopped);
      const isOver = left < 0;
      element('cue-left').classList.toggle('short', isOver);
      own.write('cue-clock', (isOver ? '+' : '') + own.clockText(Math.abs(left) + SECOND / 2));
      own.write('cue-clock-label', own.say(isOver ? 'beyond' : 'minutes-left'));
    }
  };

  own.Desk = Desk;
})();
