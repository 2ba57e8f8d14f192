"""The plan: what is fetched, in which order, why, when it is here, and what it costs. Pure.

    outstanding  what is wanted and not here, as the worker found it
    situation    all that the planner looks at
    model        the plan, as agent, screens and worker pass it on
    forecast     what of it is told to those who only show it
    capacity     how many bytes the line brings until when
    choosing     which lessons can be in time, and in which rendition
    planner      the plan of a situation
    outlook      what the plan means for the next lessons, and what would mend it

The worker carries out the plan's head and asks again; nobody else decides what travels.
"""
