"""Watching a folder, to build its pack whenever it has been quiet.

snapshot     what is in the folder, by signatures
settling     how long it must be quiet: pure
unfinished   what is still being written, though it is quiet
bell         tells that something happened in it
building     the build, in a process of its own
telling      what the admin is told
watch        all of it together
"""
