"""The sample course's worksheet, a PDF written by hand.

No font is embedded: Helvetica is one of the standard fonts, and Chinese uses the predefined
STSong-Light, for which every reader has a stand-in.
"""

import math
from pathlib import Path

_WIDTH, _HEIGHT = 595, 842
_LEFT = 64
_BEZIER = 4 / 3

_EXERCISES = (
    ("看图写分数：涂色部分是整个圆的几分之几？", "What fraction of each circle is coloured?"),
    (
        "把一根 1 米长的彩带平均分成 5 段，每段是几分之几米？",
        "A ribbon of 1 m is cut into 5 equal pieces. How long is each?",
    ),
    (
        "在 ○ 里填上 >、< 或 =：  1/3 ○ 1/4    2/6 ○ 1/3    5/8 ○ 3/8",
        "Compare the fractions.",
    ),
    (
        "小明吃了一块蛋糕的 2/8，小红吃了 3/8，还剩几分之几？",
        "Ming ate 2/8 of a cake, Hong 3/8. How much is left?",
    ),
)
_ANSWERS = (
    ("1/2    2/3    3/4    5/8", "Half, two thirds, three quarters, five eighths."),
    ("每段是 1/5 米。", "Each piece is 1/5 m long."),
    (
        "1/3 > 1/4    2/6 = 1/3    5/8 > 3/8",
        "More parts make smaller parts; 2/6 and 1/3 are equal.",
    ),
    ("1 - 2/8 - 3/8 = 3/8，还剩 3/8。", "3/8 is left."),
)
_MORE = (
    (
        "想一想：第 {number} 题的结果，你能用画图的方法检查吗？",
        "Can you check answer {number} with a drawing?",
    ),
    ("试一试：把第 {number} 题讲给同桌听。", "Explain exercise {number} to your neighbour."),
)
_FIRST, _MOST = 2, 4


def write_worksheet(path: Path, version: int) -> None:
    """Write the worksheet as of a course version: each version after the first adds a line."""
    path.write_bytes(_document([_exercise_page(version), _answer_page()]))


def added_line(version: int) -> tuple[str, str]:
    """Return the Chinese and English line that a version after the first adds."""
    number = _FIRST + (version - _FIRST) % len(_EXERCISES[1:])
    chinese, english = _MORE[version % len(_MORE)]
    return chinese.format(number=number), english.format(number=number)


def _exercise_page(version: int) -> str:
    page = [
        _heading("分数的初步认识：练习", "Fractions: a worksheet"),
        _lines("1.", *_EXERCISES[0], 738),
        _pies(664),
    ]
    top = 590.0
    for number, (chinese, english) in enumerate(_EXERCISES[1:], start=2):
        page += [_lines(f"{number}.", chinese, english, top), _rule(top - 50), _rule(top - 76)]
        top -= 122
    for one in range(max(_FIRST, version - _MOST + 1), version + 1):
        page.append(_lines("*", *added_line(one), top))
        top -= 38
    return "\n".join([*page, _small(f"Version {version}", 40)])


def _answer_page() -> str:
    answers = [
        _lines(f"{place + 1}.", chinese, english, 720 - 56 * place)
        for place, (chinese, english) in enumerate(_ANSWERS)
    ]
    return "\n".join([_heading("参考答案", "Answers"), *answers])


def _heading(chinese: str, english: str) -> str:
    return "\n".join(
        (
            "0.13 0.26 0.2 rg 0 772 595 70 re f 1 1 1 rg",
            _show(chinese, _LEFT, 806, 20),
            _show(english, _LEFT, 785, 11),
            "0.2 0.23 0.26 rg",
        )
    )


def _lines(number: str, chinese: str, english: str, top: float) -> str:
    below = f"0.45 g {_show(english, _LEFT + 22, top - 17, 10)} 0.2 g" if english else ""
    return f"{_show(number, _LEFT, top, 12)} {_show(chinese, _LEFT + 22, top, 13)} {below}"


def _small(text: str, top: float) -> str:
    return f"0.5 g {_show(text, _LEFT, top, 8)} 0.2 g"


def _rule(top: float) -> str:
    return f"0.75 G 0.6 w {_LEFT + 22} {top} m {_WIDTH - _LEFT} {top} l S"


def _show(text: str, left: float, top: float, size: float) -> str:
    """Show a text, changing between the two fonts as its characters demand."""
    shown = [f"BT {left:g} {top:g} Td"]
    for run in _runs(text):
        if run.isascii():
            escaped = run.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            shown.append(f"/F1 {size:g} Tf ({escaped}) Tj")
        else:
            shown.append(f"/F2 {size:g} Tf <{run.encode('utf-16-be').hex()}> Tj")
    return " ".join([*shown, "ET"])


def _runs(text: str) -> list[str]:
    runs: list[str] = []
    for sign in text:
        if runs and runs[-1].isascii() == sign.isascii():
            runs[-1] += sign
        else:
            runs.append(sign)
    return runs


def _pies(middle: float) -> str:
    """Draw the four circles of the first exercise."""
    drawn = ["0.2 0.23 0.26 RG 1.2 w"]
    for place, (taken, parts) in enumerate(((1, 2), (2, 3), (3, 4), (5, 8))):
        centre = (_LEFT + 60 + place * 115, middle)
        drawn.append(f"0.93 0.6 0.36 rg {_slice(centre, 42, taken / parts)} f")
        drawn += [f"{_spoke(centre, 42, part / parts)} S" for part in range(parts)]
        drawn.append(f"{_slice(centre, 42, 1, spokes=False)} S")
    return "\n".join([*drawn, "0.2 0.23 0.26 rg"])


def _slice(centre: tuple[float, float], radius: float, share: float, *, spokes: bool = True) -> str:
    """Return the path of a slice from the top, clockwise, in short Bézier curves."""
    steps = max(1, round(share * 24))
    angle = math.tau * share / steps
    reach = _BEZIER * math.tan(angle / 4) * radius
    path = [f"{centre[0]:g} {centre[1]:g} m"] if spokes else []
    leave = ""
    for step in range(steps + 1):
        turn = angle * step
        x, y = centre[0] + radius * math.sin(turn), centre[1] + radius * math.cos(turn)
        dx, dy = math.cos(turn) * reach, -math.sin(turn) * reach
        if step == 0:
            path.append(f"{x:.2f} {y:.2f} {'l' if spokes else 'm'}")
        else:
            path.append(f"{leave} {x - dx:.2f} {y - dy:.2f} {x:.2f} {y:.2f} c")
        leave = f"{x + dx:.2f} {y + dy:.2f}"
    return " ".join([*path, "h"])


def _spoke(centre: tuple[float, float], radius: float, share: float) -> str:
    x = centre[0] + radius * math.sin(math.tau * share)
    y = centre[1] + radius * math.cos(math.tau * share)
    return f"{centre[0]:g} {centre[1]:g} m {x:.2f} {y:.2f} l"


_FONTS = (
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    """<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light-UniGB-UCS2-H
/Encoding /UniGB-UCS2-H /DescendantFonts [5 0 R] >>""",
    """<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000
/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor 6 0 R >>""",
    """<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880]
/ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>""",
)
_PAGE = """<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}]
/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {contents} 0 R >>"""


def _document(pages: list[str]) -> bytes:
    """Put pages, fonts and the cross-reference table together."""
    first_page = 3 + len(_FONTS)
    kids = " ".join(f"{first_page + 2 * place} 0 R" for place in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /Lang (zh-CN) >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        *_FONTS,
    ]
    for place, page in enumerate(pages):
        contents = first_page + 2 * place + 1
        objects += [
            _PAGE.format(width=_WIDTH, height=_HEIGHT, contents=contents),
            f"<< /Length {len(page.encode('ascii'))} >>\nstream\n{page}\nendstream",
        ]
    return _with_table(objects)


def _with_table(objects: list[str]) -> bytes:
    # The comment of high bytes tells programs that the file is not text.
    data = bytearray(b"%PDF-1.4\n%\xe5\xe6\xe7\xe8\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("ascii")
    table = len(data)
    rows = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    data += f"xref\n0 {size}\n0000000000 65535 f \n{rows}".encode("ascii")
    data += f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode("ascii")
    return bytes(data)
