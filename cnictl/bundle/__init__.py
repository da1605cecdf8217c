"""The modules of a plugin in one file, for an interpreter that is started for one call.

To find seventy modules takes it longer than to run them, and most of what they hold is of no use to that
call.  `cnictl install` writes a bundle to where the interpreter keeps compiled modules, and a bundle is a
hint as they are: without it, or when a module has changed since, modules are found where they are.

A bundle is the length of its head (4 bytes, little endian), its head (as `marshal` writes it: the code of
`cnictl.bundle.load`, the sources of all, what is imported at once in an order in which that can be done, and
an index of the rest), and the code of the rest.
"""
