// Two comforts; the pages do without. Sends a folder in pieces, so that a line that breaks costs
// one piece, and shows how far it is. Looks again at a page whose work goes on.
(function () {
  'use strict';
  const PIECE_BYTES = 32 * 1024 * 1024;
  const PIECE_FILES = 200;
  const PAUSES = [1, 2, 5, 10, 20, 30, 60, 60, 60];

  function bytes(count) {
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let unit = 0;
    while (count >= 999.5 && unit < units.length - 1) {
      count /= 1000;
      unit += 1;
    }
    return count.toFixed(unit && count < 10 ? 1 : 0) + ' ' + units[unit];
  }

  function isLitter(path) {
    return path.split('/').some(function (part) { return /^(\.|~\$)/.test(part); });
  }

  function chosen(form) {
    const files = [];
    form.querySelectorAll('input[type=file]').forEach(function (input) {
      Array.prototype.forEach.call(input.files, function (file) {
        const path = file.webkitRelativePath || file.name;
        if (!isLitter(path)) {
          files.push({ file: file, path: path });
        }
      });
    });
    return files;
  }

  function pieces(files) {
    const result = [];
    let size = 0;
    files.forEach(function (one) {
      const last = result[result.length - 1];
      if (!last || last.length >= PIECE_FILES || size + one.file.size > PIECE_BYTES) {
        result.push([one]);
        size = one.file.size;
      } else {
        last.push(one);
        size += one.file.size;
      }
    });
    return result;
  }

  function post(form, job, piece, last, progress) {
    const data = new FormData();
    data.append('token', form.elements.token.value);
    data.append('job', job);
    data.append('last', last ? '1' : '0');
    piece.forEach(function (one) { data.append('files', one.file, one.path); });
    return new Promise(function (resolve, reject) {
      const request = new XMLHttpRequest();
      request.open('POST', form.getAttribute('action'));
      request.setRequestHeader('Accept', 'application/json');
      request.responseType = 'json';
      request.upload.onprogress = function (event) { progress(event.loaded); };
      request.onerror = function () { reject(null); };
      request.onload = function () {
        if (request.status === 200 && request.response) {
          resolve(request.response.job);
        } else {
          reject(request);
        }
      };
      request.send(data);
    });
  }

  function pause(seconds) {
    return new Promise(function (resolve) { setTimeout(resolve, seconds * 1000); });
  }

  function send(form, files) {
    const bar = form.querySelector('progress');
    const words = form.querySelector('.sending p');
    const wrong = form.querySelector('p.bad');
    const total = files.reduce(function (sum, one) { return sum + one.file.size; }, 0);
    const parts = pieces(files);
    let done = 0;
    let job = '';

    function show(more) {
      const now = Math.min(total, done + more);
      bar.value = total ? now / total : 1;
      words.textContent = form.dataset.sending.replace('{done}', bytes(now)).replace('{total}', bytes(total));
    }

    function one(number, tries) {
      return post(form, job, parts[number], number === parts.length - 1, show).then(function (name) {
        job = name;
        done += parts[number].reduce(function (sum, each) { return sum + each.file.size; }, 0);
        show(0);
        return number + 1 < parts.length ? one(number + 1, 0) : undefined;
      }, function (request) {
        // No answer, or the hub still holds the broken try: the same piece again, later.
        if ((request === null || request.status === 409 && (job || tries)) && tries < PAUSES.length) {
          words.textContent = form.dataset.waiting;
          return pause(PAUSES[tries]).then(function () { return one(number, tries + 1); });
        }
        throw request;
      });
    }

    function warn(event) {
      event.preventDefault();
      event.returnValue = form.dataset.leave;
    }

    form.querySelector('.sending').hidden = false;
    form.querySelector('button').disabled = true;
    wrong.hidden = true;
    window.addEventListener('beforeunload', warn);
    show(0);
    one(0, 0).then(function () {
      window.removeEventListener('beforeunload', warn);
      location.assign(location.pathname);
    }, function (request) {
      window.removeEventListener('beforeunload', warn);
      const answer = request && request.response;
      wrong.textContent = answer && answer.error ? answer.error + ' ' + answer.hint : form.dataset.failed;
      wrong.hidden = false;
      form.querySelector('.sending').hidden = true;
      form.querySelector('button').disabled = false;
    });
  }

  const form = document.getElementById('folder');
  if (form) {
    form.addEventListener('submit', function (event) {
      const files = chosen(form);
      event.preventDefault();
      if (files.length) {
        send(form, files);
      } else {
        const wrong = form.querySelector('p.bad');
        wrong.textContent = form.dataset.empty;
        wrong.hidden = false;
      }
    });
  }

  function refresh() {
    const old = document.querySelector('[data-refresh]');
    if (!old) {
      return;
    }
    setTimeout(function () {
      fetch(location.pathname, { cache: 'no-store' }).then(function (answer) {
        return answer.ok ? answer.text() : '';
      }).then(function (text) {
        const fresh = text && new DOMParser().parseFromString(text, 'text/html').querySelector('#content > *');
        if (fresh && fresh.hasAttribute('data-refresh')) {
          old.replaceWith(fresh);
        } else if (fresh) {
          location.reload();
          return;
        }
        refresh();
      }, refresh);
    }, Number(old.dataset.refresh));
  }
  refresh();
})();
