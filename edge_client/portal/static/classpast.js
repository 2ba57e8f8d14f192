// A class that is over: its stops lead to their places in the video.
(function () {
  'use strict';
  const video = document.querySelector('.stage video');
  document.querySelectorAll('[data-at]').forEach(function (link) {
    link.addEventListener('click', function (event) {
      event.preventDefault();
      video.currentTime = Number(link.dataset.at) / 1000;
      const playing = video.play();
      if (playing) {
        playing.catch(function () { /* The player's own button plays it. */ });
      }
      video.scrollIntoView({ block: 'nearest' });
    });
  });
})();
