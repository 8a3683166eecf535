"""The design of all pages: one style sheet, one head, the same tables, legends and marks.

A page is one file that needs no network and says nothing of where it was made. Stages have their
own templates, which extend `base.html` and take what they show from `parts.html`.
"""
