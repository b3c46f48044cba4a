"""Datasets: folders of Parquet with the tables of many inputs. Commands read them in the place of logs.

The modules, from the lowest: `layout` has the names of files, `disk` the file operations, `manifest` the list
of the files, `lock` keeps two writers apart, `commit` replaces files so that a run that is killed harms
nothing. `owners` keeps which piece of an input a row comes from, `pieces` the pieces themselves. `divided`
makes the rows of each day, `writing` the parts, `retention` drops old days, and `reading` gives the tables
back. `logparse.ingest` adds inputs.
"""
