"""The sample course's HTML lesson: a page, its stylesheet and a script that checks an answer."""

from pathlib import Path

from packhorse.demo import pictures

_SENTENCES = (
    (
        "只有“平均分”才能用分数表示。",
        "Only equal parts make a fraction.",
    ),
    (
        "分的份数越多，每一份就越小：1/8 比 1/4 小。",
        "The more parts, the smaller each one: 1/8 is less than 1/4.",
    ),
    (
        "分子和分母相同的分数等于 1：4/4 = 1。",
        "A fraction whose two numbers are equal is one whole: 4/4 = 1.",
    ),
)

_PAGE = """<!doctype html>
<html lang="zh-Hans">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>平均分与分数 Equal parts</title>
<link rel="stylesheet" href="lesson.css">
</head>
<body>
<header>
<h1>平均分与分数</h1>
<p class="en" lang="en">Equal parts and fractions</p>
</header>
<main>
<section>
<h2>一、什么是平均分？</h2>
<p class="en" lang="en">What are equal parts?</p>
<p>一块蛋糕分给四个同学。左边每个人分得同样多，这叫<b>平均分</b>；右边有人多、有人少，不是平均分。</p>
<figure>
<img src="pictures/fair-shares.png" width="960" height="480"
alt="两块蛋糕，左边平均分成四份，右边四份大小不同">
<figcaption>哪一块分得公平？ <span lang="en">Which cake is shared fairly?</span></figcaption>
</figure>
</section>
<section>
<h2>二、认识几分之一</h2>
<p class="en" lang="en">One of several equal parts</p>
<p>把一张纸条对折两次，再打开，就得到四个相等的部分。其中的一份是这张纸条的四分之一，写作
<span class="fraction"><span>1</span><span>4</span></span>。</p>
<figure>
<img src="pictures/paper-strip.png" width="960" height="360"
alt="折成四等份的纸条，第一份涂色，标着四分之一">
<figcaption>分数线表示平均分，下面是份数，上面是取的份数。</figcaption>
</figure>
<figure>
<img src="pictures/number-line.svg" width="760" height="160"
alt="从 0 到 1 的数线，标出四分之一、四分之二、四分之三">
<figcaption>分数也是数线上的一个点。
<span lang="en">A fraction is a point on the number line.</span></figcaption>
</figure>
</section>
<section class="remember">
<h2>三、记一记</h2>
<p>{chinese}</p>
<p class="en" lang="en">{english}</p>
</section>
<section>
<h2>四、自己检查</h2>
<p class="en" lang="en">Check yourself</p>
<p>一个西瓜平均切成 6 块，小华吃了 2 块。他吃了这个西瓜的几分之几？</p>
<form id="question">
<label><input type="radio" name="answer" value="1/2"> 1/2</label>
<label><input type="radio" name="answer" value="2/6"> 2/6</label>
<label><input type="radio" name="answer" value="6/2"> 6/2</label>
<button type="submit">检查 <span lang="en">Check</span></button>
<output for="question" aria-live="polite"></output>
</form>
</section>
</main>
<footer>第 {version} 版 · <span lang="en">Version {version}</span></footer>
<script src="lesson.js"></script>
</body>
</html>
"""

_STYLE = """* { box-sizing: border-box; }
body { margin: 0; font: 18px/1.7 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei",
  "PingFang SC", sans-serif; color: #343c42; background: #fffdf7; }
header { background: #22423a; color: #fff; padding: 28px 20px 18px; text-align: center; }
h1 { margin: 0; font-size: 32px; color: #fad860; }
h2 { margin: 32px 0 0; font-size: 23px; color: #22423a; }
.en { margin: 0 0 8px; font-size: 15px; color: #6b7a80; }
header .en { color: #cfe0d8; }
main { max-width: 780px; margin: 0 auto; padding: 0 20px 24px; }
figure { margin: 16px 0; text-align: center; }
img { max-width: 100%; height: auto; border-radius: 10px; }
figcaption { font-size: 15px; color: #6b7a80; }
.remember { margin-top: 28px; padding: 4px 20px 12px; background: #fff3cd;
  border-left: 6px solid #f0a85c; border-radius: 6px; }
.remember h2 { margin-top: 12px; }
.remember p { margin: 4px 0; }
.fraction { display: inline-block; vertical-align: middle; text-align: center; line-height: 1.1; }
.fraction span { display: block; padding: 0 6px; }
.fraction span + span { border-top: 2px solid; }
label { display: inline-block; margin: 6px 18px 6px 0; padding: 6px 16px; background: #eef4f0;
  border-radius: 20px; }
button { font: inherit; padding: 6px 22px; border: 0; border-radius: 20px; color: #fff;
  background: #409658; }
output { display: block; min-height: 1.7em; font-weight: bold; }
.right { color: #2e7d46; }
.wrong { color: #b5402f; }
footer { padding: 16px; text-align: center; font-size: 14px; color: #8a979c; }
"""

_SCRIPT = """(function () {
  "use strict";
  var form = document.getElementById("question");
  var told = form.querySelector("output");
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    var chosen = form.querySelector("input:checked");
    var right = Boolean(chosen) && chosen.value === "2/6";
    told.className = right ? "right" : "wrong";
    if (!chosen) {
      told.textContent = "请先选一个答案。 Choose an answer first.";
    } else if (right) {
      told.textContent = "对了！平均分成 6 块，吃了 2 块，就是 2/6。 Right!";
    } else {
      told.textContent = "再想一想：一共几块？吃了几块？ Think again.";
    }
  });
})();
"""


def sentence(version: int) -> tuple[str, str]:
    """Return what is to be remembered, in Chinese and English, as of a course version."""
    return _SENTENCES[(version - 1) % len(_SENTENCES)]


def write_page(folder: Path, version: int) -> None:
    """Write the page alone, as of a course version."""
    chinese, english = sentence(version)
    text = _PAGE.format(chinese=chinese, english=english, version=version)
    (folder / "index.html").write_text(text, encoding="utf-8", newline="\n")


def write_lesson(folder: Path, version: int) -> None:
    """Write the page with its stylesheet, script and pictures into a new folder."""
    drawn = folder / "pictures"
    drawn.mkdir(parents=True)
    write_page(folder, version)
    (folder / "lesson.css").write_text(_STYLE, encoding="utf-8", newline="\n")
    (folder / "lesson.js").write_text(_SCRIPT, encoding="utf-8", newline="\n")
    pictures.write_fair_shares(drawn / "fair-shares.png")
    pictures.write_paper_strip(drawn / "paper-strip.png")
    pictures.write_number_line(drawn / "number-line.svg")
