"""A mirror: a hub that holds another one's repository, and no key of it.

Rules of this room:
    - What an upstream says is untrusted. python-tuf decides which state follows the one that is
      shown here; nothing unsigned is ever stored, let alone served.
    - Files are copied raw. Their order is the sequencer's: what others lead to first, then
      snapshot, timestamp and tip. Killed at any point, the same round is done again.
    - A new state is shown as soon as its bundles are here, or at once where they would keep it
      waiting for long: what is withdrawn must not wait for what is large.
    - What is not needed any more goes after some days, so that nodes may finish what they began.
    - With the upstream away, everything is served on, and it is said since when.

upstream    one upstream, by HTTP
trusting    the state that follows the one that is shown
lists       roles, releases and assignments of it
bundles     bundles of it, piece by piece
pruning     what nothing needs any more
forwarding  what publishers hand in here goes to the upstream's sequencer
record      what is remembered, and told
mirror      a round of all that
founding    a new mirror
"""
