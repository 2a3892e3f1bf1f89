"""Jobs, leases and the Celery workers that take a filing through its stages."""
