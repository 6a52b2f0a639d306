"""Files of other systems: lines of bytes in, typed rows and problems out, without a disk and without a store.

`ivr.storage.records.imports` stores the rows; `ivr.command.imports` opens the files.
"""
