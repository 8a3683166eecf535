"""The command line: arguments in, one function of a stage called, tables out."""
