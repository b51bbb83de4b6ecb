"""The doctor: it attacks a site of this machine, looks at its settings, and says what to write where.

:func:`~stormpath_wsgi.doctor.examination.examine` makes the checks of :mod:`stormpath_wsgi.doctor.checks`. Each of them
declares itself, see :class:`~stormpath_wsgi.doctor.check.Check`. What was found is written by
:mod:`~stormpath_wsgi.doctor.text`, :mod:`~stormpath_wsgi.doctor.html` and :mod:`~stormpath_wsgi.doctor.sarif`.
"""
