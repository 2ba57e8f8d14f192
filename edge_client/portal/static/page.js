// Says when the node is out of reach. Runs only while the page is seen.
(function () {
  'use strict';
  const EVERY = 30000;
  const AGAIN = 5000;
  const PATIENCE = 8000;
  const banner = document.getElementById('unreachable');
  let timer = 0;

  function later(delay) {
    clearTimeout(timer);
    if (!document.hidden) {
      timer = setTimeout(look, delay);
    }
  }

  function answer(reached) {
    banner.hidden = reached;
    document.dispatchEvent(new CustomEvent('packhorse-node', { detail: reached }));
    if (reached) {
      follow();
    }
    later(reached ? EVERY : AGAIN);
  }

  // A page that shows the node's addresses follows them when they change.
  function follow() {
    const shown = document.querySelector('[data-follow]');
    if (!shown) {
      return;
    }
    fetch(location.href, { cache: 'no-store' }).then(function (response) {
      return response.ok ? response.text() : '';
    }).then(function (text) {
      const fresh = new DOMParser().parseFromString(text, 'text/html').querySelector('[data-follow]');
      if (fresh && fresh.dataset.follow !== shown.dataset.follow) {
        location.reload();
      }
    }, function () { /* Out of reach again: the banner says so at the next look. */ });
  }

  function look() {
    const stop = new AbortController();
    const patience = setTimeout(function () { stop.abort(); }, PATIENCE);
    fetch('/health', { cache: 'no-store', signal: stop.signal }).then(
      function (response) { clearTimeout(patience); answer(response.ok); },
      function () { clearTimeout(patience); answer(false); }
    );
  }

  document.addEventListener('visibilitychange', function () {
    clearTimeout(timer);
    if (!document.hidden) {
      look();
    }
  });
  later(EVERY);
})();
