"""The ground floor of the request side: what pages, policies, the middleware and the REST API share."""
