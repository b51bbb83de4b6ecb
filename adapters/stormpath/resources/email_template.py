"""The texts of mails."""

from stormpath_wsgi.client import Collection, EmailTemplate

EmailTemplateList = Collection
DefaultModelEmailTemplate = EmailTemplate
DefaultModelEmailTemplateList = Collection

__all__ = ["DefaultModelEmailTemplate", "DefaultModelEmailTemplateList", "EmailTemplate", "EmailTemplateList"]
