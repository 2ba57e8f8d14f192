"""Timetables: from a school's calendar or table to the lessons of a channel.

Rules:
    - Everything wrong with a file is told in one go, each with its row or event.
    - Files come from anywhere: sizes, counts, spans and the time for repetitions are bounded, and
      the libraries that read calendars and workbooks load only when one is read.
    - Recurrence, odd and even weeks, holidays and make-up days are resolved here; what is
      published are single lessons.
"""
