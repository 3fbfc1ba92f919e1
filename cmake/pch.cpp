// Gives the precompiled header a target of its own; the header list is in BraidTargets.cmake.
