"""The line to the hub: when it may be used, what it carries, what it costs. Pure.

settings   what the technician has set: hours, budget, switches
week       which share of the line is free at which hour
ledger     what has travelled in this month of the budget
wire       what bytes of content come to on the wire
estimate   what the line carries, from what it carried
estimator  how an estimate learns
requests   how much one request asks for
"""
