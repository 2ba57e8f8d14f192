"""The named forms in which lessons are taught from a distance.

They are presentations of packs, timetables and classes; none changes what a node does. Their
names in people's languages are in the catalogues of whoever shows them.
"""

from typing import Final, Literal, get_args

Form = Literal[
    "special-delivery",  # 专递课堂: a central school teaches for small ones
    "famous-teacher",  # 名师课堂: lessons of well-known teachers
    "famous-school",  # 名校网络课堂: a well-known school's lessons, day by day
    "two-teacher",  # 双师课堂: a distant expert and the local teacher
    "air",  # 空中课堂: timetabled channels
    "integrated",  # 融合课堂: school, home and platform together
]
FORMS: Final[tuple[str, ...]] = get_args(Form)
