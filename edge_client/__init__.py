"""The school's node: a portal that faces the classrooms, an agent that faces the line.

Rules:
    - The portal holds no keys and imports neither the verifier nor the codecs; the agent
      starts a short-lived worker for whatever does.
    - One writer for each file; each process starts and serves without the others.
    - Imports ``sync``, ``cache`` and ``core``; no other application.

Non-goals: publishing, terminal screens.
"""
