"""The modules of a plugin in one file, for an interpreter that is started for one call.

To find seventy modules takes it longer than to run them, and most of what they hold is of no use to that
call.  `cnictl install` writes a bundle to where the interpreter keeps compiled modules, and a bundle is a
hint as they are: without it, or when a module has changed since, modules are found where they are.

A bundle is the length of its head (4 bytes, little endian), its head (as `marshal` writes it: code and source
of `cnictl.bundle.load`, and all modules, each before those that import it, with their code or with where it
is), and the code of those that are not imported at once.
"""
