"""Where secrets rest sealed; they leave as :class:`~gateway.domain.secret.Secret` or as signatures."""
