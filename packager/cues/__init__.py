"""Cues as teachers write them: in a notepad or a spreadsheet, beside the lesson's video.

names    kinds, moments and minutes in people's words
text     the form for a notepad
sheet    the form for a spreadsheet
files    which file belongs to which lesson, and all that is wrong with them at once
"""
