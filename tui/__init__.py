"""The school technician's terminal application.

Rules:
    - Talks to the node through its control socket only; opens no database.
    - Fits 80 columns by 24 lines, over SSH, without a mouse.
    - Imports ``core`` alone.

Non-goals: deciding anything that the agent decides.
"""
