"""The files of this folder come with the wheel, as ``stormpath_wsgi.deploy``; ``stormpath-wsgi deploy`` prints one."""
