// Shows a channel in step with the school's clock, and what the page says of it.
//
// Rules:
//   - Live, every page shows the same moment: LAG behind the school's clock. A small difference is
//     made up by speed, a larger one (a stall, a pause, a page that slept) by going on at the edge.
//   - Words lie over the slate while the slate is what this page shows, not before or after.
//   - The page asks every few seconds what is on; without an answer all plays on from what is here.
//   - Whatever fails is tried again, slower and slower. What fails twice is told in words, until
//     the channel has played on for a while.
//   - One "played" for each lesson, once WATCHED of it was seen; lost ones are not sent again.
(function () {
  'use strict';
  const LAG = 4000;
  const EVERY = 8000;
  const SOON = 1000;
  const STEP = 500;
  const FAR = 1500;
  const NEAR = 150;
  const EVEN = 40;
  const WATCHED = 20000;
  const RETRY = 3000;
  const LONGEST_RETRY = 30000;
  const WELL = 5000;

  const waits = document.getElementById('waits');
  if (waits) {
    setInterval(function () {
      fetch(waits.dataset.state, { cache: 'no-store' }).then(function (response) {
        return response.json();
      }).then(function (state) {
        if (!state.waits) {
          location.reload();
        }
      }, function () { /* The banner says that the node is away. */ });
    }, 4000);
    return;
  }

  const stage = document.getElementById('air');
  const player = document.getElementById('player');
  const over = document.getElementById('over');
  const begin = document.getElementById('begin');
  const full = document.getElementById('full');
  const list = document.getElementById('list');
  const failed = document.getElementById('failed');
  const trouble = document.getElementById('trouble');
  if (!stage) {
    return;
  }
  const mode = stage.dataset.mode;
  const isLive = mode === 'live' || mode === 'sound';
  const source = stage.dataset.source;
  over.innerHTML = document.getElementById('first-words').innerHTML;

  // ---- The school's clock, and what is on ----------------------------------------------

  let ahead = null;
  let runs = [];
  let lesson = null;
  let first = null;

  function schoolTime() {
    return ahead === null ? null : performance.now() + ahead;
  }

  function fill(element, html) {
    if (html && element.dataset.html !== html) {
      element.dataset.html = html;
      element.innerHTML = html;
    }
  }

  function ask() {
    const sent = performance.now();
    return fetch(stage.dataset.state, { cache: 'no-store' }).then(function (response) {
      if (!response.ok) {
        throw new Error(String(response.status));
      }
      return response.json();
    }).then(function (state) {
      if (state.waits) {
        location.reload();
        return;
      }
      if (state.at) {
        const got = performance.now();
        const found = state.at - (sent + got) / 2;
        // A slow answer says less of the time than an earlier quick one.
        if (ahead === null || got - sent < 300 || Math.abs(found - ahead) > 2000) {
          ahead = found;
        }
        runs = state.runs;
        lesson = state.lesson || null;
        first = first || lesson;
        fill(over, state.words);
        fill(list, state.list);
      }
    });
  }

  function askLater() {
    // A channel that has just begun tells no time yet.
    setTimeout(askOn, ahead === null ? SOON : document.hidden ? 4 * EVERY : EVERY);
  }

  function askOn() {
    ask().catch(function () { /* The banner says so. */ }).then(askLater);
  }

  function isSlateAt(moment) {
    let slate = false;
    runs.forEach(function (run) {
      if (run[0] <= moment) {
        slate = run[1];
      }
    });
    return runs.length ? slate : !over.hidden;
  }

  // ---- Playing -------------------------------------------------------------------------

  let hls = null;
  let wantsToPlay = true;

  // The moment of the school's clock that is shown, in milliseconds; null when nothing is.
  function shownMoment() {
    if (hls) {
      const date = hls.playingDate;
      return date ? date.getTime() : null;
    }
    const start = player.getStartDate && player.getStartDate();
    const begins = start ? start.getTime() : NaN;
    return isNaN(begins) ? null : begins + player.currentTime * 1000;
  }

  function details() {
    const level = hls && hls.levels && hls.levels[Math.max(0, hls.currentLevel)];
    return level && level.details;
  }

  // Where a moment is in the player's own time; null when it is not in the playlist.
  function placeOf(moment) {
    const known = details();
    const fragments = known ? known.fragments : [];
    for (let i = fragments.length - 1; i >= 0; i -= 1) {
      const begins = fragments[i].programDateTime;
      if (begins !== null && begins <= moment && moment < begins + fragments[i].duration * 1000) {
        return fragments[i].start + (moment - begins) / 1000;
      }
    }
    return null;
  }

  function jump(drift) {
    const place = hls ? placeOf(schoolTime() - LAG) : player.currentTime - drift / 1000;
    if (place !== null && isFinite(place) && Math.abs(place - player.currentTime) > FAR / 2000) {
      player.currentTime = place;
    } else if (place === null && hls && hls.liveSyncPosition !== null && drift < -30000) {
      player.currentTime = hls.liveSyncPosition;
    }
    setRate(1);
  }

  function setRate(rate) {
    if (player.playbackRate !== rate) {
      player.playbackRate = rate;
    }
  }

  function keepInStep() {
    const now = schoolTime();
    if (!isLive || now === null || player.paused || player.seeking) {
      return;
    }
    const moment = shownMoment();
    if (moment === null) {
      return;
    }
    const drift = moment - (now - LAG);
    if (Math.abs(drift) > FAR) {
      jump(drift);
    } else if (Math.abs(drift) > NEAR) {
      setRate(drift > 0 ? 0.94 : 1.06);
    } else if (Math.abs(drift) < EVEN) {
      setRate(1);
    }
  }

  function showWords() {
    const now = schoolTime();
    const moment = player.paused ? null : shownMoment();
    if (isLive && now !== null) {
      const isSlate = isSlateAt(moment === null ? now - LAG : moment);
      if (isSlate && over.hidden) {
        // The words are of when the lesson was still on.
        ask().catch(function () { /* The banner says so. */ });
      }
      over.hidden = !isSlate;
    }
  }

  function play() {
    const started = player.play();
    if (started && started.catch) {
      started.catch(function (error) {
        if (error.name === 'NotAllowedError') {
          begin.hidden = false;
        }
      });
    }
  }

  // Errors in a row, where those that are not live were then, and since when all has gone well.
  let faults = 0;
  let resumeAt = null;
  let well = 0;
  let lastPlace = 0;

  function again(isOfMedia, begins) {
    faults += 1;
    well = 0;
    failed.hidden = !isOfMedia || faults < 3;
    trouble.hidden = !failed.hidden || faults < 2;
    setTimeout(function () {
      begins();
      playOn();
    }, Math.min(faults * RETRY, LONGEST_RETRY));
  }

  function playOn() {
    if (wantsToPlay) {
      play();
    }
  }

  function watchOver() {
    well = player.paused || player.currentTime === lastPlace ? 0 : well + STEP;
    lastPlace = player.currentTime;
    if (well >= WELL && faults > 0) {
      faults = 0;
      failed.hidden = trouble.hidden = true;
    }
  }

  function startHls() {
    hls = new window.Hls({
      enableWorker: false,
      lowLatencyMode: false,
      liveSyncDuration: 18,
      liveMaxLatencyDuration: isLive ? 50 : 1e6,
      maxLiveSyncPlaybackRate: 1,
      backBufferLength: isLive ? 20 : 60,
      maxBufferLength: 30,
      startPosition: isLive || resumeAt !== null ? -1 : 0,
      manifestLoadPolicy: policy(),
      playlistLoadPolicy: policy(),
      fragLoadPolicy: policy()
    });
    hls.on(window.Hls.Events.ERROR, function (event, data) {
      if (!data.fatal) {
        return;
      }
      const isOfMedia = data.type === window.Hls.ErrorTypes.MEDIA_ERROR;
      if (player.currentTime > 0) {
        wantsToPlay = !player.paused;
      }
      if (isOfMedia && faults === 0) {
        faults = 1;
        hls.recoverMediaError();
        playOn();
        return;
      }
      // The node restarts, or waits for the time: begin again when it is back.
      resumeAt = isLive ? null : shownMoment() || resumeAt;
      hls.destroy();
      hls = null;
      again(isOfMedia, startHls);
    });
    hls.loadSource(source);
    hls.attachMedia(player);
  }

  function policy() {
    const retry = { maxNumRetry: 6, retryDelayMs: 500, maxRetryDelayMs: 4000 };
    return {
      default: {
        maxTimeToFirstByteMs: 8000, maxLoadTimeMs: 20000, timeoutRetry: retry, errorRetry: retry
      }
    };
  }

  function start() {
    if (window.Hls && window.Hls.isSupported()) {
      startHls();
    } else if (player.canPlayType('application/vnd.apple.mpegurl')) {
      player.src = source;
      player.addEventListener('error', function () {
        again(false, function () { player.src = source; });
      });
    } else {
      failed.hidden = false;
      player.hidden = true;
      return;
    }
    play();
  }

  begin.addEventListener('click', function () {
    begin.hidden = true;
    play();
  });
  player.addEventListener('playing', function () { begin.hidden = true; });
  player.addEventListener('loadeddata', function () {
    const place = resumeAt === null ? null : placeOf(resumeAt);
    resumeAt = null;
    if (place !== null) {
      player.currentTime = place;
    }
  });
  // A channel that was paused goes on with what is on then.
  player.addEventListener('play', function () {
    if (isLive && schoolTime() !== null && shownMoment() !== null) {
      keepInStep();
    }
  });
  if (full && stage.requestFullscreen) {
    full.hidden = false;
    full.addEventListener('click', function () {
      if (document.fullscreenElement) {
        document.exitFullscreen();
      } else {
        stage.requestFullscreen();
      }
    });
    stage.addEventListener('dblclick', function () { full.click(); });
  }
  document.addEventListener('visibilitychange', function () {
    if (!document.hidden) {
      ask().catch(function () { /* The banner says so. */ });
    }
  });

  // ---- What was watched ----------------------------------------------------------------

  const told = {};
  const seen = {};
  let number = 0;

  // Of the last half hour the page does not know which lesson it shows.
  function watched() {
    return isLive ? lesson : mode === 'start' ? first : null;
  }

  function tell() {
    const seenNow = watched();
    if (!seenNow || player.paused || !over.hidden) {
      return;
    }
    const name = seenNow.pack + '/' + seenNow.item;
    seen[name] = (seen[name] || 0) + STEP;
    if (seen[name] < WATCHED || told[name]) {
      return;
    }
    told[name] = true;
    const event = {
      number: number, verb: 'played', pack: seenNow.pack, item: seenNow.item,
      version: seenNow.version
    };
    number += 1;
    fetch('/usage', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      credentials: 'same-origin',
      body: JSON.stringify({
        token: stage.dataset.token, session: stage.dataset.session, events: [event]
      })
    }).catch(function () { /* It is one of many. */ });
  }

  setInterval(function () {
    keepInStep();
    showWords();
    watchOver();
    tell();
  }, STEP);
  ask().catch(function () { /* The banner says so. */ }).then(function () {
    askLater();
    start();
  });
})();
