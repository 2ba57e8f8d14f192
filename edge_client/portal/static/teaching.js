// Says at once that a file is too large, and that one is on its way. The server checks it all.
(function () {
  'use strict';
  const form = document.querySelector('.upload');
  if (!form) {
    return;
  }
  const input = form.querySelector('[type=file]');
  const tooLarge = form.querySelector('[data-too-large]');
  const sending = form.querySelector('[data-sending]');
  const button = form.querySelector('button');

  function isTooLarge() {
    const file = input.files && input.files[0];
    return Boolean(file) && file.size > Number(form.dataset.most);
  }

  input.addEventListener('change', function () { tooLarge.hidden = !isTooLarge(); });
  form.addEventListener('submit', function (event) {
    tooLarge.hidden = !isTooLarge();
    if (isTooLarge()) {
      event.preventDefault();
      return;
    }
    sending.hidden = false;
    button.disabled = true;
  });
  // Back from the next page, the form can be used again.
  window.addEventListener('pageshow', function () {
    sending.hidden = true;
    button.disabled = false;
  });
})();
