// Keeps a video in step with its class.
//
// Rules:
//   - The portal's view says where the class is; a screen goes there and stays there. A small
//     difference is made good by playing a little faster or slower, a large one by a jump.
//   - A stop is exact: the picture that stands is that of the stop's position.
//   - Sound that the browser forbids before a tap does not hold up the pictures.
(function () {
  'use strict';
  const TICK = 50;
  const FINE = 15;
  const COARSE = 40;
  const FAR = 500;
  const SOFT = 0.05;
  const HARD = 0.1;
  const HARD_FROM = 150;
  const FIRST_LEAD = 300;
  const LONGEST_LEAD = 5000;
  const MARGIN = 80;
  const SETTLED = 400;
  const LATEST_START = 300;
  const NEARLY = 60;

  // Keeps a video at the class's place. ``place`` gives that, or null before anything is known.
  function Follower(video, place, told) {
    const follower = this;
    this.video = video;
    this.place = place;
    this.told = told;
    this.isFree = false;
    this.isBlocked = false;
    this.isSilenced = false;
    this.hasFailed = false;
    this.wantsSound = false;
    this.jump = null;
    this.stand = null;
    this.lead = FIRST_LEAD;
    this.startDelay = 0;
    this.playedAt = 0;
    video.addEventListener('error', function () { follower.hasFailed = true; });
    video.addEventListener('loadeddata', function () { follower.hasFailed = false; });
    this.timer = setInterval(function () { follower.tick(); }, TICK);
  }

  Follower.prototype.stop = function () {
    clearInterval(this.timer);
    this.video.pause();
  };

  // What the portal is told: see class_messages.Here.
  Follower.prototype.state = function () {
    if (this.hasFailed) {
      return 'failed';
    }
    if (!this.isFree || this.isBlocked || this.isSilenced) {
      return 'blocked';
    }
    return this.video.readyState >= 3 && !this.jump ? 'ready' : 'loading';
  };

  Follower.prototype.sound = function (isWanted) {
    this.wantsSound = isWanted;
    if (!this.isSilenced || !isWanted) {
      this.isSilenced = false;
      this.video.muted = !isWanted;
    }
  };

  // Begins to follow. While a person's tap is handled the browser lets it play, sound included;
  // otherwise this asks whether it does, unheard.
  Follower.prototype.free = function () {
    const follower = this;
    const video = this.video;
    this.isFree = true;
    this.isBlocked = false;
    this.isSilenced = false;
    video.muted = !this.wantsSound;
    video.volume = 0;
    const settle = function (error) {
      video.volume = 1;
      follower.started(error);
      const place = follower.place();
      if (!place || !place.isMoving) {
        video.pause();
        follower.stand = null;
      }
      follower.told();
      follower.tick();
    };
    const playing = video.play();
    if (playing) {
      playing.then(function () { settle(null); }, settle);
    }
  };

  // What became of an order to play. Without leave for sound the pictures go on alone.
  Follower.prototype.started = function (error) {
    if (error && error.name === 'NotAllowedError') {
      if (this.video.muted) {
        this.isBlocked = true;
      } else {
        this.video.muted = true;
        this.isSilenced = true;
      }
      this.told();
    }
  };

  Follower.prototype.tick = function () {
    const place = this.place();
    const video = this.video;
    if (!place || !this.isFree || this.isBlocked || this.hasFailed || video.readyState < 1) {
      return;
    }
    // A video may be shorter than its class; it waits at its end.
    const end = video.duration * 1000;
    if (place.isMoving && !(place.position >= end)) {
      this.stand = null;
      this.move(place);
    } else {
      this.jump = null;
      this.rest(Math.min(place.position, end));
    }
  };

  Follower.prototype.rest = function (position) {
    const video = this.video;
    if (!video.paused) {
      video.pause();
    }
    // Once for each place: a video that is shorter than told stays at its end. And always: where
    // a video was paused by chance at the right moment, the picture may be that before.
    if (this.stand !== position && !video.seeking) {
      this.stand = position;
      video.currentTime = position / 1000;
    }
  };

  Follower.prototype.move = function (place) {
    const difference = place.position - this.video.currentTime * 1000;
    if (this.jump) {
      this.land(place, difference);
    } else if (this.video.seeking) {
      return;
    } else if (Math.abs(difference) > FAR) {
      this.leap(place);
    } else if (this.video.paused) {
      this.play(place);
    } else {
      this.nudge(place, difference);
    }
    this.stopInTime(place);
  };

  // Seeks to where the class will be when the seek is done, and waits there for it.
  Follower.prototype.leap = function (place) {
    const video = this.video;
    const position = Math.min(place.position + this.lead * place.rate, place.end);
    this.jump = { at: performance.now() };
    video.pause();
    video.currentTime = position / 1000;
  };

  Follower.prototype.land = function (place, difference) {
    const video = this.video;
    if (video.seeking || video.readyState < 3) {
      return;
    }
    if (!this.jump.isReady) {
      this.jump.isReady = true;
      const took = performance.now() - this.jump.at + MARGIN;
      this.lead = Math.min((this.lead + took) / 2, LONGEST_LEAD);
      if (took > this.lead) {
        this.lead = Math.min(took, LONGEST_LEAD);
      }
    }
    // The class went elsewhere meanwhile, or this device took too long.
    if (Math.abs(difference) > FAR + this.lead * place.rate || difference > FAR) {
      this.leap(place);
      return;
    }
    const wait = -difference / place.rate - this.startDelay;
    if (wait <= TICK) {
      const follower = this;
      this.jump = null;
      setTimeout(function () {
        const now = follower.place();
        if (now && now.isMoving && !follower.jump && video.paused) {
          follower.play(now);
        }
      }, Math.max(0, wait));
    }
  };

  Follower.prototype.play = function (place) {
    const follower = this;
    const video = this.video;
    // A video that has ended begins anew when it is played.
    if (video.ended || (video.duration && place.position >= video.duration * 1000 - NEARLY)) {
      return;
    }
    video.playbackRate = place.rate;
    this.isNudged = false;
    this.playedAt = performance.now();
    this.isLearning = true;
    const playing = video.play();
    if (playing) {
      playing.catch(function (error) { follower.started(error); });
    }
  };

  Follower.prototype.nudge = function (place, difference) {
    const video = this.video;
    const off = Math.abs(difference);
    const since = performance.now() - this.playedAt;
    if (since < SETTLED) {
      return;
    }
    // How long this device takes from the order to play to the first new picture.
    if (this.isLearning) {
      this.isLearning = false;
      const delay = this.startDelay + difference / place.rate / 2;
      this.startDelay = Math.max(0, Math.min(delay, LATEST_START));
    }
    this.isNudged = off > (this.isNudged ? FINE : COARSE);
    const by = !this.isNudged ? 0 : off > HARD_FROM ? HARD : SOFT;
    const rate = place.rate * (1 + (difference > 0 ? by : -by));
    if (video.playbackRate !== rate) {
      video.playbackRate = rate;
    }
  };

  // Stops near the next stop between two ticks, so that what stands there is soon exact.
  Follower.prototype.stopInTime = function (place) {
    const follower = this;
    const left = (place.end - place.position) / place.rate;
    if (left < TICK) {
      setTimeout(function () { follower.tick(); }, left + 1);
    }
  };

  window.packhorseClass.Follower = Follower;
})();
