// Shows the pictures of sound alone in time, and goes on at the same place in another quality.
(function () {
  'use strict';
  const medium = document.querySelector('.stage video, .stage audio');
  if (!medium) {
    return;
  }

  // ---- Pictures ------------------------------------------------------------------------

  const image = document.getElementById('still');
  const stills = [];
  if (image) {
    document.querySelectorAll('#stills [data-at]').forEach(function (one) {
      stills.push({ at: Number(one.dataset.at) / 1000, src: one.getAttribute('href') });
    });
  }

  function show() {
    let found = stills[0];
    for (let i = 1; i < stills.length && stills[i].at <= medium.currentTime + 0.05; i += 1) {
      found = stills[i];
    }
    if (found && image.getAttribute('src') !== found.src) {
      image.setAttribute('src', found.src);
      // The next one is here when its time comes.
      const next = stills[stills.indexOf(found) + 1];
      if (next) {
        new Image().src = next.src;
      }
    }
  }

  if (stills.length) {
    ['timeupdate', 'seeking', 'seeked', 'loadedmetadata'].forEach(function (name) {
      medium.addEventListener(name, show);
    });
  }

  // ---- Another quality -----------------------------------------------------------------

  const FORM = /^#t=(\d+(?:\.\d+)?)$/;

  document.querySelectorAll('.quality a').forEach(function (link) {
    link.addEventListener('click', function () {
      if (medium.currentTime > 0) {
        link.hash = 't=' + medium.currentTime.toFixed(1);
      }
    });
  });

  function go() {
    const place = FORM.exec(location.hash);
    if (place) {
      medium.currentTime = Number(place[1]);
    }
  }

  if (medium.readyState > 0) {
    go();
  } else {
    medium.addEventListener('loadedmetadata', go, { once: true });
  }
}());
